// Deterministic CBOR, the strict part that format.md §1.1 allows.
// Integers beyond 2^53 become BigInt, byte strings Uint8Array, arrays Array, maps Map.

const MAX_DEPTH = 16;
const SPAN = Symbol("where in the bytes an array stands");

/** The value whose one encoding is exactly `bytes`. */
const decode = (bytes, most) => {
  if (bytes.length > most) refuse("Oversized", `${bytes.length} bytes where at most ${most} are allowed.`);
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) malformed("There are bytes after the end of the object.");
  return value;
};

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = 0;
  }

  value(depth) {
    if (depth > MAX_DEPTH) malformed("Nested too deeply.");
    if (this.at >= this.bytes.length) malformed("The bytes end too early.");
    const begin = this.at;
    const lead = this.bytes[this.at++];
    if (lead >> 5 === 7) return this.simple(lead);
    const number = this.number(lead & 31);
    switch (lead >> 5) {
      case 0:
        return number;
      case 1:
        return typeof number === "bigint" ? -1n - number : -1 - number;
      case 2:
        return this.take(number);
      case 3:
        return this.text(number);
      case 4:
        return this.array(number, depth, begin);
      case 5:
        return this.map(number, depth);
      default:
        return malformed("Tags have no place here.");
    }
  }

  simple(lead) {
    if (lead === 0xf4) return false;
    if (lead === 0xf5) return true;
    if (lead === 0xf6) return null;
    return malformed("Floats and simple values other than true, false and null have no place here.");
  }

  number(info) {
    if (info < 24) return info;
    if (info > 27) malformed("Indefinite length or reserved head.");
    const width = 1 << (info - 24);
    if (this.at + width > this.bytes.length) malformed("The bytes end too early.");
    const at = this.at;
    this.at += width;
    let number;
    if (width === 8) {
      const big = this.view.getBigUint64(at);
      if (big < 0x100000000n) malformed("A number is not in its shortest form.");
      return big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big;
    }
    if (width === 1) number = this.view.getUint8(at);
    else if (width === 2) number = this.view.getUint16(at);
    else number = this.view.getUint32(at);
    if (number < [24, 0x100, 0x10000][info - 24]) malformed("A number is not in its shortest form.");
    return number;
  }

  room(number) {
    // Every item takes at least one byte, so a length beyond the end is refused before any work.
    if (number > this.bytes.length - this.at) malformed("A length reaches beyond the end.");
  }

  take(number) {
    this.room(number);
    this.at += number;
    return this.bytes.subarray(this.at - number, this.at);
  }

  text(number) {
    const bytes = this.take(number);
    try {
      return fromUtf8(bytes);
    } catch {
      return malformed("Text that is not UTF-8.");
    }
  }

  array(number, depth, begin) {
    this.room(number);
    const items = [];
    for (let count = 0; count < number; count++) items.push(this.value(depth + 1));
    items[SPAN] = this.bytes.subarray(begin, this.at);
    return items;
  }

  map(number, depth) {
    this.room(number);
    const mapping = new Map();
    let last = new Uint8Array(0);
    for (let count = 0; count < number; count++) {
      const begin = this.at;
      const key = this.value(depth + 1);
      if (typeof key !== "string" && !isUint(key)) {
        malformed("A map key is neither an unsigned integer nor text.");
      }
      const raw = this.bytes.subarray(begin, this.at);
      if (compareBytes(raw, last) <= 0) malformed("Map keys are out of order or repeated.");
      last = raw;
      mapping.set(key, this.value(depth + 1));
    }
    return mapping;
  }
}

const isInt = (value) => typeof value === "number" || typeof value === "bigint";
const isUint = (value) => isInt(value) && value >= 0;
const isBytes = (value) => value instanceof Uint8Array;

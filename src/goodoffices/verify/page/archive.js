// A ZIP archive as a source of files. Nothing is unpacked to anywhere; entries are inflated as they are read,
// and never beyond the size that the archive states. Whatever two programs could read in two ways is refused.

/** Its message says which of the words of the page tell why; `name` is what they name. */
class NotAnArchive extends Error {
  constructor(why, name = "") {
    super(why);
    this.name = "NotAnArchive";
    this.named = name;
  }
}

const refuseArchive = (why, name) => {
  throw new NotAnArchive(why, name);
};

const MAX_DIRECTORY = 2 ** 29;
const [END, END_64, LOCATOR_64, CENTRAL, LOCAL] = [0x06054b50, 0x06064b50, 0x07064b50, 0x02014b50, 0x04034b50];

const viewOf = async (blob, from, size) => {
  if (from < 0 || size < 0 || from + size > blob.size) refuseArchive("early");
  return new DataView(await blob.slice(from, from + size).arrayBuffer());
};

const bigNumber = (view, at) => {
  const number = view.getBigUint64(at, true);
  return number > 2n ** 53n ? refuseArchive("size") : Number(number);
};

/** Where the directory of the archive lies: [from, size, number of entries]. */
const findDirectory = async (blob) => {
  const tail = Math.min(blob.size, 22 + 65535);
  const view = await viewOf(blob, blob.size - tail, tail);
  for (let at = tail - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== END || view.getUint16(at + 20, true) !== tail - at - 22) continue;
    const end = blob.size - tail + at;
    const [count, size, from] = [view.getUint16(at + 10, true), view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
    if (count !== 0xffff && size !== 0xffffffff && from !== 0xffffffff) return [from, size, count];
    const locator = await viewOf(blob, end - 20, 20);
    if (locator.getUint32(0, true) !== LOCATOR_64) return [from, size, count];
    const wide = await viewOf(blob, bigNumber(locator, 8), 56);
    if (wide.getUint32(0, true) !== END_64) refuseArchive("noDirectory");
    return [bigNumber(wide, 48), bigNumber(wide, 40), bigNumber(wide, 32)];
  }
  const begins = blob.size >= 4 && (await viewOf(blob, 0, 4)).getUint32(0, true) === LOCAL;
  return refuseArchive(begins ? "early" : "notZip");
};

/** Sizes beyond 32 bits stand in an extra field. */
const wideSizes = (view, from, end, sizes) => {
  for (let at = from; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let value = at + 4;
    for (const name of ["size", "packed", "offset"]) {
      if (sizes[name] !== 0xffffffff) continue;
      if (value + 8 > end) refuseArchive("noSize");
      sizes[name] = bigNumber(view, value);
      value += 8;
    }
    return;
  }
};

class ArchivedFile {
  constructor(blob, entry) {
    Object.assign(this, { blob, entry });
  }

  async *pieces() {
    const { offset, name, method, packed, size } = this.entry;
    const head = await viewOf(this.blob, offset, 30 + name.length);
    const from = offset + 30 + name.length + head.getUint16(28, true);
    const sameName = head.getUint16(26, true) === name.length && !bytesDiffer(new Uint8Array(head.buffer, 30), name);
    if (head.getUint32(0, true) !== LOCAL || !sameName) throw new Error("The archive names this file in two ways.");
    if (from + packed > this.blob.size) throw new Error("The archive ends too early.");
    const inside = this.blob.slice(from, from + packed);
    if (method === 0 && packed === size && size <= MAX_PACK) {
      yield new Uint8Array(await inside.arrayBuffer());
      return;
    }
    let stream = inside.stream();
    if (method === 8) stream = stream.pipeThrough(new DecompressionStream("deflate-raw"));
    const reader = stream.getReader();
    let seen = 0;
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        seen += value.length;
        if (seen > size) throw new Error("The archive holds more than it states.");
        yield value;
      }
    } finally {
      reader.cancel().catch(() => null); // the rest is not wanted; that it may be damaged is no matter
    }
    if (seen !== size) throw new Error("The archive holds less than it states.");
  }

  read(most) {
    return gather(this.pieces(), most);
  }
}

/** The first `most` bytes of what comes in pieces. */
const gather = async (pieces, most) => {
  const [parts, room] = [[], { left: most }];
  for await (const piece of pieces) {
    parts.push(piece.subarray(0, room.left));
    room.left -= parts.at(-1).length;
    if (room.left === 0) break;
  }
  return join(...parts);
};

const readEntries = async (blob) => {
  const [from, size, count] = await findDirectory(blob);
  if (size > MAX_DIRECTORY || count * 46 > size) refuseArchive("size");
  const view = await viewOf(blob, from, size);
  const entries = [];
  let at = 0;
  for (let number = 0; number < count; number++) {
    if (at + 46 > size || view.getUint32(at, true) !== CENTRAL) refuseArchive("damaged");
    const [nameSize, extraSize, remarkSize] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const end = at + 46 + nameSize + extraSize;
    if (end + remarkSize > size) refuseArchive("damaged");
    const entry = {
      name: new Uint8Array(view.buffer, at + 46, nameSize),
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
      // What a file is on Unix stands in the upper bits, where a Unix program made the archive.
      type: view.getUint8(at + 5) === 3 ? view.getUint32(at + 38, true) >>> 28 : 0,
    };
    if (view.getUint16(at + 8, true) & 0x2041) refuseArchive("encrypted");
    if (entry.method !== 0 && entry.method !== 8) refuseArchive("packing");
    wideSizes(view, at + 46 + nameSize, end, entry);
    entries.push(entry);
    at = end + remarkSize;
  }
  return entries;
};

/** The source that a ZIP archive is; throws NotAnArchive. */
const archiveSource = async (blob) => {
  const source = { files: new Map(), folders: new Set(), odd: new Set() };
  const seen = new Set();
  for (const entry of await readEntries(blob)) {
    const name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(entry.name);
    const path = name.replace(/\/$/, "");
    if (seen.has(path)) refuseArchive("twice", plain(path.slice(0, 120)));
    seen.add(path);
    if (name.endsWith("/")) source.folders.add(path);
    else if (entry.type === 0 || entry.type === 8) source.files.set(path, new ArchivedFile(blob, entry));
    else source.odd.add(path);
  }
  addParents(source);
  if ([...source.files.keys(), ...source.odd].some((path) => source.folders.has(path))) {
    refuseArchive("both");
  }
  return withoutOuterFolder(source);
};

/** Folders that only show by what lies in them. */
const addParents = (source) => {
  for (const path of [...source.files.keys(), ...source.odd, ...source.folders]) {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) source.folders.add(path.slice(0, at));
  }
};

/** Where everything lies in one folder that is not an export's own, that folder is the export. */
const withoutOuterFolder = (source) => {
  const tops = new Set([...source.files.keys(), ...source.odd, ...source.folders].map((path) => path.split("/")[0]));
  const [top] = tops;
  if (tops.size !== 1 || !source.folders.has(top) || looksLikeExport(source)) return source;
  const inner = (path) => path.slice(top.length + 1);
  return {
    files: new Map([...source.files].map(([path, file]) => [inner(path), file])),
    folders: new Set([...source.folders].filter((path) => path !== top).map(inner)),
    odd: new Set([...source.odd].map(inner)),
  };
};

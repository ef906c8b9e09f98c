// Bytes, and what can be wrong with them. IDs, keys and hashes are kept as hexadecimal text: it compares,
// sorts and serves as a key exactly as the bytes would.

/** Why an object is not accepted. `sort` is one of Malformed, Oversized, NewerVersion, WrongSigner, Altered,
 *  Foreign, NotNow; `what` is a sentence; `why` the cause, where the sort does not tell it (export.md §4). */
class Refused extends Error {
  constructor(sort, what, why = null) {
    super(what);
    Object.assign(this, { sort, why });
  }
}

const refuse = (sort, what, why = null) => {
  throw new Refused(sort, what, why);
};
const lacking = (what) => refuse("Foreign", what, "missing");
const malformed = (what) => refuse("Malformed", what);
const foreign = (what) => refuse("Foreign", what);
const wrongSigner = (what) => refuse("WrongSigner", what);

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const hex = (bytes) => {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
};

const fromHex = (text) => {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(text.substr(2 * at, 2), 16);
  return bytes;
};

const utf8 = (text) => new TextEncoder().encode(text);

const fromUtf8 = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

const join = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const bigEndian4 = (number) => new Uint8Array([number >>> 24, number >>> 16, number >>> 8, number]);

const bytesDiffer = (one, other) => one.length !== other.length || one.some((byte, at) => byte !== other[at]);

/** Ascending by bytes: -1, 0 or 1. */
const compareBytes = (one, other) => {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at++) if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
  return Math.sign(one.length - other.length);
};

/** Ascending by code points, as UTF-8 sorts. JavaScript's own order is by UTF-16 units, which is another one. */
const compareText = (one, other) => {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at++) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (a !== b) {
      const [surrogateA, surrogateB] = [(a & 0xf800) === 0xd800, (b & 0xf800) === 0xd800];
      if (surrogateA !== surrogateB) return surrogateA ? 1 : -1;
      return a < b ? -1 : 1;
    }
  }
  return Math.sign(one.length - other.length);
};

/** Add to the list that stands under `key`. */
const pushTo = (lists, key, value) => {
  if (lists.has(key)) lists.get(key).push(value);
  else lists.set(key, [value]);
};

/** Let the page breathe: long work calls this now and then. */
const breathe = () => new Promise((resolve) => setTimeout(resolve, 0));

const AT_ONCE = 24;

/** What `job` gives for each of `items`, in their order; some of them run at once. */
async function* inOrder(items, job) {
  const waiting = [];
  const next = items[Symbol.iterator]();
  for (;;) {
    while (waiting.length < AT_ONCE) {
      const { value, done } = next.next();
      if (done) break;
      const running = job(value);
      running.catch(() => null); // it is awaited below; until then its failure is nobody's
      waiting.push(running);
    }
    if (waiting.length === 0) return;
    yield await waiting.shift();
  }
}

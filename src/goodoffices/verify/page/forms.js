// What a field of a signed object may hold (format.md §2.1, §2.2). A form takes a decoded value and gives
// it back, byte strings as hexadecimal text; it throws `Wrong` where the value has another form.

class Wrong extends Error {}

const wrong = (reason) => {
  throw new Wrong(reason);
};

const form = (() => {
  const MAX_TIME = 253402300799999;
  const MAX_32 = 2 ** 32;

  const uint =
    (most = Number.MAX_SAFE_INTEGER) =>
    (value) =>
      typeof value === "number" && value >= 0 && value <= most ? value : wrong(`no integer from 0 to ${most}`);

  const code =
    (...codes) =>
    (value) => {
      if (!isUint(value)) wrong(`none of the codes ${codes.join(", ")}`);
      if (!codes.includes(value)) refuse("NewerVersion", `A code ${value} that this page does not know.`);
      return value;
    };

  const bytes = (size) => (value) =>
    isBytes(value) && value.length === size ? hex(value) : wrong(`no byte string of ${size} bytes`);

  const text =
    (most, least = 0) =>
    (value) => {
      const size = typeof value === "string" ? utf8(value).length : -1;
      return size >= least && size <= most ? value : wrong(`no text of ${least} to ${most} bytes`);
    };

  const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2060-\u2069\ufeff]/u;
  const BLANK = /^[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]*$/u;

  const line = (most) => {
    const inner = text(most, 1);
    return (value) => {
      const found = inner(value);
      return HIDDEN.test(found) || BLANK.test(found) ? wrong("no visible line") : found;
    };
  };

  const tag = (value) =>
    /^[A-Za-z0-9-]{2,35}$/.test(text(35, 2)(value)) && /[A-Za-z0-9]/.test(value) ? value : wrong("no language tag");

  const bool = (value) => (typeof value === "boolean" ? value : wrong("neither true nor false"));

  const list =
    (inner, most, least = 0) =>
    (value) =>
      Array.isArray(value) && value.length >= least && value.length <= most
        ? value.map((item) => inner(item))
        : wrong(`no list of ${least} to ${most} items`);

  const row =
    (...inner) =>
    (value) =>
      Array.isArray(value) && value.length === inner.length
        ? value.map((item, at) => inner[at](item))
        : wrong(`no row of ${inner.length} places`);

  /** A field that may be absent. */
  const maybe = (inner) => (value) => (value === undefined ? null : inner(value));

  const ID = bytes(32);
  const MS = uint(MAX_TIME);
  const TIME = row(MS, code(0, 1, 2));
  const PLACE = row(bytes(16), uint(MAX_32), ID);
  return { uint, code, bytes, text, line, tag, bool, list, row, maybe, ID, MS, TIME, PLACE, MAX_32, MAX_TIME };
})();

/** The fields of a decoded map by name. `table`: rows of [number, name, form]. */
const readFields = (what, table, content) => {
  if (!(content instanceof Map)) malformed("The content of a signed object is no map.");
  const fields = {};
  for (const [number, name, form] of table) {
    const value = content.get(number);
    if (value === null) malformed(`Field '${name}' is written as null instead of being left out.`);
    try {
      fields[name] = form(value);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      malformed(`Field '${name}' of ${what} is ${error.message}.`);
    }
  }
  const known = new Set(table.map(([number]) => number));
  for (const number of content.keys()) {
    if (!known.has(number) && (typeof number === "string" || number < 128)) {
      refuse("NewerVersion", `${what} has fields that this page does not know.`);
    }
  }
  return fields;
};

// Where each thing of an export lies, and how names and times are written (export.md §1, §8).

const zulu = (ms) => new Date(ms).toISOString().replace("T", " ");
const stamp = (ms) => new Date(ms).toISOString().replace(/[-:.]/g, "");

/** A name in the letters that every file system has. */
const slug = (name) => {
  const kept = name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "")
    .join("-");
  return kept.slice(0, 32).replace(/-+$/, "") || "unnamed";
};

// The blanks, format characters, halves and private characters that export.md §8 lists by number.
const ESCAPED = new RegExp(
  "[\\u0000-\\u001f\\u007f-\\u00a0\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890-\\u0891\\u08e2\\u1680\\u180e" +
    "\\u2000-\\u200b\\u200e-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ud800-\\uf8ff\\ufeff\\ufff0-\\ufffb" +
    "\\ufffe-\\uffff\\u{110bd}\\u{110cd}\\u{13430}-\\u{1343f}\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}" +
    "\\u{e0000}-\\u{e00ff}\\u{e01f0}-\\u{10ffff}\\\\]",
  "gu",
);

/** Words that stand inside a line: nothing in them can end it, hide or reverse it. */
const plain = (words) =>
  words.replace(ESCAPED, (found) => (found === "\\" ? "\\\\" : `\\u{${found.codePointAt(0).toString(16)}}`));

const six = (number) => String(number).padStart(6, "0");
const short = (id) => id.slice(0, 32);

const placeOf = {
  office: (name, id) => `offices/${slug(name)}-${short(id)}`,
  channel: (name, id) => `channels/${slug(name)}-${short(id)}`,
  line: (peer, id) => `lines/${slug(peer)}-${short(id)}`,
  confirmation: (folder, name, id) => `${folder}/confirmed-by-${slug(name)}-${short(id)}.cbor`,
  entry: (folder, ms, writer, number, id) =>
    `${folder}/entries/${stamp(ms)}-${slug(writer)}-${six(number)}-${short(id)}.cbor`,
  receipt: (folder, ms, reader, id) => `${folder}/receipts/${stamp(ms)}-${slug(reader)}-${short(id)}.cbor`,
  checkpoint: (folder, writer, { incarnation, size, root }) =>
    `${folder}/checkpoints/${slug(writer)}-${incarnation}-${six(size)}-${short(root)}`,
  ownAct: (folder, ms, sequence, id) => `${folder}/own-acts/${stamp(ms)}-${six(sequence)}-${short(id)}.cbor`,
  note: (folder, author, number, id) => `${folder}/notes/${slug(author)}-${six(number)}-${short(id)}`,
  sealed: (folder, digest) => `${folder}/sealed-${short(digest)}.cbor`,
  beside: (folder, id) => `${folder}/beside-${short(id)}`,
  paper: (folder, id) => `${folder}/paper-${short(id)}.cbor`,
};

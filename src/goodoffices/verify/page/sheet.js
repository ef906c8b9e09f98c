// A signed note on paper (format.md §15): its codes as the lines of text that a desk writes, beside its author's
// credential. What is rebuilt from them is verified as a note of a record is; the codes themselves prove nothing.

const CODE_MARK = utf8("GON1");
const CODE_DIGITS = /^[A-Za-z0-9+/=]{1,4000}$/;
const [CODE_HEAD, CODE_PART, MOST_CODES, MOST_LOOSE] = [38, 1080, 12, 32];
const CODES = "the codes";

const codeOf = (word) => {
  if (/^474f4e31/i.test(word)) return /^([0-9a-f]{2})+$/i.test(word) ? fromHex(word.toLowerCase()) : null;
  const fits = word.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(word);
  return fits ? Uint8Array.from(atob(word), (char) => char.charCodeAt(0)) : null;
};

/** The codes that stand in a text: a line that begins like one begins one, lines of its digits go on with it. */
const codesIn = (bytes) => {
  const found = [];
  let going = false;
  for (const line of String.fromCharCode(...bytes).split("\n")) {
    const word = line.replace(OUTER_BLANKS, "");
    const begins = word.startsWith("R09OM") || /^474f4e31/i.test(word);
    if (begins) found.push(word);
    else if (going && CODE_DIGITS.test(word)) found[found.length - 1] += word;
    going = begins || (going && CODE_DIGITS.test(word));
  }
  return found.map(codeOf).filter((code) => code !== null);
};

/** What was inside the seal of the note that codes hold, in any order and some of them twice. */
const rebuiltFrom = async (codes) => {
  const notes = new Map(); // by ID and how many there are: parts by their places
  for (const code of codes) {
    const marked = !bytesDiffer(code.subarray(0, 4), CODE_MARK);
    if (!marked || code.length <= CODE_HEAD || code.length > CODE_HEAD + CODE_PART) continue;
    const [count, place, part] = [code[36], code[37], code.subarray(CODE_HEAD)];
    if (place < 1 || place > count || count > MOST_CODES) malformed("A code whose place is none.");
    const name = `${hex(code.subarray(4, 36))} ${count}`;
    if (!notes.has(name)) notes.set(name, new Map());
    const parts = notes.get(name);
    const kept = parts.get(place);
    if (kept && bytesDiffer(kept, part)) refuse("Altered", "Two codes of one place say different things.");
    parts.set(place, part);
  }
  if (notes.size === 0) lacking("There is no code of a signed note in these files.");
  if (notes.size > 1) malformed("These codes are of more than one note.");
  const [[name, parts]] = notes;
  const [id, count] = name.split(" ");
  const places = Array.from({ length: Number(count) }, (_, at) => at + 1);
  const missing = places.filter((place) => !parts.has(place));
  if (missing.length > 0) lacking(`Of ${count} codes these are missing: ${missing.join(", ")}.`);
  const opened = await readInside(join(...places.map((place) => parts.get(place))));
  if (opened.signed.id !== id) refuse("Altered", "The codes hold another note than they name.");
  return opened;
};

const sheetText = async ({ signed, note, words }, office, signers) => {
  const realm = signed.statement.realm;
  return [
    `NOTE ${note.number}   from ${plain(office.name)}`,
    ...(realm === LIVE ? [] : ["THIS IS A DRILL. Nothing in it was meant."]),
    `to         ${note.recipient}`,
    `released   ${zulu(note.time[0])} (${QUALITY[note.time[1]]})`,
    `by         ${plain(signers.join(", "))}`,
    `language   ${plain(words.language)}`,
    `id         ${signed.id}`,
    `digits     ${grouped(await digits("note", signed.id, 20))}`,
    "",
    "All that follows are its words.",
    "",
    ...words.text.split("\n").map((line) => `  ${plain(line.replace(/\r$/, ""))}`),
    "",
  ].join("\n");
};

/** Files that were chosen one by one: the codes of a note as text, and credentials. */
const looseSource = (files) => {
  const source = newSource();
  for (const file of files) source.files.set(file.name, new GivenFile(file));
  return source;
};

/** The verdict on a note by its codes, or null where there are none. */
const verifySheet = async (source, trust) => {
  const [codes, offices] = [[], new Map()];
  for (const file of [...source.files.values()].slice(0, MOST_LOOSE)) {
    const raw = await file.read((1 << 20) + 1).catch(() => null);
    if (raw === null || raw.length > 1 << 20) continue;
    const { value: office } = await outcome(() => readOffice(raw));
    if (office) offices.set(office.id, office);
    else codes.push(...codesIn(raw.subarray(0, 64_000)));
  }
  if (codes.length === 0) return null;
  const findings = new Findings();
  const verdict = { verdict: FINDINGS, compared_with_trust: trust !== null, findings: findings.all, remarks: [] };
  const { value, error } = await outcome(async () => {
    const opened = await rebuiltFrom(codes);
    const office = offices.get(opened.note.author);
    if (!office) lacking(`The credential of its author, ${opened.note.author}, is not among these files.`);
    return [opened, office, await verifyRelease(opened, office)];
  });
  if (error) {
    findings.add(CODES, "note", EXPECTED.note, error.message, { why: causeOf(error) });
    return verdict;
  }
  const [opened, office, signers] = value;
  if (trust !== null && !trust.has(office.id)) {
    const found = `${office.id}, which calls itself '${office.name}'`;
    findings.add(CODES, "untrusted", "an author whose fingerprint is in the trust file", found);
  }
  verdict.remarks = otherNames(new Map([[office.id, office]]), trust);
  const named = [{ fingerprint: office.id, calls_itself: office.name }];
  const text = await sheetText(opened, office, signers);
  Object.defineProperty(verdict, "shown", { value: { text, offices: named } }); // for the screen
  verdict.verdict = findings.all.length === 0 ? VERIFIED : FINDINGS;
  verdict.note = { id: opened.signed.id, author: office.id, number: opened.note.number, signers };
  return verdict;
};

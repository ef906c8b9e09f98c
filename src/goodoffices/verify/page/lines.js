// Lines: pairing, entries, receipts, and the manifest of an export (format.md §8, §10; export.md §1).

const MAX_FILE = 1_200_000;
const MAX_BODY = 260_000;
const MAX_PACK = 3_000_000;
const LEAST_PACKED = 200;
const PACKED = 2;

const PAIRING_FIELDS = [
  [1, "offices", form.row(form.ID, form.ID)],
  [2, "offers", form.row(form.ID, form.ID)],
];

const CONFIRMED_FIELDS = [
  [1, "line", form.ID],
  [2, "office", form.ID],
  [3, "roster", form.uint(form.MAX_32)],
  [4, "time", form.TIME],
];

const ENTRY_FIELDS = [
  [1, "line", form.ID],
  [2, "writer", form.ID],
  [3, "incarnation", form.bytes(16)],
  [4, "number", form.uint(form.MAX_32)],
  [5, "previous", form.maybe(form.ID)],
  [6, "seen", form.maybe(form.PLACE)],
  [7, "kind", form.uint(2 ** 16)],
  [8, "time", form.TIME],
  [9, "commitment", form.ID],
  [10, "roster", form.uint(form.MAX_32)],
  [128, "caseAt", form.maybe(form.MS)],
];

const RECEIPT_FIELDS = [
  [1, "line", form.ID],
  [2, "reader", form.ID],
  [3, "entries", form.list(form.PLACE, 64, 1)],
  [4, "time", form.TIME],
  [5, "roster", form.uint(form.MAX_32)],
];

const MANIFEST_FIELDS = [
  [1, "office", form.ID],
  [2, "roster", form.uint(form.MAX_32)],
  [3, "time", form.TIME],
  [4, "listHash", form.ID],
  [5, "files", form.uint(form.MAX_32)],
  [6, "texts", form.bool],
  [7, "chains", form.list(form.row(form.ID, form.ID, form.uint(form.MAX_32), form.PLACE), 1024)],
  [8, "layout", form.maybe(form.code(PACKED))],
  [9, "acts", form.maybe(form.list(form.uint(2 ** 16), 64, 1))],
];

const ACTS = 1;
const TEST = 2;
const CHAT = 3;
const ITEM = {
  note: 1,
  act: 2,
  mandate: 3,
  confirmed: 4,
  roster: 5,
  incarnation: 6,
  resealAsked: 7,
  resealed: 8,
  nextRoster: 9,
  thinLine: 10,
  thinKeys: 11,
  thinHeld: 12,
  test: 16,
  chat: 17,
};

const ITEM_WORDS = new Map([
  [ITEM.note, "a note"],
  [ITEM.act, "an act"],
  [ITEM.mandate, "a mandate with the signatures so far"],
  [ITEM.confirmed, "the confirmation of the line"],
  [ITEM.roster, "an office's credential"],
  [ITEM.incarnation, "the opening of a new incarnation"],
  [ITEM.resealAsked, "the request to seal a note anew"],
  [ITEM.resealed, "a note sealed anew"],
  [ITEM.nextRoster, "an office's next roster"],
  [ITEM.thinLine, "the wish for a thin line"],
  [ITEM.thinKeys, "keys of a thin line"],
  [ITEM.thinHeld, "word that keys of a thin line are held"],
  [ITEM.test, "a line test"],
  [ITEM.chat, "service chat"],
]);

const oneBlob = (rest) => rest.length === 1 && isBytes(rest[0]);
const blobs = (value) => Array.isArray(value) && value.every(isBytes);

const isPlace = (value) => {
  try {
    form.PLACE(value);
    return true;
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return false;
  }
};

const ITEM_FORMS = new Map([
  [ITEM.note, oneBlob],
  [ITEM.act, oneBlob],
  [ITEM.mandate, (rest) => rest.length === 3 && isBytes(rest[0]) && blobs(rest[1]) && blobs(rest[2])],
  [ITEM.confirmed, oneBlob],
  [ITEM.roster, oneBlob],
  [ITEM.incarnation, (rest) => rest.length === 1 && (rest[0] === null || isPlace(rest[0]))],
  [ITEM.resealAsked, oneBlob],
  [ITEM.resealed, oneBlob],
  [ITEM.nextRoster, oneBlob],
  [ITEM.thinLine, oneBlob],
  [ITEM.thinKeys, oneBlob],
  [ITEM.thinHeld, oneBlob],
  [ITEM.test, oneBlob],
  [ITEM.chat, oneBlob],
]);

/** The items that an entry of kind 1 carries. */
const readItems = (body) => {
  const items = decode(body, MAX_BODY);
  if (!Array.isArray(items) || items.length > 256) malformed("An entry's body is no list of items.");
  for (const item of items) {
    if (!Array.isArray(item) || item.length === 0 || !isInt(item[0])) malformed("An item without a number.");
    const shape = ITEM_FORMS.get(item[0]);
    if (shape && !shape(item.slice(1))) malformed(`Item ${item[0]} of an entry has the wrong form.`);
  }
  return items;
};

const TEST_FIELDS = [
  [1, "line", form.ID],
  [2, "office", form.ID],
  [3, "nonce", form.bytes(16)],
  [4, "step", form.code(1, 2, 3, 4)],
  [5, "locked", form.bool],
  [6, "time", form.TIME],
  [7, "roster", form.uint(form.MAX_32)],
  [128, "caseAt", form.maybe(form.MS)],
];

const CHAT_FIELDS = [
  [1, "line", form.ID],
  [2, "office", form.ID],
  [3, "time", form.TIME],
  [4, "roster", form.uint(form.MAX_32)],
  [5, "words", form.text(2000, 1)],
  [128, "caseAt", form.maybe(form.MS)],
];

/** Refuse the body of an entry of a line test or of service chat that does not hold (format.md §8.1). */
const verifyTraffic = async (kind, body, line, office) => {
  const items = readItems(body);
  if (items.length !== 1 || items[0][0] !== (kind === TEST ? ITEM.test : ITEM.chat)) {
    malformed("An entry of a line test or of service chat holds that alone, and nothing else.");
  }
  const signed = await readSigned(items[0][1]);
  const [what, number, table] =
    kind === TEST ? ["a line test", LINE_TEST, TEST_FIELDS] : ["service chat", SERVICE_CHAT, CHAT_FIELDS];
  const content = signed.statement.read(what, number, table, office.realm);
  if (content.line !== line || content.office !== office.id) foreign("Of another line or another office.");
  const roster = office.requireRoster(content.roster);
  await signed.verify();
  const byDesk = signed.signers.length === 1 && signed.signers[0] === roster.desk;
  if (kind === TEST && content.step <= 2 && !byDesk) wrongSigner("A step that the desk signs, by somebody else.");
  const mayBeDesk = byDesk && kind === TEST && content.step <= 3;
  if (!mayBeDesk && !signed.signers.every((signer) => rightsOf(roster, signer) & RIGHTS.duty)) {
    wrongSigner(`By somebody who has no duty at ${office.name}.`);
  }
  return { id: signed.id, content };
};

/** The byte strings of a pack, one after the other; null in the place of one that does not begin or is cut off. */
function* unwrapped(pack) {
  let at = 0;
  while (at < pack.length) {
    const lead = pack[at];
    const width = lead >= 0x58 && lead <= 0x5a ? [1, 2, 4][lead - 0x58] : 0;
    const start = at + 1 + width;
    let size = width === 0 ? lead - 0x40 : 0;
    for (const byte of pack.subarray(at + 1, start)) size = size * 256 + byte;
    const shortest = width === 0 || size >= { 1: 24, 2: 0x100, 4: 0x10000 }[width];
    if (lead < 0x40 || lead > 0x5a || !shortest || size < LEAST_PACKED || start + size > pack.length) {
      yield null;
      return;
    }
    at = start + size;
    yield pack.subarray(start, at);
  }
}

/** [signed, salt, body] of an entry's file; salt and body are null where the body is left out. */
const readEntryFile = async (raw) => {
  const value = decode(raw, MAX_FILE);
  if (!Array.isArray(value) || value.length !== 3 || !isBytes(value[0])) malformed("Not an entry file.");
  const [signed, salt, body] = value;
  const shown = isBytes(salt) && isBytes(body);
  if (!shown && (salt !== null || body !== null)) malformed("Not an entry file.");
  return [await readSigned(signed), salt, body];
};

const commitmentOf = (salt, body) => sha256(join(utf8("GO1 body"), salt, body));

const signedByDesk = async (signed, office, version) => {
  const roster = office.requireRoster(version);
  if (signed.signers.length !== 1 || signed.signers[0] !== roster.desk) {
    wrongSigner(`Not signed by ${office.name}'s desk alone.`);
  }
  await signed.verify();
};

/** Refuse an entry that is not `office`'s desk's own, on this line, with the body that it commits to. */
const verifyEntry = async (signed, salt, body, line, office) => {
  const entry = signed.statement.read("an entry", ENTRY, ENTRY_FIELDS, office.realm);
  if (entry.line !== line || entry.writer !== office.id) foreign("An entry of another line or another writer.");
  await signedByDesk(signed, office, entry.roster);
  if (body !== null) {
    const erased = salt.length + body.length === 0 && (entry.kind === TEST || entry.kind === CHAT);
    const whole = salt.length === 32 && (await commitmentOf(salt, body)) === entry.commitment;
    if (!whole && !erased) foreign("An entry whose body is not the one it commits to.");
    if (body.length > MAX_BODY) malformed("An entry's body is too large.");
  }
  if (entry.number < 1 || (entry.previous === null) !== (entry.number === 1)) {
    malformed("Only the first entry of an incarnation has none before it.");
  }
  return entry;
};

/** An entry of `line` that holds for itself, with the office that wrote it. */
const readEntry = async (record, line, raw) => {
  const [signed, salt, body] = await readEntryFile(raw);
  const entry = signed.statement.read("an entry", ENTRY, ENTRY_FIELDS, record.realm);
  const office = record.end(line, entry.writer);
  if (entry.line !== line.id) foreign("It was written on another line.");
  if (body === null && entry.kind === ACTS) lacking("Its body is missing.");
  if (body !== null && (await commitmentOf(salt, body)) !== entry.commitment) {
    refuse("Altered", "An entry whose body is not the one it commits to.");
  }
  await judgingSigner(signed, office, entry.roster, () => verifyEntry(signed, salt, body, line.id, office));
  return { entry, office, id: signed.id, body };
};

const verifyReceipt = async (signed, line, office) => {
  const receipt = signed.statement.read("a receipt", RECEIPT, RECEIPT_FIELDS, office.realm);
  if (receipt.line !== line || receipt.reader !== office.id) foreign("A receipt for another line or reader.");
  await signedByDesk(signed, office, receipt.roster);
  return receipt;
};

const verifyConfirmed = async (signed, line, office) => {
  const confirmed = signed.statement.read("a confirmation", PAIRING_CONFIRMED, CONFIRMED_FIELDS, office.realm);
  if (confirmed.line !== line || confirmed.office !== office.id) foreign("A confirmation of another line.");
  await signed.verify();
  if (!signed.signers.every((signer) => office.may(confirmed.roster, signer, RIGHTS.keys))) {
    wrongSigner("A pairing confirmed by somebody who keeps no keys there.");
  }
  return confirmed;
};

/** What an entry carries, in words. */
const carries = (items) => {
  const counts = new Map();
  for (const [number] of items) {
    const word = ITEM_WORDS.get(number) ?? "something of a newer version";
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = [...counts].map(([word, count]) => (count === 1 ? word : `${count} × ${word}`));
  return words.join(", ") || "nothing";
};

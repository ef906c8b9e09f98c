// Mandates, acts and notes (format.md §4 to §7).

const CHANNEL_LANE = "00".repeat(32);
const HOME_LANE = "ff".repeat(32);
const PARTY = 1;

// --- Mandates -----------------------------------------------------------------------------------------

const byPrecedence = (inner, all) => (value) => {
  const numbers = value instanceof Map ? [...value.keys()] : [];
  const fits = value instanceof Map && numbers.every((number) => [1, 2, 3, 4].includes(number));
  if (!fits || (all && numbers.length !== 4)) throw new Wrong("not one entry for each precedence");
  return new Map(numbers.sort().map((number) => [number, inner(value.get(number))]));
};

const PAPER_FIELDS = [
  [1, "name", form.line(120)],
  [2, "attestedBy", form.ID],
  [3, "roster", form.uint(form.MAX_32)],
  [4, "consent", form.text(2000, 1)],
  [5, "made", form.MS],
  [6, "salt", form.bytes(32)],
];

const MANDATE_FIELDS = [
  [1, "name", form.line(120)],
  [2, "offices", form.list(form.row(form.code(1, 2), form.ID, form.ID, form.bool), 6, 3)],
  [3, "reading", form.code(1, 2)],
  [4, "forwarding", form.code(1, 2)],
  [5, "clocks", byPrecedence(form.uint(30 * 24 * 3600 * 1000), true)],
  [6, "languages", form.list(form.tag, 16, 1)],
  [7, "disclosure", form.code(1, 2)],
  [8, "recordUse", form.code(1, 2, 3)],
  [9, "acknowledgements", form.list(form.uint(63), 16)],
  [10, "ends", form.maybe(form.MS)],
  [11, "minimumSuite", form.uint(2 ** 16)],
  [12, "predecessor", form.maybe(form.ID)],
  [13, "officersToAddWords", form.code(1, 2)],
  [14, "labels", form.maybe(byPrecedence(form.line(40), false))],
  [15, "made", form.MS],
  [16, "salt", form.bytes(32)],
  [17, "purpose", form.maybe(form.text(2000))],
  [18, "flashBudget", form.maybe(form.row(form.uint(100), form.uint(30 * 24 * 3600 * 1000)))],
  [19, "forms", form.maybe(form.list(someRaw(32_000), 16, 1))],
  [20, "codes", form.maybe(form.list(someRaw(64_000), 4, 1))],
];

const checkTerms = (mandate) => {
  const roles = mandate.offices.map(([role]) => role);
  const path = mandate.offices.map(([, office]) => office);
  const parties = [mandate.offices[0], mandate.offices.at(-1)];
  if (parties.some(([role]) => role !== PARTY) || roles.slice(1, -1).includes(PARTY)) {
    malformed("A channel's path runs from a party over intermediaries to a party.");
  }
  if (new Set(path).size !== path.length) malformed("An office stands twice in a channel's path.");
  if (mandate.offices.some(([role, , , paper]) => paper && role !== PARTY)) {
    malformed("Only a party can be on paper.");
  }
  if (parties.every(([, , , paper]) => paper)) malformed("A channel with both parties on paper.");
  if (mandate.minimumSuite !== 1) malformed("The mandate asks for a suite that does not exist yet.");
  if (mandate.flashBudget?.includes(0)) malformed("A budget by which no FLASH note could ever be released.");
};

/** A mandate with its offices and the signatures so far. */
class Agreement {
  constructor(mandate, signed, offices, papers, agreed) {
    this.id = signed.id;
    this.mandate = mandate;
    this.agreed = agreed; // forms and code books by their IDs
    this.offices = offices;
    this.papers = papers;
    this.path = mandate.offices.map(([, office]) => office);
    this.parties = [this.path[0], this.path.at(-1)];
    this.keepers = new Map(); // office ID: keys
    for (const [, id, pin, paper] of mandate.offices) if (!paper) this.keepers.set(id, offices.get(id).keepers(pin));
    this.signers = signed.signers;
    const signers = new Set(signed.signers);
    const hasSigned = ([, keys]) => keys.some((key) => signers.has(key));
    this.signedBy = new Set([...this.keepers].filter(hasSigned).map(([id]) => id));
    this.complete = mandate.offices.every(([, office, , paper]) => paper || this.signedBy.has(office));
  }

  nameOf(office) {
    return (this.offices.get(office) ?? this.papers.get(office)).name;
  }

  isParty(office) {
    return this.parties.includes(office);
  }

  /** Whether what `author` made comes to `reader` from its neighbour `writer`. */
  leads(author, writer, reader) {
    const [from, by, to] = [author, writer, reader].map((office) => this.path.indexOf(office));
    return from >= 0 && by >= 0 && to >= 0 && from !== to && by === to + Math.sign(from - to);
  }

  /** Whether two offices of the path stand beside each other. */
  beside(one, other) {
    const [a, b] = [this.path.indexOf(one), this.path.indexOf(other)];
    return a >= 0 && b >= 0 && Math.abs(a - b) === 1;
  }
}

/** Verify a mandate. `credentials`: offices by ID; `papers`: signed attestations. */
const readAgreement = async (signed, credentials, papers) => {
  const realm = signed.statement.realm;
  const mandate = signed.statement.read("a mandate", MANDATE, MANDATE_FIELDS);
  checkTerms(mandate);
  const agreed = await readAgreed(mandate);
  const attestations = new Map(papers.map((each) => [each.id, each]));
  const [offices, onPaper] = [new Map(), new Map()];
  for (const [, id, pin, paper] of mandate.offices) {
    if (paper) {
      const found = attestations.get(id);
      if (found === undefined || pin !== id) foreign("An office on paper whose attestation is missing.");
      onPaper.set(id, found.statement.read("an attestation", PAPER_OFFICE, PAPER_FIELDS, realm));
      continue;
    }
    const office = credentials.get(id);
    if (office === undefined) foreign("The mandate names an office whose credential is missing.");
    if (office.realm !== realm || !office.rosterIds.includes(pin)) {
      foreign(`The mandate pins another roster of ${office.name} than the credential shows.`);
    }
    offices.set(id, office);
  }
  const agreement = new Agreement(mandate, signed, offices, onPaper, agreed);
  for (const [id, attestation] of onPaper) await checkAttestation(agreement, attestation, attestations.get(id));
  if (signed.signatures.length > 0) {
    await signed.verify();
    const known = new Set([...agreement.keepers.values()].flat());
    if (!signed.signers.every((signer) => known.has(signer))) {
      wrongSigner("A mandate signed by somebody who keeps no keys of its offices.");
    }
  }
  return agreement;
};

const checkAttestation = async (agreement, attestation, signed) => {
  const witness = agreement.offices.get(attestation.attestedBy);
  if (witness === undefined || agreement.isParty(witness.id)) {
    foreign("An office on paper is attested by the channel's intermediary, by nobody else.");
  }
  await signed.verify();
  if (!signed.signers.every((signer) => witness.may(attestation.roster, signer, RIGHTS.keys))) {
    wrongSigner("An office on paper attested by somebody without the right.");
  }
};

/** Refuse what did not come the way that leads from its author to its reader. */
const checkWay = (agreement, author, lane, { writer, reader }) => {
  if (!agreement.leads(author, writer, reader)) foreign("It came another way than its channel's path.");
  if (lane !== CHANNEL_LANE && (!agreement.isParty(lane) || (lane !== writer && lane !== reader))) {
    foreign("It belongs to a lane that does not run over this line.");
  }
};

// --- Acts ---------------------------------------------------------------------------------------------

const PLACE_FIELDS = [
  [1, "mandate", form.ID],
  [2, "author", form.ID],
  [3, "recipient", form.ID],
  [4, "lane", form.ID],
  [5, "incarnation", form.bytes(16)],
  [6, "sequence", form.uint(form.MAX_32)],
  [7, "previous", form.maybe(form.ID)],
  [8, "roster", form.uint(form.MAX_32)],
  [9, "proof", form.code(1, 2, 3)],
  [10, "time", form.TIME],
];

/** Words for some only, sealed: not looked at, and not kept. */
const someBytes = (most) => (value) =>
  isBytes(value) && value.length > 0 && value.length <= most ? true : wrong(`no byte string of 1 to ${most} bytes`);

const ACT_FIELDS = [
  ...PLACE_FIELDS,
  [11, "type", form.uint(2 ** 16)],
  [12, "subject", form.maybe(form.ID)],
  [13, "code", form.maybe(form.uint(2 ** 16))],
  [14, "words", form.maybe(form.text(8000))],
  [15, "evidence", form.maybe(form.ID)],
  [128, "caseAt", form.maybe(form.MS)],
  [129, "sealed", form.maybe(someBytes(100_000))],
];

const [AT_DESK, SEEN, FORWARDED, REFUSED, RETURNED, REMARK, OPENED] = [1, 2, 3, 4, 5, 6, 7];
const [WITH_PRINCIPAL, ACKNOWLEDGED, WITHDRAWN, COMPARED, ALTERED, ON_RELAY, EXPIRED, BRIEFED] = [8, 9, 10, 11, 12, 13, 14, 15];
const [HANDED_OVER, TRANSCRIPT, TRANSLATION, REWORDING, CONSENT] = [18, 19, 20, 21, 48];

const BY_DESK = new Set([AT_DESK, ALTERED, ON_RELAY, EXPIRED]);

const RIGHT_FOR = new Map([
  ...[SEEN, FORWARDED, REFUSED, RETURNED, REMARK, OPENED, WITH_PRINCIPAL, ACKNOWLEDGED].map((type) => [type, RIGHTS.duty]),
  ...[HANDED_OVER, TRANSCRIPT, REWORDING].map((type) => [type, RIGHTS.duty]),
  [TRANSLATION, RIGHTS.duty | RIGHTS.release],
  [WITHDRAWN, RIGHTS.release],
  [BRIEFED, RIGHTS.release],
  [CONSENT, RIGHTS.release],
  [COMPARED, RIGHTS.keys],
]);

const checkPlace = ({ sequence, previous }) => {
  if (sequence < 1 || (previous === null) !== (sequence === 1)) {
    malformed("Only the first act or note of a chain has none before it.");
  }
};

/** Refuse an act that is not signed as its type demands. `automatic`: the mandate lets a desk forward. */
const checkSigner = async (signed, act, office, automatic, wordsNeed) => {
  if (act.author !== office.id || signed.statement.realm !== office.realm) foreign("An act of another office.");
  if (act.proof !== 1) refuse("NewerVersion", `An act of proof kind ${act.proof}, which is reserved.`);
  checkPlace(act);
  const roster = office.requireRoster(act.roster);
  await signed.verify();
  const byDesk = signed.signers.length === 1 && signed.signers[0] === roster.desk;
  if (BY_DESK.has(act.type) || (act.type === FORWARDED && automatic && byDesk)) {
    if (!byDesk) wrongSigner(`An act that ${office.name}'s desk signs is signed by somebody else.`);
    return;
  }
  const needed = RIGHT_FOR.get(act.type) ?? 31;
  if (!signed.signers.every((signer) => rightsOf(roster, signer) & needed)) {
    wrongSigner(`An act signed by somebody without the right at ${office.name}.`);
  }
  if ([REMARK, TRANSCRIPT, TRANSLATION, REWORDING].includes(act.type) && signed.signers.length < wordsNeed) {
    wrongSigner("Words added by fewer officers than the mandate asks for.");
  }
};

// --- Notes --------------------------------------------------------------------------------------------

const NOTE_FIELDS = [
  ...PLACE_FIELDS,
  [11, "number", form.uint(form.MAX_32)],
  [12, "precedence", form.code(1, 2, 3, 4)],
  [13, "validUntil", form.maybe(form.MS)],
  [14, "kind", form.uint(2 ** 16)],
  [15, "body", form.ID],
  [16, "leaves", form.uint(4096)],
  [128, "caseAt", form.maybe(form.MS)],
];

const HEADER_FIELDS = [
  [1, "mandate", form.ID],
  [2, "author", form.ID],
  [3, "recipient", form.ID],
  [4, "lane", form.ID],
  [5, "number", form.uint(form.MAX_32)],
  [6, "precedence", form.code(1, 2, 3, 4)],
  [7, "validUntil", form.maybe(form.MS)],
  [8, "note", form.ID],
];

const MAX_TEXT = 60_000;
const FIELD = 12;
const REPORT_LEAF = 130;
const PARAGRAPH = 16;

const LEAVES = new Map([
  [1, ["authority", form.code(1, 2, 3, 4)]],
  [2, ["language", form.tag]],
  [3, ["replyBy", form.MS]],
  [4, ["inReplyTo", form.ID]],
  [5, ["replaces", form.ID]],
  [6, ["withdraws", form.ID]],
  [7, ["read", form.list(form.ID, 64)]],
  [8, ["held", form.list(form.ID, 64)]],
  [9, ["reason", form.text(500, 1)]],
  [10, ["confidential", form.code(1)]],
  [11, ["form", form.ID]],
  [FIELD, ["field", form.row(form.uint(24), anyValue)]],
  [13, ["coded", form.row(form.ID, form.uint(999))]],
  [PARAGRAPH, ["paragraph", form.text(MAX_TEXT)]],
  [129, ["rewords", form.ID]],
  [REPORT_LEAF, ["report", someRaw(12_000)]],
]);

/** What leaves say: fields by name, and the text. */
const wordsOf = (leaves) => {
  const words = { read: [], held: [], values: [], reports: [] };
  const paragraphs = [];
  let last = 0;
  for (const [label, value] of leaves) {
    const recurs = label === PARAGRAPH || label === FIELD || label === REPORT_LEAF;
    if (label < last || (label === last && !recurs)) malformed("A note's fields are out of order.");
    last = label;
    const [name, shape] = LEAVES.get(label) ?? [null, null];
    if (name === null && label < 128) refuse("NewerVersion", `A note's field ${label} is not known to this page.`);
    if (name === null) continue;
    let checked;
    try {
      checked = shape(value);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      malformed(`A note's field ${label} is ${error.message}.`);
    }
    if (label === PARAGRAPH) paragraphs.push(checked);
    else if (label === FIELD) words.values.push(checked);
    else if (label === REPORT_LEAF) words.reports.push(checked);
    else words[name] = checked;
  }
  if (words.language === undefined || words.authority === undefined) {
    malformed("A note that states neither its language nor its authority.");
  }
  if (words.reports.length > 8) refuse("Oversized", "A note with more than 8 reports.");
  words.text = paragraphs.join("");
  if (utf8(words.text).length > MAX_TEXT) refuse("Oversized", `A note's text of more than ${MAX_TEXT} bytes.`);
  return words;
};

/** Merkle root over the salted leaves (format.md §5.2), in the shape of RFC 9162. */
const bodyRoot = async (seed, leaves) => {
  const salts = await derive(seed, (at) => join(utf8("GO1 leaf"), bigEndian4(at)), leaves.length);
  const hash = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
  let level = await Promise.all(leaves.map((leaf, at) => hash(new Uint8Array(1), salts[at], leaf[SPAN])));
  if (level.length === 0) return sha256(new Uint8Array(0));
  while (level.length > 1) {
    const pairs = [];
    for (let at = 0; at + 1 < level.length; at += 2) {
      pairs.push(hash(new Uint8Array([1]), level[at], level[at + 1]));
    }
    const odd = level.length % 2 ? [level.at(-1)] : [];
    level = [...(await Promise.all(pairs)), ...odd];
  }
  return hex(level[0]);
};

/** What was inside a note's seal; form and body root are checked, signatures not yet. */
const readInside = async (raw) => {
  const value = decode(raw, 250_000);
  if (!Array.isArray(value) || value.length !== 3 || !isBytes(value[0])) malformed("A seal that holds no note.");
  const [signedRaw, seed, leaves] = value;
  if (!isBytes(seed) || seed.length !== 32 || !Array.isArray(leaves)) malformed("A note's seed or leaves.");
  for (const leaf of leaves) {
    if (!Array.isArray(leaf) || leaf.length !== 2 || !isUint(leaf[0])) malformed("A note's leaf has the wrong form.");
  }
  const signed = await readSigned(signedRaw);
  const note = signed.statement.read("a note", NOTE, NOTE_FIELDS);
  if (note.leaves !== leaves.length || note.body !== (await bodyRoot(seed, leaves))) {
    refuse("Altered", "The words do not belong to the signature: they were changed after release.");
  }
  return { signed, note, words: wordsOf(leaves) };
};

/** Pseudonyms of the officers who released a note; refused where they are too few or not entitled. */
const verifyRelease = async ({ signed, note, words }, office) => {
  if (note.author !== office.id || signed.statement.realm !== office.realm) foreign("A note of another office.");
  if (note.proof !== 1 || note.kind < 1 || note.kind > CODED_NOTE) {
    refuse("NewerVersion", `A note of kind ${note.kind}, proof kind ${note.proof}, not understood.`);
  }
  if (words !== undefined) {
    const byForm = note.kind > 1 && note.kind < CODED_NOTE;
    if (byForm !== (words.form !== undefined) || (note.kind === CODED_NOTE) !== (words.coded !== undefined)) {
      refuse("NewerVersion", `A note of kind ${note.kind} that does not carry what makes it one.`);
    }
    if (words.values.length > 0 && words.form === undefined) malformed("The fields of a form, without the form.");
  }
  checkPlace(note);
  const roster = office.requireRoster(note.roster);
  await signed.verify();
  if (!signed.signers.every((signer) => rightsOf(roster, signer) & RIGHTS.release)) {
    wrongSigner(`A note signed by somebody who may not release for ${office.name}.`);
  }
  if (signed.signers.length < roster.releasersNeeded) {
    wrongSigner(`${signed.signers.length} of ${roster.releasersNeeded} officers needed released this.`);
  }
  return signed.signers.map((signer) => pseudonymOf(roster, signer));
};

/** The handling header of a sealed note; nothing is opened. */
const readSealed = (raw) => {
  const value = decode(raw, 250_000);
  if (!Array.isArray(value) || value.length !== 4 || value[0] !== 1) malformed("Not a sealed note of this suite.");
  const [, headerRaw, wraps, ciphertext] = value;
  if (!isBytes(headerRaw) || !isBytes(ciphertext)) malformed("Not a sealed note.");
  const header = readFields("a handling header", HEADER_FIELDS, decode(headerRaw, 1024));
  if (!Array.isArray(wraps) || wraps.length < 1 || wraps.length > 8) malformed("Readers: none, or too many.");
  let last = "";
  for (const wrap of wraps) {
    const shaped = Array.isArray(wrap) && wrap.length === 3 && isBytes(wrap[0]) && hex(wrap[0]) > last;
    const known = shaped && isBytes(wrap[2]) && (wrap[2].length === 1168 || wrap[2].length === 32);
    if (!known || wrap[0].length !== 32 || !isUint(wrap[1])) {
      malformed("A sealed note's readers have the wrong form or order.");
    }
    // Sealed for a thin line: one message of one chain for all, and no key is wrapped for anybody.
    const thin = wrap[2].length === 32;
    const same = wrap[1] === wraps[0][1] && hex(wrap[2]) === hex(wraps[0][2]);
    if ((thin || wraps[0][2].length === 32) && !same) malformed("A sealed note whose readers have keys of two sorts.");
    last = hex(wrap[0]);
  }
  return header;
};

const HEADER_NAMES = ["mandate", "author", "recipient", "lane", "number", "precedence", "validUntil"];

const sameHeader = (one, other) => HEADER_NAMES.every((name) => one[name] === other[name]);

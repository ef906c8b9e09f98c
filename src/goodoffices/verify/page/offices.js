// Statements, signatures, and the offices that they belong to (format.md §2, §3).

const MAX_SIGNED = 200_000;
const LIVE = "00".repeat(16);
const ROOT = 1;
const ROSTER = 2;
const PAPER_OFFICE = 3;
const MANDATE = 4;
const PAIRING = 8;
const PAIRING_CONFIRMED = 9;
const NOTE = 16;
const ACT = 17;
const ENTRY = 24;
const RECEIPT = 25;
const LINE_TEST = 27;
const SERVICE_CHAT = 28;
const EXPORT = 32;

const RIGHTS = { draft: 1, release: 2, duty: 4, keys: 8, audit: 16 };

/** [kind, realm, content] of a statement's bytes. */
const readStatement = (raw) => {
  const value = decode(raw, MAX_SIGNED);
  if (!Array.isArray(value) || value.length !== 5 || value[0] !== "GO1") malformed("Not a Good Offices statement.");
  const [, suite, kind, realm, content] = value;
  if (!isInt(suite) || typeof kind === "boolean") malformed("A statement's suite or kind is no number.");
  if (suite !== 1) refuse("NewerVersion", `Suite ${suite} is not known to this page.`);
  if (!isInt(kind) || !isBytes(realm) || realm.length !== 16) {
    malformed("A statement's kind or realm has the wrong form.");
  }
  return [kind, hex(realm), content];
};

class Statement {
  constructor(raw, id) {
    this.raw = raw;
    this.id = id;
  }

  static async of(raw) {
    return new Statement(raw, await sha256(raw));
  }

  get parts() {
    this.known ??= readStatement(this.raw);
    return this.known;
  }

  get realm() {
    return this.parts[1];
  }

  /** The fields, if this is of kind `kind`, and of realm `realm` where one is given. */
  read(what, kind, table, realm = null) {
    const [found, where, content] = this.parts;
    if (found !== kind) foreign(`A statement of kind ${found} where one of kind ${kind} belongs.`);
    if (realm !== null && where !== realm) {
      foreign("Made in another realm: a drill and the live channel never mix.");
    }
    this.fields ??= readFields(what, table, content);
    return this.fields;
  }
}

class Signed {
  constructor(raw, statement, signatures) {
    this.raw = raw;
    this.statement = statement;
    this.signatures = signatures;
  }

  get id() {
    return this.statement.id;
  }

  get signers() {
    return this.signatures.map(([signer]) => signer);
  }

  async verify() {
    if (this.signatures.length === 0) wrongSigner("Nobody signed this.");
    for (const [signer, signature] of this.signatures) {
      await verifySignature(signer, signature, this.statement.raw);
    }
  }
}

const readSigned = async (raw) => {
  const value = decode(raw, MAX_SIGNED);
  if (!Array.isArray(value) || value.length !== 2 || !isBytes(value[0])) malformed("Not a signed object.");
  const [statement, pairs] = value;
  if (!Array.isArray(pairs) || pairs.length > 16) malformed("The signatures of an object have the wrong form.");
  const signatures = [];
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2 || !isBytes(pair[0]) || !isBytes(pair[1])) {
      malformed("The signatures of an object have the wrong form.");
    }
    const signer = hex(pair[0]);
    if (signer <= (signatures.at(-1)?.[0] ?? "")) malformed("Signatures are out of order or repeated.");
    signatures.push([signer, pair[1]]);
  }
  return new Signed(raw, await Statement.of(statement), signatures);
};

// --- Offices ------------------------------------------------------------------------------------------

const signingKey = (value) => {
  const key = form.bytes(32)(value);
  admitSigningKey(key);
  return key;
};

const sealingKey = (value) => {
  checkSealingKey(form.bytes(1216)(value));
  return null; // checked and not needed again
};

const EPOCHS = form.list(form.row(form.uint(form.MAX_32), form.MS, form.MS, sealingKey), 16, 1);

const ROOT_FIELDS = [
  [1, "name", form.line(120)],
  [2, "ed25519", signingKey],
  [3, "mldsa65", form.bytes(1952)],
  [4, "made", form.MS],
];

const ROSTER_FIELDS = [
  [1, "office", form.ID],
  [2, "version", form.uint(form.MAX_32)],
  [3, "previous", form.maybe(form.ID)],
  [4, "made", form.MS],
  [5, "desk", signingKey],
  [6, "envelopeEpochs", EPOCHS],
  [7, "readingEpochs", EPOCHS],
  [8, "officers", form.list(form.row(form.line(80), signingKey, form.uint(31)), 64, 1)],
  [9, "releasersNeeded", form.uint(16)],
  [10, "checkpoint", form.maybe(signingKey)],
  [11, "revoked", form.list(form.row(form.ID, form.MS, form.text(200)), 64)],
  [128, "epochsOf", form.maybe(form.uint(form.MAX_32))],
  [130, "checkpointMldsa65", form.maybe(form.bytes(1952))],
];

class Office {
  constructor(root, first, rosters, rosterIds) {
    this.name = root.name;
    this.root = root;
    this.id = first.id;
    this.realm = first.statement.realm;
    this.rosters = rosters;
    this.rosterIds = rosterIds;
  }

  rosterAt(version) {
    return this.rosters[Number(version) - 1] ?? null;
  }

  /** The roster of a version that an object states; it is refused where it is not here. */
  requireRoster(version) {
    return this.rosterAt(version) ?? refuse("NotNow", `${this.name} acts by roster ${version}, which is not here.`);
  }

  may(version, signer, right) {
    const roster = this.rosterAt(version);
    return roster !== null && (rightsOf(roster, signer) & right) !== 0;
  }

  /** Keys that may sign a mandate which pins a roster: those of that roster's keepers, or of later ones'. */
  keepers(pin) {
    const at = this.rosterIds.indexOf(pin);
    const rosters = at < 0 ? [] : this.rosters.slice(at);
    return rosters.flatMap(({ officers }) => officers.filter((each) => each[2] & RIGHTS.keys).map((each) => each[1]));
  }

  isDesk(version, signer) {
    return this.rosterAt(version)?.desk === signer;
  }
}

const rightsOf = (roster, signer) => roster.officers.find(([, key]) => key === signer)?.[2] ?? 0;
const pseudonymOf = (roster, signer) => roster.officers.find(([, key]) => key === signer)?.[0] ?? null;

const verifyRoot = async (signed, root) => {
  const names = [root.ed25519, await sha256(fromHex(root.mldsa65))];
  const found = new Map(signed.signatures);
  if (found.size !== 2 || names[0] === names[1] || !names.every((name) => found.has(name))) {
    wrongSigner("Not signed by the office's root with both of its keys.");
  }
  await verifySignature(names[0], found.get(names[0]), signed.statement.raw);
  verifyPostQuantum(root.mldsa65, found.get(names[1]), signed.statement.raw);
};

const ascending = (numbers) => numbers.every((number, at) => at === 0 || numbers[at - 1] < number);

/** Refuse a roster that is not the next after those whose IDs are `before`. */
const checkRoster = (roster, office, before) => {
  const previous = before.at(-1) ?? null;
  if (roster.office !== office || roster.version !== before.length + 1 || roster.previous !== previous) {
    foreign("A roster that does not follow the one before it.");
  }
  if (roster.releasersNeeded < 1) malformed("A roster by which nobody needs to release.");
  const listed = new Set([roster.desk, ...roster.officers.map(([, key]) => key)]);
  if (listed.size !== roster.officers.length + 1) malformed("A roster that lists one key twice.");
  if (roster.revoked.some(([key]) => listed.has(key))) malformed("A roster lists a key as in use and as revoked.");
  for (const epochs of [roster.envelopeEpochs, roster.readingEpochs]) {
    if (!ascending(epochs.map(([number]) => number))) malformed("A roster whose epochs are out of order.");
  }
};

const officesSeen = new Map(); // by the SHA-256 of the credential: many objects hand over the same one

/** The office of a credential: its root and every roster, each signature and link checked. */
const readOffice = async (raw) => {
  if (raw.length > 1 << 20) refuse("Oversized", "An office's credential is larger than 1 MiB.");
  const digest = await sha256(raw);
  return officesSeen.get(digest) ?? remember(officesSeen, digest, await readNewOffice(raw), 64);
};

const readNewOffice = async (raw) => {
  const items = decode(raw, 1 << 20);
  if (!Array.isArray(items) || items.length < 2 || items.length > 256 || !items.every(isBytes)) {
    malformed("Not an office's credential.");
  }
  const signed = [];
  for (const item of items) signed.push(await readSigned(item));
  const [first, ...others] = signed;
  const realm = first.statement.realm;
  const root = first.statement.read("a root", ROOT, ROOT_FIELDS);
  await verifyRoot(first, root);
  const [rosters, ids] = [[], []];
  for (const each of others) {
    const roster = each.statement.read("a roster", ROSTER, ROSTER_FIELDS, realm);
    await verifyRoot(each, root);
    checkRoster(roster, first.id, ids);
    rosters.push(roster);
    ids.push(each.id);
  }
  return new Office(root, first, rosters, ids);
};

/** Refuse a roster that came alone, unless `known` holds it. */
const checkKnownRoster = async (known, signed) => {
  const roster = signed.statement.read("a roster", ROSTER, ROSTER_FIELDS, known.realm);
  const next = known.rosters.length + 1;
  if (roster.version > next) refuse("NotNow", `${known.name}'s roster ${roster.version} came before roster ${next}.`);
  await verifyRoot(signed, known.root);
  if (roster.version === next) {
    checkRoster(roster, known.id, known.rosterIds);
    lacking("The export lacks a roster that was handed over here.");
  }
  if (known.rosterIds[roster.version - 1] !== signed.id) {
    wrongSigner(`${known.name} shows two different rosters of one version.`);
  }
};

/** How many more rosters `offered` has than `known`; refused where one is not the other's beginning. */
const rostersBeyond = (known, offered) => {
  const common = Math.min(known.rosterIds.length, offered.rosterIds.length);
  for (let at = 0; at < common; at++) {
    if (known.rosterIds[at] !== offered.rosterIds[at]) {
      wrongSigner(`${known.name} shows two different rosters of one version.`);
    }
  }
  return offered.rosterIds.length - known.rosterIds.length;
};

// --- who signed ---------------------------------------------------------------------------------------

/** The value of `check`, or the error where it refuses. */
const outcome = async (check) => {
  try {
    return { value: await check() };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { error };
  }
};

/** Run `check` on what `office` signed by the roster `version`; where it refuses the signer, say which of three it
 *  is: no valid signature, a key of another time, somebody without the right. */
const judgingSigner = async (signed, office, version, check) => {
  const { value, error } = await outcome(check);
  if (!error) return value;
  if (error.sort === "WrongSigner") error.why = await signerCause(signed, office, version);
  throw error;
};

const signerCause = async (signed, office, version) => {
  const roster = office.rosterAt(version);
  const { error } = await outcome(() => signed.verify());
  if (error || roster === null) return "wrong signer";
  const listed = ({ desk, officers }) => [desk, ...officers.map(([, key]) => key)];
  const then = new Set(listed(roster));
  const ever = new Set(office.rosters.flatMap((each) => [...listed(each), ...each.revoked.map(([key]) => key)]));
  const strangers = signed.signers.filter((signer) => !then.has(signer));
  if (strangers.some((signer) => ever.has(signer))) return "revoked or replaced key";
  return strangers.length > 0 ? "wrong signer" : "signed without the right";
};

/** The pseudonyms under a signed object, or the desk. */
const signerNames = (office, version, signed) => {
  const roster = office.rosterAt(version);
  const names = roster ? signed.signers.map((signer) => pseudonymOf(roster, signer)) : [];
  return names.filter((name) => name).join(", ") || "the desk";
};

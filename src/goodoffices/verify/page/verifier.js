// The pass over an export, in the order of export.md §2, and its verdict.

const VERIFIED = "verified";
const FINDINGS = "findings";
const NOT_AN_EXPORT = "not an export";

// Blanks by number: what a language calls one is not the same everywhere.
const BLANKS = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const OUTER_BLANKS = new RegExp(`^${BLANKS}|${BLANKS}$`, "g");
const TRUSTED = new RegExp(`^([0-9a-fA-F]{64})(?:${BLANKS}([^]*))?$`);
const CERTIFICATE = /-----BEGIN (CERTIFICATE|X509 CRL)-----[^]*?-----END \1-----/g;

const NO_NAME = "no name"; // of an office that a trust list names by its fingerprint alone

class BadTrustList extends Error {}

/** Names by fingerprint, from lines of 64 hexadecimal digits and a name; throws BadTrustList. */
const readTrust = (bytes) => {
  const trusted = new Map();
  Object.assign(trusted, { witnesses: [], certificates: 0 });
  let text;
  try {
    text = fromUtf8(bytes).replace(/^\ufeff/, ""); // some editors begin a file with it
  } catch {
    throw new BadTrustList("1");
  }
  // Certificates of time stamp authorities are for the program; their lines are passed over.
  text = text.replace(CERTIFICATE, (found, what) => {
    if (what === "CERTIFICATE") trusted.certificates++;
    return "\n".repeat(found.split("\n").length - 1);
  });
  for (const [at, each] of text.split(/\r\n|[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/).entries()) {
    const line = each.replace(OUTER_BLANKS, "");
    if (line === "" || line.startsWith("#")) continue;
    const found = TRUSTED.exec(line);
    if (found === null) {
      const witness = readWitness(line);
      if (witness === null) throw new BadTrustList(String(at + 1));
      trusted.witnesses.push(witness);
      continue;
    }
    trusted.set(found[1].toLowerCase(), found[2] || NO_NAME);
  }
  return trusted;
};

/** What a source proves. `trust`: names by fingerprint, or null. `progress`: told (files read, files). */
const verify = async (source, trust = null, progress = null) => {
  await checkBrowser();
  if (source !== null && looksLikeBriefing(source)) return verifyBriefing(source, trust);
  const { verdict } = await verifyOne(source, trust, progress);
  if (source === null || verdict.verdict !== NOT_AN_EXPORT) return verdict;
  return (await verifySheet(source, trust)) ?? verdict;
};

/** The verdict on an export, and the record as far as it could be read. */
const verifyOne = async (source, trust, progress) => {
  if (source === null || !looksLikeExport(source)) return { verdict: { verdict: NOT_AN_EXPORT }, record: null };
  const findings = new Findings();
  const files = new Files(source, findings, progress);
  const signed = await readManifest(files, findings);
  if (signed === null) {
    await files.takeList(null);
    await files.hashes();
    findings.remarks.push(UNSIGNED);
    return { verdict: verdictOf(findings, null, trust), record: null };
  }
  const record = new Examiner(signed.statement.fields, signed.statement.realm, findings);
  record.changed = files.changed;
  record.witnesses = trust?.witnesses ?? [];
  await new Reading(files, record).run(signed, trust);
  return { verdict: verdictOf(findings, record, trust), record };
};

const UNSIGNED =
  `Without a manifest nothing says whose record this is. The files were only held against ${LIST}, which nobody has ` +
  "signed then; no signature, chain or text was checked.";

const UNSUPPORTED =
  "note.cbor does not hold or is not there, so text.txt, note.txt and record.txt, which are made from it, were " +
  `held against ${LIST} alone.`;

/** The signed manifest, or null where it cannot be read. */
const readManifest = async (files, findings) => {
  const raw = await files.first(MANIFEST);
  if (raw === null) return null;
  try {
    const signed = await readSigned(raw);
    signed.statement.read("a manifest", EXPORT, MANIFEST_FIELDS);
    return signed;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const expected = "the manifest of an export, signed by its desk";
    findings.add(MANIFEST, "manifest", expected, error.message, { why: causeOf(error) });
    return null;
  }
};

/** Ascending by time, name, number and ID. */
const compareOrder = (one, other) => {
  for (const [at, value] of one.entries()) if (value !== other[at]) return value < other[at] ? -1 : 1;
  return 0;
};

class Reading {
  constructor(files, record) {
    Object.assign(this, { files, record, findings: record.findings });
  }

  async run(signed, trust) {
    const { files, record } = this;
    await files.takeList(record.manifest.listHash);
    if (files.paths.length !== record.manifest.files) {
      this.findings.add(MANIFEST, "count", `${record.manifest.files} files in the list`, `${files.paths.length}`);
    }
    this.newer();
    await this.offices(trust);
    await record.checkManifest(MANIFEST, signed);
    await this.mandates();
    for (const folder of files.foldersOf("lines")) await this.line(folder);
    for (const channel of files.foldersOf("channels")) {
      for (const path of files.under(`${channel}/own-acts/`)) {
        this.place(path, await record.ownAct(await this.bytes(path), path));
      }
    }
    for await (const _ of inOrder(record.notes.values(), (note) => this.note(note)));
    await finish(this.findings, record);
    await this.texts();
    files.leftovers();
  }

  /** Types of act that the texts name and this page does not know: it says so, and verifies the rest. */
  newer() {
    const unknown = (this.record.manifest.acts ?? []).filter((type) => !ACT_WORDS.has(type));
    if (unknown.length === 0) return;
    this.files.textsKnown = false;
    const types = [...new Set(unknown)].sort((a, b) => a - b).join(", ");
    const found = `types ${types}, of a newer version: everything was verified but how the texts read`;
    const expected = "a record whose types of act this page knows";
    this.findings.add(MANIFEST, "manifest", expected, found, { why: "newer version" });
  }

  place(where, belongs) {
    if (belongs !== null && belongs !== where) {
      this.findings.add(where, "place", `this to lie at ${belongs}, as its content says`, "it lies elsewhere");
    }
  }

  /** Examine files, some at once; what each holds is taken in in the order of their paths. */
  async each(paths, examine) {
    const job = async (path) => [path, await examine(await this.bytes(path), path)];
    for await (const [path, found] of inOrder(paths, job)) {
      this.place(path, found()?.belongs ?? null);
    }
  }

  /** Examine packs (ADR 0040) one after the other, some of what is in each at once. */
  async packs(folder, kind, examine) {
    let after = null;
    for (const path of this.files.under(`${folder}/${kind}/`).filter((each) => each.endsWith(".pack"))) {
      const raw = (await this.files.read(path, MAX_PACK)) ?? new Uint8Array(0);
      after = await this.pack(path, raw, examine, after);
    }
  }

  /** One pack with its text. Gives what the next one has to follow. */
  async pack(path, raw, examine, after) {
    const what = path.includes("/entries/") ? "entry" : "receipt";
    const rows = [];
    const job = async ([at, part]) => [at, part && (await examine(part, `${path}#${at + 1}`))];
    let [first, last, name, count] = [null, null, null, 0];
    for await (const [at, take] of inOrder([...unwrapped(raw)].entries(), job)) {
      count++;
      const found = take === null ? null : take();
      if (take === null) this.findings.add(`${path}#${count}`, what, EXPECTED[what], "It does not begin, or is cut off.");
      if (found === null) continue;
      const before = last ?? after;
      if (before !== null && compareOrder(found.order, before) <= 0) {
        const expected = "entries and receipts in the order of their times, each once";
        this.findings.add(`${path}#${count}`, "place", expected, "one out of place");
      }
      if (last === null || compareOrder(found.order, last) > 0) last = found.order;
      if (first === null && at === 0) name = found.belongs.replace(/cbor$/, "pack");
      first ??= found.order;
      rows.push(`${count}  ${found.said}\n`);
    }
    if (count === 0) this.findings.add(`${path}#1`, what, EXPECTED[what], "There is nothing in it.");
    this.place(path, name);
    await this.files.compare(path.replace(/pack$/, "txt"), rows);
    return last !== null && (after === null || compareOrder(last, after) > 0) ? last : after;
  }

  async bytes(path) {
    return (await this.files.read(path)) ?? new Uint8Array(0);
  }

  async offices(trust) {
    for (const folder of this.files.foldersOf("offices")) {
      const where = `${folder}/credential.cbor`;
      this.place(where, await this.record.office(await this.bytes(where), where));
    }
    for (const { id, name } of this.record.offices.values()) {
      if (trust !== null && !trust.has(id)) {
        const expected = "an office whose fingerprint is in the trust file";
        const where = `${placeOf.office(name, id)}/credential.cbor`;
        this.findings.add(where, "untrusted", expected, `${id}, which calls itself '${name}'`);
      }
    }
    if (!this.record.offices.has(this.record.manifest.office)) {
      const expected = "the credential of the exporting office";
      this.findings.add(MANIFEST, "no-credential", expected, "it is not in the export");
    }
  }

  async mandates() {
    const papers = [];
    for (const channel of this.files.foldersOf("channels")) {
      const where = `${channel}/mandate.cbor`;
      const beside = this.files.under(`${channel}/paper-`);
      papers.push(...beside);
      const raw = await this.bytes(where);
      const attested = [];
      for (const path of beside) attested.push(await this.bytes(path));
      this.place(where, await this.record.mandate(raw, attested, where));
    }
    const named = new Set();
    for (const { folder, agreement } of this.record.agreements.values()) {
      for (const id of agreement.papers.keys()) named.add(placeOf.paper(folder, id));
    }
    for (const path of papers.filter((each) => !named.has(each))) {
      this.findings.add(path, "paper", "an attestation that the channel's mandate names", "another one");
    }
  }

  async line(folder) {
    const { files, record } = this;
    const where = `${folder}/pairing.cbor`;
    const line = await record.line(await this.bytes(where), where);
    if (line === null) return;
    this.place(folder, line.folder);
    for (const path of files.under(`${folder}/confirmed-by-`)) {
      this.place(path, await record.confirmation(line, await this.bytes(path), path));
    }
    const entry = (raw, path) => record.entry(line, raw, path);
    const receipt = (raw, path) => record.receipt(line, raw, path);
    if (record.manifest.layout === PACKED) {
      await this.packs(folder, "entries", entry);
      await this.packs(folder, "receipts", receipt);
    } else {
      await this.each(files.under(`${folder}/entries/`), entry);
      await this.each(files.under(`${folder}/receipts/`), receipt);
    }
    for (const path of files.under(`${folder}/checkpoints/`).filter((each) => each.endsWith(".cbor"))) {
      const found = await record.checkpoint(line, await this.bytes(path), path);
      if (found === null) continue;
      this.place(path, `${found.path}.cbor`);
      await files.compare(`${found.path}.txt`, [found.note]);
    }
  }

  async note(note) {
    const { files, record } = this;
    for (const digest of new Set(note.passed.map((each) => each.digest))) {
      const where = placeOf.sealed(note.folder, digest);
      const listed = files.digestOf(where);
      if (listed !== digest) {
        const expected = `the sealed form ${digest} of an entry`;
        this.findings.add(where, "sealed-form", expected, listed ? "another" : "it is not in the list");
      }
      await files.read(where);
    }
    const where = `${note.folder}/note.cbor`;
    const inside = await files.read(where);
    const opened = inside === null ? null : await record.note(note, inside, where);
    note.spoiled = opened === null && files.digestOf(where) !== null;
    if (opened !== null || note.spoiled) {
      await files.compare(`${note.folder}/text.txt`, [opened?.words.text ?? ""], !note.spoiled);
    }
    if (note.spoiled) {
      this.findings.remarks.push(`${note.folder}: ${UNSUPPORTED}`);
    } else if (opened === null && record.manifest.texts) {
      this.findings.remarks.push(`${note.folder}: the words of this note are not included.`);
    }
    await files.compare(`${note.folder}/note.txt`, [await noteText(record, note, opened)], !note.spoiled);
    for (const kept of besideActs(record, note)) {
      const place = placeOf.beside(note.folder, kept.id);
      const inside = await files.read(`${place}.cbor`);
      const found = inside === null ? null : await record.beside(kept, inside, `${place}.cbor`);
      if (found !== null) await files.compare(`${place}.txt`, [besideText(record, note, kept, found)]);
      else if (files.digestOf(`${place}.cbor`) !== null) await files.compare(`${place}.txt`, [], false);
    }
  }

  async texts() {
    const { files, record } = this;
    await files.compare("README.txt", [readmeText(record)]);
    const whole = [...record.notes.values()].every(({ spoiled }) => !spoiled);
    await files.compare("record.txt", recordText(record), whole);
    for (const office of record.offices.values()) {
      await files.compare(`${placeOf.office(office.name, office.id)}/office.txt`, [await officeText(record, office)]);
    }
    for (const { folder, agreement } of record.agreements.values()) {
      await files.compare(`${folder}/mandate.txt`, [await mandateText(record, agreement)]);
    }
    for (const line of record.lines.values()) {
      await files.compare(`${line.folder}/line.txt`, [await lineText(record, line)]);
      if (line.checkpoints.length > 0) {
        await files.compare(`${line.folder}/checkpoints.txt`, [checkpointsText(record, line)]);
      }
    }
  }
}

/** A remark on each trusted office that the trust list knows by another name: its fingerprint is what counts. */
const otherNames = (offices, trust) =>
  [...offices.values()]
    .map(({ id, name }) => [trust?.get(id) ?? NO_NAME, name])
    .filter(([known, name]) => known !== NO_NAME && known !== name)
    .map(
      ([known, name]) =>
        `trusted as '${known}' is an office that calls itself '${name}': its fingerprint is the trusted one; see that ` +
        "the trust file names the office that you mean.",
    );

/** The verdict for programs (export.md §4). */
const verdictOf = (findings, record, trust) => {
  // A damaged manifest makes the list seem wrong, and a damaged list the files: the cause stands first.
  const rank = new Map([
    [MANIFEST, 0],
    [LIST, 1],
  ]);
  findings.all.sort((a, b) => (rank.get(a.where) ?? 2) - (rank.get(b.where) ?? 2));
  const verdict = {
    verdict: findings.all.length === 0 ? VERIFIED : FINDINGS,
    compared_with_trust: trust !== null,
    findings: findings.all,
    remarks: [...findings.remarks, ...otherNames(record?.offices ?? new Map(), trust)],
  };
  if (record === null) return verdict;
  const { manifest, realm } = record;
  const sealed = [...record.notes.values()].filter(({ note, spoiled }) => note === null && !spoiled).length;
  Object.defineProperty(verdict, "sealed", { value: sealed }); // for the screen: no part of the verdict
  const inside = findings.all.map(({ where }) => where.split("/")).filter((parts) => parts.length > 2);
  const spoiled = new Set(inside.map((parts) => parts.slice(0, 2).join("/")));
  return Object.assign(verdict, {
    office: manifest.office,
    realm,
    exported: manifest.time[0],
    texts: manifest.texts,
    offices: [...record.offices.values()].map(({ id, name }) => ({ fingerprint: id, calls_itself: name })),
    lines: [...record.lines.values()].map((line) => ({
      line: line.id,
      folder: line.folder,
      offices: line.offices,
      entries: [...line.links.values()].reduce((sum, links) => sum + links.length, 0),
      verified: !spoiled.has(line.folder),
    })),
    notes: record.notes.size,
    acts: record.acts.size,
  });
};

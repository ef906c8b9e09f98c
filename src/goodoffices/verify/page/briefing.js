// Briefings (format.md §5.12): parts of a record for a third party, each proved, and what is withheld told.

const BRIEFING = 33;
const BRIEFING_FILE = "briefing.cbor";
const BRIEFING_TEXT = "briefing.txt";
const MAX_BRIEFING = 8 * 2 ** 20;
const MARKS = ["", "TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"];

const BRIEFING_FIELDS = [
  [1, "office", form.ID],
  [2, "roster", form.uint(form.MAX_32)],
  [3, "time", form.TIME],
  [4, "mandate", form.ID],
  [5, "recipient", form.line(200)],
  [6, "mark", form.code(1, 2, 3, 4, 5)],
  [7, "purpose", form.maybe(form.text(2000, 1))],
  [8, "consent", form.maybe(form.text(2000, 1))],
  [9, "parts", form.ID],
  [10, "consents", form.maybe(form.uint(64))],
  [11, "reports", form.maybe(form.uint(64))],
];

const badParts = () => malformed("The parts of a briefing have the wrong form.");
const ensure = (fits) => fits || badParts();

/** [signed, content, parts]; of the signatures nothing is verified yet. */
const readBriefing = async (raw) => {
  const value = decode(raw, MAX_BRIEFING);
  if (!Array.isArray(value) || value.length !== 3 || value[0] !== "GO1 briefing" || !value.slice(1).every(isBytes)) {
    malformed("Not a briefing.");
  }
  const signed = await readSigned(value[1]);
  const content = signed.statement.read("a briefing", BRIEFING, BRIEFING_FIELDS);
  if ((await sha256(value[2])) !== content.parts) refuse("Altered", "The parts are not those that were signed.");
  const parts = await readParts(decode(value[2], MAX_BRIEFING));
  if (content.consents !== (parts.consents?.length ?? null)) {
    malformed("A briefing that states another number of acts of consent than it holds.");
  }
  if (content.reports !== (parts.reports?.length ?? null)) {
    malformed("A briefing that states another number of reports than it holds.");
  }
  return [signed, content, parts];
};

const readParts = async (value) => {
  ensure(Array.isArray(value) && value.length >= 7 && value.length <= 9 && value.slice(7).every(blobs));
  const [credentials, mandate, papers, lines, checkpoints, entries, notes, consents = null, reports = null] = value;
  ensure(blobs(credentials) && isBytes(mandate) && blobs(papers) && blobs(checkpoints));
  ensure([lines, entries, notes].every(Array.isArray));
  for (const line of lines) ensure(Array.isArray(line) && line.length === 2 && isBytes(line[0]) && blobs(line[1]));
  for (const entry of entries) {
    ensure(Array.isArray(entry) && entry.length === 4 && isUint(entry[0]) && isBytes(entry[1]));
    ensure(isUint(entry[2]) && blobs(entry[3]) && entry[3].length <= 64);
  }
  const shownNotes = [];
  for (const note of notes) {
    ensure(Array.isArray(note) && note.length === 2 && isBytes(note[0]) && Array.isArray(note[1]));
    ensure(note[1].length <= 4096);
    shownNotes.push({ signed: await readSigned(note[0]), leaves: note[1].map(readLeaf) });
  }
  return { credentials, mandate, papers, lines, checkpoints, entries, notes: shownNotes, consents, reports };
};

/** A leaf that is shown, or the hash of one that is withheld. */
const readLeaf = (value) => {
  if (isBytes(value)) return ensure(value.length === 32) && { withheld: value };
  ensure(Array.isArray(value) && value.length === 3 && isInt(value[0]) && isBytes(value[2]) && value[2].length === 32);
  const [label, shown, salt] = value;
  // The bytes of [label, value] stand inside those of [label, value, salt].
  const leaf = join(new Uint8Array([0x82]), value[SPAN].subarray(1, value[SPAN].length - 34));
  return { label, value: shown, hash: hashOf(LEAF, salt, leaf) };
};

const treeRoot = (hashes) => {
  let level = hashes;
  if (level.length === 0) return hex(hashOf());
  while (level.length > 1) {
    const pairs = [];
    for (let at = 0; at + 1 < level.length; at += 2) pairs.push(hashOf(NODE, level[at], level[at + 1]));
    level = level.length % 2 ? [...pairs, level.at(-1)] : pairs;
  }
  return hex(level[0]);
};

/** The root that an audit path leads to (RFC 9162 §2.1.3.2), or null. */
const rootByPath = (id, index, size, path) => {
  let [found, at, last] = [hashOf(LEAF, fromHex(id)), BigInt(index), size - 1n];
  if (at < 0n || at > last) return null;
  for (const beside of path) {
    if (last === 0n) return null;
    if (at & 1n || at === last) {
      found = hashOf(NODE, beside, found);
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      found = hashOf(NODE, found, beside);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n ? hex(found) : null;
};

class BriefingReading {
  constructor(briefing, parts, realm, findings) {
    Object.assign(this, { briefing, parts, findings, agreement: null, signedBy: "" });
    Object.assign(this, { entries: [], notes: [], consents: [], reports: [] });
    const { office, roster, time } = briefing;
    const acts = parts.consents === null ? null : [CONSENT];
    this.record = new Examiner({ office, roster, time, texts: true, chains: [], acts }, realm, findings);
    this.underCheckpoint = new Map();
  }

  async run(signed) {
    const { parts, record } = this;
    for (const [at, raw] of parts.credentials.entries()) await record.office(raw, `credential ${at + 1}`);
    await record.mandate(parts.mandate, parts.papers, "the mandate");
    await this.attempt("the briefing", "briefing", () => this.statement(signed));
    const lines = [];
    for (const [at, [pairing, confirmations]] of parts.lines.entries()) {
      const where = `line ${at + 1}`;
      const line = await record.line(pairing, where);
      for (const raw of line === null ? [] : confirmations) await record.confirmation(line, raw, where);
      lines.push(line);
    }
    for (const [at, [number, raw, checkpoint, path]] of parts.entries.entries()) {
      const where = `entry ${at + 1}`;
      const line = lines[Number(number)] ?? null;
      if (number >= lines.length) {
        await this.attempt(where, "briefing-place", () => foreign("Its line is not in the briefing."));
      }
      if (line === null || (await record.entry(line, raw, where))() === null) continue;
      await this.attempt(where, "briefing-place", () => this.place(where, line, raw, checkpoint, path));
    }
    for (const [at, note] of parts.notes.entries()) {
      await this.attempt(`note ${at + 1}`, "briefing-note", () => this.note(`note ${at + 1}`, note));
    }
    for (const [at, raw] of (parts.reports ?? []).entries()) {
      await this.attempt(`report ${at + 1}`, "briefing-report", () => this.report(`report ${at + 1}`, raw));
    }
    if (this.agreement !== null) await judgeConsent(this);
  }

  async attempt(where, kind, check) {
    const expected = {
      briefing: "a briefing signed by officers of its office who may release, as its mandate allows",
      "briefing-place": "an entry that stood under its checkpoint",
      "briefing-note": "parts of a note that its author signed, which an entry that is shown carried",
      "briefing-report": "parts of a report that an officer of the briefing's office signed",
    };
    const { error } = await outcome(check);
    if (error) this.findings.add(where, kind, expected[kind], error.message, { why: causeOf(error) });
  }

  async statement(signed) {
    const { briefing, record } = this;
    const office = record.offices.get(briefing.office);
    const found = record.agreements.get(briefing.mandate);
    if (!office || !found?.agreement.offices.has(office.id)) foreign("Its office or its mandate is not in it.");
    this.agreement = found.agreement;
    await judgingSigner(signed, office, briefing.roster, async () => {
      await signed.verify();
      if (!signed.signers.every((signer) => office.may(briefing.roster, signer, RIGHTS.release))) {
        wrongSigner(`It is signed by somebody who may not release for ${office.name}.`);
      }
    });
    this.signedBy = signerNames(office, briefing.roster, signed);
    if (this.agreement.mandate.recordUse === 1) {
      const against = "The mandate says that the record is not used outside the channel.";
      this.findings.add("the briefing", "briefing-terms", "a briefing that the mandate allows", against);
    }
  }

  /** A checkpoint on a line, verified once however many entries stand under it. */
  checkpoint(line, number) {
    const raw = this.parts.checkpoints[Number(number)];
    if (!raw) lacking("Its checkpoint is not in the briefing.");
    const name = `${line.id} ${number}`;
    if (!this.underCheckpoint.has(name)) {
      const ends = new Map(line.offices.map((office) => [office, this.record.offices.get(office)]));
      this.underCheckpoint.set(name, this.judged(raw, line.id, ends, `checkpoint ${Number(number) + 1}`));
    }
    return this.underCheckpoint.get(name);
  }

  /** A checkpoint with what trusted witnesses had seen of it. */
  async judged(raw, line, ends, where) {
    const checkpoint = await verifyCheckpoint(raw, line, ends);
    const { witnesses } = this.record;
    const seenBy = await judgeWitnesses(checkpoint, witnesses, this.findings, where);
    for (const [name, at] of seenBy) this.findings.remarks.push(`${where}: the witness ${name} saw it, ${zulu(at)}.`);
    if (witnesses.length > 0 && seenBy.length === 0) this.findings.remarks.push(`${where}: no trusted witness saw it.`);
    return checkpoint;
  }

  async place(where, line, raw, number, path) {
    const checkpoint = await this.checkpoint(line, number);
    const [signed] = await readEntryFile(raw);
    const entry = signed.statement.read("an entry", ENTRY, ENTRY_FIELDS);
    const root = rootByPath(signed.id, entry.number - 1, checkpoint.size, path);
    const { writer, incarnation } = checkpoint;
    if (entry.writer !== writer || entry.incarnation !== incarnation || root !== checkpoint.root) {
      refuse("Altered", "No path leads from it to the root of its checkpoint.");
    }
    this.entries.push({ writer, number: entry.number, line, checkpoint, where });
  }

  async note(where, { signed, leaves }) {
    const content = signed.statement.read("a note", NOTE, NOTE_FIELDS);
    const root = treeRoot(leaves.map(({ hash, withheld }) => hash ?? withheld));
    if (leaves.length !== content.leaves || root !== content.body) {
      refuse("Altered", "What is shown of the note and what is withheld do not make up what its author signed.");
    }
    const kept = this.record.notes.get(signed.id);
    if (!kept || content.mandate !== this.agreement?.id) lacking("No entry of this briefing carried this note.");
    if (!sameHeader(content, kept.header)) {
      refuse("Altered", "Its handling header does not say what its author signed.");
    }
    const office = this.agreement.offices.get(content.author);
    if (!office) wrongSigner("A note of an office that runs no desk.");
    const release = () => verifyRelease({ signed, note: content }, office);
    const releasedBy = await judgingSigner(signed, office, content.roster, release);
    const shown = leaves.filter(({ withheld }) => withheld === undefined).map(({ label, value }) => [label, value]);
    checkShown(content, shown, this.agreement.agreed);
    const raws = shown.filter(([label]) => label === REPORT_LEAF).map(([, value]) => value);
    if (!raws.every(isBytes)) malformed("A report in a note is not a byte string.");
    const reports = await checkExtracts(raws, office);
    this.notes.push({ kept, content, releasedBy, leaves, reports });
    for (const each of reports) this.mark(where, each);
  }

  async report(where, raw) {
    const office = this.record.offices.get(this.briefing.office);
    if (!office) foreign("Its office is not in the briefing.");
    const [found] = await checkExtracts([raw], office);
    this.reports.push({ shown: found, signedBy: signerNames(office, found.extract.roster, found.signed) });
    this.mark(where, found);
  }

  /** A report's mark, numbered from the widest on, against the briefing's, from the narrowest on. */
  mark(where, { extract }) {
    const { mark } = this.briefing;
    if (mark <= 6 - extract.mark) return;
    const against = `A report marked ${MARKS[6 - extract.mark]} is not passed on as widely as ${MARKS[mark]}.`;
    this.findings.add(where, "briefing-terms", "reports shown no more widely than they are marked", against);
  }
}

// --- the verdict --------------------------------------------------------------------------------------

const looksLikeBriefing = ({ files, folders, odd }) =>
  files.has(BRIEFING_FILE) || folders.has(BRIEFING_FILE) || odd.has(BRIEFING_FILE);

/** What a briefing proves. */
const verifyBriefing = async (source, trust) => {
  const findings = new Findings();
  let reading = null;
  try {
    const raw = await plainFile(source, BRIEFING_FILE);
    const [signed, briefing, parts] = await readBriefing(raw ?? new Uint8Array(0));
    reading = new BriefingReading(briefing, parts, signed.statement.realm, findings);
    reading.record.witnesses = trust?.witnesses ?? [];
    await reading.run(signed);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const expected = "a briefing, whole, with the parts that its officer signed";
    findings.add(BRIEFING_FILE, "briefing", expected, error.message, { why: causeOf(error) });
  }
  const text = reading === null ? null : briefingText(reading);
  if (text !== null) {
    const there = await plainFile(source, BRIEFING_TEXT);
    if (there === null || bytesDiffer(there, utf8(text))) {
      findings.add(BRIEFING_TEXT, "text", "the text that follows from what is signed", "another text, or none");
    }
    for (const { id, name } of reading.record.offices.values()) {
      const expected = "an office whose fingerprint is in the trust file";
      if (trust !== null && !trust.has(id)) {
        findings.add(BRIEFING_FILE, "untrusted", expected, `${id}, which calls itself '${name}'`);
      }
    }
  }
  const tops = new Set([...source.files.keys(), ...source.folders, ...source.odd].map((path) => path.split("/")[0]));
  for (const name of [...tops].sort().filter((each) => each !== BRIEFING_FILE && each !== BRIEFING_TEXT)) {
    findings.add(name, "extra", `only ${BRIEFING_FILE} and ${BRIEFING_TEXT}`, "something else");
  }
  return briefingVerdict(findings, reading, text, trust);
};

const plainFile = async ({ files }, path) => {
  const raw = await files.get(path)?.read(MAX_BRIEFING + 1).catch(() => null);
  return !raw || raw.length > MAX_BRIEFING ? null : raw;
};

const briefingVerdict = (findings, reading, text, trust) => {
  const verdict = {
    verdict: findings.all.length === 0 ? VERIFIED : FINDINGS,
    compared_with_trust: trust !== null,
    findings: findings.all,
    remarks: [...findings.remarks, ...otherNames(reading?.record.offices ?? new Map(), trust)],
  };
  if (reading === null) return verdict;
  const { briefing, record, entries, notes, reports } = reading;
  const offices = [...record.offices.values()].map(({ id, name }) => ({ fingerprint: id, calls_itself: name }));
  Object.defineProperty(verdict, "shown", { value: { text, offices } }); // for the screen: no part of the verdict
  verdict.briefing = {
    office: briefing.office,
    for: briefing.recipient,
    mark: MARKS[briefing.mark],
    made: briefing.time[0],
    mandate: briefing.mandate,
    entries: entries.length,
    consents: reading.consents.map(({ id, act }) => ({ office: act.author, asks: act.code === ASKED, act: id })),
    reports: reports.map(({ shown: { signed, extract, withheld } }) => {
      return { extract: signed.id, mark: MARKS[6 - extract.mark], withheld };
    }),
    notes: notes.map(({ kept, leaves }) => {
      const withheld = leaves.filter((leaf) => leaf.withheld).length;
      return { note: kept.id, shown: leaves.length - withheld, withheld };
    }),
  };
  return verdict;
};

// The record, object by object (export.md §2). What does not hold becomes a finding: where, its kind, what
// was expected, what was found. Each method gives the path where the object belongs, or null.

class Examiner {
  constructor(manifest, realm, findings) {
    Object.assign(this, { manifest, realm, findings });
    this.offices = new Map();
    this.agreements = new Map(); // mandate ID: {folder, agreement}
    this.lines = new Map();
    this.entries = [];
    this.receipts = [];
    this.acts = new Map();
    this.about = new Map(); // note ID: acts
    this.notes = new Map();
    this.papers = new Map(); // names of offices that run no desk
    this.compared = new Map(); // mandate ID: who signed to have compared its digits
    this.authors = new Map(); // "mandate lane author": links
    this.verified = new Set();
    this.changed = new Set(); // files that are not those that the list names
    this.departed = new Departed();
    this.witnesses = []; // who is trusted by whoever verifies
  }

  /** What an office calls itself, or a part of its ID where it is not in the record. */
  name(office) {
    return this.offices.get(office)?.name ?? this.papers.get(office) ?? office.slice(0, 16);
  }

  /** Note that an object does not hold. */
  fail(where, kind, error) {
    if (kind === "note" && this.changed.has(where)) {
      // Where its bytes were changed decides as what they are refused: as another note's, as too short.
      error = new Refused("Altered", "Other bytes than those that were exported.");
    }
    this.findings.add(where, kind, EXPECTED[kind], error.message, { why: causeOf(error) });
    return null;
  }

  /** Run `check`; what it refuses becomes a finding of `kind`, and the result null. */
  async attempt(where, kind, check) {
    const { value, error } = await outcome(check);
    return error ? this.fail(where, kind, error) : value;
  }

  // --- who ----------------------------------------------------------------------------------------------

  checkManifest(where, signed) {
    return this.attempt(where, "manifest-signer", async () => {
      const office = this.offices.get(this.manifest.office);
      if (!office) lacking("The credential of the exporting office is not in the export.");
      await judgingSigner(signed, office, this.manifest.roster, async () => {
        await signed.verify();
        if (signed.signers.length !== 1 || !office.isDesk(this.manifest.roster, signed.signers[0])) {
          wrongSigner(`It is signed by a key that is not that of ${office.name}'s desk.`);
        }
      });
    });
  }

  office(raw, where) {
    return this.attempt(where, "credential", async () => {
      const office = await readOffice(raw);
      if (office.realm !== this.realm) foreign(OTHER_REALM);
      this.offices.set(office.id, office);
      return `${placeOf.office(office.name, office.id)}/credential.cbor`;
    });
  }

  mandate(raw, papers, where) {
    return this.attempt(where, "mandate", async () => {
      const signed = await readSigned(raw);
      if (signed.statement.realm !== this.realm) foreign(OTHER_REALM);
      const attested = [];
      for (const paper of papers) attested.push(await readSigned(paper));
      const agreement = await readAgreement(signed, this.offices, attested);
      const folder = placeOf.channel(agreement.mandate.name, agreement.id);
      this.agreements.set(agreement.id, { folder, agreement });
      for (const [id, { name }] of agreement.papers) if (!this.papers.has(id)) this.papers.set(id, name);
      if (!agreement.complete) {
        this.findings.remarks.push(`${folder}: not every office has signed this mandate; it is not in force.`);
      }
      return `${folder}/mandate.cbor`;
    });
  }

  // --- lines --------------------------------------------------------------------------------------------

  line(raw, where) {
    return this.attempt(where, "pairing", async () => {
      const statement = await Statement.of(raw);
      const { offices, offers } = statement.read("a pairing", PAIRING, PAIRING_FIELDS, this.realm);
      if (offices[0] >= offices[1]) malformed("Its two offices are out of order.");
      if (!offices.includes(this.manifest.office) || !offices.every((office) => this.offices.has(office))) {
        foreign("It is a line of other offices than those of this export.");
      }
      const other = (office) => offices[office === offices[0] ? 1 : 0];
      const line = { id: statement.id, offices, offers, other, confirmed: new Map(), receipted: new Map(), checkpoints: [] };
      line.links = new Map(offices.map((office) => [office, []]));
      line.folder = placeOf.line(this.name(other(this.manifest.office)), line.id);
      this.lines.set(line.id, line);
      return line;
    });
  }

  /** The end of a line that made an object; refused where it is none. */
  end(line, id) {
    const office = this.offices.get(id);
    if (!office || !line.offices.includes(id)) foreign("It is by an office that is no end of this line.");
    return office;
  }

  confirmation(line, raw, where) {
    return this.attempt(where, "confirmation", async () => {
      const signed = await readSigned(raw);
      const { office: by, roster } = signed.statement.read("a confirmation", PAIRING_CONFIRMED, CONFIRMED_FIELDS);
      const office = this.end(line, by);
      const confirmed = await judgingSigner(signed, office, roster, () => verifyConfirmed(signed, line.id, office));
      line.confirmed.set(by, { confirmed, signer: signerNames(office, confirmed.roster, signed) });
      return placeOf.confirmation(line.folder, office.name, office.id);
    });
  }

  /** An entry with everything that it carries: verified now, taken in by calling what comes back. */
  async entry(line, raw, where) {
    const { value, error } = await outcome(() => readEntry(this, line, raw));
    if (error) return () => this.fail(where, "entry", error);
    const { entry, office, id, body } = value;
    const { writer, time, caseAt, number, kind, incarnation, previous, roster, seen } = entry;
    const isTraffic = (kind === TEST || kind === CHAT) && body !== null;
    const traffic = isTraffic ? await outcome(() => verifyTraffic(kind, body, line.id, office)) : {};
    const items = kind === ACTS ? await outcome(async () => readItems(body)) : { value: [] };
    const carriage = { line: line.id, place: [incarnation, number, id], seen };
    const way = { line, writer, reader: line.other(writer), time, where, carriage };
    const carried = [];
    for (const item of items.value ?? []) carried.push([item[0], await outcome(() => this.item(way, item))]);
    const opening = items.value?.[0];
    const opens = opening?.[0] === ITEM.incarnation && opening[1] ? form.PLACE(opening[1]) : null;
    const what = carries(items.value ?? []);
    return () => {
      if (traffic.error) this.fail(where, "body", traffic.error);
      if (items.error) this.fail(where, "body", items.error);
      this.takeItems(line, carried, where);
      line.links.get(writer).push({ incarnation, number, id, previous, roster, time: time[0], where, seen, opens });
      const kept = { line, writer, time, caseAt, number, kind, carries: what, where };
      if (this.manifest.layout === null) this.entries.push(kept);
      return {
        belongs: placeOf.entry(line.folder, time[0], office.name, number, id),
        order: [time[0], slug(office.name), number, short(id)],
        said: `${zulu(time[0])}  ${entryEvent(this, kept)}  ${short(id)}`,
      };
    };
  }

  takeItems(line, carried, where) {
    if (carried.some(([number]) => number !== ITEM.confirmed) && line.confirmed.size < 2) {
      const expected = "nothing on a line before both offices have confirmed it";
      this.findings.add(where, "unconfirmed", expected, "it carries something");
    }
    for (const [number, { value: take, error }] of carried) {
      if (error) {
        const kind = error.sort === "WrongSigner" ? "item-signer" : "item";
        const expected = `${ITEM_WORDS.get(number) ?? "an item of a known kind"} that belongs on this line`;
        this.findings.add(where, kind, expected, error.message, { why: causeOf(error) });
      } else {
        take?.();
      }
    }
  }

  /** Verify an item; gives what takes it in, where there is anything to take in. */
  async item(way, [number, ...rest]) {
    switch (number) {
      case ITEM.note:
      case ITEM.resealed:
        return this.sealed(way, rest[0], number === ITEM.resealed);
      case ITEM.act:
        return this.act(await readSigned(rest[0]), way.where, way);
      case ITEM.mandate:
        return this.carriedMandate(way, ...rest);
      case ITEM.confirmed:
        return this.carriedConfirmation(way.line, this.offices.get(way.writer), await readSigned(rest[0]));
      case ITEM.roster:
        return this.carriedCredential(way, rest[0]);
      case ITEM.nextRoster:
        return this.carriedRoster(way, await readSigned(rest[0]));
      case ITEM.thinLine:
      case ITEM.thinKeys:
      case ITEM.thinHeld:
        await (await readSigned(rest[0])).verify();
        return null;
      case ITEM.incarnation:
      case ITEM.resealAsked:
        return null;
      default:
        return refuse("NewerVersion", `An item of kind ${number}: made by a newer version, not verified by this one.`);
    }
  }

  async carriedConfirmation({ id }, office, signed) {
    const { roster } = signed.statement.read("a confirmation", PAIRING_CONFIRMED, CONFIRMED_FIELDS, office.realm);
    await judgingSigner(signed, office, roster, () => verifyConfirmed(signed, id, office));
  }

  async carriedCredential(way, raw) {
    const office = await readOffice(raw);
    const known = this.offices.get(office.id);
    if (!known || rostersBeyond(known, office) > 0) {
      lacking(`The export lacks the credential of ${office.name} that was handed over here.`);
    }
    this.departed.told(way, office.id, office.rosters.length);
  }

  async carriedRoster(way, signed) {
    const { office, version } = signed.statement.read("a roster", ROSTER, ROSTER_FIELDS, this.realm);
    const known = this.offices.get(office);
    if (!known) lacking("The export lacks the credential whose next roster was handed over here.");
    await checkKnownRoster(known, signed);
    this.departed.told(way, office, version);
  }

  async carriedMandate(way, raw, credentials, papers) {
    const signed = await readSigned(raw);
    if (!this.agreements.has(signed.id)) lacking("A mandate that is not among the channels of this export.");
    const digest = await sha256(raw);
    if (!this.verified.has(digest)) {
      const attested = [];
      for (const paper of papers) attested.push(await readSigned(paper));
      await readAgreement(signed, this.offices, attested);
      this.verified.add(digest);
    }
    this.departed.mandate(signed, way);
    for (const credential of credentials) await this.carriedCredential(way, credential);
  }

  /** A receipt: verified now, taken in by calling what comes back. */
  async receipt(line, raw, where) {
    const { value, error } = await outcome(async () => {
      const signed = await readSigned(raw);
      const { reader, roster } = signed.statement.read("a receipt", RECEIPT, RECEIPT_FIELDS);
      const office = this.end(line, reader);
      const receipt = await judgingSigner(signed, office, roster, () => verifyReceipt(signed, line.id, office));
      return { office, id: signed.id, receipt };
    });
    if (error) return () => this.fail(where, "receipt", error);
    const { office, id, receipt } = value;
    const { entries, time } = receipt;
    return () => {
      for (const place of entries) {
        const named = `${office.id} ${place.join(" ")}`;
        if (!line.receipted.has(named)) line.receipted.set(named, { place, reader: office.id, where });
      }
      const kept = { reader: office.id, time, entries: entries.length, where };
      if (this.manifest.layout === null) this.receipts.push(kept);
      return {
        belongs: placeOf.receipt(line.folder, time[0], office.name, id),
        order: [time[0], slug(office.name), 0, short(id)],
        said: `${zulu(time[0])}  ${receiptEvent(this, kept)}  ${short(id)}`,
      };
    };
  }

  /** A checkpoint, and the signed note that lies beside it. After the entries. */
  checkpoint(line, raw, where) {
    return this.attempt(where, "checkpoint", async () => {
      const ends = new Map(line.offices.map((office) => [office, this.offices.get(office)]));
      const checkpoint = await verifyCheckpoint(raw, line.id, ends);
      const path = placeOf.checkpoint(line.folder, ends.get(checkpoint.writer).name, checkpoint);
      const note = noteOf(checkpoint);
      const seenBy = await judgeWitnesses(checkpoint, this.witnesses, this.findings, where);
      line.checkpoints.push({ ...checkpoint, seenBy, lines: null, text: null, mldsa65: null, cosigners: null, where });
      return { path, note };
    });
  }

  // --- acts ---------------------------------------------------------------------------------------------

  channel(mandate) {
    const known = this.agreements.get(mandate);
    if (!known) lacking("It belongs to a mandate that is not in this export.");
    if (!known.agreement.complete) refuse("Foreign", "Not every office has signed its mandate.", "not agreed");
    return known;
  }

  /** An act, by an entry or (`way` null) kept at home: verified now, taken in by calling what comes back. */
  async act(signed, where, way) {
    const act = signed.statement.read("an act", ACT, ACT_FIELDS, this.realm);
    const { agreement } = this.channel(act.mandate);
    if (way !== null) checkWay(agreement, act.author, act.lane, way);
    const office = agreement.offices.get(act.author);
    if (!office) wrongSigner("An act of an office that runs no desk.");
    const digest = await sha256(signed.raw);
    if (!this.verified.has(digest)) {
      await judgingSigner(signed, office, act.roster, async () => {
        const automatic = agreement.mandate.forwarding === 2;
        await checkSigner(signed, act, office, automatic, wordsNeed(act, office, agreement));
        checkBeside(signed, act, office, agreement);
        checkConsent(act);
        if (act.type === COMPARED && !agreement.isParty(act.author)) {
          wrongSigner("An intermediary that claims to have compared the mandate's digits.");
        }
      });
      this.verified.add(digest);
    }
    const signer = signerNames(office, act.roster, signed);
    const byDesk = BY_DESK.has(act.type) || office.isDesk(act.roster, signed.signers[0]);
    const carriage = way?.writer === act.author ? way.carriage : null;
    return () => {
      this.departed.signed(act, RIGHT_FOR.get(act.type) ?? 31, signed, office, where, way);
      return this.takeAct({ id: signed.id, act, signer, byDesk, where, carriage });
    };
  }

  takeAct(kept) {
    const { id, act, where } = kept;
    if (this.acts.has(id)) return this.acts.get(id);
    this.acts.set(id, kept);
    this.link(act, id, where);
    if (act.type === COMPARED) pushTo(this.compared, act.mandate, act.author);
    if (act.subject !== null) pushTo(this.about, act.subject, kept);
    return kept;
  }

  link(made, id, where) {
    const { incarnation, sequence, previous, roster, time } = made;
    const link = { incarnation, number: sequence, id, previous, roster, time: time[0], where };
    pushTo(this.authors, `${made.mandate} ${made.lane} ${made.author}`, link);
  }

  ownAct(raw, where) {
    return this.attempt(where, "own-act", async () => {
      const take = await this.act(await readSigned(raw), where, null);
      const kept = take();
      const { author, mandate, time, sequence } = kept.act;
      if (author !== this.manifest.office) foreign("It is another office's, so an entry must have brought it.");
      if (kept.where !== where) refuse("Foreign", "It stands in an entry already.", "extra");
      return placeOf.ownAct(this.agreements.get(mandate).folder, time[0], sequence, kept.id);
    });
  }

  // --- notes --------------------------------------------------------------------------------------------

  /** A sealed note in an entry: looked at now, taken in by calling what comes back. */
  async sealed(way, raw, resealed) {
    const header = readSealed(raw);
    const { folder, agreement } = this.channel(header.mandate);
    const { writer, reader, time, where, carriage } = way;
    checkWay(agreement, header.author, header.lane, way);
    const ends = header.lane === CHANNEL_LANE ? agreement.parties : [writer, reader];
    const { author, recipient } = header;
    if (author === recipient || !ends.includes(author) || !ends.includes(recipient)) {
      foreign("A note that is not from one end of its lane to the other.");
    }
    const passed = { digest: await sha256(raw), where, writer, reader, time, resealed, carriage };
    const place = placeOf.note(folder, agreement.nameOf(author), header.number, header.note);
    return () => this.takeSealed(header, place, passed);
  }

  takeSealed(header, place, passed) {
    let note = this.notes.get(header.note);
    if (!note) {
      note = { id: header.note, header, folder: place, passed: [], note: null, releasedBy: [], claims: [] };
      this.notes.set(header.note, note);
    }
    if (!sameHeader(note.header, header)) {
      const expected = `the same handling header as in ${note.passed[0].where}`;
      this.findings.add(passed.where, "header", expected, "another one");
    }
    note.passed.push(passed);
  }

  /** What was inside a note's seal; null where it does not hold. */
  note(note, inside, where) {
    return this.attempt(where, "note", async () => {
      const opened = await readInside(inside);
      const { signed, note: content } = opened;
      if (signed.id !== note.id || signed.statement.realm !== this.realm) {
        foreign("It is another note, or one of another realm.");
      }
      if (!sameHeader(content, note.header)) refuse("Altered", "The header that was carried says something else.");
      const { agreement } = this.channel(content.mandate);
      const office = agreement.offices.get(content.author);
      if (!office) wrongSigner("A note of an office that runs no desk.");
      note.releasedBy = await judgingSigner(signed, office, content.roster, () => verifyRelease(opened, office));
      checkAgreed(content, opened.words, agreement.agreed);
      opened.reports = await checkExtracts(opened.words.reports, office);
      note.note = content;
      const { read, held, inReplyTo } = opened.words;
      note.claims = [...read, ...held, ...(inReplyTo === undefined ? [] : [inReplyTo])];
      this.link(content, note.id, where);
      this.departed.signed(content, null, signed, office, where);
      return opened;
    });
  }

  /** The words of a translation or rewording; null where they are not those that were signed. */
  beside({ act }, inside, where) {
    return this.attempt(where, "note", () => readBeside(inside, act.evidence));
  }
}

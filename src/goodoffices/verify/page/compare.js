// Two records held against each other (export.md §4.1): where they part, and what one has and the other lacks.
// Both were verified alone before; here each signature counts as checked.

const placeOfLink = ({ incarnation, number }) => `${incarnation} ${number}`;

const sortedLinks = (line, office) =>
  [...line.links.get(office)].sort(
    (a, b) =>
      compareText(a.incarnation, b.incarnation) ||
      a.number - b.number ||
      compareText(a.id, b.id) ||
      compareText(a.where, b.where),
  );

const endsOf = (record, line) => line.offices.map((office) => record.name(office)).join(" – ");

/** By mandate, lane, author and number. */
const numbered = (record) => {
  const found = new Map();
  for (const note of record.notes.values()) {
    const { mandate, lane, author, number } = note.header;
    found.set(`${mandate} ${lane} ${author} ${number}`, note);
  }
  return found;
};

class Comparison {
  constructor(first, second) {
    Object.assign(this, { records: [first, second], partings: [], differences: [] });
    const ids = [...first.lines.keys()].filter((id) => second.lines.has(id)).sort();
    this.lines = ids.map((id) => [first.lines.get(id), second.lines.get(id)]);
  }

  run() {
    const [first] = this.records;
    for (const lines of this.lines) this.entries(...lines);
    this.chains();
    for (const lines of this.lines) this.checkpoints(...lines);
    this.notes();
    this.lackingEntries();
    for (const holder of [0, 1]) this.lackingMandates(holder, this.records[holder], this.records[1 - holder]);
    for (const holder of [0, 1]) this.lackingNotes(holder, this.records[holder], this.records[1 - holder]);
    for (const holder of [0, 1]) this.lackingActs(holder, this.records[holder], this.records[1 - holder]);
    return {
      common_lines: this.lines.map(([line]) => endsOf(first, line)),
      partings: this.partings,
      differences: this.differences,
    };
  }

  part(what, signer, first, second) {
    this.partings.push({ what, signer, first, second });
  }

  // --- where they part --------------------------------------------------------------------------------

  entries(line, other) {
    const [first] = this.records;
    for (const office of line.offices) {
      const theirs = new Map(sortedLinks(other, office).map((link) => [placeOfLink(link), link]));
      const name = first.name(office);
      for (const link of sortedLinks(line, office)) {
        const there = theirs.get(placeOfLink(link));
        if (!there || there.id === link.id) continue;
        const what = `${name}'s entry ${link.number} on the line ${endsOf(first, line)}`;
        this.part(what, `${name}'s desk`, link.where, there.where);
      }
    }
  }

  checkpoints(line, other) {
    const spot = ({ writer, incarnation, size }) => `${writer} ${incarnation} ${size}`;
    const theirs = new Map(other.checkpoints.map((each) => [spot(each), each]));
    for (const each of line.checkpoints) {
      const there = theirs.get(spot(each));
      if (!there || there.root === each.root) continue;
      const name = this.records[0].name(each.writer);
      this.part(`${name}'s checkpoint over ${each.size} entries`, name, each.where, there.where);
    }
  }

  /** Every act, and every note whose words are here: its place in its author's chain, its ID, where it lies. */
  static *links(record) {
    const spot = ({ mandate, lane, author, incarnation, sequence }) => [mandate, lane, author, incarnation, sequence];
    for (const { act, id, where } of record.acts.values()) yield [spot(act), id, where];
    for (const { note, id, folder } of record.notes.values()) if (note !== null) yield [spot(note), id, folder];
  }

  chains() {
    const [first, second] = this.records;
    const theirs = new Map();
    for (const [spot, id, where] of Comparison.links(second)) theirs.set(spot.join(" "), [id, where]);
    for (const [spot, id, where] of Comparison.links(first)) {
      const there = theirs.get(spot.join(" "));
      if (!there || there[0] === id) continue;
      const name = first.name(spot[2]);
      this.part(`number ${spot[4]} of ${name}'s acts and notes`, name, where, there[1]);
    }
  }

  notes() {
    const [first, second] = this.records;
    const theirs = numbered(second);
    for (const [number, note] of numbered(first)) {
      const other = theirs.get(number);
      if (!other) continue;
      const author = first.name(note.header.author);
      const what = `note ${note.header.number} of ${author}`;
      const passed = [...note.passed, ...other.passed];
      if (other.id !== note.id) {
        this.part(`${what}: two different notes`, author, note.folder, other.folder);
      } else if (!passed.some(({ resealed }) => resealed)) {
        const here = new Set(note.passed.map(({ digest }) => digest));
        if (other.passed.some(({ digest }) => here.has(digest))) continue;
        const writers = [...new Set(passed.map(({ writer }) => first.name(writer)))].sort(compareText);
        this.part(`${what}: its sealed bytes`, writers.join(" and "), note.folder, other.folder);
      }
    }
  }

  // --- what one has and the other lacks ---------------------------------------------------------------

  lack(holder, what, where, known) {
    this.differences.push({ holder, what, where, known });
  }

  lackingEntries() {
    for (const lines of this.lines) {
      for (const holder of [0, 1]) {
        const [line, other] = [lines[holder], lines[1 - holder]];
        for (const office of line.offices) {
          const taken = new Set(other.links.get(office).map(placeOfLink));
          let run = [];
          for (const link of sortedLinks(line, office).filter((each) => !taken.has(placeOfLink(each)))) {
            const last = run.at(-1);
            if (last && (link.incarnation !== last.incarnation || link.number !== last.number + 1)) {
              this.lackingRun(holder, line, office, run);
              run = [];
            }
            run.push(link);
          }
          if (run.length > 0) this.lackingRun(holder, line, office, run);
        }
      }
    }
  }

  lackingRun(holder, line, office, run) {
    const [here, there] = [this.records[holder], this.records[1 - holder]];
    const lacks = there.manifest.office;
    const receipted = line.offices.includes(lacks)
      ? run.filter((link) => line.receipted.has(`${lacks} ${placeText(link)}`)).length
      : 0;
    const numbers = run.length === 1 ? `entry ${run[0].number}` : `entries ${run[0].number} to ${run.at(-1).number}`;
    let known = "nothing says that it had arrived there";
    if (lacks === office) known = "its own writer's record lacks it";
    else if (receipted > 0) known = `${here.name(lacks)}'s desk signed receipts for ${receipted} of ${run.length}`;
    this.lack(holder, `${here.name(office)}'s ${numbers} on the line ${endsOf(here, line)}`, run[0].where, known);
  }

  lackingMandates(holder, here, there) {
    for (const { folder, agreement } of here.agreements.values()) {
      if (there.agreements.has(agreement.id) || !agreement.path.includes(there.manifest.office)) continue;
      const signed = [...agreement.signedBy].map((office) => agreement.nameOf(office)).sort(compareText);
      const known = `signed by ${signed.join(", ") || "nobody"}`;
      this.lack(holder, `the mandate '${agreement.mandate.name}'`, `${folder}/mandate.cbor`, known);
    }
  }

  lackingNotes(holder, here, there) {
    const theirs = numbered(there);
    const shared = ({ header: { mandate, lane, author, recipient } }) => {
      if (!there.agreements.has(mandate)) return false;
      const held = lane === CHANNEL_LANE ? here.agreements.get(mandate).agreement.path : [author, recipient];
      return held.includes(there.manifest.office);
    };
    const rank = ({ header: { mandate, lane, author } }) => `${mandate} ${lane} ${author}`;
    const sorted = [...numbered(here)].sort(
      ([, a], [, b]) => compareText(rank(a), rank(b)) || a.header.number - b.header.number,
    );
    for (const [number, note] of sorted) {
      if (theirs.has(number) || !shared(note)) continue;
      const what = `note ${note.header.number} of ${here.name(note.header.author)}`;
      this.lack(holder, what, note.folder, Comparison.fate(here, note));
    }
  }

  static fate(record, note) {
    const ends = new Map([
      [REFUSED, "refused"],
      [RETURNED, "returned"],
      [EXPIRED, "found expired"],
      [WITHDRAWN, "withdrawn"],
      [FORWARDED, "forwarded"],
    ]);
    const told = (record.about.get(note.id) ?? []).filter(({ act }) => ends.has(act.type));
    const words = told.map(({ act }) => `${ends.get(act.type)} by ${record.name(act.author)}`);
    return words.join(", ") || "nothing says what became of it";
  }

  /** Acts about notes that both records hold, counted by author: what travels back is the mandate's. */
  lackingActs(holder, here, there) {
    const lacking = new Map();
    for (const { id, act, where } of here.acts.values()) {
      if (!there.acts.has(id) && there.notes.has(act.subject)) pushTo(lacking, act.author, where);
    }
    for (const author of [...lacking.keys()].sort()) {
      const places = lacking.get(author);
      const count = places.length === 1 ? "1 act" : `${places.length} acts`;
      const what = `${count} of ${here.name(author)} about notes that both records hold`;
      this.lack(holder, what, places[0], "not passed on, not arrived yet, or kept at home");
    }
  }
}

/** The verdict on two records: each alone, then held against each other. */
const verifyTwo = async (sources, trust = null, progress = null) => {
  await checkBrowser();
  const found = [];
  for (const source of sources) found.push(await verifyOne(source, trust, progress));
  const [first, second] = found.map(({ record }) => record);
  if (found.some(({ verdict }) => verdict.verdict === NOT_AN_EXPORT)) return { verdict: NOT_AN_EXPORT };
  const compared = Boolean(first && second && first.realm === second.realm);
  const comparison = compared
    ? new Comparison(first, second).run()
    : { common_lines: [], partings: [], differences: [] };
  const alone = found.every(({ verdict }) => verdict.verdict === VERIFIED);
  return {
    verdict: alone && compared && comparison.partings.length === 0 ? VERIFIED : FINDINGS,
    records: found.map(({ verdict }) => verdict),
    compared,
    ...comparison,
  };
};

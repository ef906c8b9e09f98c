// What shows only when the whole record has been read: chains, receipts, numbers (export.md §2, §4).

/** Links by incarnation, then by number, ascending. More than one at a number is a fork. */
const chainOf = (links) => {
  const chain = new Map();
  const sorted = [...links].sort(
    (a, b) => a.number - b.number || compareText(a.id, b.id) || compareText(a.where, b.where),
  );
  for (const link of sorted) {
    if (!chain.has(link.incarnation)) chain.set(link.incarnation, new Map());
    pushTo(chain.get(link.incarnation), link.number, link);
  }
  return chain;
};

const linksAt = (chain, incarnation, number) => chain.get(incarnation)?.get(number) ?? [];

/** Whether one of the links at a place has this ID; of however many branches. */
const hasLink = (links, id) => {
  if (links.length < 2) return links[0]?.id === id;
  links.ids ??= new Set(links.map((each) => each.id));
  return links.ids.has(id);
};

const checkForks = (findings, chain, whose) => {
  for (const numbers of chain.values()) {
    for (const [number, [first, ...others]] of numbers) {
      for (const other of others) {
        const expected = `one number ${number} of ${whose} in one incarnation`;
        const found = `a fork: ${first.where} has the same number, both are signed`;
        findings.add(other.where, "fork", expected, found, { beside: [first.where] });
      }
    }
  }
};

const checkRosters = (findings, chain, whose) => {
  for (const numbers of chain.values()) {
    let newest = 0;
    for (const link of [...numbers.values()].flat()) {
      if (link.roster < newest) {
        const expected = `roster ${newest} of ${whose} or a newer one, as before in this chain`;
        findings.add(link.where, "roster-went-back", expected, `roster ${link.roster}: an older one`);
      }
      newest = Math.max(newest, link.roster);
    }
  }
};

/** Numbers 1, 2, 3 … of one incarnation, each naming the one before. */
const checkWhole = (findings, writer, numbers, folder) => {
  let before = [];
  for (const [number, links] of numbers) {
    const last = before[0]?.number ?? 0;
    if (number !== last + 1) {
      const missing = number === last + 2 ? `${last + 1}` : `${last + 1} to ${number - 1}`;
      const expected = `${writer}'s entry ${missing}, before ${links[0].where}`;
      const found = "it is not in this record: missing, or not arrived when this was exported";
      findings.add(`${folder}/entries`, "gap", expected, found);
    } else if (before.length > 0) {
      for (const link of links.filter((each) => !hasLink(before, each.previous))) {
        const expected = `an entry that follows ${before[0].where}`;
        findings.add(link.where, "previous", expected, "it names another entry as the one before it");
      }
    }
    before = links;
  }
};

/** What a writer says it had seen of the other side is there, and never less than before. */
const checkSeen = (findings, writer, numbers, theirs) => {
  const highest = new Map();
  for (const link of [...numbers.values()].flat()) {
    if (link.seen === null) continue;
    const [incarnation, number, id] = link.seen;
    const there = linksAt(theirs, incarnation, number);
    if (!hasLink(there, id)) {
      const expected = `the other side's entry ${number} (${short(id)}), seen by ${writer}'s desk`;
      const found = there.length > 0 ? "another entry there" : "it is not in this record: the record was cut";
      findings.add(link.where, "seen", expected, found);
    }
    const most = highest.get(incarnation) ?? 0;
    if (number < most) {
      const expected = `${writer}'s desk having seen the other side's entry ${most} or later`;
      findings.add(link.where, "seen-went-back", expected, `it says ${number}, less than before`);
    }
    highest.set(incarnation, Math.max(number, most));
  }
};

/** Every incarnation but one says in its first entry where the last one ended. */
const checkOpenings = (findings, writer, chain) => {
  let firstFound = null;
  for (const numbers of chain.values()) {
    for (const link of numbers.get(1) ?? []) {
      if (link.opens !== null) {
        const [incarnation, number, id] = link.opens;
        if (incarnation === link.incarnation || !hasLink(linksAt(chain, incarnation, number), id)) {
          const expected = `a new incarnation that names an entry of ${writer}'s here as the last before it`;
          findings.add(link.where, "incarnation", expected, "it names one that is not here");
        }
      } else if (firstFound !== null) {
        const expected = `a new incarnation of ${writer}'s chain that says so in its first entry`;
        const found = `a second beginning beside ${firstFound}`;
        findings.add(link.where, "incarnation", expected, found, { why: "forked", beside: [firstFound] });
      } else {
        firstFound = link.where;
      }
    }
  }
};

/** An author's acts and notes in one lane. Gives, for each that is named but not here, who names it. */
const checkAuthor = (findings, author, chain, spoiled) => {
  checkForks(findings, chain, `${author}'s acts and notes`);
  checkRosters(findings, chain, author);
  const known = new Map();
  for (const numbers of chain.values()) for (const link of [...numbers.values()].flat()) known.set(link.id, link);
  const absent = new Map();
  for (const link of known.values()) {
    if ((link.previous === null) !== (link.number === 1)) {
      findings.add(link.where, "previous", "only the first naming none before it", `number ${link.number}`);
    } else if (link.previous !== null) {
      checkFollows(findings, link, known, linksAt(chain, link.incarnation, link.number - 1), absent);
    }
  }
  return [...absent].filter(([id]) => !spoiled.has(id)).map(([, where]) => where);
};

const checkFollows = (findings, link, known, beside, absent) => {
  const before = known.get(link.previous);
  if (before && before.number !== link.number - 1) {
    const expected = `number ${before.number + 1}, after ${before.where}`;
    findings.add(link.where, "previous", expected, `number ${link.number}`);
  } else if (!before && beside.length > 0) {
    findings.add(link.where, "previous", `an act that follows ${beside[0].where}`, "it names another one before it");
  } else if (!before && !absent.has(link.previous)) {
    absent.set(link.previous, link.where);
  }
};

// --- the whole ----------------------------------------------------------------------------------------

const checkLine = async (findings, record, line) => {
  const chains = new Map(line.offices.map((office) => [office, chainOf(line.links.get(office))]));
  for (const [office, chain] of chains) {
    const writer = record.name(office);
    checkForks(findings, chain, `${writer}'s entries`);
    checkRosters(findings, chain, writer);
    for (const numbers of chain.values()) {
      checkWhole(findings, writer, numbers, line.folder);
      checkSeen(findings, writer, numbers, chains.get(line.other(office)));
    }
    checkOpenings(findings, writer, chain);
    if (clockWentBack(chain) > 0) {
      const often = clockWentBack(chain) === 1 ? "once" : `${clockWentBack(chain)} times`;
      findings.remarks.push(`${line.folder}: ${writer}'s clock went back ${often}.`);
    }
  }
  await checkCheckpoints(findings, line);
  remarkCheckpoints(findings, record, line);
  remarkWitnesses(findings, record, line);
  const written = new Map();
  for (const office of line.offices) {
    for (const link of line.links.get(office)) written.set(placeText(link), office);
  }
  for (const { place, reader, where } of line.receipted.values()) {
    const text = place.join(" ");
    const expected = `the entry ${place[1]} (${short(place[2])}) that ${record.name(reader)}'s desk signed to have`;
    if (!written.has(text)) {
      findings.add(where, "receipted", expected, "it is not in this record: the record was cut");
    } else if (written.get(text) === reader) {
      findings.add(where, "own-receipt", "a receipt by the reader of an entry", "one by its writer");
    }
  }
  const reader = line.other(record.manifest.office);
  const own = line.links.get(record.manifest.office);
  const waiting = own.filter((link) => !line.receipted.has(`${reader} ${placeText(link)}`));
  if (waiting.length > 0) {
    const whose = record.name(record.manifest.office);
    const entries = waiting.length === 1 ? "1 entry" : `${waiting.length} entries`;
    findings.remarks.push(
      `${line.folder}: ${entries} of ${whose} without a receipt: that it was sent is its own word only.`,
    );
  }
};

const placeText = ({ incarnation, number, id }) => `${incarnation} ${number} ${id}`;

const clockWentBack = (chain) => {
  let count = 0;
  for (const numbers of chain.values()) {
    let latest = 0;
    for (const [link] of numbers.values()) {
      if (link.time < latest) count++;
      latest = Math.max(latest, link.time);
    }
  }
  return count;
};

/** How far the manifest says that each chain goes. */
const checkChains = (findings, record) => {
  const told = new Map(record.manifest.chains.map(([line, writer, count, last]) => [`${line} ${writer}`, [count, last]]));
  const here = new Map();
  for (const line of record.lines.values()) {
    for (const [office, links] of line.links) if (links.length > 0) here.set(`${line.id} ${office}`, links);
  }
  for (const key of new Set([...told.keys(), ...here.keys()])) {
    const [id, writer] = key.split(" ");
    const [count, last] = told.get(key) ?? [0, null];
    const links = here.get(key) ?? [];
    const there = last !== null && links.some((link) => placeText(link) === last.join(" "));
    if (count !== links.length || !there) {
      const line = record.lines.get(id);
      const expected = `${count} entries of ${record.name(writer)}, with the newest that the manifest names`;
      const found = `${links.length} entries${there ? "" : ", without that one"}`;
      findings.add(line ? `${line.folder}/entries` : "manifest.cbor", "chains", expected, found);
    }
  }
};

const checkAuthors = (findings, record) => {
  const sealed = new Map();
  const spoiled = new Set(); // notes here that do not hold: what their chains lack is no gap
  for (const { id, note, header, spoiled: damaged } of record.notes.values()) {
    const chain = `${header.mandate} ${header.lane} ${header.author}`;
    if (damaged) spoiled.add(id);
    else if (note === null) sealed.set(chain, (sealed.get(chain) ?? 0) + 1);
  }
  for (const [chain, links] of [...record.authors].sort(([a], [b]) => compareText(a, b))) {
    const [mandate, lane, author] = chain.split(" ");
    const name = record.name(author);
    const gaps = checkAuthor(findings, name, chainOf(links), spoiled);
    if (gaps.length === 0) continue;
    if (author === record.manifest.office && record.manifest.texts) {
      const expected = `every act and note of ${name} in its own record`;
      findings.add(gaps[0], "own-gap", expected, `${gaps.length} that its own later ones name are not here`);
    } else {
      const where = { [CHANNEL_LANE]: "in the channel", [HOME_LANE]: "at home" }[lane] ?? "in its caucus";
      findings.remarks.push(
        `${record.agreements.get(mandate).folder}: of ${name}'s chain ${where} ${gaps.length} ` +
          `${gaps.length === 1 ? "is" : "are"} not here (${whyNotHere(sealed.get(chain) ?? 0)}); ` +
          `the first stands before ${gaps[0]}.`,
      );
    }
  }
};

const whyNotHere = (sealed) => {
  if (sealed === 0) return "not forwarded, or not arrived";
  const notes = sealed === 1 ? "the note of that chain that is" : `the ${sealed} notes of that chain that are`;
  return `not forwarded, not arrived, or ${notes} sealed here`;
};

const checkNotes = (findings, record) => {
  const numbers = new Map();
  const notes = [...record.notes.values()].sort((a, b) => compareText(a.folder, b.folder));
  for (const note of notes) {
    const { mandate, lane, author, number } = note.header;
    const slot = `${mandate} ${lane} ${author} ${number}`;
    if (numbers.has(slot)) {
      const expected = `one note ${number} of ${record.name(author)} in this lane`;
      const first = numbers.get(slot);
      findings.add(note.folder, "number", expected, `another one is ${first}`, { beside: [first] });
    } else {
      numbers.set(slot, note.folder);
    }
    checkVerbatim(findings, record, note);
    checkClaims(findings, record, note);
  }
};

const checkVerbatim = (findings, record, note) => {
  const digests = new Set(note.passed.map((each) => each.digest));
  for (const { act, where } of record.about.get(note.id) ?? []) {
    const office = record.name(act.author);
    if (act.type === ALTERED) {
      const expected = `a note that reached ${office} as ${record.name(note.header.author)} released it`;
      const found = `${office}'s desk signed that it had been altered (${where})`;
      findings.add(note.folder, "altered", expected, found, { beside: [where] });
    } else if ((act.type === FORWARDED || act.type === AT_DESK) && !digests.has(act.evidence)) {
      const expected = `note ${note.header.number} passed on as it came, byte for byte`;
      const found = `${office} signed for other bytes than those of this record`;
      findings.add(where, "other-bytes", expected, found, { beside: [note.folder] });
    }
  }
};

/** How a note came to an office: over which lines, in which incarnations, and the least number. */
const cameTo = (note, office) => {
  note.came ??= new Map();
  if (!note.came.has(office)) {
    const passed = note.passed.filter((each) => each.reader === office);
    note.came.set(office, {
      where: passed[0]?.where ?? null,
      lines: new Set(passed.map((each) => each.carriage.line)),
      incarnations: new Set(passed.map((each) => each.carriage.place[0])),
      least: passed.reduce((least, each) => Math.min(least, each.carriage.place[1]), Infinity),
    });
  }
  return note.came.get(office);
};

/** Whether an office says something of a note in an entry that had not seen the one that brought it. */
const tooEarly = (note, office, said) => {
  const { where, lines, incarnations, least } = cameTo(note, office);
  if (where === null || lines.size !== 1 || !lines.has(said.line)) return false;
  if (said.seen === null) return true;
  const [incarnation, number] = said.seen;
  return incarnations.size === 1 && incarnations.has(incarnation) && least > number;
};

const checkClaims = (findings, record, note) => {
  const claim = (other, office, where, says) => {
    const whose = `note ${other.header.number} of ${record.name(other.header.author)}`;
    const expected = `an entry of ${record.name(office)} whose desk had the note that it ${says}`;
    const found = `${whose} came with an entry that this desk had not seen yet, as it says`;
    findings.add(where, "claim", expected, found, { beside: [cameTo(other, office).where] });
  };
  for (const { act, carriage, where } of record.about.get(note.id) ?? []) {
    if (carriage !== null && tooEarly(note, act.author, carriage)) claim(note, act.author, where, "says something of");
  }
  const { author } = note.header;
  for (const passed of note.passed.filter((each) => each.writer === author)) {
    for (const other of note.claims.map((id) => record.notes.get(id))) {
      if (other && tooEarly(other, author, passed.carriage)) claim(other, author, passed.where, "says to have read or held");
    }
  }
};

const finish = async (findings, record) => {
  for (const line of record.lines.values()) {
    await checkLine(findings, record, line);
    await breathe();
  }
  checkChains(findings, record);
  checkAuthors(findings, record);
  checkDeparted(findings, record);
  checkNotes(findings, record);
  remarkBriefings(findings, record);
};

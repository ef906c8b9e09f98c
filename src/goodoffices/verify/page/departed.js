// Signers who had left: what came once a roster was here that no longer lists who signed it, and what its own office
// has not stood by since (export.md §4, `older-roster`).

/** Which signers of an object a later roster does not let sign it, or not so few of them. `needed`: the right, null for
 *  a note. */
const signersOut = (later, then, signers, needed) => {
  const right = needed ?? RIGHTS.release;
  const out = signers.filter((key) => (key === then.desk ? later.desk !== key : (rightsOf(later, key) & right) === 0));
  return needed === null && out.length === 0 && signers.length < later.releasersNeeded ? signers : out;
};

class Departed {
  constructor() {
    this.tellings = new Map(); // "line writer office": where which version of its roster was told
    this.objects = new Map(); // by ID: acts and notes by signers whom a later roster does not list
    this.ways = new Map(); // by ID of an act: the entries that brought it
    this.mandates = new Map(); // "mandate signer": the entries that brought the signature
  }

  told({ line, writer, carriage }, office, version) {
    pushTo(this.tellings, `${line.id} ${writer} ${office}`, { place: carriage.place, version });
  }

  mandate({ id, signers }, way) {
    for (const each of signers) pushTo(this.mandates, `${id} ${each}`, way);
  }

  /** A verified act or note. `way`: what brought it, for an act that an entry carried. */
  signed(made, needed, { id, signers }, office, where, way = null) {
    const then = office.rosterAt(made.roster);
    const later = then === null ? [] : office.rosters.slice(then.version);
    if (!later.some((each) => signersOut(each, then, signers, needed).length > 0)) return;
    if (!this.objects.has(id)) this.objects.set(id, { id, made, needed, signers, office, where });
    if (way !== null) pushTo(this.ways, id, way);
  }
}

/** In which order a writer wrote: the incarnations, each beginning where another ended, then the numbers. */
const orderOn = (line, writer) => {
  line.orders ??= new Map();
  if (!line.orders.has(writer)) {
    const after = new Map();
    const ranks = new Map();
    for (const { number, incarnation, opens } of line.links.get(writer)) {
      if (!after.has(incarnation)) after.set(incarnation, null);
      if (number === 1 && opens !== null && opens[0] !== incarnation) after.set(incarnation, opens[0]);
    }
    for (const incarnation of after.keys()) {
      const way = new Set();
      let at = incarnation;
      while (at !== null && !ranks.has(at) && !way.has(at)) {
        way.add(at);
        at = after.get(at) ?? null;
      }
      let rank = at !== null && ranks.has(at) ? ranks.get(at) + 1 : 0;
      for (const each of [...way].reverse()) ranks.set(each, rank++);
    }
    line.orders.set(writer, ranks);
  }
  return line.orders.get(writer);
};

const isBefore = (ranks, [incarnation, number], [other, later]) => {
  const [one, two] = [ranks.get(incarnation) ?? 0, ranks.get(other) ?? 0];
  return one !== two ? one < two : number < later;
};

/** The newest roster of an author that the same writer had told before it brought something; 0 for none. */
const knownBefore = (record, author, ways) => {
  const here = ways.filter(({ reader }) => reader === record.manifest.office);
  if (here.length === 0 || here.some(({ writer }) => writer === author)) return 0;
  const way = here.reduce((one, other) => (compareText(other.line.id, one.line.id) < 0 ? other : one));
  const ranks = orderOn(way.line, way.writer);
  const places = here.filter(({ line }) => line.id === way.line.id).map(({ carriage }) => carriage.place);
  const first = places.reduce((one, other) => (isBefore(ranks, other, one) ? other : one));
  const told = record.departed.tellings.get(`${way.line.id} ${way.writer} ${author}`);
  if (!told) return 0;
  if (!told.newest) {
    const later = (one, other) => Number(isBefore(ranks, other.place, one.place));
    told.sort((one, other) => later(one, other) - later(other, one));
    let newest = 0;
    told.newest = told.map(({ version }) => (newest = Math.max(newest, version)));
  }
  let [low, high] = [0, told.length]; // how many were told before
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(ranks, told[middle].place, first)) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? told.newest[low - 1] : 0;
};

const waysOf = (record, id) => {
  const note = record.notes.get(id);
  if (!note) return record.departed.ways.get(id) ?? [];
  return note.passed.map((each) => ({ ...each, line: record.lines.get(each.carriage.line) }));
};

const nameOfKey = (office, key) => {
  for (const roster of [...office.rosters].reverse()) {
    if (roster.desk === key) return "the desk";
    const name = pseudonymOf(roster, key);
    if (name !== null) return name;
  }
  return key.slice(0, 16);
};

/** Leave out what its office stands by: by the next link of its chain, or by an act about it. */
const clearStoodBy = (record, late) => {
  const chainOf = ({ mandate, lane, author }) => `${mandate} ${lane} ${author}`;
  const named = new Map(); // by what stands there: what it stands by
  const sound = [];
  const stands = (by, what) => {
    pushTo(named, by, what);
    if (!late.has(by)) sound.push(by);
  };
  for (const chain of new Set([...late.values()].map(({ made }) => chainOf(made)))) {
    for (const { id, previous } of record.authors.get(chain) ?? []) {
      if (late.has(previous) && chainOf(late.get(previous).made) === chain) stands(id, previous);
    }
  }
  for (const { id, made } of late.values()) {
    for (const kept of record.about.get(id) ?? []) {
      if (kept.act.author === made.author && kept.act.type !== ALTERED) stands(kept.id, id);
    }
  }
  while (sound.length > 0) {
    const by = sound.pop();
    const names = named.get(by) ?? [];
    named.delete(by);
    for (const what of names) if (late.delete(what)) sound.push(what);
  }
};

const checkDeparted = (findings, record) => {
  const late = new Map();
  for (const each of record.departed.objects.values()) {
    const { id, made, needed, signers, office } = each;
    const known = knownBefore(record, made.author, waysOf(record, id));
    if (known <= made.roster) continue;
    const out = signersOut(office.rosterAt(known), office.rosterAt(made.roster), signers, needed);
    if (out.length > 0) late.set(id, { ...each, known, out });
  }
  clearStoodBy(record, late);
  for (const { made, office, where, known, out } of late.values()) {
    const expected = `somebody who may sign this by roster ${known} of ${office.name}, which was here first`;
    const who = out.map((key) => nameOfKey(office, key)).join(", ");
    findings.add(where, "older-roster", expected, `${who} signed it by roster ${made.roster}; nothing since stands by it`);
  }
  checkMandates(findings, record, late);
};

/** Mandates that only somebody signed for an office who kept no keys of it any more. */
const checkMandates = (findings, record, late) => {
  const sound = new Set(); // "mandate author" of whoever said something under it that is not late
  for (const [chain, links] of record.authors) {
    const [mandate, , author] = chain.split(" ");
    if (links.some((link) => !late.has(link.id))) sound.add(`${mandate} ${author}`);
  }
  for (const [id, { folder, agreement }] of record.agreements) {
    for (const [, office, pin, paper] of agreement.mandate.offices) {
      if (paper || office === record.manifest.office) continue;
      const credential = agreement.offices.get(office);
      const keepers = new Set(agreement.keepers.get(office));
      const keeps = agreement.signers.filter((key) => keepers.has(key));
      const known = knownBefore(record, office, keeps.flatMap((key) => record.departed.mandates.get(`${id} ${key}`) ?? []));
      if (known <= credential.rosterIds.indexOf(pin) + 1) continue;
      if (keeps.some((key) => credential.may(known, key, RIGHTS.keys))) continue;
      if (sound.has(`${id} ${office}`)) continue;
      const expected = `the signature of somebody who keeps keys by roster ${known} of ${credential.name}`;
      const who = keeps.map((key) => nameOfKey(credential, key)).join(", ");
      findings.add(`${folder}/mandate.cbor`, "older-roster", expected, `${who} alone signed it for ${credential.name}`);
    }
  }
};

// Consent to a briefing (format.md §6.6): acts by which it was asked, given, refused; and what a mandate asks for.

const [ASKED, GIVEN, REFUSED_CONSENT] = [1, 2, 3];
const QUESTION = /^for: ([^\n]+)\nmark: (TLP:[A-Z+]+)((?:\nnote: [0-9a-f]{64}){1,80})(?:\n\n([^]+))?$/u;

/** What an act asks, or null where its words have another form. */
const readQuestion = (words) => {
  const found = QUESTION.exec(words ?? "");
  const mark = found === null ? -1 : MARKS.indexOf(found[2]);
  if (mark < 1) return null;
  try {
    form.line(200)(found[1]);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return null;
  }
  const notes = new Set(found[3].match(/[0-9a-f]{64}/g));
  return { recipient: found[1], mark, notes, purpose: found[4] ?? null };
};

/** Refuse an act of consent that says nothing that could be read. */
const checkConsent = ({ type, code, words, evidence }) => {
  if (type !== CONSENT) return;
  if (code === ASKED && readQuestion(words) === null) malformed("A question for consent that does not say to what.");
  if ((code === GIVEN || code === REFUSED_CONSENT) && evidence === null) malformed("An answer to no question.");
};

/** Whose consent it takes that `office` shows a note of a lane. `author`: of a confidential one, or null. */
const whoConsents = ({ mandate, path }, office, lane, author) => {
  const needed = new Set();
  const at = path.indexOf(lane);
  const beside = at < 0 ? [] : [path[at - 1], path[at + 1]].filter((each) => each !== undefined);
  const holders = lane === CHANNEL_LANE ? path : [lane, ...beside];
  if (mandate.recordUse === 2) for (const each of holders) needed.add(each);
  if (lane !== CHANNEL_LANE && mandate.disclosure === 1) needed.add(lane);
  if (author !== null) needed.add(author);
  needed.delete(office);
  return needed;
};

/** By lane and note: whose consent it takes. What was done about a note counts as the note. */
const consentNeeded = ({ record, agreement, briefing, notes }) => {
  const confidential = new Set(
    notes.filter(({ leaves }) => leaves.some(({ label }) => label === 10)).map(({ kept }) => kept.id),
  );
  const authors = new Map();
  for (const { act } of record.acts.values()) {
    if (act.subject !== null && act.mandate === agreement.id) authors.set(`${act.lane} ${act.subject}`, null);
  }
  for (const { id, header } of record.notes.values()) {
    const author = confidential.has(id) ? header.author : null;
    if (header.mandate === agreement.id) authors.set(`${header.lane} ${id}`, author);
  }
  const needed = [];
  for (const [spot, author] of authors) {
    const [lane, note] = spot.split(" ");
    needed.push({ lane, note, offices: whoConsents(agreement, briefing.office, lane, author) });
  }
  return needed;
};

const consentAct = async (raw, { agreement, briefing, record }, where) => {
  const signed = await readSigned(raw);
  const act = signed.statement.read("an act", ACT, ACT_FIELDS, record.realm);
  const office = agreement.offices.get(act.author);
  if (act.mandate !== agreement.id || !office) foreign("Under another mandate, or of an office that has no desk.");
  if (act.type !== CONSENT) malformed("It is an act of another type.");
  await judgingSigner(signed, office, act.roster, () => checkSigner(signed, act, office, false, 1));
  checkConsent(act);
  const asks = act.code === ASKED && office.id === briefing.office;
  if (!asks && (act.code !== GIVEN || office.id === briefing.office)) {
    refuse("Foreign", "It neither asks for consent to this briefing nor gives it.", "not agreed");
  }
  return { id: signed.id, act, where, signer: signerNames(office, act.roster, signed) };
};

/** Hold a briefing against its mandate's terms. After everything that it shows was examined. */
const judgeConsent = async (reading) => {
  const { agreement, briefing, parts, findings } = reading;
  const needed = consentNeeded(reading);
  const needs = (office) => needed.some(({ offices }) => offices.has(office));
  if (parts.consents === null) {
    const all = agreement.mandate.recordUse === 2;
    consentByWord(reading, agreement.path.filter((each) => (all ? each !== briefing.office : needs(each))));
    return;
  }
  for (const [at, raw] of parts.consents.entries()) {
    const where = `consent ${at + 1}`;
    const { value, error } = await outcome(() => consentAct(raw, reading, where));
    const expected = "an act by which consent to this briefing was asked, or given, by officers who may";
    if (error) findings.add(where, "briefing-terms", expected, error.message, { why: causeOf(error) });
    else reading.consents.push(value);
  }
  const given = consentGiven(reading);
  for (const office of agreement.path.filter(needs)) {
    if (agreement.papers.has(office) && briefing.consent !== null) continue;
    const lacking = needed.filter(({ lane, note, offices }) => offices.has(office) && !given.has(`${lane} ${note} ${office}`));
    if (lacking.length === 0) continue;
    const expected = `the signed consent of ${agreement.nameOf(office)}, for which the mandate asks`;
    const count = lacking.length === 1 ? "1 note" : `${lacking.length} notes`;
    findings.add("the briefing", "briefing-terms", expected, `none for ${count} that it shows`);
  }
};

/** By lane, note and office: who consented to a question that covers this briefing. */
const consentGiven = ({ briefing, consents }) => {
  const answers = new Map(); // by question
  for (const { act } of consents) if (act.code === GIVEN) pushTo(answers, act.evidence, act.author);
  const given = new Set();
  for (const { id, act } of consents.filter(({ act: { code } }) => code === ASKED)) {
    const asked = readQuestion(act.words);
    const covers = asked.recipient === briefing.recipient && asked.purpose === briefing.purpose;
    if (!covers || briefing.mark > asked.mark) continue;
    for (const note of asked.notes) for (const office of answers.get(id) ?? []) given.add(`${act.lane} ${note} ${office}`);
  }
  return given;
};

/** A briefing that says nothing of acts of consent: an officer's words are told as that. */
const consentByWord = ({ agreement, briefing, findings }, offices) => {
  if (offices.length === 0) return;
  const names = offices.map((each) => agreement.nameOf(each)).join(", ");
  if (briefing.consent === null) {
    const found = `The mandate asks for the consent of ${names}, and nothing is said of it.`;
    findings.add("the briefing", "briefing-terms", "a briefing that the mandate allows", found);
  } else {
    findings.remarks.push(
      `The consent of ${names} is the word of who signed this briefing; nobody else has signed it.`,
    );
  }
};

// --- in a record --------------------------------------------------------------------------------------

/** The places on a path of offices that run a desk, but for some. */
const othersOn = ({ path, papers }, offices, without) =>
  path.flatMap((each, at) => (offices.includes(each) && !papers.has(each) && !without.has(each) ? [at] : []));

const fewerLack = (one, other) => {
  if (one.length !== other.length) return one.length < other.length;
  const at = one.findIndex((each, place) => each !== other[place]);
  return at >= 0 && one[at] < other[at];
};

/** By mandate, third party and mark: of this office's questions the one that the fewest left without a yes. */
const leastLacking = (record) => {
  const acts = [...record.acts.values()].filter(({ act }) => act.type === CONSENT);
  const given = new Map();
  for (const { act } of acts) if (act.code === GIVEN && act.evidence !== null) pushTo(given, act.evidence, act.author);
  const least = new Map();
  for (const { id, act } of acts) {
    if (act.code !== ASKED || act.author !== record.manifest.office) continue;
    const { agreement } = record.agreements.get(act.mandate);
    const at = agreement.path.indexOf(act.lane);
    if (act.lane !== CHANNEL_LANE && at < 0) continue;
    const holding = act.lane === CHANNEL_LANE ? agreement.path : agreement.path.slice(Math.max(0, at - 1), at + 2);
    const lacking = othersOn(agreement, holding, new Set([act.author, ...(given.get(id) ?? [])]));
    const { recipient, mark } = readQuestion(act.words);
    const spot = `${act.mandate} ${mark} ${recipient}`;
    if (!least.has(spot) || fewerLack(lacking, least.get(spot))) least.set(spot, lacking);
  }
  return least;
};

/** Where this office showed parts of the record, and the record lacks the consent that the mandate asks for. */
const remarkBriefings = (findings, record) => {
  const least = leastLacking(record);
  for (const { act, where } of record.acts.values()) {
    const { agreement } = record.agreements.get(act.mandate);
    if (act.type !== BRIEFED || act.author !== record.manifest.office || agreement.mandate.recordUse !== 2) continue;
    const [label, recipient] = /^([^ ]*) ?([^]*)$/.exec(act.words ?? "").slice(1);
    const wide = MARKS.indexOf(label);
    let lacking = null;
    for (let mark = wide; mark > 0 && mark < MARKS.length; mark++) {
      const found = least.get(`${act.mandate} ${mark} ${recipient}`);
      if (found && (lacking === null || fewerLack(found, lacking))) lacking = found;
    }
    lacking ??= othersOn(agreement, agreement.path, new Set([act.author]));
    if (lacking.length === 0) continue;
    const names = lacking.map((at) => agreement.nameOf(agreement.path[at])).join(", ");
    findings.remarks.push(
      `${where}: parts of the record were shown to a third party. The mandate asks for the consent of all its offices,` +
        ` and this record holds none by ${names}.`,
    );
  }
};

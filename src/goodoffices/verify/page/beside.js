// Words beside a note: translations and rewordings (format.md §6.5).

const isBeside = ({ type }) => type === TRANSLATION || type === REWORDING;

/** How many officers of its author sign an act that adds words. */
const wordsNeed = (act, office, agreement) => {
  if (act.lane === HOME_LANE) return 1;
  if (isBeside(act) && agreement.isParty(office.id)) return office.requireRoster(act.roster).releasersNeeded;
  return agreement.mandate.officersToAddWords;
};

/** Refuse words beside a note that name no note, or that are not their author's to add. */
const checkBeside = (signed, act, office, agreement) => {
  if (!isBeside(act)) return;
  if (act.subject === null || act.evidence === null) malformed("Words beside a note that name no note, or no hash.");
  const party = agreement.isParty(office.id);
  if (act.type === REWORDING && party) wrongSigner("A rewording by a party: its other words are another note.");
  const needed = party && act.lane !== HOME_LANE ? RIGHTS.release : RIGHTS.duty;
  const roster = office.requireRoster(act.roster);
  if (!signed.signers.every((signer) => rightsOf(roster, signer) & needed)) {
    wrongSigner(`Words beside a note signed by somebody without the right at ${office.name}.`);
  }
};

/** The words of a translation or rewording; refused where they are not those that `evidence` is the hash of. */
const readBeside = async (inside, evidence) => {
  if ((await sha256(inside)) !== evidence) refuse("Altered", "These are not the words that its makers signed.");
  const row = decode(inside, 61_000);
  if (!Array.isArray(row) || row.length !== 6 || row[0] !== "GO1 beside") malformed("No words beside a note.");
  const orNull = (inner) => (value) => (value === null ? null : inner(value));
  const forms = [form.bytes(32), form.tag, form.text(MAX_TEXT, 1), orNull(form.ID), orNull(form.line(120))];
  try {
    const [, language, text, corrects, madeWith] = forms.map((each, at) => each(row[at + 1]));
    return { language, text, corrects, madeWith };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return malformed(`Words beside a note: ${error.message}.`);
  }
};

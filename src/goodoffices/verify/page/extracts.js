// Extracts: chosen parts of reports, inside notes and briefings (format.md §5.7).

const EXTRACT = 49;

const EXTRACT_FIELDS = [
  [1, "office", form.ID],
  [2, "roster", form.uint(form.MAX_32)],
  [3, "time", form.TIME],
  [4, "body", form.ID],
  [5, "leaves", form.uint(32)],
  [6, "mark", form.code(1, 2, 3)],
];

const REPORT_VALUES = new Map([
  [5, form.code(1, 2)],
  [6, form.text(4000, 1)],
  [7, form.text(200)],
  [8, form.row(form.MS, form.MS)],
  [9, form.MS],
  [10, form.text(500, 1)],
  [11, form.row(form.uint(6), form.uint(6))],
  [12, form.uint(2 ** 16)],
  [13, form.text(300)],
  [14, form.text(200)],
  [15, form.text(300)],
  [18, form.list(form.row(form.ID, form.text(200, 1)), 16)],
]);

const UNASKED = [5, 6, 9, 12];
const [INTENT, CLAIMANT_FIELD] = [2, 15];
const MARK_NAMES = ["", "TLP:CLEAR", "TLP:GREEN", "TLP:AMBER"];

const badExtract = (why) => malformed(`An extract of a report: ${why}.`);

const readExtract = async (raw) => {
  const row = decode(raw, 12_000);
  if (!Array.isArray(row) || row.length !== 3 || row[0] !== "GO1 extract" || !isBytes(row[1])) badExtract("its form");
  if (!Array.isArray(row[2]) || row[2].length > 32) badExtract("its leaves");
  const signed = await readSigned(row[1]);
  const extract = signed.statement.read("an extract", EXTRACT, EXTRACT_FIELDS);
  const leaves = row[2].map((leaf) => {
    if (isBytes(leaf)) return leaf.length === 32 ? { hash: leaf } : badExtract("a hash");
    const fits = Array.isArray(leaf) && leaf.length === 3 && isInt(leaf[0]) && isBytes(leaf[2]) && leaf[2].length === 32;
    if (!fits) badExtract("a leaf");
    const said = join(new Uint8Array([0x82]), leaf[SPAN].subarray(1, leaf[SPAN].length - 34));
    return { label: Number(leaf[0]), value: leaf[1], hash: hashOf(LEAF, leaf[2], said) };
  });
  if (leaves.length !== extract.leaves || treeRoot(leaves.map(({ hash }) => hash)) !== extract.body) {
    refuse("Altered", "What an extract shows and withholds does not make up what was signed.");
  }
  const shown = leaves.filter(({ label }) => label !== undefined);
  const labels = shown.map(({ label }) => label);
  if (!ascending(labels) || !labels.every((label) => REPORT_VALUES.has(label))) badExtract("what none may show");
  if (!UNASKED.every((label) => labels.includes(label))) badExtract("what none may withhold");
  const values = new Map();
  for (const { label, value } of shown) {
    try {
      values.set(label, REPORT_VALUES.get(label)(value));
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      badExtract(`field ${label} is ${error.message}`);
    }
  }
  if (values.get(12) !== extract.mark) badExtract("another mark than its report's");
  if (values.get(5) === INTENT && !(values.get(CLAIMANT_FIELD) ?? "").trim()) badExtract("an intent without whose");
  return { signed, extract, values, withheld: leaves.length - shown.length };
};

/** The extracts of one office, each verified. */
const checkExtracts = async (raws, office) => {
  const found = [];
  for (const raw of raws) {
    const each = await readExtract(raw);
    if (each.signed.statement.realm !== office.realm) badExtract("of another realm");
    if (each.extract.office !== office.id) foreign("It belongs to another office.");
    const roster = office.requireRoster(each.extract.roster);
    await each.signed.verify();
    const { signers } = each.signed;
    const may = RIGHTS.draft | RIGHTS.release | RIGHTS.duty;
    if (signers.length !== 1 || !(rightsOf(roster, signers[0]) & may)) {
      wrongSigner("Not signed by one officer who may write at this office.");
    }
    found.push(each);
  }
  return found;
};

const REPORT_NAMES = [
  [7, "where      "],
  [13, "question   "],
  [14, "answer     "],
  [15, "claimed by "],
  [10, "source     "],
];

/** The lines of note.txt and briefing.txt about reports. */
const reportRows = (extracts, first = 1) => {
  const rows = [];
  for (const [at, { values, extract, withheld }] of extracts.entries()) {
    const kind = values.get(5) === INTENT ? "what somebody meant" : "what happened";
    rows.push(`report ${at + first}   of ${kind}, ${MARK_NAMES[extract.mark]}, known ${zulu(values.get(9))}`);
    rows.push(...values.get(6).split("\n").map((row) => `             | ${plain(row)}`));
    const happened = values.get(8);
    if (happened) rows.push(`             happened   ${zulu(happened[0])} to ${zulu(happened[1])}`);
    for (const [label, name] of REPORT_NAMES) {
      if (values.get(label)) rows.push(`             ${name}${plain(values.get(label))}`);
    }
    const grade = values.get(11);
    if (grade) rows.push(`             grade      ${"-ABCDEF"[grade[0]]}${grade[1] || "-"}`);
    for (const [digest, what] of values.get(18) ?? []) rows.push(`             evidence   ${digest} ${plain(what)}`);
    rows.push(`             ${withheld} parts of it withheld`);
  }
  return rows;
};

// briefing.txt: what a verified briefing shows, in words (format.md §5.12).

const SHOWN_BY_LABEL = new Map([
  [1, "authority"],
  [2, "language"],
  [3, "reply by"],
  [4, "in reply to"],
  [5, "replaces"],
  [6, "withdraws"],
  [7, "read"],
  [8, "held"],
  [9, "reason"],
  [10, "confidential"],
  [11, "form"],
  [12, "field"],
  [13, "coded"],
  [129, "rewords"],
  [PARAGRAPH, "paragraph"],
]);

const briefingText = (reading) => {
  const { briefing, record, agreement, signedBy } = reading;
  const name = plain(record.name(briefing.office));
  const rows = [MARKS[briefing.mark], `BRIEFING by ${name} for ${plain(briefing.recipient)}`];
  if (record.realm !== LIVE) rows.push("THIS IS A DRILL. Nothing in it was meant.");
  rows.push(`made       ${zulu(briefing.time[0])} (${QUALITY[briefing.time[1]]})`);
  rows.push(`signed by  ${plain(signedBy)} of ${name}, fingerprint ${briefing.office}`);
  rows.push(`purpose    ${plain(briefing.purpose ?? "not stated")}`);
  if (agreement !== null) {
    const signed = [...agreement.signedBy].map((office) => plain(agreement.nameOf(office))).sort(compareText);
    rows.push(`mandate    '${plain(agreement.mandate.name)}', signed by ${signed.join(", ")}, id ${agreement.id}`);
    const consent = briefing.consent === null ? "none is stated" : plain(briefing.consent);
    rows.push(`consent    ${consent} (the officer's words)`);
    for (const { id, act, signer } of reading.consents) {
      const who = `${plain(record.name(act.author))}, ${plain(signer)}`;
      rows.push(`${act.code === ASKED ? "asked    " : "consented"}  ${zulu(act.time[0])} by ${who}, act ${id}`);
    }
    rows.push(...termsRows(agreement));
  }
  rows.push("", "It shows parts of a record, chosen by its office. What is left out is left out by choice.");
  rows.push("Proved is who signed each part, that it stood at this place, and no later than its checkpoint.");
  rows.push("", "ENTRIES", ...entryRows(reading));
  for (const note of reading.notes) rows.push(...shownNoteRows(record, note));
  rows.push(...ownReportRows(name, reading.reports));
  rows.push("", "ACTS that these entries carry");
  const acts = [...record.acts.values()].sort((a, b) => a.act.time[0] - b.act.time[0] || compareText(a.id, b.id));
  for (const kept of acts) rows.push(`  ${zulu(kept.act.time[0])}  ${actEvent(record, kept)}`, `      ${kept.where}`);
  const shown = new Set(reading.notes.map(({ kept }) => kept.id));
  const hidden = [...record.notes.values()]
    .filter(({ id }) => !shown.has(id))
    .map(({ header, passed }) => [header.number, record.name(header.author), passed[0].where])
    .sort((a, b) => a[0] - b[0] || compareText(a[1], b[1]) || compareText(a[2], b[2]));
  rows.push(...hidden.map(([number, who, at]) => `  note ${number} of ${plain(who)}: sealed, its words are WITHHELD (${at})`));
  return `${rows.join("\n")}\n`;
};

const entryRows = ({ record, entries }) => {
  const name = (office) => plain(record.name(office));
  const treeOf = ({ checkpoint }) =>
    `${checkpoint.line} ${checkpoint.writer} ${checkpoint.incarnation} ${checkpoint.size}`;
  const counts = new Map();
  for (const each of entries) counts.set(treeOf(each), (counts.get(treeOf(each)) ?? 0) + 1);
  return entries.flatMap((each) => {
    const { size, root, cosigned } = each.checkpoint;
    const count = counts.get(treeOf(each));
    const ends = each.line.offices.map(name).join(" – ");
    const rows = cosigned.map(([who, at]) => `      cosigned by ${name(who)}, ${zulu(Number(at))}: it was there by then`);
    if (rows.length === 0) rows.push("      cosigned by nobody: that it is not younger is its writer's word alone");
    return [
      `  ${each.where}: ${name(each.writer)}'s entry ${each.number} on the line ${ends}`,
      `      under ${name(each.writer)}'s checkpoint over ${size} entries, root ${root}`,
      ...rows,
      `      of these ${size} entries, shown here: ${count}; WITHHELD: ${size - BigInt(count)}`,
    ];
  });
};

const ownReportRows = (name, reports) => {
  if (reports.length === 0) return [];
  const rows = ["", `REPORTS from incident files of ${name}, as far as it shows them`];
  rows.push("They stand in no entry: that they are not younger is their office's word alone.");
  for (const [at, { shown, signedBy }] of reports.entries()) {
    rows.push(...reportRows([shown], at + 1).map((row) => `  ${row}`));
    rows.push(`               let out    ${zulu(shown.extract.time[0])} by ${plain(signedBy)}`);
  }
  return rows;
};

const shownNoteRows = (record, { kept, content, releasedBy, leaves, reports }) => {
  let report = 0;
  const { header } = kept;
  const rows = [
    "",
    `NOTE ${header.number} from ${plain(record.name(header.author))} to ${plain(record.name(header.recipient))}`,
    `  id         ${kept.id}`,
    `  released   ${zulu(content.time[0])} by ${plain(releasedBy.join(", "))}`,
    `  precedence ${URGENCY[header.precedence]}`,
  ];
  for (const [at, { label, value, withheld }] of leaves.entries()) {
    const part = `  part ${at + 1} of ${leaves.length}: `;
    if (withheld) {
      rows.push(`${part}WITHHELD`);
    } else if (label === PARAGRAPH && typeof value === "string") {
      rows.push(`${part}paragraph`, ...value.split("\n").map((row) => `    | ${plain(row)}`));
    } else if (label === REPORT_LEAF) {
      const said = reportRows([reports[report]], (report += 1));
      rows.push(`${part}report of its author's`, ...said.map((row) => `    ${row}`));
    } else {
      rows.push(`${part}${SHOWN_BY_LABEL.get(label) ?? `field ${label} of a newer version`}: ${leafWords(label, value)}`);
    }
  }
  return rows;
};

const UNSHOWN = "a value that is not shown";

const leafWords = (label, value) => {
  const simple = (each) => {
    if (isBytes(each)) return hex(each);
    return typeof each === "string" || isInt(each) ? plain(String(each)) : UNSHOWN;
  };
  if (label === 3 && isUint(value) && value <= form.MAX_TIME) return zulu(value);
  if (label === 1 && AUTHORITY[value]) return `${AUTHORITY[value]} (as its author states it)`;
  return Array.isArray(value) ? value.map(simple).join(", ") || "none" : simple(value);
};

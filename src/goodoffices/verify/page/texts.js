// The readable texts (export.md §8), made again from the signed objects so that they can be compared.

const QUALITY = ["clock not known to be right", "clock set by hand", "clock set from a network"];
const URGENCY = ["", "ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"];
const AUTHORITY = ["", "not stated", "official", "minister", "head of government"];
const ACKNOWLEDGEMENTS = ["", "read", "considering", "reply follows", "answered"];
const READING = [
  "",
  "sealed: its author and its reader only; the intermediary sees the handling header",
  "open: the intermediary too",
];
const FORWARDING = [
  "",
  "by hand: an officer of the intermediary forwards",
  "automatic: the intermediary's desk forwards by itself",
];
const DISCLOSURE = [
  "",
  "what a party tells the intermediary alone goes on only with its consent",
  "what a party tells the intermediary alone may go on unless confidential",
];
const RECORD_USE = [
  "",
  "not outside the channel",
  "outside the channel with the consent of all its offices",
  "as evidence",
];

// type: [name, what it did, rung or null]
const ACT_WORDS = new Map([
  [AT_DESK, ["at desk", "has it at its desk", "at the desk"]],
  [SEEN, ["seen", "has seen what there is to see of it", "seen"]],
  [FORWARDED, ["forwarded", "forwarded it, verbatim", "forwarded"]],
  [REFUSED, ["refused", "refused to forward it", "refused"]],
  [RETURNED, ["returned", "returned it", "returned"]],
  [REMARK, ["remark", "added a covering remark of its own", null]],
  [OPENED, ["opened", "opened it", "opened"]],
  [WITH_PRINCIPAL, ["with principal", "laid it before the principal", "with the principal"]],
  [ACKNOWLEDGED, ["acknowledged", "acknowledged it", "acknowledged"]],
  [WITHDRAWN, ["withdrawn", "withdrew it", "withdrawn"]],
  [COMPARED, ["compared", "compared the mandate's check digits with the other party", null]],
  [ALTERED, ["altered", "found that it is not what its author signed", "altered"]],
  [ON_RELAY, ["on relay", "states that a relay has it", "on a relay"]],
  [EXPIRED, ["expired", "found it expired before it was forwarded", "expired"]],
  [BRIEFED, ["briefed", "showed parts of the record to a third party", null]],
  [HANDED_OVER, ["handed over", "handed it over on paper", "handed over"]],
  [TRANSCRIPT, ["transcript", "wrote down a reply that its party has not signed", null]],
  [TRANSLATION, ["translation", "added a translation beside it", null]],
  [REWORDING, ["rewording", "added a rewording of its own beside it", null]],
  [CONSENT, ["consent", "said something of consent to a briefing", null]],
]);

/** Types of act up to this one are named in every record's texts; a later one where the manifest says so. */
const ALWAYS_NAMED = REWORDING;

const CONSENT_WORDS = [
  "",
  "asked for consent to a briefing",
  "consented to a briefing",
  "refused consent to a briefing",
];

const RUNGS = [
  "on a relay",
  "at the desk",
  "seen",
  "forwarded",
  "at the far desk",
  "opened",
  "with the principal",
  "acknowledged",
  "handed over",
  "refused",
  "returned",
  "withdrawn",
  "expired",
  "altered",
];

const GRADES = ["", "machine", "sight", "rough", "official"];
const gradeName = (code) => (code === null ? "of no grade" : GRADES[code] || `grade ${code} of a newer version`);
const actName = (type) => ACT_WORDS.get(type)?.[0] ?? `act type ${type} of a newer version`;
const caseTime = (ms) => (ms === null ? "" : ` (case time ${zulu(ms)})`);
const pad = (words, width) => words.padEnd(width);

const codeWords = (acknowledges, code) =>
  acknowledges && ACKNOWLEDGEMENTS[code]
    ? ` (${ACKNOWLEDGEMENTS[code]}; no kind of it means consent)`
    : "";

const readmeText = (record) => {
  const { office, time, texts, layout } = record.manifest;
  const drill = record.realm === LIVE ? "" : "\nTHIS IS A DRILL. Nothing in it was meant.\n";
  const words = texts
    ? "An officer was signed in: the words of the notes that the office can read are included (text.txt)."
    : "No officer was signed in: the words of the notes are NOT in this folder. They stay sealed.";
  const lines =
    layout === PACKED
      ? `each line: how it was paired; packs of its entries and of its receipts, some thousand in
                         each, with a text beside it: a line for each, by its number in the pack`
      : "each line: how it was paired, every entry of both chains, the receipts";
  const signed = layout === PACKED ? ".cbor and .pack" : ".cbor";
  const numbers = layout === PACKED ? " What is named as PATH#7 is the seventh in a pack." : "";
  return `RECORD OF ${plain(record.name(office))}
exported ${zulu(time[0])} (${QUALITY[time[1]]})
${drill}
This folder is the whole record of the lines of one office: what it and the offices beside it signed, in
the order in which each of them signed it. It can be read without any program. ${words}

Read first
  record.txt             everything that happened, in the order of the signers' clocks, in UTC (Z)

Then
  offices/               each office: its credential and the keys and rights of its officers
  channels/              each channel: its mandate, and under notes/ each note:
    text.txt               the words, byte for byte as released
    note.txt               who, to whom, number, check digits, and who had it when
    note.cbor              the signed bytes of it
    sealed-….cbor          the sealed forms in which it travelled
  channels/…/own-acts/   acts of this office that no entry carried to another
  lines/                 ${lines}
  files.sha256           the SHA-256 of every file; check it with: sha256sum -c files.sha256
  manifest.cbor          this office's signature over that list

Files named ${signed} are the signed bytes. All .txt files are made from them; where they differ, the signed
bytes count, and the verifier says so: goodoffices verify FOLDER${numbers}

What it proves, and what not
  A signature shows that the holder of a key signed. That a key is an office's is shown by comparing its
  fingerprint (offices/…/office.txt) by another way. Until both parties of a channel compared the digits of
  their mandate, the far party's key is vouched for by the intermediary alone.
  Times are what the signers' clocks said.
  An office can leave out the end of its own record. It shows if the other side had seen or receipted what
  is left out, or holds its own record beside this one.
  Two offices that agree to lie about their line can do so.
  This folder holds no private keys. It does hold everything that this office could read: keep it so.
`;
};

const officeText = async (record, office) => {
  const own = office.id === record.manifest.office ? " (the exporting office)" : "";
  const rows = [
    `OFFICE     ${plain(office.name)}${own}`,
    `fingerprint ${office.id}`,
    `digits     ${grouped(await digits("office", office.id, 30))}`,
    `realm      ${office.realm === LIVE ? "live" : `DRILL ${office.realm}`}`,
    `root made  ${zulu(office.root.made)}`,
  ];
  for (const [at, roster] of office.rosters.entries()) {
    rows.push("", `ROSTER ${roster.version}   made ${zulu(roster.made)}, ${roster.releasersNeeded} must release`);
    rows.push(`  id       ${office.rosterIds[at]}`, `  desk     ${roster.desk}`);
    for (const [pseudonym, key, rights] of roster.officers) {
      const held = Object.keys(RIGHTS).filter((right) => rights & RIGHTS[right]);
      rows.push(`  officer  ${key}  ${plain(pseudonym)}: ${held.join(", ") || "no rights"}`);
    }
    for (const [key, ms, why] of roster.revoked) rows.push(`  revoked  ${key} ${zulu(ms)} ${plain(why)}`);
    for (const [what, epochs] of [["envelope", roster.envelopeEpochs], ["reading", roster.readingEpochs]]) {
      const [first, last] = [Math.min(...epochs.map((each) => each[1])), Math.max(...epochs.map((each) => each[2]))];
      rows.push(`  ${what} keys: ${epochs.length}, ${zulu(first)} to ${zulu(last)}`);
    }
  }
  return `${rows.join("\n")}\n`;
};

const mandateText = async (record, agreement) => {
  const { mandate, id } = agreement;
  const compared = new Set(record.compared.get(id));
  const rows = [
    `MANDATE    ${plain(mandate.name)}`,
    `id         ${id}`,
    `digits     ${grouped(await digits("mandate", id, 60))}`,
    `made       ${zulu(mandate.made)}`,
    `in force   ${agreement.complete ? "yes: all have signed" : "NO: signatures are missing"}`,
    `ends       ${mandate.ends === null ? "no end agreed" : zulu(mandate.ends)}`,
    "",
    "PATH",
  ];
  for (const [role, office, pin, paper] of mandate.offices) {
    const what = role === PARTY ? "party" : "intermediary";
    rows.push(`  ${plain(agreement.nameOf(office))} (${what}${paper ? ", on paper" : ""})`);
    if (paper) {
      const { attestedBy, consent } = agreement.papers.get(office);
      rows.push(`    attested by ${plain(agreement.nameOf(attestedBy))}: ${plain(consent)}`);
      continue;
    }
    const signed = agreement.signedBy.has(office) ? "signed" : "NOT SIGNED";
    const told = compared.has(office) ? ", compared the digits with the other party" : "";
    rows.push(`    fingerprint ${office}`, `    roster      ${pin}`, `    ${signed}${told}`);
  }
  if (!agreement.parties.every((party) => compared.has(party))) {
    rows.push("  The parties' keys are vouched for by the intermediary alone: not both compared the digits.");
  }
  return `${[...rows, "", ...termsRows(agreement)].join("\n")}\n`;
};

const termsRows = ({ mandate, agreed }) => {
  const rows = [
    "TERMS",
    `  purpose      ${plain(mandate.purpose || "not stated")}`,
    `  who reads    ${READING[mandate.reading]}`,
    `  forwarding   ${FORWARDING[mandate.forwarding]}`,
    `  languages    ${plain(mandate.languages.join(", "))}`,
    `  disclosure   ${DISCLOSURE[mandate.disclosure]}`,
    `  record       may be used ${RECORD_USE[mandate.recordUse]}`,
    `  travel back  ${mandate.acknowledgements.map(actName).join(", ") || "no acknowledgements"}`,
    `  adding words takes ${mandate.officersToAddWords} of the intermediary's officers`,
    "  clocks       from at the desk to forwarded:",
  ];
  for (const precedence of [4, 3, 2, 1]) {
    const label = mandate.labels?.get(precedence);
    const called = label === undefined ? "" : ` (called ${plain(label)})`;
    rows.push(`    ${pad(URGENCY[precedence], 10)} ${Math.floor(mandate.clocks.get(precedence) / 60000)} min${called}`);
  }
  if (mandate.flashBudget !== null) {
    const [most, within] = mandate.flashBudget;
    rows.push(`  FLASH        at most ${most} of each office within ${Math.floor(within / 60000)} min`);
  }
  rows.push(...wordingRows(agreed));
  if (mandate.predecessor !== null) rows.push(`  follows      ${mandate.predecessor}`);
  return rows;
};

const lineText = async (record, line) => {
  const rows = [`LINE       ${line.id}`, `digits     ${grouped(await digits("pairing", line.id, 60))}`];
  for (const [at, office] of line.offices.entries()) {
    rows.push("", plain(record.name(office)), `  fingerprint ${office}`, `  invitation  ${line.offers[at]}`);
    const known = line.confirmed.get(office);
    if (known) {
      const when = zulu(known.confirmed.time[0]);
      rows.push(`  confirmed   ${when} by ${plain(known.signer)}: heard the other side's digits`);
    } else {
      rows.push("  confirmed   NO");
    }
    const newest = new Map();
    for (const { incarnation, number, id } of line.links.get(office)) {
      const [most, last, count] = newest.get(incarnation) ?? [0, "", 0];
      const later = number > most || (number === most && id > last);
      newest.set(incarnation, later ? [number, id, count + 1] : [most, last, count + 1]);
    }
    for (const incarnation of [...newest.keys()].sort()) {
      const [number, id, count] = newest.get(incarnation);
      rows.push(`  chain       ${incarnation}: ${count} entries, newest ${number}, ${id}`);
    }
  }
  return `${rows.join("\n")}\n`;
};

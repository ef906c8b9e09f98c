// The readable texts about notes and about everything that happened: note.txt and record.txt (export.md §8).

/** Whether an act is its author's to do about a note, so that it is a rung (format.md §6). */
const hasPart = ({ type, author: by }, { author, recipient }) => {
  if (type === ON_RELAY || type === WITHDRAWN) return by === author;
  if (type === OPENED || type === WITH_PRINCIPAL || type === ACKNOWLEDGED) return by === recipient;
  if ([SEEN, FORWARDED, REFUSED, RETURNED, EXPIRED, HANDED_OVER, TRANSCRIPT].includes(type)) return by !== author && by !== recipient;
  return by !== author;
};

const whoseWord = (by, { author, recipient }) => {
  if (by === author) return "the author's own statement";
  return by === recipient ? "signed by the reader" : "the intermediary's word";
};

/** The rungs of a note, oldest first. */
const ladder = (agreement, header, acts) => {
  const steps = [];
  for (const kept of acts) {
    const { act } = kept;
    let rung = ACT_WORDS.get(act.type)?.[2] ?? null;
    if (rung === null || !hasPart(act, header)) continue;
    const far = act.type === AT_DESK && act.author === header.recipient && agreement.isParty(header.recipient);
    if (far) rung = "at the far desk";
    steps.push({ rung, kept, at: act.time[0] });
  }
  return steps.sort((a, b) => a.at - b.at || RUNGS.indexOf(a.rung) - RUNGS.indexOf(b.rung));
};

const openedRows = (note, { words }, author) => {
  const content = note.note;
  const rows = [
    `released   ${zulu(content.time[0])} (${QUALITY[content.time[1]]})`,
    `by         ${plain(note.releasedBy.join(", "))}`,
    `authority  ${AUTHORITY[words.authority]} (as its author states it)`,
    `language   ${plain(words.language)}`,
    `chain      number ${content.sequence} of its author's acts and notes, roster ${content.roster}`,
  ];
  if (content.caseAt !== null) rows.push(`case time  ${zulu(content.caseAt)}`);
  if (words.replyBy !== undefined) rows.push(`reply by   ${zulu(words.replyBy)}`);
  if (words.inReplyTo !== undefined) rows.push(`in reply to ${words.inReplyTo}`);
  if (words.replaces !== undefined) rows.push(`replaces   ${words.replaces}`);
  if (words.withdraws !== undefined) rows.push(`withdraws  ${words.withdraws}`);
  if (words.reason !== undefined) rows.push(`why so urgent: ${plain(words.reason)}`);
  if (words.rewords !== undefined) {
    rows.push(`rewords    ${words.rewords}`);
    rows.push(`           withheld: these are ${plain(author)}'s words, not those of that note's author`);
  }
  if (words.confidential !== undefined) rows.push("confidential: not to be told on, even in substance");
  rows.push(...words.read.map((id) => `its author had read   ${id}`));
  rows.push(...words.held.map((id) => `unopened at its desk  ${id}`));
  return rows;
};

const noteText = async (record, note, opened) => {
  const { header } = note;
  const { agreement } = record.agreements.get(header.mandate);
  const alone = header.lane === CHANNEL_LANE ? "" : " (to it alone: never forwarded)";
  const until = header.validUntil === null ? "no end stated" : zulu(header.validUntil);
  const rows = [
    `NOTE ${header.number}   from ${plain(record.name(header.author))}`,
    `to         ${plain(record.name(header.recipient))}${alone}`,
    `channel    ${plain(agreement.mandate.name)}`,
    `precedence ${URGENCY[header.precedence]}`,
    `valid until ${until}`,
    `id         ${note.id}`,
    `digits     ${grouped(await digits("note", note.id, 20))}`,
  ];
  if (opened === null) {
    rows.push("The words are not in this export: sealed to others, or no officer was signed in.");
  } else {
    rows.push(...openedRows(note, opened, record.name(header.author)));
    rows.push(...agreedRows(opened.words, agreement), ...reportRows(opened.reports));
  }
  rows.push("", "PASSED ON (sealed, byte for byte)");
  for (const each of note.passed) {
    const way = `${plain(record.name(each.writer))} to ${plain(record.name(each.reader))}`;
    const anew = each.resealed ? " (sealed anew)" : "";
    rows.push(`  ${zulu(each.time[0])}  ${way}${anew}  sha256 ${each.digest}`, `      ${each.where}`);
  }
  rows.push("", "CUSTODY (by each signer's clock)");
  for (const { rung, kept } of ladder(agreement, header, record.about.get(note.id) ?? [])) {
    const { act } = kept;
    const signer = kept.byDesk ? "its desk" : plain(kept.signer);
    const played = act.caseAt === null ? "" : `, case time ${zulu(act.caseAt)}`;
    const how = `${whoseWord(act.author, header)}; ${QUALITY[act.time[1]]}${played}`;
    const acknowledged = codeWords(rung === "acknowledged", act.code);
    rows.push(`  ${zulu(act.time[0])}  ${rung}${acknowledged}: ${plain(record.name(act.author))}, ${signer} (${how})`);
    if (act.words) rows.push(`      "${plain(act.words)}"`);
    rows.push(`      ${kept.where}`);
  }
  rows.push(...besideRows(record, note));
  return `${rows.join("\n")}\n`;
};

// --- beside-….txt -------------------------------------------------------------------------------------

const besideName = (act) => {
  const kind = act.type === REWORDING ? "rewording" : `translation (${gradeName(act.code)})`;
  return act.lane === HOME_LANE ? `${kind}, kept at home` : kind;
};

/** Translations and rewordings of a note, oldest first. */
const besideActs = (record, note) => {
  const found = (record.about.get(note.id) ?? []).filter(({ act }) => isBeside(act));
  return found.sort((a, b) => a.act.time[0] - b.act.time[0] || compareText(a.id, b.id));
};

const besideRows = (record, note) => {
  const acts = besideActs(record, note);
  if (acts.length === 0) return [];
  const rows = ["", `BESIDE IT (not part of the note, which is ${plain(record.name(note.header.author))}'s alone)`];
  for (const { act, signer, where } of acts) {
    const played = act.caseAt === null ? "" : `, case time ${zulu(act.caseAt)}`;
    const how = `${whoseWord(act.author, note.header)}; ${QUALITY[act.time[1]]}${played}`;
    const who = `${plain(record.name(act.author))}, ${plain(signer)}`;
    rows.push(`  ${zulu(act.time[0])}  ${besideName(act)}: ${who} (${how})`, `      ${where}`);
  }
  return rows;
};

const besideText = (record, { id, header }, kept, found) => {
  const { act } = kept;
  const rows = [
    `${besideName(act).toUpperCase()} of note ${header.number} from ${plain(record.name(header.author))}`,
    "These are not the note's words. The note stands in text.txt beside this file, and it alone counts.",
    `by         ${plain(record.name(act.author))}, ${plain(kept.signer)} (${whoseWord(act.author, header)})`,
    `made       ${zulu(act.time[0])} (${QUALITY[act.time[1]]})`,
    `language   ${plain(found.language)}`,
  ];
  if (found.madeWith !== null) rows.push(`made with  ${plain(found.madeWith)}`);
  if (found.corrects !== null) rows.push(`corrects   ${placeOf.beside("", found.corrects).slice(1)}.txt`);
  rows.push(`note       ${id}`, `act        ${kept.id}`, `           ${kept.where}`);
  return [...rows, "", "All that follows are these words.", "", found.text].join("\n");
};

// --- record.txt ---------------------------------------------------------------------------------------

const actEvent = (record, kept) => {
  const { act } = kept;
  const named = act.type <= ALWAYS_NAMED || (record.manifest.acts ?? []).includes(act.type);
  const said = act.type === CONSENT ? CONSENT_WORDS[act.code] : "";
  const known = said || (ACT_WORDS.get(act.type)?.[1] ?? `did ${actName(act.type)}`);
  const done = named ? known : `did act type ${act.type} of a newer version`;
  const signer = kept.byDesk ? "its desk" : plain(kept.signer);
  let about = "";
  if (act.subject !== null) {
    const note = record.notes.get(act.subject);
    about = note ? `note ${note.header.number} of ${plain(record.name(note.header.author))}: ` : "a note not here: ";
  }
  const words = act.words ? ` "${plain(act.words)}"` : "";
  const acknowledged = codeWords(act.type === ACKNOWLEDGED, act.code);
  const grade = act.type === TRANSLATION ? ` (${gradeName(act.code)})` : "";
  const who = plain(record.name(act.author));
  return `${about}${who}, ${signer}, ${done}${acknowledged}${grade}${words}${caseTime(act.caseAt)}`;
};

const entryEvent = (record, entry) => {
  const kinds = ["", entry.carries, "a line test", "service chat", "a message between the two desks"];
  const what = kinds[entry.kind] || "something of a newer version";
  const reader = plain(record.name(entry.line.other(entry.writer)));
  const who = plain(record.name(entry.writer));
  return `${who}'s desk: entry ${entry.number} to ${reader}, with ${what}${caseTime(entry.caseAt)}`;
};

const receiptEvent = (record, { reader, entries }) => {
  const what = entries === 1 ? "an entry" : `${entries} entries`;
  return `${plain(record.name(reader))}'s desk: receipt, has ${what} verified and on disk`;
};

/** Everything that happened: [time, rank, text, where]. */
const eventsOf = (record) => {
  const events = [];
  const name = (office) => plain(record.name(office));
  for (const line of record.lines.values()) {
    for (const [office, { confirmed, signer }] of line.confirmed) {
      const text = `${name(office)}, ${plain(signer)}: confirmed the line with ${name(line.other(office))}`;
      events.push([confirmed.time[0], 0, text, `${line.folder}/line.txt`]);
    }
  }
  for (const entry of record.entries) events.push([entry.time[0], 3, entryEvent(record, entry), entry.where]);
  for (const kept of record.receipts) events.push([kept.time[0], 4, receiptEvent(record, kept), kept.where]);
  for (const { folder, agreement } of record.agreements.values()) {
    const names = [...agreement.signedBy].sort().map((office) => plain(agreement.nameOf(office)));
    const text = `mandate '${plain(agreement.mandate.name)}', signed by ${names.join(", ") || "nobody"}`;
    events.push([agreement.mandate.made, 0, text, `${folder}/mandate.txt`]);
  }
  for (const { header, note, releasedBy, passed, folder } of record.notes.values()) {
    const [who, to] = [name(header.author), name(header.recipient)];
    if (note !== null) {
      const by = plain(releasedBy.join(", "));
      const text = `${who}, ${by}: released note ${header.number} to ${to}${caseTime(note.caseAt)}`;
      events.push([note.time[0], 1, text, `${folder}/note.txt`]);
    } else {
      const text = `${who}: note ${header.number} to ${to} is passed on sealed (its time of release lies inside)`;
      events.push([passed[0].time[0], 2, text, `${folder}/note.txt`]);
    }
  }
  for (const kept of record.acts.values()) events.push([kept.act.time[0], 2, actEvent(record, kept), kept.where]);
  return events.sort((a, b) => a[0] - b[0] || a[1] - b[1] || compareText(a[2], b[2]) || compareText(a[3], b[3]));
};

/** record.txt in pieces. */
function* recordText(record) {
  const { office, time } = record.manifest;
  yield `RECORD OF ${plain(record.name(office))}, exported ${zulu(time[0])}\n`;
  yield "Each time: by the signer's clock, in UTC; who, what, and below it where the signed bytes lie.\n\n";
  for (const [at, , text, where] of eventsOf(record)) yield `${zulu(at)}  ${text}\n    ${where}\n`;
}

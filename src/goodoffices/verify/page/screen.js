// The page: takes a record, shows the verdict. Nothing here decides anything about a record.

const SHOWN = 500;
const byId = (id) => document.getElementById(id);

// `giving`: one or two functions, each of which gives {name, source} of a record.
const state = { language: "en", giving: [], trust: null, shown: null, run: 0 };

const say = () => WORDS[state.language];

/** An element with text and children; text can never become markup. */
const make = (tag, content = [], attributes = {}) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...[content].flat());
  return element;
};

const path = (text) => make("span", verifier.plain(text), { class: "path", dir: "ltr" });
const words = (text) => make("span", verifier.plain(text), { dir: "auto" });
const english = (text) => make("span", verifier.plain(text), { dir: "ltr", lang: "en" });

// --- the verdict --------------------------------------------------------------------------------------

const table = (heads, rows) => {
  const head = make("thead", make("tr", heads.map((each) => make("th", each, { scope: "col" }))));
  const body = make("tbody", rows.map((row) => make("tr", row.map((each) => make("td", each)))));
  return make("div", make("table", [head, body]), { class: "table" });
};

const officesTable = ({ offices }, trust) => {
  const rows = offices.map(({ fingerprint, calls_itself: name }) => {
    const row = [words(name), path(fingerprint)];
    if (trust !== null) row.push(trust.has(fingerprint) ? words(trust.get(fingerprint)) : say().notTrusted);
    return row;
  });
  const heads = [say().callsItself, say().fingerprint];
  return table(trust === null ? heads : [...heads, say().trusted], rows);
};

const findingItem = ({ where, kind, promise, expected, found, cause, beside }) => {
  const rows = [
    [say().where, path(where)],
    [say().cause, english(cause)],
    [say().expected, english(expected)],
    [say().found, english(found)],
    ...beside.map((each) => [say().beside, path(each)]),
    [say().promise, path(`${promise} (${kind})`)],
  ];
  return make("li", definitions(rows));
};

const recordRows = (verdict, trust, heading) => {
  const rows = [];
  const own = verdict.offices.find(({ fingerprint }) => fingerprint === verdict.office);
  const name = verifier.plain(own ? own.calls_itself : verdict.office.slice(0, 16));
  // Isolated, or the hyphens of the time would reverse it among words from right to left.
  rows.push(make("p", say().recordOf(`\u2068${name}\u2069`, `\u2066${verifier.zulu(verdict.exported)}\u2069`)));
  rows.push(make("p", make("strong", /^0+$/.test(verdict.realm) ? say().live : say().drill)));
  if (trust === null) rows.push(make("p", make("strong", say().notCompared)));
  if (verdict.sealed > 0) rows.push(make("p", make("strong", say().sealed(verdict.sealed, verdict.notes))));
  if (!verdict.texts) rows.push(make("p", say().noTexts));
  rows.push(make("p", say().counted(verdict.notes, verdict.acts)));
  rows.push(make(heading, say().offices), officesTable(verdict, trust));
  const lines = verdict.lines.map((line) => [path(line.folder), String(line.entries), line.verified ? say().yes : say().no]);
  rows.push(make(heading, say().lines), table([say().line, say().entries, say().holds], lines));
  return rows;
};

const briefingRows = ({ text, offices }, trust) => {
  const rows = trust === null ? [make("p", make("strong", say().notCompared))] : [];
  rows.push(make("h3", say().offices), officesTable({ offices }, trust), make("h3", say().briefing));
  rows.push(make("pre", text, { id: "text", dir: "auto", lang: "en", tabindex: "0" }));
  return rows;
};

/** What was found in one record. `heading`: of its parts; `mark`: what its lists are called by. */
const aloneRows = (verdict, trust, heading, mark) => {
  const rows = [];
  if (verdict.findings.length > 0) {
    const items = verdict.findings.slice(0, SHOWN).map(findingItem);
    rows.push(make("ol", items, { id: `findings${mark}` }));
    if (verdict.findings.length > SHOWN) rows.push(make("p", say().more(verdict.findings.length - SHOWN)));
  }
  if (trust?.certificates > 0) rows.push(make("p", say().certificates));
  if (verdict.office) rows.push(...recordRows(verdict, trust, heading));
  if (verdict.shown) rows.push(...briefingRows(verdict.shown, trust));
  if (verdict.remarks?.length > 0) {
    const remarks = verdict.remarks.slice(0, SHOWN).map((each) => make("li", english(each)));
    rows.push(make(heading, say().remarks), make("ul", remarks, { id: `remarks${mark}` }));
  }
  return rows;
};

const definitions = (rows) => make("dl", rows.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));

const partingItem = (names) => ({ what, signer, first, second }) =>
  make("li", definitions([
    [say().whatParts, english(what)],
    [say().signedBoth, words(signer)],
    [words(names[0]), path(first)],
    [words(names[1]), path(second)],
  ]));

const differenceItem = (names) => ({ holder, what, where, known }) =>
  make("li", definitions([
    [say().onlyIn, words(names[holder])],
    [say().whatParts, english(what)],
    [say().where, path(where)],
    [say().known, english(known)],
  ]));

/** Two records, each alone and then held against each other. */
const pairRows = ({ records, compared, common_lines: common, partings, differences }, names, trust) => {
  const rows = [make("h3", say().heldTogether)];
  if (!compared) rows.push(make("p", say().notHeld));
  else rows.push(make("p", common.length > 0 ? [`${say().common} `, words(common.join(", "))] : say().noCommon));
  if (partings.length > 0) {
    rows.push(make("ol", partings.slice(0, SHOWN).map(partingItem(names)), { id: "partings" }));
    if (partings.length > SHOWN) rows.push(make("p", say().more(partings.length - SHOWN)));
  } else if (compared) {
    rows.push(make("p", say().partNowhere));
  }
  if (differences.length > 0) {
    rows.push(make("h3", say().differences));
    rows.push(make("ul", differences.slice(0, SHOWN).map(differenceItem(names)), { id: "differences" }));
    if (differences.length > SHOWN) rows.push(make("p", say().more(differences.length - SHOWN)));
  }
  for (const [at, verdict] of records.entries()) {
    rows.push(make("h3", words(names[at])), make("p", make("strong", titleOf(verdict)(say()))));
    rows.push(...aloneRows(verdict, trust, "h4", `-${at + 1}`));
  }
  return rows;
};

const show = (shown) => {
  const { title, verdict, trust, names } = shown;
  state.shown = shown;
  const rows = [];
  if (verdict?.records) {
    rows.push(...pairRows(verdict, names, trust));
  } else if (verdict?.findings) {
    rows.push(...aloneRows(verdict, trust, "h3", ""));
  } else if (verdict) {
    rows.push(make("p", say().notAnExportAbout));
  }
  if (verdict) {
    const json = make("pre", JSON.stringify(verdict, null, 2), { id: "json", dir: "ltr", tabindex: "0" });
    rows.push(make("details", [make("summary", say().forPrograms), json]));
  }
  byId("verdict-title").textContent = title(say());
  byId("about").replaceChildren(...rows);
  byId("verdict").dataset.verdict = verdict?.verdict ?? "none";
  byId("verdict").hidden = false;
  byId("state").textContent = "";
  byId("bar").hidden = true;
};

const titleOf = (verdict) => (language) => {
  if (verdict.records) return titleOfPair(verdict, language);
  if (verdict.verdict === "verified" && verdict.note) return language.verifiedNote;
  if (verdict.verdict === "verified") return verdict.briefing ? language.verifiedBriefing : language.verified;
  return verdict.verdict === "findings" ? language.findings(verdict.findings.length) : language.notAnExport;
};

const titleOfPair = ({ verdict, records, compared, partings }, language) => {
  if (verdict === "verified") return language.verifiedPair;
  if (!compared) return language.notCompared2;
  if (partings.length > 0) return language.part(partings.length);
  return language.findings(records.reduce((sum, each) => sum + each.findings.length, 0));
};

const titleOfError = (error) => (language) => {
  if (error instanceof verifier.NotAnArchive) return language.badArchive(error.message, error.named);
  if (error instanceof verifier.BadTrustList) return language.badTrust(error.message);
  if (error instanceof verifier.UnfitBrowser) return language.unfit(error.message);
  if (error instanceof DOMException) return language.unreadable;
  return language.broken;
};

/** Verify what was given last, with the trust list that was given last. */
const run = async () => {
  if (state.giving.length === 0) return;
  const number = ++state.run;
  const { giving, trust: trustFile } = state;
  byId("verdict").hidden = true;
  byId("bar").hidden = false;
  byId("state").textContent = say().reading;
  let shown;
  try {
    const trust = trustFile === null ? null : verifier.readTrust(new Uint8Array(await trustFile.arrayBuffer()));
    const given = (await Promise.all(giving.map((each) => each()))).flat();
    const [names, sources] = [given.map((each) => each.name), given.map((each) => each.source)];
    const told = (done, all) => progress(number, done, all);
    const verdict =
      sources.length > 1
        ? await verifier.verifyTwo(sources, trust, told)
        : await verifier.verify(sources[0] ?? null, trust, told);
    shown = { title: titleOf(verdict), verdict, trust, names };
  } catch (error) {
    console.warn(error); // never a verdict: whatever went wrong here, the record was not verified
    shown = { title: titleOfError(error), verdict: null, trust: null, names: [] };
  }
  if (number !== state.run) return;
  show(shown);
  byId("verdict-title").focus();
};

let lastProgress = 0;

const progress = (number, done, all) => {
  if (number !== state.run) throw new Error("another record was given meanwhile");
  if (performance.now() - lastProgress < 200 && done !== all) return;
  lastProgress = performance.now();
  Object.assign(byId("progress"), { value: done, max: Math.max(all, 1) });
  byId("state").textContent = say().progress(done, all);
};

const give = (...giving) => {
  state.giving = giving;
  run();
};

const folderGiver = (files) => async () => ({
  name: files[0]?.webkitRelativePath.split("/")[0] ?? "",
  source: verifier.chosenSource(files),
});

const archiveGiver = (file) => async () => ({ name: file.name, source: await verifier.archiveSource(file) });

// --- doors --------------------------------------------------------------------------------------------

byId("folder").addEventListener("change", ({ target }) => {
  give(folderGiver([...target.files]));
});

byId("other").addEventListener("change", ({ target }) => {
  if (state.giving.length > 0) give(state.giving[0], folderGiver([...target.files]));
  else give(folderGiver([...target.files]));
});

byId("archive").addEventListener("change", ({ target }) => {
  const files = [...target.files].slice(0, 2);
  if (files.length > 0) give(...files.map(archiveGiver));
});

byId("note").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  if (files.length > 0) give(async () => ({ name: files[0].name, source: verifier.looseSource(files) }));
});

byId("trust").addEventListener("change", ({ target }) => {
  state.trust = target.files[0] ?? null;
  run();
});

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    byId("giving").classList.add("over");
  });
}

document.addEventListener("dragleave", () => byId("giving").classList.remove("over"));

document.addEventListener("drop", (event) => {
  event.preventDefault();
  byId("giving").classList.remove("over");
  give(verifier.droppedSources(event.dataTransfer));
});

// --- language -----------------------------------------------------------------------------------------

const speak = (language) => {
  state.language = language;
  document.documentElement.lang = language;
  document.documentElement.dir = language === "fa" ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say()[element.dataset.say];
  byId("limit-list").replaceChildren(...say().limitList.map((each) => make("li", each)));
  byId("language").textContent = language === "fa" ? "English" : "فارسی";
  byId("language").lang = language === "fa" ? "en" : "fa";
  document.title = `${say().title} – Good Offices`;
  if (state.shown !== null && !byId("verdict").hidden) show(state.shown);
};

byId("language").addEventListener("click", () => speak(state.language === "en" ? "fa" : "en"));
speak(navigator.language.startsWith("fa") ? "fa" : "en");

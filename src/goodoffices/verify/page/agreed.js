// Forms and code books of a mandate, and the notes that are written by them (format.md §5.10, §5.11).

const [SORT_LINE, SORT_TEXT, SORT_LIST, SORT_TIME, SORT_SPAN, SORT_CHOICE, SORT_NUMBER] = [1, 2, 3, 4, 5, 6, 7];
const [PROMISED, CONDITIONS, PROMISE_ENDS] = [1, 2, 3];
const [ASSURANCE_FORM, CODED_NOTE] = [5, 8];
const MAX_NUMBER = 10 ** 12;
const MINUTE = 60_000;

const matching = (inner, pattern, reason) => (value) => (pattern.test(inner(value)) ? value : wrong(reason));
const orNull = (inner) => (value) => (value === null ? null : inner(value));
const someRaw = (most) => (value) =>
  isBytes(value) && value.length > 0 && value.length <= most ? value : wrong(`no byte string of 1 to ${most} bytes`);

const PHRASE = form.list(form.line(160), 8, 1);
const LONG_PHRASE = form.list(form.text(1000, 1), 8, 1);

const FORM_FIELD = form.row(
  matching(form.text(30, 1), /^[a-z][a-z0-9_]{0,29}$/, "no name of small letters"),
  form.code(1, 2, 3, 4, 5, 6, 7),
  form.code(0, 1, 2, 3),
  form.bool,
  PHRASE,
  orNull(PHRASE),
  form.uint(MAX_NUMBER),
  form.uint(MAX_NUMBER),
  form.list(PHRASE, 20),
);

const FORM_FIELDS = [
  [1, "kind", form.code(2, 3, 4, 5, 6, 7)],
  [2, "code", matching(form.text(12, 1), /^[A-Z0-9][A-Z0-9-]{0,11}$/, "no code of capital letters")],
  [3, "languages", form.list(form.tag, 8, 1)],
  [4, "title", PHRASE],
  [5, "about", form.maybe(LONG_PHRASE)],
  [6, "rows", form.list(FORM_FIELD, 24, 1)],
];

const BOOK_FIELDS = [
  [1, "word", matching(form.text(20, 3), /^[A-Z]{3,20}$/, "no word of capital letters")],
  [2, "languages", form.list(form.tag, 8, 1)],
  [3, "title", PHRASE],
  [4, "texts", form.list(form.row(form.uint(999), LONG_PHRASE), 100, 1)],
];

const markedContent = (raw, most, mark) => {
  const value = decode(raw, most);
  if (!Array.isArray(value) || value.length !== 2 || value[0] !== mark) malformed(`Not what begins with ${mark}.`);
  return value[1];
};

const eachOnce = (values) => new Set(values).size === values.length;

/** A form of a mandate, whole and checked. */
const readForm = (raw) => {
  const found = readFields("a form", FORM_FIELDS, markedContent(raw, 32_000, "GO1 form"));
  const count = found.languages.length;
  if (!eachOnce(found.languages)) malformed("A form that names one language twice.");
  if (found.title.length !== count || (found.about !== null && found.about.length !== count)) {
    malformed("A form whose title is not there once in each of its languages.");
  }
  found.fields = found.rows.map(([name, sort, means, needed, label, hint, least, most, choices]) => {
    return { name, sort, means, needed, label, hint, least, most, choices };
  });
  if (!eachOnce(found.fields.map(({ name }) => name))) malformed("A form with two fields of one name.");
  for (const field of found.fields) checkFormField(field, count);
  const meant = found.fields.map(({ means }) => means).filter((means) => means);
  if (!eachOnce(meant)) malformed("A form in which two fields mean the same.");
  const promises = meant.includes(PROMISED);
  if ((found.kind === ASSURANCE_FORM) !== promises || (meant.length > 0 && found.kind !== ASSURANCE_FORM)) {
    malformed("An assurance has a field for what is promised, and no other form has one.");
  }
  return found;
};

const CAN_MEAN = { [PROMISED]: [SORT_LINE, SORT_TEXT], [CONDITIONS]: [SORT_LIST], [PROMISE_ENDS]: [SORT_TIME] };
const MOST_OF = { [SORT_LINE]: 500, [SORT_TEXT]: 4000, [SORT_LIST]: 16, [SORT_SPAN]: 1, [SORT_TIME]: 0 };

const checkFormField = ({ name, sort, means, needed, label, hint, least, most, choices }, count) => {
  const said = [label, ...choices, ...(hint === null ? [] : [hint])];
  if (said.some((each) => each.length !== count)) malformed(`The field '${name}' is not worded in each language.`);
  if (choices.length > 0 !== (sort === SORT_CHOICE) || choices.length === 1) malformed(`The choices of '${name}'.`);
  if (means && !CAN_MEAN[means].includes(sort)) malformed(`The field '${name}' is of a sort that cannot mean that.`);
  if (means === PROMISED && (!needed || most > 2000)) malformed("What is promised: left out, or too long.");
  let fits = least === 0;
  if (sort === SORT_CHOICE) fits = least === 0 && most === 0;
  if (sort === SORT_NUMBER) fits = least <= most;
  if (sort === SORT_TIME || sort === SORT_SPAN) fits = least <= 2;
  const bounded = [SORT_LINE, SORT_TEXT, SORT_LIST].includes(sort);
  if (!fits || most > (MOST_OF[sort] ?? most) || (bounded && most === 0)) malformed(`The bounds of '${name}'.`);
};

/** A code book of a mandate, whole and checked. */
const readBook = (raw) => {
  const book = readFields("a code book", BOOK_FIELDS, markedContent(raw, 64_000, "GO1 codes"));
  const count = book.languages.length;
  if (!eachOnce(book.languages) || book.title.length !== count) malformed("A code book's title or languages.");
  const numbers = book.texts.map(([number]) => number);
  if (numbers[0] === 0 || !ascending(numbers)) malformed("A code book whose numbers do not ascend from 1 on.");
  if (book.texts.some(([, said]) => said.length !== count)) malformed("A code book with a text not in each language.");
  return book;
};

/** The forms and code books of a mandate by their IDs; refused where they do not make one agreement. */
const readAgreed = async (mandate) => {
  const [raws, codes] = [mandate.forms ?? [], mandate.codes ?? []];
  const forms = new Map();
  const books = new Map();
  for (const raw of raws) forms.set(await sha256(raw), readForm(raw));
  for (const raw of codes) books.set(await sha256(raw), readBook(raw));
  if (new Set([...forms.values()].map(({ code }) => code)).size !== raws.length) malformed("Two forms of one code.");
  if (new Set([...books.values()].map(({ word }) => word)).size !== codes.length) malformed("Two books of one word.");
  const size = [...raws, ...codes].reduce((sum, raw) => sum + raw.length, 0);
  if (size > 98_304) malformed("A mandate whose forms and code books have more than 98304 bytes.");
  for (const { languages } of [...forms.values(), ...books.values()]) {
    if (!mandate.languages.every((tongue) => languages.includes(tongue))) {
      malformed("A form or code book that is not worded in every language of its mandate.");
    }
  }
  return { forms, books };
};

// --- Values -------------------------------------------------------------------------------------------

const isValue = (value) => typeof value === "string" || (typeof value === "number" && isUint(value));

/** A field's value as it is carried, before it is held against its form. */
const anyValue = (value) => {
  const items = Array.isArray(value) ? value : [value];
  return items.length >= 1 && items.length <= 16 && items.every(isValue) ? value : wrong("no number, text or list");
};

const minutes = (value) => (form.MS(value) % MINUTE === 0 ? value : wrong("no time in whole minutes"));

const severalLines = (most) => (value) => {
  const filled = form.text(most, 1)(value).split("\n").filter((line) => /[^ ]/.test(line));
  if (filled.length === 0) wrong("empty");
  filled.forEach(form.line(most));
  return value;
};

const spanOf = (openEnd) => (value) => {
  if (!Array.isArray(value) || value.length > 2 || value.length < (openEnd ? 1 : 2)) wrong("no times from and until");
  value.forEach(minutes);
  return value.length === 2 && value[0] > value[1] ? wrong("an end before its beginning") : value;
};

const numberOf = (least, most) => (value) => (form.uint(most)(value) >= least ? value : wrong("no such number"));

const valueForm = ({ sort, least, most, choices }) => {
  if (sort === SORT_LINE) return form.line(most);
  if (sort === SORT_TEXT) return severalLines(most);
  if (sort === SORT_LIST) return form.list(form.line(500), most, 1);
  if (sort === SORT_TIME) return minutes;
  if (sort === SORT_SPAN) return spanOf(most === 1);
  return sort === SORT_CHOICE ? numberOf(1, choices.length) : numberOf(least, most);
};

/** Refuse values that do not fit a form. `whole`: none that it needs may be missing. */
const checkValues = ({ code, fields }, values, whole) => {
  const places = values.map(([place]) => place);
  if (!ascending(places) || places.some((place) => place < 1 || place > fields.length)) {
    malformed("The fields of a note are not those of its form, in their order.");
  }
  for (const [place, value] of values) {
    try {
      valueForm(fields[place - 1])(value);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      malformed(`The field '${fields[place - 1].name}' of form ${code} is ${error.message}.`);
    }
  }
  const missing = fields.find(({ needed }, at) => needed && !places.includes(at + 1));
  if (whole && missing) malformed(`The field '${missing.name}' of form ${code} is missing.`);
};

// --- The print ----------------------------------------------------------------------------------------

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

const printedTime = (ms) => {
  const at = new Date(ms);
  const two = (number) => String(number).padStart(2, "0");
  const year = String(at.getUTCFullYear()).padStart(4, "0");
  return `${two(at.getUTCDate())}${two(at.getUTCHours())}${two(at.getUTCMinutes())}Z ${MONTHS[at.getUTCMonth()]} ${year}`;
};

const printedField = ({ sort, label, choices }, value, at) => {
  const name = label[at];
  if (sort === SORT_TEXT) return [`${name}:`, ...value.split("\n").map((line) => `  ${line}`)].join("\n");
  if (sort === SORT_LIST) return [`${name}:`, ...value.map((item) => `– ${item}`)].join("\n");
  if (sort === SORT_TIME) return `${name}: ${printedTime(value)}`;
  if (sort === SORT_SPAN) return `${name}: ${printedTime(value[0])} – ${value.length === 2 ? printedTime(value[1]) : "…"}`;
  return `${name}: ${sort === SORT_CHOICE ? choices[value - 1][at] : value}`;
};

/** What a form and its values say in one of its languages. */
const printed = ({ languages, title, code, fields }, values, tongue) => {
  const at = languages.indexOf(tongue);
  const said = values.map(([place, value]) => printedField(fields[place - 1], value, at));
  return [`${title[at]} (${code})`, ...said].join("\n\n");
};

// --- Notes --------------------------------------------------------------------------------------------

const formOf = ({ form: id }, { forms }) => {
  if (id === undefined) return null;
  return forms.get(id) ?? foreign("A note by a form that its mandate does not list.");
};

const bookOf = ({ coded }, { books }) => {
  if (coded === undefined) return null;
  const [id, number] = coded;
  const book = books.get(id) ?? foreign("A coded note by a book that its mandate does not list.");
  const said = book.texts.find(([each]) => each === number);
  if (said === undefined) malformed(`A coded note whose number ${number} stands for nothing in its book.`);
  return { id, code: `${book.word} ${number}`, languages: book.languages, said: said[1] };
};

const textOf = (words, agreed) => {
  const [found, book] = [formOf(words, agreed), bookOf(words, agreed)];
  if (found === null) return book === null ? null : book.code;
  checkValues(found, words.values, true);
  if (!found.languages.includes(words.language)) malformed(`Form ${found.code} has no wording in the note's language.`);
  return printed(found, words.values, words.language);
};

/** Refuse a note of a form, or a coded one, that is not what its mandate agreed on. */
const checkAgreed = (note, words, agreed) => {
  const kind = words.coded === undefined ? (formOf(words, agreed)?.kind ?? 1) : CODED_NOTE;
  if (note.kind !== kind) malformed("A note whose kind is not that of its form.");
  const text = textOf(words, agreed);
  if (text !== null && words.text !== text) malformed("A note whose text is not what its form or code says.");
};

/** The same of what a briefing shows of a note. `shown`: [label, value] of each leaf that is shown. */
const checkShown = (note, shown, agreed) => {
  const leaves = shown.filter(([label]) => label === 11 || label === 12 || label === 13);
  const words = wordsOf([[1, 1], [2, "en"], ...leaves]);
  const [found, book] = [formOf(words, agreed), bookOf(words, agreed)];
  if ((found !== null && found.kind !== note.kind) || (book !== null && note.kind !== CODED_NOTE)) {
    malformed("A note whose kind is not that of its form.");
  }
  if (found !== null) checkValues(found, words.values, false);
};

/** The lines of mandate.txt and note.txt about them. */
const wordingRows = ({ forms, books }) => [
  ...[...forms].map(([id, { code, title }]) => `  form         ${code} ${plain(title[0])}, ${id}`),
  ...[...books].map(([id, { word, title }]) => `  code book    ${word} ${plain(title[0])}, ${id}`),
];

const agreedRows = (words, { agreed, mandate }) => {
  const [found, book, rows] = [formOf(words, agreed), bookOf(words, agreed), []];
  if (found !== null) {
    rows.push(`form       ${found.code}, ${words.form}`);
    for (const tongue of mandate.languages.filter((each) => each !== words.language)) {
      rows.push(`           in ${tongue}, from the same form and values:`);
      const lines = printed(found, words.values, tongue).split("\n");
      rows.push(...lines.map((row) => `             | ${plain(row)}`));
    }
  }
  if (book !== null) {
    rows.push(`code       ${book.code}, ${book.id}; by the mandate it stands for:`);
    const said = (tongue) => book.said[book.languages.indexOf(tongue)];
    rows.push(...mandate.languages.map((tongue) => `           ${tongue}: ${plain(said(tongue))}`));
  }
  return rows;
};

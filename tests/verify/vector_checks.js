// What the second verifier puts the vectors in tests/vectors/ through: the checks of tests/vectors/check.py that need
// no secret. Part of the page under test only.

const officesOf = async (given) => {
  const offices = new Map();
  for (const each of given.credentials) {
    const office = await readOffice(fromHex(each));
    offices.set(office.id, office);
  }
  return offices;
};

const signedOf = async (given) => readSigned(fromHex(given.signed));
const officeOf = async (given) => readOffice(fromHex(given.credential));

const CHECKS = {
  cbor: async (given) => void decode(fromHex(given.bytes), 1 << 20),
  "ed25519 key": async (given) => void checkSigningKey(given.key),
  "ed25519 signature": async (given) =>
    void (await verifySignature(given.key, fromHex(given.signature), fromHex(given.message))),
  "sealing key": async (given) => void checkSealingKey(given.key),
  digits: async (given) => ({ digits: await digits(given.what, given.id, given.count) }),
  merkle: async (given) => ({ root: await bodyRoot(fromHex(given.seed), decode(fromHex(given.leaves), 1 << 20)) }),
  signed: async (given) => {
    const signed = await signedOf(given);
    await signed.verify();
    const [kind, realm] = signed.statement.parts;
    return { id: signed.id, kind, realm };
  },
  office: async (given) => {
    const office = await officeOf(given);
    const roster = office.rosters.length;
    return { id: office.id, name: office.name, roster, digits: await digits("office", office.id, 30) };
  },
  mandate: async (given) => {
    const papers = [];
    for (const each of given.papers) papers.push(await readSigned(fromHex(each)));
    const { id, complete } = await readAgreement(await signedOf(given), await officesOf(given), papers);
    return { id, digits: await digits("mandate", id, 60), complete };
  },
  act: async (given) => {
    const [signed, office] = [await signedOf(given), await officeOf(given)];
    const act = signed.statement.read("an act", ACT, ACT_FIELDS, office.realm);
    await checkSigner(signed, act, office, given.automatic, given.words_need);
    checkConsent(act);
    return { id: signed.id, type: act.type };
  },
  beside: async (given) => {
    const agreement = await readAgreement(await readSigned(fromHex(given.mandate)), await officesOf(given), []);
    const signed = await signedOf(given);
    const act = signed.statement.read("an act", ACT, ACT_FIELDS);
    const office = agreement.offices.get(act.author);
    await checkSigner(signed, act, office, false, wordsNeed(act, office, agreement));
    checkBeside(signed, act, office, agreement);
    const { language, text, corrects, madeWith } = await readBeside(fromHex(given.inside), act.evidence);
    return { language, text, corrects, made_with: madeWith };
  },
  note: async (given) => {
    const opened = await readInside(fromHex(given.inside));
    const names = await verifyRelease(opened, await officeOf(given));
    const { id } = opened.signed;
    return { id, digits: await digits("note", id, 20), text: opened.words.text, released_by: names };
  },
  form: async (given) => {
    const raw = fromHex(given.bytes);
    const { code, title } = readForm(raw);
    return { id: await sha256(raw), code, title };
  },
  "code book": async (given) => {
    const raw = fromHex(given.bytes);
    const { word, texts } = readBook(raw);
    return { id: await sha256(raw), word, numbers: texts.map(([number]) => number) };
  },
  extract: async (given) => ({ rows: reportRows(await checkExtracts([fromHex(given.bytes)], await officeOf(given))) }),
  agreed: async (given) => {
    const statement = await Statement.of(fromHex(given.mandate));
    const mandate = statement.read("a mandate", MANDATE, MANDATE_FIELDS);
    const agreed = await readAgreed(mandate);
    const opened = await readInside(fromHex(given.inside));
    await verifyRelease(opened, await officeOf(given));
    checkAgreed(opened.note, opened.words, agreed);
    return { kind: opened.note.kind, rows: agreedRows(opened.words, { agreed, mandate }) };
  },
  entry: async (given) => {
    const [signed, office] = [await signedOf(given), await officeOf(given)];
    const entry = await verifyEntry(signed, fromHex(given.salt), fromHex(given.body), given.line, office);
    return { id: signed.id, number: entry.number };
  },
  "service traffic": async (given) => {
    const { id, content } = await verifyTraffic(given.kind, fromHex(given.body), given.line, await officeOf(given));
    return given.kind === TEST ? { id, step: content.step } : { id, words: content.words };
  },
  confirmed: async (given) => {
    const found = await verifyConfirmed(await signedOf(given), given.line, await officeOf(given));
    return { office: found.office };
  },
};

/** [verdict, result] of a vector, or null where its check is none of a verifier's. */
const judgeVector = async ({ check, input }) => {
  if (!(check in CHECKS)) return null;
  try {
    return ["accepted", (await CHECKS[check](input)) ?? null];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return [error.sort, null];
  }
};

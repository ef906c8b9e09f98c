// Checkpoints (format.md §8.2): a writer's signature over its chain so far, cosigned by the other office.

const CHECKPOINT_TEXT = /^(goodoffices\/[0-9a-f]{32})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n$/;
// A key's name holds neither + nor any blank, by number.
const SIGNATURE_LINE =
  /^— ([^+\t-\r\u001c- \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{1,200}) ([A-Za-z0-9+/]{1,8000}={0,2})$/u;
const VERIFIER_KEY =
  /^([^+\t-\r\u001c- \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u;
const [BY_WRITER, BY_COSIGNER] = [1, 4];

const fromBase64 = (text) => {
  if (text.length % 4 !== 0) malformed("Not a signature line of a note.");
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
};

const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

const named = async (mark, ...ids) => {
  const digest = await sha256(join(utf8(mark), ...ids.map(fromHex)));
  return `goodoffices/${short(digest)}`;
};

const readSignatureLines = (text) => {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.length > 64) malformed("Too many signature lines, or the last one is cut.");
  return lines.map((line) => {
    const found = SIGNATURE_LINE.exec(line);
    if (found === null) malformed("Not a signature line of a note.");
    const raw = fromBase64(found[2]);
    if (raw.length < 5) malformed("Not a signature line of a note.");
    return { name: found[1], key: hex(raw.subarray(0, 4)), blob: raw.slice(4), raw };
  });
};

/** Decode a checkpoint; nothing is verified yet. */
const readCheckpoint = (raw) => {
  const value = decode(raw, 120_000);
  if (!Array.isArray(value) || value.length !== 9 || value[0] !== "GO1 checkpoint") malformed("Not a checkpoint.");
  const [, line, writer, incarnation, roster, note, mldsa65, cosigners, stamps] = value;
  const sized = [[line, 32], [writer, 32], [incarnation, 16], [mldsa65, 3309]];
  if (!sized.every(([each, size]) => isBytes(each) && each.length === size)) malformed("Its tree or signature.");
  if (!isInt(roster) || typeof note !== "string") malformed("Its roster or note has the wrong form.");
  if (!Array.isArray(cosigners) || cosigners.length > 4) malformed("Its cosigners have the wrong form.");
  if (!Array.isArray(stamps) || stamps.length > 8) malformed("Its time stamps have the wrong form.");
  if (!stamps.every((each) => isBytes(each) && each.length <= 16_000)) malformed("Its time stamps are too long.");
  const end = note.indexOf("\n\n");
  const found = end < 0 ? null : CHECKPOINT_TEXT.exec(note.slice(0, end + 1));
  if (found === null) malformed("A checkpoint's note is not origin, size and root.");
  return {
    line: hex(line),
    writer: hex(writer),
    incarnation: hex(incarnation),
    roster,
    origin: found[1],
    size: BigInt(found[2]),
    root: hex(fromBase64(found[3])),
    text: utf8(found[0]),
    lines: readSignatureLines(note.slice(end + 2)),
    mldsa65,
    cosigners: cosigners.map(readCosigner),
    stamps: stamps.length,
  };
};

const readCosigner = (value) => {
  const shaped = Array.isArray(value) && value.length === 3 && isBytes(value[0]) && isBytes(value[2]);
  if (!shaped || value[0].length !== 32 || !isInt(value[1])) malformed("A checkpoint's cosigner has the wrong form.");
  return { office: hex(value[0]), roster: value[1], mldsa65: value[2] };
};

const checkpointKeys = (office, version) => {
  const { checkpoint, checkpointMldsa65 } = office.requireRoster(version);
  if (checkpoint === null || checkpointMldsa65 === null) {
    wrongSigner(`${office.name}'s roster ${version} lists no key for checkpoints.`);
  }
  return [checkpoint, checkpointMldsa65];
};

/** What stands on the one signature line of a key. */
const blobOf = async ({ lines }, name, type, key, size) => {
  const id = (await sha256(join(utf8(`${name}\n`), new Uint8Array([type]), fromHex(key)))).slice(0, 8);
  const found = lines.filter((line) => line.name === name && line.key === id);
  if (found.length !== 1 || found[0].blob.length !== size) wrongSigner("Not one signature line of that key.");
  return found[0].blob;
};

const verifyByWriter = async (checkpoint, office) => {
  const { line, writer, incarnation, origin, roster, text, mldsa65 } = checkpoint;
  if (origin !== (await named("GO1 origin", line, writer, incarnation))) foreign("Of another tree than it says.");
  const [ed25519, postQuantum] = checkpointKeys(office, roster);
  await verifySignature(ed25519, await blobOf(checkpoint, origin, BY_WRITER, ed25519, 64), text);
  verifyPostQuantum(postQuantum, mldsa65, text);
};

/** {name, id, key} of a witness from its verifier key, NAME+ID+KEY (C2SP signed-note); null if it is none. */
const readWitness = (text) => {
  const found = VERIFIER_KEY.exec(text);
  if (found === null) return null;
  const raw = Uint8Array.from(atob(found[3]), (char) => char.charCodeAt(0));
  if (raw.length !== 33 || raw[0] !== BY_COSIGNER) return null;
  const [name, id, key] = [found[1], found[2], hex(raw.subarray(1))];
  if (hex(noble.sha256(join(utf8(`${name}\n`), raw))).slice(0, 8) !== id) return null;
  try {
    admitSigningKey(key);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return null;
  }
  return { name, id, key };
};

/** When the key called `name` cosigned, in seconds as they stand there. */
const verifyCosignature = async (checkpoint, name, key) => {
  const blob = await blobOf(checkpoint, name, BY_COSIGNER, key, 72);
  const seconds = BigInt(`0x${hex(blob.subarray(0, 8))}`);
  if (seconds * 1000n > form.MAX_TIME) malformed("A cosignature of a time that no calendar has.");
  const message = join(utf8(`cosignature/v1\ntime ${seconds}\n`), checkpoint.text);
  await verifySignature(key, blob.subarray(8), message);
  return [seconds, message];
};

/** Which trusted witnesses cosigned, and when; those whose cosignature does not hold are findings. */
const judgeWitnesses = async (checkpoint, witnesses, findings, where) => {
  const seenBy = [];
  for (const { name, id, key } of witnesses) {
    if (!checkpoint.lines.some((line) => line.name === name && line.key === id)) continue;
    const { value, error } = await outcome(() => verifyCosignature(checkpoint, name, key));
    const expected = `a cosignature by the witness ${name}, whose key is trusted`;
    if (error) findings.add(where, "witness", expected, error.message);
    else seenBy.push([name, Number(value[0] * 1000n)]);
  }
  return seenBy;
};

/** When `office` cosigned, in milliseconds; refused unless it did with both of its keys. */
const verifyByCosigner = async (checkpoint, office) => {
  const { roster, mldsa65 } = checkpoint.cosigners.find((each) => each.office === office.id);
  const [ed25519, postQuantum] = checkpointKeys(office, roster);
  const name = await named("GO1 cosigner", checkpoint.line, office.id);
  const [seconds, message] = await verifyCosignature(checkpoint, name, ed25519);
  verifyPostQuantum(postQuantum, mldsa65, message);
  return seconds * 1000n;
};

/** A checkpoint of `line` whose signatures all hold. `ends`: its two offices by ID. */
const verifyCheckpoint = async (raw, line, ends) => {
  const checkpoint = readCheckpoint(raw);
  const writer = ends.get(checkpoint.writer);
  if (!writer || checkpoint.line !== line) foreign("A checkpoint of another line or another office.");
  await verifyByWriter(checkpoint, writer);
  checkpoint.cosigned = [];
  const names = new Set([checkpoint.origin]);
  for (const { office: id } of checkpoint.cosigners) {
    const office = ends.get(id);
    if (!office || office === writer) foreign("It is cosigned by an office that is not the other end of its line.");
    checkpoint.cosigned.push([id, await verifyByCosigner(checkpoint, office)]);
    names.add(await named("GO1 cosigner", line, id));
  }
  checkpoint.witnesses = checkpoint.lines.map(({ name }) => name).filter((name) => !names.has(name));
  return checkpoint;
};

/** The signed note, as it lies beside a checkpoint. */
const noteOf = ({ text, lines }) =>
  `${fromUtf8(text)}\n${lines.map(({ name, raw }) => `— ${name} ${toBase64(raw)}\n`).join("")}`;

// --- over entries -------------------------------------------------------------------------------------

const hashOf = (...parts) => noble.sha256(join(...parts));
const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

/** A tree that grows, by the roots of its full subtrees. */
class Tree {
  constructor() {
    this.size = 0;
    this.roots = [];
  }

  add(id) {
    let found = hashOf(LEAF, fromHex(id));
    for (let size = this.size; size % 2 === 1; size = (size - 1) / 2) found = hashOf(NODE, this.roots.pop(), found);
    this.roots.push(found);
    this.size++;
  }

  root() {
    if (this.roots.length === 0) return hex(hashOf());
    return hex(this.roots.reduceRight((right, left) => hashOf(NODE, left, right)));
  }
}

/** Hold the checkpoints of a line against its entries. */
const checkCheckpoints = async (findings, line) => {
  const trees = new Map();
  const sorted = [...line.checkpoints].sort(
    (a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : compareText(a.where, b.where)),
  );
  for (const each of sorted) pushTo(trees, `${each.writer} ${each.incarnation}`, each);
  const chains = new Map(); // by writer and incarnation: IDs by number; of two in one place the lesser
  for (const [writer, links] of trees.size > 0 ? line.links : []) {
    for (const { incarnation, number, id } of links) {
      const spot = `${writer} ${incarnation}`;
      if (!chains.has(spot)) chains.set(spot, new Map());
      const ids = chains.get(spot);
      if (!(ids.get(number) <= id)) ids.set(number, id);
    }
  }
  for (const [spot, checkpoints] of trees) {
    const ids = chains.get(spot) ?? new Map();
    const tree = new Tree();
    for (const { size, root, where } of checkpoints) {
      while (tree.size < size && ids.has(tree.size + 1)) {
        tree.add(ids.get(tree.size + 1));
        if (tree.size % 4096 === 0) await breathe();
      }
      if (tree.size < size) {
        const expected = `the entries 1 to ${size}, over which this checkpoint was signed`;
        const found = `entry ${tree.size + 1} is not in this record: the record was cut`;
        findings.add(where, "checkpoint-cut", expected, found);
      } else if (tree.root() !== root) {
        const expected = `a checkpoint over the entries 1 to ${size} of this record`;
        const found = "one over other entries: it extends no checkpoint that is";
        const others = checkpoints.slice(0, 5).flatMap((each) => (each.where === where ? [] : [each.where]));
        findings.add(where, "checkpoint-root", expected, found, { beside: others.slice(0, 4) });
      }
    }
  }
};

/** What is under no checkpoint that the other office cosigned. */
const remarkCheckpoints = (findings, record, line) => {
  if (line.checkpoints.length === 0) return;
  const covered = new Map();
  for (const { writer, incarnation, size } of line.checkpoints.filter(({ cosigned }) => cosigned.length > 0)) {
    const spot = `${writer} ${incarnation}`;
    if (size > (covered.get(spot) ?? 0)) covered.set(spot, size);
  }
  for (const office of line.offices) {
    const waiting = line.links
      .get(office)
      .filter(({ incarnation, number }) => number > (covered.get(`${office} ${incarnation}`) ?? 0)).length;
    if (waiting > 0) {
      const entries = waiting === 1 ? "1 entry" : `${waiting} entries`;
      findings.remarks.push(
        `${line.folder}: ${entries} of ${record.name(office)} under no checkpoint that the other office cosigned.`,
      );
    }
  }
};

/** What each trusted witness had seen of each chain, at most; and how much none of them had. */
const remarkWitnesses = (findings, record, line) => {
  if (record.witnesses.length === 0) return;
  const furthest = new Map();
  const sorted = [...line.checkpoints].sort(
    (a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : compareText(a.where, b.where)),
  );
  for (const { writer, incarnation, size, seenBy } of sorted) {
    const spot = `${writer} ${incarnation}`;
    if (!furthest.has(spot)) furthest.set(spot, new Map());
    for (const [name, at] of seenBy) furthest.get(spot).set(name, [size, at]);
  }
  for (const office of line.offices) {
    const who = record.name(office);
    const numbers = new Map(); // by incarnation
    for (const { incarnation, number } of line.links.get(office)) pushTo(numbers, incarnation, number);
    let unseen = 0;
    for (const incarnation of [...numbers.keys()].sort()) {
      const seen = [...(furthest.get(`${office} ${incarnation}`) ?? [])].sort(([a], [b]) => compareText(a, b));
      for (const [name, [size, at]] of seen) {
        findings.remarks.push(
          `${line.folder}: the witness ${name} saw ${who}'s entries 1 to ${size} of chain ${incarnation}, ${zulu(at)}.`,
        );
      }
      const most = seen.reduce((known, [, [size]]) => (size > known ? size : known), 0);
      unseen += numbers.get(incarnation).filter((number) => number > most).length;
    }
    if (unseen > 0) {
      const entries = unseen === 1 ? "1 entry" : `${unseen} entries`;
      findings.remarks.push(`${line.folder}: ${entries} of ${who} under no checkpoint that a trusted witness saw.`);
    }
  }
};

/** checkpoints.txt: what stands under a checkpoint, and what still waits for what. */
const checkpointsText = (record, line) => {
  const newest = new Map();
  for (const each of line.checkpoints) {
    const spot = `${each.writer} ${each.incarnation}`;
    const known = newest.get(spot);
    if (!known || known.size < each.size || (known.size === each.size && known.root < each.root)) newest.set(spot, each);
  }
  const rows = [`CHECKPOINTS of the line ${line.id}`];
  for (const office of line.offices) {
    rows.push("", plain(record.name(office)));
    const counts = new Map();
    for (const { incarnation } of line.links.get(office)) counts.set(incarnation, (counts.get(incarnation) ?? 0) + 1);
    for (const incarnation of [...counts.keys()].sort()) {
      const count = counts.get(incarnation);
      rows.push(`  chain ${incarnation}: ${count} entries`);
      rows.push(...checkpointRows(record, newest.get(`${office} ${incarnation}`) ?? null, count));
    }
  }
  return `${rows.join("\n")}\n`;
};

const checkpointRows = (record, newest, count) => {
  const rows = [];
  if (newest !== null) {
    rows.push(`    1 to ${newest.size}: under a checkpoint, root ${newest.root}`, `      ${newest.where}`);
    for (const [who, at] of newest.cosigned) {
      rows.push(`      cosigned by ${plain(record.name(who))}, ${zulu(Number(at))}`);
    }
    if (newest.cosigned.length === 0) rows.push("      waits for the other office's cosignature");
    rows.push(...newest.witnesses.map((name) => `      witnessed by the key called ${plain(name)}`));
    rows.push(newest.stamps > 0 ? `      time stamps: ${newest.stamps}` : "      no time stamp");
  }
  const covered = newest !== null && newest.size < count ? Number(newest.size) : newest === null ? 0 : count;
  if (covered < count) rows.push(`    ${covered + 1} to ${count}: waits for the next checkpoint`);
  return rows;
};

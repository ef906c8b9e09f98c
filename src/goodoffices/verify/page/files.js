// The files of an export, by the list that its manifest signs (export.md §1, §2): each read once, through the
// list, with its hash. A signed file is read whole, up to a bound; a text is compared as it streams by.
//
// A source has `files` (path: {size, read(most), pieces()}), `folders` (paths) and `odd` (paths of what is
// neither). Sources are made in places.js and archive.js.

const LIST = "files.sha256";
const MANIFEST = "manifest.cbor";
const TRACES = [MANIFEST, LIST, "README.txt", "record.txt", "offices", "channels", "lines"];
const LIST_LINE = /^([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._/-]*)\n$/;

const looksLikeExport = ({ files, folders, odd }) =>
  TRACES.some((path) => files.has(path) || folders.has(path) || odd.has(path));

/** [path, hash] of a line of the list, or null. */
const readListLine = (bytes) => {
  const found = LIST_LINE.exec(String.fromCharCode(...bytes));
  const fits = found && found[2].split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return fits ? [found[2], found[1]] : null;
};

/** Lines of at most `most` bytes, their ends included; what is longer comes in pieces. */
async function* linesOf(pieces, most) {
  let rest = new Uint8Array(0);
  for await (const piece of pieces) {
    let whole = rest.length > 0 ? join(rest, piece) : piece;
    while (whole.length > 0) {
      const end = whole.subarray(0, most).indexOf(10) + 1;
      if (end === 0 && whole.length < most) break;
      yield whole.subarray(0, end || most);
      whole = whole.subarray(end || most);
    }
    rest = whole;
  }
  if (rest.length > 0) yield rest;
}

const clip = (bytes) => {
  const shown = new TextDecoder().decode(bytes.subarray(0, 120)).replace(/\n+$/, "");
  return bytes.length > 0 ? `'${shown}'` : "nothing";
};

class Files {
  constructor(source, findings, progress) {
    Object.assign(this, { source, findings, progress });
    this.listed = new Map();
    this.paths = [];
    this.used = new Set();
    this.changed = new Set(); // what was read and is not what the list names
    this.textsKnown = true; // if not, only the hashes of texts are looked at
  }

  /** A file that no list covers: the manifest. Null where it cannot be read. */
  async first(path) {
    const raw = await this.whole(path);
    return raw === null ? null : raw.subarray(0, MAX_FILE);
  }

  // --- what is there ------------------------------------------------------------------------------------

  /** Read the list and hold it against what is there. `expected`: the hash that is signed, or null. */
  async takeList(expected) {
    const hash = noble.sha256.create();
    const about = (kind, should, found) => this.findings.add(LIST, kind, should, found);
    let last = "";
    const take = (line) => {
      hash.update(line);
      const found = readListLine(line);
      if (found === null) return about("list-line", "lines of a SHA-256 and a path", "Not a line of a list of files.");
      const [path, digest] = found;
      if (path <= last || path === LIST || path === MANIFEST) {
        about("list-order", "paths in ascending order, each once", `${path} is out of place`);
      }
      last = path;
      this.listed.set(path, digest);
    };
    await this.reading(LIST, async (file) => {
      for await (const line of linesOf(file.pieces(), 600)) take(line);
    });
    const found = hex(hash.digest());
    if (expected !== null && found !== expected) about("list-hash", `the list that the manifest signs, ${expected}`, found);
    this.paths = [...this.listed.keys()].sort();
    this.compareWithSource();
  }

  compareWithSource() {
    const { files, folders, odd } = this.source;
    const needed = new Set();
    for (const path of this.paths) {
      for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) needed.add(path.slice(0, at));
    }
    const extra = (path, what) => this.findings.add(path, "extra", "only files that the list names", what);
    for (const path of files.keys()) {
      if (path !== MANIFEST && path !== LIST && !this.listed.has(path)) extra(path, "a file that is not in the list");
    }
    for (const path of folders) {
      if (!needed.has(path)) extra(path, "a folder that nothing in the list lies in");
    }
    for (const path of odd) {
      this.findings.add(path, "no-plain-file", "a plain file", "a link, device, pipe or socket; not followed");
    }
    for (const path of this.paths.filter((each) => !files.has(each))) {
      this.findings.add(path, "missing", "a file, as the list names it", "it is missing");
      this.used.add(path);
    }
  }

  // --- reading ------------------------------------------------------------------------------------------

  under(prefix) {
    let [low, high] = [0, this.paths.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.paths[middle] < prefix) low = middle + 1;
      else high = middle;
    }
    const found = [];
    for (; low < this.paths.length && this.paths[low].startsWith(prefix); low++) found.push(this.paths[low]);
    return found;
  }

  /** The folders right below `top`. */
  foldersOf(top) {
    const below = this.under(`${top}/`).map((path) => path.split("/"));
    return [...new Set(below.filter((parts) => parts.length > 2).map((parts) => parts.slice(0, 2).join("/")))].sort();
  }

  digestOf(path) {
    return this.listed.get(path) ?? null;
  }

  /** A listed signed file, its hash checked; null where it is not listed or cannot be read. */
  async read(path, most = MAX_FILE) {
    if (!this.listed.has(path) || this.used.has(path)) return null;
    this.use(path);
    const raw = await this.whole(path, most);
    if (raw === null) return null;
    if (raw.length > most) {
      const expected = `a signed file of at most ${most} bytes`;
      this.findings.add(path, "too-large", expected, "a larger one; it was not read");
      return null;
    }
    this.checkHash(path, await sha256(raw));
    return raw;
  }

  checkHash(path, found) {
    const expected = this.listed.get(path);
    if (found === expected) return;
    this.changed.add(path);
    this.findings.add(path, "hash", `the file with SHA-256 ${expected}`, found);
  }

  /**
   * A listed text, byte for byte what it should be. `texts`: what it should be, in pieces. `known`: whether what it
   * is made from holds; if not, only its hash is looked at.
   */
  async compare(path, texts, known = true) {
    if (!this.listed.has(path)) {
      const expected = "this text, as it follows from the signed bytes";
      this.findings.add(path, "no-text", expected, "it is not in the list");
      return;
    }
    if (this.used.has(path)) return;
    if (!known || !this.textsKnown) return this.hashAlone(path);
    this.use(path);
    const hash = noble.sha256.create();
    let difference = null;
    const whole = await this.reading(path, async (file) => {
      difference = await firstDifference(file.pieces(), texts, hash);
    });
    if (!whole) difference ??= [1, new Uint8Array(0), new Uint8Array(0)];
    if (difference === null) {
      this.checkHash(path, hex(hash.digest()));
    } else {
      const [number, should, there] = difference;
      this.findings.add(path, "text", `line ${number}, made from the signed bytes: ${clip(should)}`, clip(there));
    }
  }

  /** Only that every listed file has its hash: all that can be said without a manifest. */
  async hashes() {
    for (const path of this.paths.filter((each) => !this.used.has(each))) await this.hashAlone(path);
  }

  async hashAlone(path) {
    this.use(path);
    const hash = noble.sha256.create();
    await this.reading(path, async (file) => {
      for await (const piece of file.pieces()) hash.update(piece);
    });
    this.checkHash(path, hex(hash.digest()));
  }

  /** Listed files that have no place in an export. */
  leftovers() {
    for (const path of this.paths.filter((each) => !this.used.has(each))) {
      const expected = "only files that an export has";
      this.findings.add(path, "belongs-to-nothing", expected, "a file that belongs to nothing in it");
    }
  }

  use(path) {
    this.used.add(path);
    this.progress?.(this.used.size, this.paths.length);
  }

  async whole(path, most = MAX_FILE) {
    let raw = null;
    await this.reading(path, async (file) => {
      raw = await file.read(most + 1);
    });
    return raw;
  }

  /** Whether `use` got through a file; what goes wrong is a finding. */
  async reading(path, use) {
    const file = this.source.files.get(path);
    if (!file && !this.source.folders.has(path) && !this.source.odd.has(path)) {
      this.findings.add(path, "missing", "this file, which every export has", "it is missing");
      return false;
    }
    try {
      if (!file) throw new Error("It is no plain file.");
      await use(file);
      return true;
    } catch (error) {
      if (error instanceof Refused) throw error;
      this.findings.add(path, "unreadable", "a file that can be read", String(error.message ?? error));
      return false;
    }
  }
}

/** [line number, expected, found] where a file first differs from texts; null if it does not. */
const firstDifference = async (pieces, texts, hash) => {
  const source = pieces[Symbol.asyncIterator]();
  let [piece, at, number] = [new Uint8Array(0), 0, 1];
  const more = async () => {
    while (at >= piece.length) {
      const { value, done } = await source.next();
      if (done) return false;
      [piece, at] = [value, 0];
      hash.update(value);
    }
    return true;
  };
  for (const text of texts) {
    const should = utf8(text);
    let [done, begin] = [0, 0];
    while (done < should.length) {
      const there = await more();
      const room = there ? Math.min(should.length - done, piece.length - at) : 0;
      let same = 0;
      for (; same < room && should[done + same] === piece[at + same]; same++) {
        if (should[done + same] === 10) [number, begin] = [number + 1, done + same + 1];
      }
      done += same;
      at += same;
      if (same < room || !there) {
        const from = Math.max(0, at - (done - begin));
        await source.return?.();
        return [number, lineFrom(should, begin), there ? lineFrom(piece, from) : new Uint8Array(0)];
      }
    }
  }
  return (await more()) ? [number, new Uint8Array(0), lineFrom(piece, at)] : null;
};

const lineFrom = (bytes, from) => {
  const end = bytes.indexOf(10, from);
  return bytes.subarray(from, end < 0 ? bytes.length : end);
};

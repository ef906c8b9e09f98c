// Where exports come from: a folder or an archive that was dropped on the page or chosen.

class GivenFile {
  constructor(file) {
    this.file = file;
  }

  async *pieces() {
    if (this.file.size <= MAX_FILE) {
      yield await this.read(MAX_FILE + 1); // in one piece: a stream takes longer to set up
      return;
    }
    const reader = this.file.stream().getReader();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        yield value;
      }
    } finally {
      reader.cancel().catch(() => null);
    }
  }

  async read(most) {
    // Cutting a file takes the browser longer than reading it.
    const part = this.file.size <= most ? this.file : this.file.slice(0, most);
    return new Uint8Array(await part.arrayBuffer());
  }
}

const newSource = () => ({ files: new Map(), folders: new Set(), odd: new Set() });

/** A folder that was chosen. The browser tells files only: empty folders and links do not show. */
const chosenSource = (files) => {
  const source = newSource();
  for (const file of files) source.files.set(file.webkitRelativePath.split("/").slice(1).join("/"), new GivenFile(file));
  addParents(source);
  return source;
};

const walkHandle = async (source, handle, path) => {
  for await (const [name, inner] of handle.entries()) {
    const place = path === "" ? name : `${path}/${name}`;
    if (inner.kind === "directory") {
      source.folders.add(place);
      await walkHandle(source, inner, place);
    } else {
      source.files.set(place, new GivenFile(await inner.getFile()));
    }
  }
};

const walkEntry = async (source, entry, path) => {
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const inner of some) {
      const place = path === "" ? inner.name : `${path}/${inner.name}`;
      if (inner.isDirectory) {
        source.folders.add(place);
        await walkEntry(source, inner, place);
      } else {
        const file = await new Promise((resolve, reject) => inner.file(resolve, reject));
        source.files.set(place, new GivenFile(file));
      }
    }
  }
};

/** What was dropped, one record or two, as a function that gives their names and sources: the browser shows it
 *  only while the drop lasts. */
const droppedSources = (transfer) => {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  if (items.length > 2) return async () => [];
  const dropped = items.map((item) => [item.getAsFileSystemHandle?.(), item.webkitGetAsEntry?.(), item.getAsFile()]);
  return async () => {
    const given = [];
    for (const [handle, entry, file] of dropped) {
      const source = newSource();
      const held = await handle?.catch(() => null);
      const name = held?.name ?? entry?.name ?? file?.name ?? "";
      if (held?.kind === "directory") await walkHandle(source, held, "");
      else if (!held && entry?.isDirectory) await walkEntry(source, entry, "");
      else if (file) {
        given.push({ name, source: await archiveSource(file) });
        continue;
      }
      given.push({ name, source });
    }
    return given;
  };
};

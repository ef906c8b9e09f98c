# SPDX-License-Identifier: Apache-2.0
"""Reading an export's folder: every file that the list names, with its hash, and nothing else.

Files are opened one at a time and never through a link. A signed file is read whole, up to a bound; a
text is compared line by line; so memory does not grow with the size of a file. What is wrong with the
folder goes to ``find``; nothing here raises because of what a folder holds.
"""

from __future__ import annotations

import hashlib
import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator
from io import BufferedReader, BytesIO
from itertools import chain, zip_longest
from pathlib import Path
from typing import TypeVar

from goodoffices.core.errors import Malformed
from goodoffices.core.record.findings import Flaw
from goodoffices.core.record.manifest import (
    LIST,
    MANIFEST,
    MAX_FILE,
    MAX_LIST_LINE,
    README,
    RECORD,
    read_list_line,
)

Find = Callable[[str, Flaw, str, str], None]

T = TypeVar("T")

_TRACES = (MANIFEST, LIST, README, RECORD, "offices", "channels", "lines")
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_PIECE = 1 << 16


def shown(path: str) -> str:
    """A path as it can be printed, whatever bytes the file system gave."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def looks_like_export(root: Path) -> bool:
    """Whether a folder holds any trace of an export."""
    try:
        return root.is_dir() and any(os.path.lexists(root / each) for each in _TRACES)
    except OSError:
        return False


class Folder:
    """The files of an export, by the list that its manifest signs."""

    def __init__(self, root: Path, find: Find) -> None:
        self._root, self._find = root, find
        self._place = os.fspath(root)
        self._listed: dict[str, bytes] = {}
        self._paths: list[str] = []
        self._used: set[str] = set()
        self.changed: set[str] = set()
        """Files that were read and are not those that the list names."""
        self.texts_known = True
        """Whether this version knows how every text reads. If not, only their hashes are looked at."""

    # --- what is there ---------------------------------------------------------------------------------

    def first(self, path: str) -> bytes | None:
        """A file that no list covers (the manifest); None if it cannot be read."""
        raw = self._whole(path)
        return raw[:MAX_FILE] if raw is not None else None

    def take_list(self, expected: bytes | None) -> None:
        """Read the list and hold it against what is in the folder. ``expected``: the hash that is signed."""
        found, last = hashlib.sha256(), ""
        for line in self._lines(LIST, MAX_LIST_LINE):
            found.update(line)
            try:
                path, digest = read_list_line(line)
            except Malformed as error:
                self._find(LIST, Flaw.LIST_LINE, "lines of a SHA-256 and a path", error.what)
                continue
            if path <= last or path in (LIST, MANIFEST):
                self._find(
                    LIST, Flaw.LIST_ORDER, "paths in ascending order, each once", f"{path} is out of place"
                )
            last = path
            self._listed[path] = digest
        if expected is not None and found.digest() != expected:
            self._find(
                LIST, Flaw.LIST_HASH, f"the list that the manifest signs, {expected.hex()}", found.hexdigest()
            )
        self._paths = sorted(self._listed)
        self._compare()

    def _compare(self) -> None:
        folders = set()
        for path in self._paths:
            parent = path.rpartition("/")[0]
            while parent and parent not in folders:
                folders.add(parent)
                parent = parent.rpartition("/")[0]
        there = set()
        for path, is_folder in self._walk():
            if not is_folder:
                there.add(path)
            if path not in (folders if is_folder else {MANIFEST, LIST}) and (
                is_folder or path not in self._listed
            ):
                what = (
                    "a folder that nothing in the list lies in"
                    if is_folder
                    else "a file that is not in the list"
                )
                self._find(shown(path), Flaw.EXTRA, "only files that the list names", what)
        for path in self._paths:
            if path not in there:
                self._find(path, Flaw.MISSING, "a file, as the list names it", "it is missing")
                self._used.add(path)

    def _walk(self) -> Iterator[tuple[str, bool]]:
        """(path, whether it is a folder) of everything below; links and devices are findings."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self._root / folder) as entries:
                    found = sorted(
                        (entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in entries
                    )
            except (OSError, ValueError) as error:
                self._find(shown(folder), Flaw.UNREADABLE, "a folder that can be read", str(error))
                continue
            for name, mode in found:
                path = f"{folder}/{name}" if folder else name
                if stat.S_ISDIR(mode):
                    waiting.append(path)
                if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                    yield path, stat.S_ISDIR(mode)
                else:
                    self._find(
                        shown(path),
                        Flaw.NO_PLAIN_FILE,
                        "a plain file",
                        "a link, device, pipe or socket; not followed",
                    )

    # --- reading ---------------------------------------------------------------------------------------

    def under(self, prefix: str) -> list[str]:
        """The listed paths that begin with ``prefix``, in order."""
        at = end = bisect_left(self._paths, prefix)
        while end < len(self._paths) and self._paths[end].startswith(prefix):
            end += 1
        return self._paths[at:end]

    def folders(self, top: str) -> list[str]:
        """The folders right below ``top``."""
        return sorted(
            {"/".join(path.split("/")[:2]) for path in self.under(f"{top}/") if path.count("/") > 1}
        )

    def digest(self, path: str) -> bytes | None:
        """The SHA-256 that the list gives for a path."""
        return self._listed.get(path)

    def took(self, path: str, found: bytes) -> bool:
        """A file that somebody has read already, with this SHA-256; False if it is not listed."""
        if path not in self._listed or path in self._used:
            return path in self._used
        self._used.add(path)
        self._hash(path, found)
        return True

    def read(self, path: str, raw: bytes | None = None, *, limit: int = MAX_FILE) -> bytes | None:
        """A listed signed file, hash checked; None if it is not listed or cannot be read.

        ``raw``: its bytes, where somebody has read them already.
        """
        if path not in self._listed or path in self._used:
            return None
        self._used.add(path)
        raw = self._whole(path, limit) if raw is None else raw
        if raw is not None and len(raw) > limit:
            self._find(
                path,
                Flaw.TOO_LARGE,
                f"a signed file of at most {limit} bytes",
                "a larger one; it was not read",
            )
            return None
        if raw is not None:
            self._hash(path, hashlib.sha256(raw).digest())
        return raw

    def _hash(self, path: str, found: bytes) -> None:
        if found != self._listed[path]:
            self.changed.add(path)
            self._find(path, Flaw.HASH, f"the file with SHA-256 {self._listed[path].hex()}", found.hex())

    def compare(self, path: str, expected: Iterable[bytes], *, known: bool = True) -> None:
        """A listed text, byte for byte what it should be; names the first line that is not.

        ``known``: whether what it is made from holds. If not, only its hash is looked at.
        """
        if path not in self._listed:
            self._find(
                path, Flaw.NO_TEXT, "this text, as it follows from the signed bytes", "it is not in the list"
            )
        if path not in self._listed or path in self._used:
            return
        if not (known and self.texts_known):
            self._hash_alone(path)
            return
        self._used.add(path)
        digest, number = hashlib.sha256(), 1
        there = self._pieces(path, lambda file: iter([file]))
        for file in there:
            for should in chain(_batches(expected), (b"",)):
                found = file.read(len(should) or 1)
                digest.update(found)
                if found != should:
                    self._differs(path, number, should, found + file.readline(_PIECE))
                    there.close()
                    return
                number += should.count(b"\n")
        self._hash(path, digest.digest())

    def _differs(self, path: str, number: int, should: bytes, found: bytes) -> None:
        lines = zip_longest(BytesIO(should), BytesIO(found), fillvalue=b"")
        at, (one, other) = next((at, pair) for at, pair in enumerate(lines) if pair[0] != pair[1])
        expected = f"line {number + at}, made from the signed bytes: {_clip(one)}"
        self._find(path, Flaw.TEXT, expected, _clip(other))

    def hashes(self) -> None:
        """Only that every listed file has its hash: all that can be said without a manifest."""
        for path in self._paths:
            if path not in self._used:
                self._hash_alone(path)

    def _hash_alone(self, path: str) -> None:
        self._used.add(path)
        digest = hashlib.sha256()
        for piece in self._pieces(path, lambda file: iter(lambda: file.read(_PIECE), b"")):
            digest.update(piece)
        self._hash(path, digest.digest())

    def leftovers(self) -> None:
        """Listed files that have no place in an export."""
        for path in self._paths:
            if path not in self._used:
                self._find(
                    path,
                    Flaw.BELONGS_TO_NOTHING,
                    "only files that an export has",
                    "a file that belongs to nothing in it",
                )

    def _whole(self, path: str, limit: int = MAX_FILE) -> bytes | None:
        try:
            handle = os.open(f"{self._place}/{path}", os.O_RDONLY | _NO_LINKS)
            try:
                told = os.fstat(handle)
                if not stat.S_ISREG(told.st_mode):
                    return None
                # As large as it says to be, and one byte more, so that one that grows shows.
                return os.read(handle, min(told.st_size, limit) + 1)
            finally:
                os.close(handle)
        except FileNotFoundError:
            self._absent(path)
        except (OSError, ValueError) as error:
            self._find(shown(path), Flaw.UNREADABLE, "a file that can be read", str(error))
        return None

    def _absent(self, path: str) -> None:
        if path in (MANIFEST, LIST):
            self._find(path, Flaw.MISSING, "this file, which every export has", "it is missing")

    def _lines(self, path: str, limit: int) -> Iterator[bytes]:
        return self._pieces(path, lambda file: iter(lambda: file.readline(limit), b""))

    def _pieces(self, path: str, read: Callable[[BufferedReader], Iterator[T]]) -> Generator[T, None, None]:
        try:
            with open(self._root / path, "rb", opener=_no_links) as file:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    yield from read(file)
        except FileNotFoundError:
            self._absent(path)
        except (OSError, ValueError) as error:
            self._find(shown(path), Flaw.UNREADABLE, "a file that can be read", str(error))


def _batches(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in larger pieces that end with a line."""
    gathered, size = [], 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= _PIECE and part.endswith(b"\n"):
            yield b"".join(gathered)
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)


def read_plain(path: Path, limit: int) -> bytes | None:
    """A plain file of at most ``limit`` bytes, never through a link; None if there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | _NO_LINKS)
        try:
            told = os.fstat(handle)
            raw = os.read(handle, min(told.st_size, limit) + 1) if stat.S_ISREG(told.st_mode) else None
        finally:
            os.close(handle)
    except (OSError, ValueError):
        return None
    if raw is None:
        return None
    return raw if len(raw) <= limit else None


def _no_links(path: str, flags: int) -> int:
    return os.open(path, flags | _NO_LINKS)


def _clip(line: bytes) -> str:
    text = line[:120].decode("utf-8", "replace").rstrip("\n")
    return f"'{text}'" if line else "nothing"

# SPDX-License-Identifier: Apache-2.0
"""Signed files looked at on other cores before the pass comes to them.

A signature takes four fifths of what an entry costs. Of a pack (ADR 0040) everything is looked at that its
own bytes decide, its text included; of a file that holds one object alone, only whether its signatures
verify. Nothing is judged here: what does not hold is told to the pass, and what a worker could not read the
pass reads by itself. A bounded number of files is on its way at any time, so memory does not grow with the
record. Where processes cannot be had, the same is done on one core.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.record.manifest import MAX_FILE, MAX_PACK, read_entry
from goodoffices.core.record.pack import ENDING, Ends, Looked, look
from goodoffices.core.statement import Signed, read_signed
from goodoffices.verify.folder import read_plain

CHUNK = 256
FEWEST = 4000
"""Signed files below which other cores are not worth waking."""
FEWEST_PACKS = 4

Seen = tuple[str, bytes | None, bool]
"""Path, bytes (None: the pass reads the file by itself), whether all signatures in it verify."""
A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class SeenPack:
    """A pack that was looked at. ``digest``: None where it could not be read; ``text``: None if it is as it
    should be, else what it should be; ``text_digest``: of the text that is there."""

    path: str
    digest: bytes | None
    looked: Looked
    text: bytes | None
    text_digest: bytes = b""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def text_of(path: str) -> str:
    """Where the text of a pack lies."""
    return f"{path.removesuffix(ENDING)}.txt"


def look_at_pack(root: Path, kind: str, path: str, ends: Ends, *, ahead: bool) -> SeenPack:
    """A pack and its text as they lie in the folder; ``ahead``: verify what its entries carry as well."""
    raw = read_plain(root / path, MAX_PACK)
    looked = look(kind, raw or b"", ends, ahead=ahead)
    text = "".join(looked.text).encode()
    looked.text.clear()
    there = read_plain(root / text_of(path), len(text))
    digest = hashlib.sha256(raw).digest() if raw is not None else None
    if there == text:
        return SeenPack(path, digest, looked, None, hashlib.sha256(text).digest())
    return SeenPack(path, digest, looked, text)


def _signatures(root: Path, paths: list[str]) -> list[Seen]:
    found: list[Seen] = []
    for path in paths:
        raw = read_plain(root / path, MAX_FILE)
        try:
            (_entry if "/entries/" in path else read_signed)(raw or b"").verify()
            found.append((path, raw, True))
        except GoodOfficesError:
            found.append((path, raw, False))
    return found


def _entry(raw: bytes) -> Signed:
    return read_entry(raw)[0]


class Ahead:
    """How to go through the signed files of a folder: on several cores, or on this one."""

    def __init__(self, root: Path, jobs: int, pool: ProcessPoolExecutor | None) -> None:
        self._root, self._jobs, self._pool = root, jobs, pool

    def files(self, paths: Sequence[str]) -> Iterator[Seen]:
        """Files that hold one object each, in their order."""
        if self._pool is None or len(paths) < FEWEST:
            yield from ((path, None, False) for path in paths)
            return
        chunks = [list(paths[at : at + CHUNK]) for at in range(0, len(paths), CHUNK)]
        for found in self._each(_Job(_signatures, self._root), chunks):
            yield from found

    def packs(self, kind: str, paths: Sequence[str], ends: Ends) -> Iterator[SeenPack]:
        """Packs of ``entries`` or ``receipts``, in their order."""
        many = self._pool is not None and len(paths) >= FEWEST_PACKS
        job: _Job[str, SeenPack] = _Job(_pack, (self._root, kind, ends, many))
        yield from self._each(job, paths) if many else map(job, paths)

    def _each(self, job: _Job[A, R], given: Sequence[A]) -> Iterator[R]:
        waiting: deque[tuple[A, Future[R]]] = deque()
        pool, left = self._pool, iter(given)
        assert pool is not None
        try:
            for one in left:
                waiting.append((one, pool.submit(job, one)))
                if len(waiting) > 3 * self._jobs:
                    yield waiting[0][1].result()
                    waiting.popleft()
            while waiting:
                yield waiting[0][1].result()
                waiting.popleft()
        except BrokenExecutor:
            self._pool = None  # the system took a worker away: the rest is done here
            for one, _ in waiting:
                yield job(one)
            for one in left:
                yield job(one)


@dataclass(frozen=True, slots=True)
class _Job(Generic[A, R]):
    """A function of this module with what all its calls share; it can be sent to another process."""

    call: Callable[..., R]
    shared: object

    def __call__(self, given: A) -> R:
        return self.call(self.shared, given)


def _pack(shared: tuple[Path, str, Ends, bool], path: str) -> SeenPack:
    root, kind, ends, ahead = shared
    return look_at_pack(root, kind, path, ends, ahead=ahead)


@contextmanager
def looking_ahead(root: Path, files: int, jobs: int) -> Iterator[Ahead]:
    """How to go through signed files: on ``jobs`` cores if there are enough of them, else one by one."""
    if jobs < 2 or files < min(FEWEST, FEWEST_PACKS):
        yield Ahead(root, 1, None)
        return
    # Linux splits a process in a millisecond; elsewhere a worker begins anew and imports what it needs.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    try:
        pool = ProcessPoolExecutor(jobs, mp_context=context)
    except (OSError, NotImplementedError):
        yield Ahead(root, 1, None)
        return
    with pool:
        yield Ahead(root, jobs, pool)

# SPDX-License-Identifier: Apache-2.0
"""Signed files read, and their signatures verified, on other cores before the pass comes to them.

A signature takes four fifths of what an entry costs. Nothing is judged here: what a worker could not read
or did not verify comes back without a word, and the pass looks at it by itself. A bounded number of files
is on its way at any time, so memory does not grow with the record.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.record_manifest import MAX_FILE, read_entry
from goodoffices.core.statement import Signed, read_signed
from goodoffices.verify.folder import read_plain

CHUNK = 256
FEWEST = 4000
"""Signed files below which other cores are not worth waking."""

Seen = tuple[str, bytes | None, bool]
"""Path, bytes (None: the pass reads the file by itself), whether all signatures in it verify."""
Look = Callable[[Sequence[str]], Iterator[Seen]]


def cores() -> int:
    """How many this process may use; 1 where processes cannot be split cheaply."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _entry(raw: bytes) -> Signed:
    return read_entry(raw)[0]


def _look(root: Path, paths: list[str]) -> list[tuple[bytes | None, bool]]:
    found = []
    for path in paths:
        raw = read_plain(root / path, MAX_FILE)
        try:
            (_entry if "/entries/" in path else read_signed)(raw or b"").verify()
            found.append((raw, True))
        except GoodOfficesError:
            found.append((raw, False))
    return found


def _by_itself(paths: Sequence[str]) -> Iterator[Seen]:
    return ((path, None, False) for path in paths)


@contextmanager
def looking_ahead(root: Path, files: int, jobs: int) -> Iterator[Look]:
    """How to go through signed files: on ``jobs`` cores if there are enough of them, else one by one."""
    if jobs < 2 or files < FEWEST:
        yield _by_itself
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield partial(_ahead, root, pool, jobs)


def _ahead(root: Path, pool: ProcessPoolExecutor, jobs: int, paths: Sequence[str]) -> Iterator[Seen]:
    waiting: deque[tuple[list[str], Future[list[tuple[bytes | None, bool]]]]] = deque()
    chunks = (list(paths[at : at + CHUNK]) for at in range(0, len(paths), CHUNK))
    for chunk in chunks:
        waiting.append((chunk, pool.submit(_look, root, chunk)))
        if len(waiting) > 3 * jobs:
            yield from _done(*waiting.popleft())
    while waiting:
        yield from _done(*waiting.popleft())


def _done(paths: list[str], looked: Future[list[tuple[bytes | None, bool]]]) -> Iterator[Seen]:
    for path, (raw, verified) in zip(paths, looked.result(), strict=True):
        yield path, raw, verified

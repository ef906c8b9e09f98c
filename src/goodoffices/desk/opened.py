# SPDX-License-Identifier: Apache-2.0
"""What pages show of opened notes, kept in memory while the desk is unlocked, and forgotten with the lock.

A note or a paper that was verified never changes, so it is decoded once. And when something changes, every officer's
open page asks for itself at the same moment: what is the same for all of them is made once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from goodoffices.core.note import OpenNote, Words, read_inside, verify_release
from goodoffices.core.office import Office

MAX_KEPT = 512
"""Notes that are remembered: a few pages of a channel. Those asked for longest ago go first."""
MAX_PAGES = 8
"""Pages that are remembered, each for as long as nothing changes and a second does not end."""

MAX_DRAWN = 400
"""Notes of lists that are remembered as they were drawn: some pages of a channel."""

MAX_PAPERS = 4096
"""Papers that stay at home and were verified: two full incident files."""

P = TypeVar("P")


@dataclass
class _Kept:
    note: OpenNote
    words: Words
    signed_by: tuple[str, ...] | None = None


class OpenedNotes:
    """The insides of verified notes by the note's ID."""

    def __init__(self) -> None:
        self._kept: dict[bytes, _Kept] = {}
        self._pages: dict[tuple[Any, ...], Any] = {}
        self._drawn: dict[tuple[Any, ...], Any] = {}
        self._papers: dict[tuple[Any, ...], Any] = {}

    def paper(self, number: bytes, verify: Callable[[], P]) -> P:
        """A paper that stays at home, by its ID: opened and verified once while it is remembered."""
        return _once(self._papers, MAX_PAPERS, (number,), verify)

    def get(self, note_id: bytes, inside: Callable[[], bytes | None]) -> tuple[OpenNote, Words] | None:
        """A note and its words; ``inside`` gives what was under its seal, or None if that is not to be had."""
        kept = self._kept.pop(note_id, None)
        if kept is None:
            raw = inside()
            if raw is None:
                return None
            opened = read_inside(raw)
            kept = _Kept(opened, opened.words)
            if len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[note_id] = kept
        return kept.note, kept.words

    def released(self, note_id: bytes, opened: OpenNote, office: Office) -> tuple[str, ...]:
        """Who released a note, by pseudonym: verified once while it is remembered."""
        kept = self._kept.get(note_id)
        if kept is None or kept.note is not opened:
            return verify_release(opened, office)
        if kept.signed_by is None:
            kept.signed_by = verify_release(opened, office)
        return kept.signed_by

    def page(self, key: tuple[Any, ...], make: Callable[[], P]) -> P:
        """A page that was made for somebody else under the same key, or made now."""
        return _once(self._pages, MAX_PAGES, key, make)

    def drawn(self, key: tuple[Any, ...], draw: Callable[[], P]) -> P:
        """A note of a list as it was drawn for somebody else, or drawn now."""
        return _once(self._drawn, MAX_DRAWN, key, draw)

    def forget(self) -> None:
        """The desk locks."""
        self._kept.clear()
        self._pages.clear()
        self._drawn.clear()
        self._papers.clear()


def _once(kept: dict[tuple[Any, ...], Any], most: int, key: tuple[Any, ...], make: Callable[[], P]) -> P:
    if key not in kept:
        made = make()
        if len(kept) >= most:
            del kept[next(iter(kept))]
        kept[key] = made
    found: P = kept[key]
    return found

# SPDX-License-Identifier: Apache-2.0
"""Makes the kept briefings: ``python -m tests.verify.write_briefings``. Bytes with their verdict, for any verifier."""

from __future__ import annotations

import json
import lzma
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from goodoffices.core import cbor, crypto
from goodoffices.core.briefing import FILE, Briefing, Parts, Shown, read_briefing, write_briefing
from goodoffices.core.statement import sign, state
from goodoffices.verify.briefing import verify_briefing
from tests.verify.channel import Channel
from tests.verify.test_briefing import chosen, made_channel, make

BRIEFINGS = Path(__file__).resolve().parent.parent / "vectors" / "briefings"
"""``kept.cbor.xz``: a map from name to briefing; ``kept.json``: from name to verdict and kinds of findings."""

Change = Callable[[Briefing, Parts], tuple[Briefing, Parts]]


def _word(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
    (note,) = parts.notes
    leaves = tuple(
        replace(leaf, value="The ships will leave port.")
        if isinstance(leaf, Shown) and leaf.label == 16
        else leaf
        for leaf in note.leaves
    )
    return briefing, replace(parts, notes=(replace(note, leaves=leaves),))


def _path(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
    first, *rest = parts.entries
    moved = replace(first, path=(*reversed(first.path), bytes(32)))
    return briefing, replace(parts, entries=(moved, *rest))


def _no_checkpoint(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
    return briefing, replace(parts, checkpoints=())


def _no_entry(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
    return briefing, replace(parts, entries=())


CASES: dict[str, tuple[Change, set[str]]] = {
    "briefing": (lambda briefing, parts: (briefing, parts), set()),
    "briefing-word-changed": (_word, {"briefing-note"}),
    "briefing-of-another-place": (_path, {"briefing-place"}),
    "briefing-without-its-checkpoint": (_no_checkpoint, {"briefing-place"}),
    "briefing-without-its-entry": (_no_entry, {"briefing-note"}),
    "briefing-of-another-mandate": (
        lambda briefing, parts: (replace(briefing, mandate=bytes(32)), parts),
        {"briefing", "briefing-note"},
    ),
}


def changed(raw: bytes, channel: Channel, change: Change) -> bytes:
    """A briefing with something in it changed, and signed again by its own officer."""
    signed, briefing, parts = read_briefing(raw)
    other, shown = change(briefing, parts)
    if (other, shown) == (briefing, parts):
        return raw
    made = state(replace(other, parts=crypto.sha256(shown.raw)), signed.statement.realm)
    return write_briefing(sign(made, channel.east.officer.seed), shown)


def main() -> None:
    """Write them anew. ML-DSA's signatures are drawn, so the bytes are others each time, and the verdicts not."""
    channel, note = made_channel()
    BRIEFINGS.mkdir(exist_ok=True)
    kept, declared = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        raw = (make(channel, chosen(channel, note), Path(scratch) / "briefing") / FILE).read_bytes()
        for name, (change, kinds) in CASES.items():
            folder = Path(scratch) / name
            folder.mkdir(exist_ok=True)
            (folder / FILE).write_bytes(made := changed(raw, channel, change))
            told = {str(each.flaw) for each in verify_briefing(folder).findings} - {"text"}
            assert told == kinds, (name, told)
            kept[name] = made
            declared[name] = {"verdict": "findings" if kinds else "verified", "findings": sorted(kinds)}
    (BRIEFINGS / "kept.cbor.xz").write_bytes(lzma.compress(cbor.encode(kept), preset=9))
    (BRIEFINGS / "kept.json").write_text(json.dumps(declared, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

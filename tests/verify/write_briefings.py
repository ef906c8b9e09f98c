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
from goodoffices.core.mandate import RecordUse
from goodoffices.core.statement import sign, state
from goodoffices.verify.briefing import verify_briefing
from tests.verify.channel import Channel
from tests.verify.test_briefed_reports import with_reports
from tests.verify.test_briefing import chosen, made_channel, make
from tests.verify.test_consent import agreed

BRIEFINGS = Path(__file__).resolve().parent.parent / "vectors" / "briefings"
"""``NAME.cbor.xz``: a map from name to briefing; ``NAME.json``: from name to verdict and kinds of findings."""

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


def _consents(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...] | None]) -> Change:
    def changed(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
        left = change(parts.consents or ())
        return replace(briefing, consents=None if left is None else len(left)), replace(parts, consents=left)

    return changed


def _by_word(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
    briefing, parts = _consents(lambda _: None)(briefing, parts)
    return replace(briefing, consent="By telephone, all of them."), parts


TERMS = {"briefing-terms"}
CONSENT: dict[str, tuple[Change, set[str]]] = {
    "consent-of-all": (lambda briefing, parts: (briefing, parts), set()),
    "consent-of-all-but-one": (_consents(lambda acts: acts[:-1]), TERMS),
    "consent-without-the-question": (_consents(lambda acts: acts[1:]), TERMS),
    "consent-of-nobody": (_consents(lambda _: ()), TERMS),
    "consent-not-spoken-of": (_consents(lambda _: None), TERMS),
    "consent-by-an-officers-word": (_by_word, set()),
    "consent-with-a-byte-changed": (
        _consents(lambda acts: (*acts[:-1], acts[-1][:-1] + bytes([acts[-1][-1] ^ 1]))),
        TERMS,
    ),
    "consent-that-is-another-object": (_consents(lambda acts: (*acts, b"\x80")), TERMS),
    "consent-to-another-third-party": (
        lambda briefing, parts: (replace(briefing, recipient="The press"), parts),
        TERMS,
    ),
    "consent-to-a-narrower-mark": (lambda briefing, parts: (replace(briefing, mark=5), parts), TERMS),
    "consent-to-another-purpose": (
        lambda briefing, parts: (replace(briefing, purpose="For the election."), parts),
        TERMS,
    ),
}
REPORT = {"briefing-report"}


def _reports(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Change:
    def changed(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
        left = change(parts.reports or ())
        return replace(briefing, reports=len(left)), replace(parts, reports=left)

    return changed


def _of_the_notes_author(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
    leaves = [leaf for note in parts.notes for leaf in note.leaves if isinstance(leaf, Shown)]
    return _reports(lambda _: tuple(each.value for each in leaves if each.label == 130))(briefing, parts)


def _report_word(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
    return _reports(lambda raws: tuple(each.replace(b"It stayed.", b"It flew on") for each in raws))(
        briefing, parts
    )


def _wider(briefing: Briefing, parts: Parts) -> tuple[Briefing, Parts]:
    return replace(briefing, mark=5), parts


REPORTS: dict[str, tuple[Change, set[str]]] = {
    "reports": (lambda briefing, parts: (briefing, parts), set()),
    "reports-none-of-its-own": (_reports(lambda _: ()), set()),
    "reports-word-changed": (_report_word, REPORT),
    "reports-of-the-notes-author": (_of_the_notes_author, REPORT),
    "reports-that-are-another-object": (_reports(lambda raws: (*raws, b"\x80")), REPORT),
    "reports-shown-more-widely": (_wider, TERMS),
}
SETS = {"kept": CASES, "consent": CONSENT, "reports": REPORTS}


def changed(raw: bytes, channel: Channel, change: Change) -> bytes:
    """A briefing with something in it changed, and signed again by its own officer."""
    signed, briefing, parts = read_briefing(raw)
    other, shown = change(briefing, parts)
    if (other, shown) == (briefing, parts):
        return raw
    made = state(replace(other, parts=crypto.sha256(shown.raw)), signed.statement.realm)
    return write_briefing(sign(made, channel.east.officer.seed), shown)


def main() -> None:
    """Write those that are not there. ML-DSA's signatures are drawn: the bytes are others each time."""
    for name in SETS:
        if not (BRIEFINGS / f"{name}.json").exists():
            write(name)


def write(file: str) -> None:
    """One file of them."""
    if file == "reports":
        channel, what = with_reports()
    else:
        use = RecordUse.WITH_CONSENT_OF_ALL if file == "consent" else RecordUse.AS_EVIDENCE
        channel, note = made_channel(use)
        what = chosen(channel, note)
        if file == "consent":
            agreed(channel, note)
    BRIEFINGS.mkdir(exist_ok=True)
    kept, declared = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        raw = (make(channel, what, Path(scratch) / "briefing") / FILE).read_bytes()
        for name, (change, kinds) in SETS[file].items():
            folder = Path(scratch) / name
            folder.mkdir(exist_ok=True)
            (folder / FILE).write_bytes(made := changed(raw, channel, change))
            told = {str(each.flaw) for each in verify_briefing(folder).findings} - {"text"}
            assert told == kinds, (name, told)
            kept[name] = made
            declared[name] = {"verdict": "findings" if kinds else "verified", "findings": sorted(kinds)}
    (BRIEFINGS / f"{file}.cbor.xz").write_bytes(lzma.compress(cbor.encode(kept), preset=9))
    (BRIEFINGS / f"{file}.json").write_text(json.dumps(declared, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

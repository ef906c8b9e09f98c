# SPDX-License-Identifier: Apache-2.0
"""The thin line's vectors: texts, notes and cells from fixed seeds (docs/format.md §16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goodoffices.core import cbor
from goodoffices.core.envelope import PART_ENTRY
from goodoffices.core.statement import LIVE
from goodoffices.core.thin import text as thin_text
from goodoffices.core.thin.cell import PART_NOTE, pack_cell, write_parts
from goodoffices.core.thin.keys import begin
from tests.core import making
from tests.core.making import entry, seed, tehran, washington
from tests.core.test_thin import NONCE, TEXTS, Shelf, note_of, sealed_thin, shelf

Vector = tuple[str, str, str, dict[str, Any], str]
OK = "accepted"


def _texts() -> Iterator[Vector]:
    for language, text in TEXTS.items():
        given = {"code": thin_text.encode(text).hex(), "letters": len(text)}
        yield f"thin-text-{language}", "Some two hundred letters.", "thin text", given, OK
    code = thin_text.encode(TEXTS["fa"])
    longer = {"code": (code + b"\0").hex(), "letters": len(TEXTS["fa"])}
    yield "thin-text-longer", "The same number with a zero behind it.", "thin text", longer, "Malformed"
    mark = {"code": thin_text.encode("\u2603\U0001f54a").hex(), "letters": 2}
    yield "thin-text-unknown", "Two signs that stand in no passage.", "thin text", mark, OK


def _notes() -> Iterator[Vector]:
    held = shelf()
    read = tuple(seed(f"read {number}") for number in (7, 8, 9))
    held.notes = {note: (tehran().id, number) for number, note in zip((7, 8, 9), read, strict=True)}
    sealed = sealed_thin(note_of(TEXTS["fa"], "fa", read=read), held)
    given = {
        "sealed": sealed.raw.hex(),
        "secret": seed("secret").hex(),
        "credential": washington().office.raw.hex(),
        "realm": LIVE.hex(),
        "held": [],
        "notes": [[note.hex(), by.hex(), at] for note, (by, at) in held.notes.items()],
    }
    changed = bytearray(sealed.ciphertext)
    changed[30] ^= 1
    header = sealed.header_raw
    for name, shows, fields, verdict in (
        ("thin-sealed", "A note in Persian that names three which its author had read.", given, OK),
        ("thin-sealed-names-what-is-not-here", "Those three are not here.", given | {"notes": []}, "NotNow"),
        ("thin-sealed-another-secret", "Of another chain.", given | {"secret": seed("x").hex()}, "Altered"),
        (
            "thin-sealed-changed",
            "One bit.",
            given | {"sealed": cbor.encode([1, header, sealed.wraps, bytes(changed)]).hex()},
            "Altered",
        ),
        (
            "thin-sealed-readers-of-two-sorts",
            "One has a wrapped key, the other a chain.",
            given
            | {
                "sealed": cbor.encode(
                    [1, header, sorted([sealed.wraps[0], (making.bern().id, 1, bytes(1168))]), b""]
                ).hex()
            },
            "Malformed",
        ),
    ):
        yield name, shows, "thin sealed", fields, verdict


def _cells() -> Iterator[Vector]:
    held = shelf()
    sealed = sealed_thin(note_of(TEXTS["en"], "en"), held)
    offices = (washington().id, tehran().id)
    line = begin(seed("line"), seed("line chain"))
    ahead, after = pack_cell(
        write_parts([(PART_NOTE, sealed)], LIVE, making.LINE, offices, held), 512, line, NONCE
    )
    body = cbor.encode([[99, "of a newer version"]])
    carried, _ = pack_cell(
        write_parts([(PART_ENTRY, entry(washington(), body))], LIVE, making.LINE, offices, Shelf()),
        512,
        after,
        NONCE,
    )
    given = {
        "envelope": ahead.hex(),
        "chain": seed("line chain").hex(),
        "secret": seed("line").hex(),
        "realm": LIVE.hex(),
        "line": making.LINE.hex(),
        "offices": [each.hex() for each in offices],
        "held": sorted(each.hex() for each in held.values),
        "notes": [],
    }
    changed = bytearray(ahead)
    changed[7] ^= 1
    for name, shows, fields, verdict in (
        ("cell-of-a-note", "A note ahead of its entry.", given, OK),
        (
            "cell-of-an-entry",
            "The next, with nothing known but the line.",
            given | {"envelope": carried.hex()},
            OK,
        ),
        ("cell-of-another-number", "Its number changed.", given | {"envelope": changed.hex()}, "Altered"),
        ("cell-of-another-chain", "Not this one.", given | {"chain": seed("x").hex()}, "Foreign"),
        (
            "cell-with-a-tail",
            "No zeros at its end.",
            given | {"envelope": (ahead[:-1] + b"\1").hex()},
            "Malformed",
        ),
        ("cell-names-what-is-not-here", "An office unknown here.", given | {"held": []}, "NotNow"),
    ):
        yield name, shows, "cell", fields, verdict


SECTIONS = (_texts, _notes, _cells)

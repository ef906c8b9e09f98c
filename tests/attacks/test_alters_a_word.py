# SPDX-License-Identifier: Apache-2.0
"""An intermediary changes a note that it cannot read, on its way."""

from __future__ import annotations

from goodoffices.core import cbor
from goodoffices.core.mandate import Reading
from goodoffices.core.record.findings import Flaw
from tests.attacks.catalogue import Attack, Scene, with_sealed

ATTACK = Attack(
    by="A hostile intermediary",
    does="alters a sealed note on its way",
    refused="the reader's desk calls it altered, says who carried it, shows no word of it, and signs so",
    promise=1,
    record="Washington",
    finds=(Flaw.ALTERED, Flaw.OTHER_BYTES),
)


def _flip(raw: bytes) -> bytes:
    sealed = cbor.decode(raw)[3]
    return with_sealed(raw, 3, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def committed() -> Scene:
    scene = Scene(reading=Reading.SEALED)
    note = scene.release(scene.west, scene.east)
    scene.replace_copy(note, _flip)
    scene.forward(note)
    return scene


def test_the_reader_is_shown_nothing_and_told_who_carried_it() -> None:
    """P1"""
    scene = committed()
    (note,) = scene.east.desk.ledger.notes(scene.mandate)
    assert note.state == "altered"
    assert scene.shown(scene.east, note.id) is None
    assert "passed to this desk by Bern" in scene.found(scene.east)

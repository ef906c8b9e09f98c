# SPDX-License-Identifier: Apache-2.0
"""A counterpart puts an entry of one line on another."""

from __future__ import annotations

from pathlib import Path

from goodoffices.core.envelope import entry_part, pack
from goodoffices.core.office import sealing_key
from goodoffices.core.record.findings import Flaw
from tests.attacks.catalogue import Attack, Scene
from tests.verify.channel import sign_again

ATTACK = Attack(
    by="A hostile counterpart",
    does="replays an entry from another line",
    refused="an entry names its line: refused",
    promise=8,
    record="Bern",
    finds=(Flaw.ENTRY,),
)


def committed() -> Scene:
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    head = scene.middle.desk.ledger.head(scene.west_line, scene.middle.me)
    assert head is not None
    carried = scene.middle.desk.ledger.entry(head[2])
    assert carried is not None
    _, public = sealing_key(scene.east.founding.office.roster.envelope_epochs, scene.now)
    sealed = pack([entry_part(carried)], realm=bytes(16), line=scene.east_line, public=public)
    scene.east.desk.receive(scene.east_line, sealed, scene.tick())
    return scene


def tampered(scene: Scene, folder: Path) -> None:
    """A holder moves the file, and signs the list again."""
    source = min(folder.glob("lines/washington-*/entries/*-bern-*"))
    (min(folder.glob("lines/tehran-*")) / "entries" / source.name).write_bytes(source.read_bytes())
    sign_again(folder, scene.middle)


def test_an_entry_of_another_line_is_refused() -> None:
    """P8, P12"""
    scene = committed()
    assert "another line" in scene.found(scene.east)

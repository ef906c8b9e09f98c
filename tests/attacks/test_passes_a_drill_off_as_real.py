# SPDX-License-Identifier: Apache-2.0
"""A counterpart puts something of a drill into the live record."""

from __future__ import annotations

from pathlib import Path

from goodoffices.core.envelope import entry_part, pack
from goodoffices.core.office import sealing_key
from goodoffices.core.record.findings import Flaw
from goodoffices.desk.export import export
from tests.attacks.catalogue import Attack, Scene
from tests.verify.channel import sign_again

ATTACK = Attack(
    by="A hostile counterpart",
    does="passes a drill off as real",
    refused="its realm is in every signed byte: refused",
    promise=11,
    record="Tehran",
    finds=(Flaw.ENTRY,),
)
_DRILL = b"drill realm 0001"


def committed() -> Scene:
    live, drill = Scene(), Scene(realm=_DRILL)
    head = drill.middle.desk.ledger.head(drill.east_line, drill.middle.me)
    assert head is not None
    carried = drill.middle.desk.ledger.entry(head[2])
    assert carried is not None
    _, public = sealing_key(live.east.founding.office.roster.envelope_epochs, live.now)
    sealed = pack([entry_part(carried)], realm=bytes(16), line=live.east_line, public=public)
    live.east.desk.receive(live.east_line, sealed, live.tick())
    return live


def tampered(scene: Scene, folder: Path) -> None:
    """A holder puts an entry of a drill among the live ones, and signs the list again."""
    drill = Scene(realm=_DRILL)
    played = folder.parent / "drill"
    export(drill.east.desk, played, drill.now)
    source = min(played.glob("lines/*/entries/*-bern-000003-*"))
    (min(folder.glob("lines/*/entries")) / source.name).write_bytes(source.read_bytes())
    sign_again(folder, scene.east)


def test_nothing_of_a_drill_is_taken_on_a_live_line() -> None:
    """P11"""
    scene = committed()
    assert "Made in another realm" in scene.found(scene.east)

# SPDX-License-Identifier: Apache-2.0
"""An intermediary signs one statement for one side and another, in the same place, for the other."""

from __future__ import annotations

from pathlib import Path

from goodoffices.core.act import ActType
from goodoffices.core.line import Item
from goodoffices.core.record.compare import compare
from goodoffices.desk.export import export
from tests.attacks.catalogue import Attack, Scene
from tests.verify.channel import verdict

ATTACK = Attack(
    by="A hostile intermediary",
    does="sends one version to each side",
    refused="not live: each side holds one version that is validly signed; what Bern adds is shown as Bern's word",
    promise=8,
    shows="`verify A B` on both parties' records: where they part, and that Bern signed both",
)


def committed() -> Scene:
    scene = Scene()
    note = scene.release(scene.west, scene.east)
    scene.forward(note)
    place = {"incarnation": scene.rng.randbytes(16), "subject": note, "code": 1}
    for line, words, reader in (
        (scene.west_line, "They will accept if you wait.", scene.west),
        (scene.east_line, "They accept at once.", scene.east),
    ):
        act = scene.act(
            scene.middle.officer, scene.middle, ActType.REMARK, words=words, recipient=reader.me, **place
        )
        scene.say(scene.middle, line, (Item.ACT, act.raw))
    return scene


def test_the_two_records_part_where_bern_signed_both(tmp_path: Path) -> None:
    """P8"""
    scene = committed()
    accounts = []
    for party in (scene.west, scene.east):
        export(party.desk, tmp_path / party.name, scene.now)
        accounts.append(verdict(tmp_path / party.name).account)
    one, other = accounts
    assert one is not None
    assert other is not None
    assert [each.signer for each in compare(one, other).partings] == ["Bern"]

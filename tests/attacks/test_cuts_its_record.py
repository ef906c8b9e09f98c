# SPDX-License-Identifier: Apache-2.0
"""The holder of a record takes an entry of the other side out of it."""

from __future__ import annotations

from goodoffices.core.record.findings import Flaw
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile counterpart",
    does="takes an entry out of the record that it shows",
    refused="it is its own copy: nothing can refuse it",
    promise=8,
    record="Bern",
    finds=(Flaw.GAP, Flaw.SEEN),
)


def committed() -> Scene:
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    scene.middle.db.execute(
        "DELETE FROM entry WHERE number=3 AND line=? AND writer=?", (scene.west_line, scene.west.me)
    )
    return scene


def test_the_other_side_still_holds_the_receipt_for_it() -> None:
    """P8: what was cut here was receipted by the desk that cut it."""
    scene = committed()
    ids = scene.west.db.execute(
        "SELECT id FROM entry WHERE number=3 AND line=? AND writer=?", (scene.west_line, scene.west.me)
    ).fetchall()
    assert [len(scene.west.desk.ledger.receipts_of(bytes(each))) for (each,) in ids] == [1]

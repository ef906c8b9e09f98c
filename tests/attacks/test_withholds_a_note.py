# SPDX-License-Identifier: Apache-2.0
"""An intermediary keeps a note back and says nothing."""

from __future__ import annotations

from goodoffices.desk.views.views import Views
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="withholds a note",
    refused="nothing can force it; its author sees *at the desk* and nothing after, the reader a gap before the next",
    promise=6,
    record="Tehran",
    remarks="not forwarded",
)


def committed() -> Scene:
    scene = Scene()
    scene.release(scene.west, scene.east, "Kept back.")
    scene.forward(scene.release(scene.west, scene.east, "Passed on."))
    return scene


def test_both_sides_see_that_something_is_missing() -> None:
    """P2, P6"""
    scene = committed()
    _, page = Views(scene.east.desk).channel(scene.east.officer, scene.mandate, scene.now)
    assert [item.kind for item in page.lanes[0].items].count("gap") == 1
    first, second = scene.west.desk.ledger.notes(scene.mandate)
    _, kept_back = Views(scene.west.desk).note(scene.west.officer, first.id, scene.now)
    _, passed_on = Views(scene.west.desk).note(scene.west.officer, second.id, scene.now)
    assert "forwarded" not in {step.rung for step in kept_back.steps if step.at is not None}
    assert "forwarded" in {step.rung for step in passed_on.steps if step.at is not None}

# SPDX-License-Identifier: Apache-2.0
"""An intermediary introduces an office of its own making under a party's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.mandate import Reading
from goodoffices.core.record.findings import Flaw
from goodoffices.desk.export import export
from goodoffices.verify.verifier import verify
from tests.attacks.catalogue import Attack, Scene
from tests.verify.channel import NAMES, Node

ATTACK = Attack(
    by="A hostile intermediary",
    does="substitutes keys at the introduction",
    refused="the digits do not fit; before, all is *vouched for by the intermediary alone*, and nothing sealed opens",
    promise=1,
    shows="with `--trust`: `untrusted`",
)


def committed() -> Scene:
    """Bern runs a Tehran of its own, and never introduces the true one. Nobody has compared digits."""
    return Scene(reading=Reading.SEALED, compare=False)


def test_a_sealed_channel_does_not_open_and_other_digits_do_not_fit() -> None:
    """P1: what Washington hears from the true Tehran belongs to other keys."""
    scene, elsewhere = committed(), Scene(seed=2)
    assert scene.west.desk.acts.vouched_alone(scene.west.desk.ledger.agreement(scene.mandate))
    with pytest.raises(GoodOfficesError, match="does not open"):
        scene.release(scene.west, scene.east)
    heard = elsewhere.east.desk.acts.spoken_digits(elsewhere.east.desk.ledger.agreement(elsewhere.mandate))[0]
    with pytest.raises(GoodOfficesError):
        scene.west.desk.acts.compare_mandate(scene.west.officer, scene.mandate, heard, scene.now)


def test_a_stranger_who_knows_the_true_fingerprints_finds_it(tmp_path: Path) -> None:
    """P1, P8"""
    scene = committed()
    true = Node("Tehran", scene.rng, scene.now, bytes(16))
    trust = dict(zip((scene.west.me, scene.middle.me, true.me), NAMES, strict=True))
    export(scene.west.desk, tmp_path / "record", scene.now)
    told = verify(tmp_path / "record", trust)
    assert [each.flaw for each in told.findings] == [Flaw.UNTRUSTED]

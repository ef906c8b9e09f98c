# SPDX-License-Identifier: Apache-2.0
"""An officer types digits without having heard them."""

from __future__ import annotations

import pytest

from goodoffices.core.errors import GoodOfficesError
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A careless officer",
    does="types the half that is on his own screen",
    refused="each side types what only the other side's screen shows",
    promise=1,
)


def committed() -> Scene:
    return Scene(compare=False)


def test_his_own_half_does_not_fit() -> None:
    """P1"""
    scene = committed()
    desk = scene.west.desk
    own, _ = desk.acts.spoken_digits(desk.ledger.agreement(scene.mandate))
    with pytest.raises(GoodOfficesError):
        desk.acts.compare_mandate(scene.west.officer, scene.mandate, own, scene.now)
    assert desk.acts.vouched_alone(desk.ledger.agreement(scene.mandate))

# SPDX-License-Identifier: Apache-2.0
"""The model of the channel: what becomes of a note, and of two that cross (P2, P9; model/README.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.spin import explore, faults_of

pytestmark = pytest.mark.slow

ONE = ("NOTES=1", "LOSSES=1")
TWO = ("NOTES=2", "LOSSES=0")
PASSED = "late)"
FAULTS = {
    "FORWARDS_WHAT_EXPIRED": (ONE, PASSED),
    "FORWARDS_WHAT_IS_WITHDRAWN": (ONE, PASSED),
    "FORWARDS_TWICE": (ONE, "forwards[n]==1"),
    "ACTS_RUN_AHEAD": (ONE, "carried["),
    "CLAIMS_WHAT_HAS_NOT_COME": (TWO, "read_other"),
}
UNTOLD = ("KEEPS_THE_READERS_RECEIPT", "BELIEVES_RELAYS")


@pytest.mark.parametrize("bounds", [ONE, TWO], ids=["one note", "two notes"])
@pytest.mark.parametrize("forwarding", [(), ("BY_DESK",)], ids=["by hand", "by the desk"])
def test_only_what_may_pass_is_passed_on_and_once(
    bounds: tuple[str, ...], forwarding: tuple[str, ...], tmp_path: Path
) -> None:
    """P2, P9: nothing withdrawn, refused or expired; no act before its note; no two that claim each other."""
    explored = explore(tmp_path, "channel.pml", *bounds, *forwarding)
    assert explored.broken is None
    assert explored.states > 10_000


@pytest.mark.parametrize("formula", ["told", "taken_back"])
@pytest.mark.parametrize("forwarding", [(), ("BY_DESK",)], ids=["by hand", "by the desk"])
def test_over_fair_relays_everybody_learns_what_became_of_a_note(
    formula: str, forwarding: tuple[str, ...], tmp_path: Path
) -> None:
    """P2: its author has the far desk's receipt, or a refusal; its reader learns that it was taken back."""
    explored = explore(tmp_path, "channel.pml", *ONE, *forwarding, ltl=formula, fair=True)
    assert explored.broken is None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_passing_on_is_found(fault: str, tmp_path: Path) -> None:
    """P2, P9: a model that could not fail would show nothing."""
    bounds, breaks = FAULTS[fault]
    explored = explore(tmp_path, "channel.pml", *bounds, fault)
    assert explored.broken is not None
    assert breaks in explored.broken


@pytest.mark.parametrize("fault", UNTOLD)
def test_an_author_who_is_never_told_is_found(fault: str, tmp_path: Path) -> None:
    """P2: the same, for the formula."""
    explored = explore(tmp_path, "channel.pml", *ONE, fault, ltl="told", fair=True)
    assert explored.broken == "acceptance cycle"


def test_every_fault_of_the_model_is_tried() -> None:
    """A fault that nobody puts in shows nothing either."""
    assert faults_of("channel.pml") == {*FAULTS, *UNTOLD}

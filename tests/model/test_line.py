# SPDX-License-Identifier: Apache-2.0
"""The model of the line: it holds, and each fault put into it is found (P2, P8; model/README.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.spin import explore, faults_of

pytestmark = pytest.mark.slow

SAFETY = ("ASKS=0",)
DELIVERY = ("LIVENESS", "ENTRIES=2")
DELIVERY_OF_THREE = ("LIVENESS", "ENTRIES=3", "LOSSES=0", "ASKS=2")

FORK = "incarnation[i]==incarnation[w_unsaved]"
UNSAVED = "w_lost&"
NOT_ON_DISK = "r_lost&"
STUCK = "waits<=6"

FAULTS = {
    "SIGNS_BEFORE_COMPARING": (SAFETY, FORK),
    "GOES_ON_AT_THE_PEERS_WORD": (SAFETY, FORK),
    "SENDS_BEFORE_SAVING": (SAFETY, UNSAVED),
    "RECEIPTS_BEFORE_SAVING": (SAFETY, NOT_ON_DISK),
    "BELIEVES_RELAYS": (DELIVERY, STUCK),
    "LETS_RECEIPTS_STAND": (DELIVERY, STUCK),
    "ASKS_ONCE": (DELIVERY, STUCK),
    "KNOWS_NO_UNKNOWN_PLACE": (DELIVERY, STUCK),
    "TRUSTS_THE_ORDER_OF_ARRIVAL": (DELIVERY_OF_THREE, STUCK),
}
"""Each fault that can be put into the model, where it shows, and what breaks."""


def test_no_chain_forks_and_nothing_is_sent_or_receipted_before_it_is_saved(tmp_path: Path) -> None:
    """P2, P8: three entries, a crash or an old backup at each desk, everything repeated and reordered."""
    explored = explore(tmp_path, "line.pml", *SAFETY)
    assert explored.broken is None
    assert explored.states > 1_000_000


def test_nothing_is_shown_twice(tmp_path: Path) -> None:
    """P2: whatever comes again, by any relay."""
    explored = explore(tmp_path, "line.pml", "ENTRIES=2", *SAFETY, ltl="shown_once")
    assert explored.broken is None
    assert explored.states > 10_000


def test_what_stands_in_the_vault_is_delivered_once_faults_end(tmp_path: Path) -> None:
    """P2: within six waits, whatever was lost, stopped or put back before."""
    explored = explore(tmp_path, "line.pml", *DELIVERY)
    assert explored.broken is None
    assert explored.states > 1_000_000


def test_every_run_in_which_faults_end_ends_with_everything_delivered(tmp_path: Path) -> None:
    """P2: the same as a formula about infinite runs, for one note."""
    explored = explore(tmp_path, "line.pml", "LIVENESS", "ENTRIES=1", ltl="delivered")
    assert explored.broken is None
    assert explored.states > 10_000


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_protocol_is_found(fault: str, tmp_path: Path) -> None:
    """P2, P8: a model that could not fail would show nothing."""
    where, breaks = FAULTS[fault]
    explored = explore(tmp_path, "line.pml", *where, fault)
    assert explored.broken is not None
    assert breaks in explored.broken


def test_a_repeat_taken_as_new_is_found(tmp_path: Path) -> None:
    """P2: the same, for the formula."""
    explored = explore(tmp_path, "line.pml", *SAFETY, "TAKES_REPEATS_AS_NEW", ltl="shown_once")
    assert explored.broken is not None
    assert "shown_twice" in explored.broken


def test_every_fault_of_the_model_is_tried() -> None:
    """A fault that nobody puts in shows nothing either."""
    assert faults_of("line.pml") == {*FAULTS, "TAKES_REPEATS_AS_NEW"}

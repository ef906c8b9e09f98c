# SPDX-License-Identifier: Apache-2.0
"""The model of release by m of n, and of keys that change (P10, P2, P8; model/README.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.spin import explore, faults_of

pytestmark = pytest.mark.slow

RELEASE_FAULTS = {
    "COUNTS_SIGNATURES": ">=2)",
    "DESK_HOLDS_OFFICERS_KEYS": "with_key",
    "SIGNS_WHATEVER_STANDS_THERE": "had_read",
    "ANY_ROSTER_COUNTS": "roster_of[note]==roster",
    "LOCKED_OUT_STILL_COUNTS": "!(locked_out)",
    "LOCKS_OUT_WITH_THE_ROSTER_ONLY": "!(locked_out)",
    "CHANGES_UNDER_SIGNATURES": "version_of[note]==version",
}
REKEY_FAULTS = ("TELLS_BY_THE_NEW_ROSTER", "SWITCHES_IN_TWO_STEPS", "RECEIPTS_WHAT_IS_EARLY", "PACKS_ONCE")


def test_a_note_goes_by_enough_officers_who_all_read_and_signed_the_same(tmp_path: Path) -> None:
    """P10: two of three, by the roster in force, each with his own open key, none of them locked out."""
    explored = explore(tmp_path, "release.pml")
    assert explored.broken is None
    assert explored.states > 100_000


@pytest.mark.parametrize("fault", RELEASE_FAULTS)
def test_a_fault_in_the_release_is_found(fault: str, tmp_path: Path) -> None:
    """P10: the same officer twice, another text, an old roster, somebody who is out."""
    explored = explore(tmp_path, "release.pml", fault)
    assert explored.broken is not None
    assert RELEASE_FAULTS[fault] in explored.broken


def test_a_line_goes_on_while_keys_change(tmp_path: Path) -> None:
    """P2, P8: whatever comes early, late or sealed to a key that is gone is delivered in the end."""
    explored = explore(tmp_path, "rekey.pml")
    assert explored.broken is None
    assert explored.states > 10_000


@pytest.mark.parametrize("fault", REKEY_FAULTS)
def test_a_fault_in_rekeying_is_found(fault: str, tmp_path: Path) -> None:
    """P2: a line that waits for ever for a key."""
    explored = explore(tmp_path, "rekey.pml", fault)
    assert explored.broken is not None
    assert "waits<=5" in explored.broken


def test_every_fault_of_the_models_is_tried() -> None:
    """A fault that nobody puts in shows nothing either."""
    assert faults_of("release.pml") == {*RELEASE_FAULTS}
    assert faults_of("rekey.pml") == {*REKEY_FAULTS}

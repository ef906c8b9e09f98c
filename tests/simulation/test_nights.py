# SPDX-License-Identifier: Apache-2.0
"""Nights in the simulated world: whatever stops, jumps or sleeps, no alarm is missed."""

from __future__ import annotations

import pytest

from goodoffices.desk.alarms import engine
from goodoffices.drill.world.night import run_night
from goodoffices.drill.world.vigil import LATE
from tests.simulation.test_named_faults import AUTOMATIC_OPEN, AUTOMATIC_SEALED, BY_HAND_SEALED


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 9, 12, 13])
def test_no_alarm_is_missed_in_a_night(seed: int) -> None:
    """P5: restarts, reboots, clocks set by weeks, gaps in the roster, people who fall asleep again."""
    verdict = run_night(seed, minutes=12)
    told = "\n".join(verdict.trace)
    assert verdict.broken is None, f"{verdict.broken}\n{told}"
    assert verdict.calls
    assert verdict.worst <= LATE


@pytest.mark.slow
@pytest.mark.parametrize("terms", [AUTOMATIC_SEALED, AUTOMATIC_OPEN])
def test_no_alarm_is_missed_where_desks_forward_by_themselves(terms: int) -> None:
    """P5: nobody is woken to forward; its reader is, and who waits for an arrival."""
    verdict = run_night(14, minutes=12, terms=terms)
    assert verdict.broken is None, f"{verdict.broken}\n" + "\n".join(verdict.trace)
    assert verdict.calls


@pytest.mark.slow
@pytest.mark.parametrize("terms", [BY_HAND_SEALED, AUTOMATIC_SEALED])
def test_an_alarm_that_falls_silent_is_found(monkeypatch: pytest.MonkeyPatch, terms: int) -> None:
    """P5: the check would notice if people were called too seldom, however a channel is forwarded."""
    monkeypatch.setattr(engine, "RINGS_AGAIN", {True: 3_600_000, False: 3_600_000})
    verdicts = (run_night(seed, minutes=20, terms=terms) for seed in range(1, 9))
    assert any("nobody was called" in (each.broken or "") for each in verdicts)

# SPDX-License-Identifier: Apache-2.0
"""Nights in the simulated world: whatever stops, jumps or sleeps, no alarm is missed."""

from __future__ import annotations

import pytest

from goodoffices.drill.world.night import run_night
from goodoffices.drill.world.vigil import LATE


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 3, 5, 8])
def test_no_alarm_is_missed_in_a_night(seed: int) -> None:
    """P5: restarts, reboots, clocks set by weeks, gaps in the roster, people who fall asleep again."""
    verdict = run_night(seed, minutes=12)
    told = "\n".join(verdict.trace)
    assert verdict.broken is None, f"{verdict.broken}\n{told}"
    assert verdict.calls
    assert verdict.worst <= LATE

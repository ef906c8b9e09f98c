# SPDX-License-Identifier: Apache-2.0
"""One note's passage, with the machine of one office stopped at every point: before a commit, after it,
between two sends, between keeping an envelope and deleting it at the relay."""

from concurrent.futures import ProcessPoolExecutor

import pytest

from goodoffices.drill.world.parts import RELAYS
from goodoffices.drill.world.passages import stopped_passage

BY_HAND_SEALED, AUTOMATIC_SEALED = 0, 1
POINTS = {
    "before a commit",
    "after a commit",
    "between two sends",
    "between keeping and deleting at the relay",
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", range(3), ids=["author", "intermediary", "reader"])
def test_a_stop_at_any_point_loses_nothing_and_doubles_nothing(
    workers: ProcessPoolExecutor, who: int
) -> None:
    """P2: ``kill -9`` and power loss at any instant."""
    verdict, points, _ = stopped_passage(AUTOMATIC_SEALED, who, None)
    assert verdict.broken is None, verdict.sentence
    assert points > 10 * len(RELAYS)
    stops = range(1, points + 1)
    waiting = {stop: workers.submit(stopped_passage, AUTOMATIC_SEALED, who, stop) for stop in stops}
    where = set()
    for stop, each in waiting.items():
        verdict, _, stopped_at = each.result(timeout=280)
        assert verdict.broken is None, f"stopped at point {stop}, {stopped_at}: {verdict.sentence}"
        where.add(stopped_at)
    assert where >= POINTS


@pytest.mark.parametrize("stop", [1, 2, 3, 5, 8, 13, 21, 34])
def test_the_intermediary_stops_while_it_forwards_by_hand(stop: int) -> None:
    """P2: some points, in every test of this project."""
    verdict, _, stopped_at = stopped_passage(BY_HAND_SEALED, 1, stop)
    assert verdict.broken is None, f"stopped {stopped_at}: {verdict.sentence}"

# SPDX-License-Identifier: Apache-2.0
"""Real processes killed at every write and every send of a note's passage: it arrives once, the record verifies."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

from tests.crash.stage import Actor, Stage, stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

EVERY = int(os.environ.get("GOODOFFICES_CRASH_EVERY", "12"))
"""Each how manyth point of a passage is tried; ``script/soak --crashes`` tries them all."""
STARTS = (1, 4)
"""Points of a start at which a process ends, before it has even said that it is ready; ``--crashes``: every one."""
RELAY_EVERY = EVERY if EVERY == 1 else 5 * EVERY
"""A relay sends far more than it keeps: every answer and every push in two pieces."""


POINTS = {
    *("a commit", "a checkpoint of the log"),
    *("a POST", "a DELETE", "a page's http.response.start", "a page's http.response.body"),
    *("http.response.start", "http.response.body", "an answer on the spot", "a push on the spot"),
}
"""Every write and every send of a desk and a relay while a note passes: each has a point before it and one after."""


def points_of(actor: Actor) -> list[str]:
    return actor.log.read_text(encoding="utf-8").splitlines() if actor.log.exists() else []


def kill_at_points(here: Stage, actor: Actor, every: int, first: int = 1) -> set[str]:
    """A note for each point, until one passes without an end; returns where the process ended."""
    ended: set[str] = set()
    for at in count(first, every):
        before = len(points_of(actor))
        actor.again(at)
        actor.go()
        here.passage(actor)
        if len(points_of(actor)) == before:
            return ended
        ended |= set(points_of(actor)[before:])
    raise AssertionError("a passage has no end of points")


def kill_at_starts(here: Stage, actor: Actor) -> None:
    """A note for each point of a start, the first and one more, or every one until a start passes without an end."""
    for at in count(1) if EVERY == 1 else STARTS:
        actor.again(-at)
        stood = not actor.ended
        here.passage(actor)
        if stood:
            return


def test_a_process_killed_at_any_point_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """P2: ``kill -9`` at every write and every send: author, intermediary, reader, relay."""
    with stage(tmp_path) as here:
        kinds: set[str] = set()
        for tried, actor in enumerate(here.desks):
            # Each desk from another point on, so that together they end before and after writes and sends.
            ended = kill_at_points(here, actor, EVERY, 1 + tried)
            assert ended
            kinds |= ended
            kill_at_starts(here, actor)
        assert {"before a commit", "after a commit"} & kinds, kinds
        assert kill_at_points(here, here.relay, RELAY_EVERY)
        kill_at_starts(here, here.relay)
        here.verdict()
        passed = set(here.relay.log.with_suffix(".passed").read_text(encoding="utf-8").splitlines())
        missing = {f"{at} {what}" for what in POINTS for at in ("before", "after")} - passed
        assert not missing, "no point lies around it any more"
        assert "with a request on its way" in passed
        assert "before a write by itself" not in passed  # every write is a transaction's

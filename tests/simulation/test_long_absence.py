# SPDX-License-Identifier: Apache-2.0
"""A desk that returns after 30 days (ADR 0043), in the simulated world: all is there, in order, from small memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.routes.sending import KEPT, WINDOW
from goodoffices.drill.world.checks import check_end
from goodoffices.drill.world.officers import release
from goodoffices.drill.world.parts import SECOND, SimOffice
from goodoffices.drill.world.world import World
from tests.simulation.test_named_faults import DAY, state_at, world_of

DAYS = 31
A_DAY = 2
"""Entries a day to the desk that is away. ``bench/long_absence.py`` does ten thousand, over real relays."""


def write(world: World, number: int, precedence: int) -> bytes:
    east, _, west = world.offices
    draft = Draft(
        mandate=world.mandates[0],
        recipient=west.id,
        words=Words(text=f"Note {number}.", language="en", reason="It cannot wait."),
        precedence=precedence,
    )
    released = release(world, east, draft)
    assert released is not None
    return released.id


def say(world: World, office: SimOffice, line: bytes, words: str) -> None:
    world.visit(
        office,
        "writes",
        lambda desk: desk.service_traffic.say(office.officer, line, words, world.now(office)),
    )


@pytest.mark.slow
def test_after_a_month_everything_arrives_also_what_relays_have_thrown_away() -> None:
    """P2, P5, P7: relays keep 30 days and throw away the first note; its author's neighbour still owes it."""
    world = world_of()
    _, post, west = world.offices
    assert post.desk is not None
    line = post.desk.line_named("West").id
    before = post.desk.ledger.counts_of(line, west.id, post.id)[1]
    world.stop(west, "a month without power")
    notes, most = [], 0
    for day in range(DAYS):
        notes.append(write(world, day, Precedence.FLASH if day == DAYS - 1 else Precedence.ROUTINE))
        for each in range(A_DAY):
            say(world, post, line, f"{day}.{each}")
        for relay in world.relays.values():
            relay.expire(world.time)
        world.pass_time(DAY)
        most = max(most, post.desk.lines.sending.kept())
    assert most <= KEPT + WINDOW
    owed = len(post.desk.ledger.unreceipted(line, post.id))
    assert owed >= DAYS * A_DAY + DAYS
    world.start(west, unlock=True)
    world.pass_time(60 * SECOND)
    assert state_at(west, notes[-1]) == "verified"
    assert world.rest()
    assert west.desk is not None
    numbers = sorted(row.number for row in west.desk.ledger.notes(world.mandates[0]))
    assert numbers == list(range(1, DAYS + 1))
    assert post.desk.ledger.counts_of(line, west.id, post.id)[1] >= before + owed
    check_end(world)


@pytest.mark.slow
def test_what_measures_a_long_absence_still_runs_and_finds_every_entry_once() -> None:
    """P2, P5: over real relays and vaults, with more lines of chat than a line takes in a day."""
    words = [sys.executable, "-m", "bench.long_absence", "--entries", "300"]
    done = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert (found["entries"], found["every_number_once"]) == (300, True)

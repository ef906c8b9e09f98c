# SPDX-License-Identifier: Apache-2.0
"""A few hundred runs of whole offices under faults, each from its seed (docs/simulation.md)."""

import gc
import subprocess
import sys
import weakref
from random import Random

import pytest

from goodoffices.drill.world import runs
from goodoffices.drill.world.plans import Plan, plan_of, turned
from goodoffices.drill.world.runs import run, run_seed
from goodoffices.drill.world.soak import run_chunk
from goodoffices.drill.world.world import World

STEPS = 20
THIN = 10
"""A seed whose lines are thin."""
WATCHED = 12229
"""A seed with people on watch, who are called for several notes at once."""
FULL = 20
"""A seed whose disks are full while cells wait for two lines."""
CHUNK = 10
CHUNKS = range(12)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("chunk", CHUNKS)
def test_nothing_released_is_lost_or_doubled_under_faults(chunk: int) -> None:
    """P1, P2, P4, P7, P12: loss, doubling, delay, forgetful relays, stops, clocks, a crook, old backups."""
    broken = [each for each in run_chunk(1 + CHUNK * chunk, CHUNK, STEPS) if each.broken is not None]
    assert not broken, "\n\n".join(verdict.sentence for verdict in broken)


@pytest.mark.parametrize("seed", [2, 5, 6])
def test_a_seed_holds(seed: int) -> None:
    """P2, P12: some runs in every test of this project, the quick ones included."""
    verdict = run_seed(seed, 15)
    assert verdict.broken is None, verdict.sentence


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, THIN, WATCHED])
def test_a_seed_replays_exactly(seed: int) -> None:
    """The story of a run is the same each time, though ciphertexts differ."""
    first, second = run_seed(seed, 12), run_seed(seed, 12)
    assert first.trace == second.trace
    assert first.counts == second.counts


@pytest.mark.slow
def test_a_seed_tells_one_story_in_every_process() -> None:
    """docs/simulation.md: the names of lines are others in each process, and decide nothing."""
    words = [sys.executable, "-P", "-m", "goodoffices.drill.world.soak", "--seed", str(FULL)]
    told = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    stories = {each.communicate(timeout=100)[0] for each in told}
    assert len(stories) == 1
    assert "everything held" in stories.pop()


def test_the_seeds_make_every_kind_of_run() -> None:
    """No kind of fault is left out by an accident of the dice."""
    plans = [plan_of(1 + seed, STEPS) for seed in range(CHUNK * len(CHUNKS))]
    for name in (
        "young",
        "loss",
        "stops",
        "relays",
        "clocks",
        "disks",
        "hostile",
        "restores",
        "rosters",
        "errands",
        "several",
        "thin",
        "exported",
        "watched",
    ):
        assert sum(bool(getattr(plan, name)) for plan in plans) >= 10, name
    assert {plan.posts for plan in plans} == {1, 2}
    assert {each for plan in plans for each in plan.terms} == {0, 1, 2, 3}


@pytest.mark.parametrize("posts", [1, 2])
def test_rosters_change_while_notes_are_under_way(posts: int) -> None:
    """P2, P10: every office ends with every other's newest roster; nobody who is out gets anywhere."""
    verdict = run(Plan(9, 40, posts, (1,), loss=True, stops=True, relays=True, rosters=True))
    assert verdict.broken is None, verdict.sentence
    assert verdict.counts["new rosters"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("terms", [1, 3])
def test_a_calm_world_of_thin_lines_carries_notes_in_cells(terms: int) -> None:
    """P2, P7: the sealed and the open channel, forwarded by the desk."""
    verdict = run(Plan(11, 12, 1, (terms,), thin=True, exported=True))
    assert verdict.broken is None, verdict.sentence
    assert verdict.counts["cells"] > 50
    assert verdict.counts["notes from a chain"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [46, 5488])
def test_no_alarm_is_missed_while_anything_else_goes_wrong(seed: int) -> None:
    """P5: people are called by the alarms of every desk, in a run with the faults of any other."""
    verdict = run_seed(seed, 30)
    assert verdict.broken is None, verdict.sentence
    assert verdict.counts["alarms"] > 0


@pytest.mark.slow
def test_a_draft_left_lying_says_what_no_other_note_says() -> None:
    """P4: a draft to the far party, released late, once said word for word what a caucus note had said since."""
    verdict = run(turned(plan_of(790015, 40), relays=False))
    assert verdict.broken is None, verdict.sentence


@pytest.mark.slow
@pytest.mark.parametrize("seed", [125, 196, 211])
def test_rosters_and_an_old_backup_in_one_run(seed: int) -> None:
    """P2, P8: the root brings back what was lost; each of these once had two rosters of one version, or no end."""
    verdict = run(turned(plan_of(seed, 40), rosters=True))
    assert verdict.broken is None, verdict.sentence
    assert verdict.counts["restored backups"] == 1


@pytest.mark.slow
def test_a_vault_that_was_put_back_beside_a_dishonest_intermediary_judges_what_its_thin_keys_open() -> None:
    """P1, P2: altered copies of a note stayed unopened where the keys of a chain came again after them."""
    plan = turned(plan_of(660015, 40), hostile=True, restores=True, young=False, errands=False)
    verdict = run(plan)
    assert verdict.broken is None, verdict.sentence
    assert verdict.counts["restored backups"] > 0


@pytest.mark.parametrize("posts", [1, 2])
@pytest.mark.parametrize("terms", range(4))
def test_a_calm_world_holds(posts: int, terms: int) -> None:
    """P2: every way of reading and forwarding, over one post and over two."""
    verdict = run(Plan(11, 12, posts, (terms,)))
    assert verdict.broken is None, verdict.sentence


def test_a_world_is_let_go_of_as_soon_as_its_run_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/simulation.md: a soak of thousands of runs holds one world at a time, not ten with all their disks."""
    worlds: list[weakref.ref[World]] = []

    class Watched(World):
        def __init__(self, seed: int) -> None:
            super().__init__(seed)
            worlds.append(weakref.ref(self))

    monkeypatch.setattr(runs, "World", Watched)
    assert run(Plan(11, 2, 1, (0,))).broken is None
    gc.collect(0)
    assert [each() for each in worlds] == [None]


def test_messages_of_a_seed_take_as_long_as_ever() -> None:
    """docs/simulation.md: a seed makes the same run again; its dice are drawn as ``randint`` draws them."""
    world, dice = World(5), Random(5)
    assert [world.delay() for _ in range(200)] == [dice.randint(1, 40) for _ in range(200)]

# SPDX-License-Identifier: Apache-2.0
"""One channel, driven by Hypothesis: any order of deeds and faults, and the shortest one that breaks it."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.checks import check_end, need
from goodoffices.drill.world.officers import do, release
from goodoffices.drill.world.parts import RELAYS, SECOND, Weather
from goodoffices.drill.world.runs import beginning
from goodoffices.drill.world.steps import Steps
from goodoffices.drill.world.world import World

pytestmark = pytest.mark.slow  # whole folders, processes or many runs

DAY = 86_400 * SECOND
EAST, POST, WEST = range(3)
office = st.sampled_from((EAST, POST, WEST))
party = st.sampled_from((EAST, WEST))
relay = st.sampled_from(RELAYS)
chance = st.sampled_from((0.0, 0.3))
POST_DEEDS = ("takes", "forwards", "refuses", "returns", "opens", "acknowledges")
PARTY_DEEDS = ("opens", "passes up", "acknowledges", "withdraws")


class OneChannel(RuleBasedStateMachine):
    """Two parties, one post, two relays. P1, P2, P4, P7, P12."""

    notes: Bundle[bytes] = Bundle("notes")

    @initialize(terms=st.integers(0, 3))
    def begin(self, terms: int) -> None:
        self.world = World(0)
        self.world.begin_from(beginning(1, young=False))
        self.world.mandates = [self.world.mandates[terms]]
        self.steps = Steps()
        self.world.after_visit.append(self.steps.check)

    # deeds

    @rule(
        target=notes, author=party, caucus=st.booleans(), life=st.sampled_from((None, SECOND, 3600 * SECOND))
    )
    def released(self, author: int, caucus: bool, life: int | None) -> MultipleResults[bytes]:
        world, here = self.world, self.world.offices[author]
        to = world.offices[POST if caucus else (WEST if author == EAST else EAST)]
        draft = Draft(
            mandate=world.mandates[0],
            recipient=to.id,
            words=Words(text=f"{len(world.notes)}. We do not want war.", language="en"),
            precedence=Precedence.ROUTINE,
            valid_until=None if life is None else world.now(here) + life,
        )
        made = release(world, here, draft)
        return multiple() if made is None else multiple(made.id)

    @rule(note=notes, what=st.sampled_from(POST_DEEDS))
    def post_does(self, note: bytes, what: str) -> None:
        self._does(POST, note, what)

    @rule(who=party, note=notes, what=st.sampled_from(PARTY_DEEDS))
    def party_does(self, who: int, note: bytes, what: str) -> None:
        self._does(who, note, what)

    def _does(self, who: int, note: bytes, what: str) -> None:
        do(self.world, self.world.offices[who], what, note)

    # time, machines, network

    @rule(span=st.sampled_from((1, 20, 200, 2 * SECOND, 60 * SECOND, 3600 * SECOND)))
    def time_passes(self, span: int) -> None:
        self.world.pass_time(span)

    @rule(who=office, points=st.integers(1, 12))
    def will_stop(self, who: int, points: int) -> None:
        self.world.offices[who].disk.stop_in = points

    @rule(who=office)
    def starts_or_is_unlocked(self, who: int) -> None:
        here = self.world.offices[who]
        if here.desk is None:
            self.world.start(here)
        elif here.desk.context.locked:
            self.world.unlock(here)

    @rule(who=office)
    def disk_is_full_once(self, who: int) -> None:
        self.world.offices[who].disk.full = True

    @rule(who=office, span=st.sampled_from((-40 * DAY, -SECOND, SECOND, DAY, 40 * DAY)))
    def clock_jumps(self, who: int, span: int) -> None:
        self.world.offices[who].offset += span

    @rule(url=relay)
    def relay_goes_or_comes(self, url: str) -> None:
        it = self.world.relays[url]
        it.up = not it.up
        self.world.hang_up(it)

    @rule(url=relay)
    def relay_forgets(self, url: str) -> None:
        self.world.relays[url].forget()
        self.world.hang_up(self.world.relays[url])

    @rule(who=office, url=relay)
    def route_is_cut_or_joined(self, who: int, url: str) -> None:
        here = self.world.offices[who]
        self.world.cuts ^= {(here.name, url)}
        self.world.hang_up(self.world.relays[url], here)

    @rule(lost=chance, doubled=chance, late=chance)
    def weather_changes(self, lost: float, doubled: float, late: float) -> None:
        self.world.weather = replace(Weather(), lost=lost, doubled=doubled, late=late, lied=lost / 3)

    # what holds

    @invariant()
    def steps_hold(self) -> None:
        if hasattr(self, "world"):
            for each in self.world.offices:
                self.steps.check(each)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.calm()
        need(self.world.rest(), "the world does not come to rest once all faults end")
        check_end(self.world)


TestOneChannel = OneChannel.TestCase
TestOneChannel.settings = settings(
    max_examples=50, stateful_step_count=25, deadline=None, derandomize=True, database=None, print_blob=True
)

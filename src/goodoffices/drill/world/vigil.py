# SPDX-License-Identifier: Apache-2.0
"""No alarm missed: what must ring at each desk of the simulated world, by the world's own time (P5).

It reads the disks and knows the clocks of the mandate; it does not ask the code that decides what rings.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.mandate import Forwarding
from goodoffices.desk.alarms.engine import Ring
from goodoffices.desk.ledger.ledger import Ledger, NoteRow
from goodoffices.drill.world.checks import need
from goodoffices.drill.world.parts import SECOND, SimOffice
from goodoffices.drill.world.world import World

MINUTE = 60 * SECOND
LATE = 5 * SECOND
"""Milliseconds by which an alarm may ring too late."""
COLLECTING = 30 * SECOND
"""Milliseconds after a start in which what others owe may still come in."""
URGENT = 3
_CLOSED = ("newer", "unreadable")
_STOPS = {int(each) for each in (ActType.REFUSED, ActType.RETURNED, ActType.ALTERED, ActType.EXPIRED)}


@dataclass(frozen=True)
class Owed:
    """One step that somebody at an office must be woken for."""

    what: str
    note: bytes
    after: int
    lapse: int
    again: int
    others: bool
    until: int | None = None
    """When (ms, by the office's clock) there is nothing left to do but to look at it once."""
    looks_again: int = MINUTE
    """Milliseconds between two calls from then on."""


@dataclass
class Watched:
    """One owed step, as the world saw it."""

    since: int
    called: int | None = None
    quiet_until: int = 0
    taken: int = 0
    seen: bool = False


@dataclass
class Vigil:
    """Keeps watch over the alarms of every office."""

    world: World
    worst: int = 0
    """Milliseconds of the latest first call so far, counted from when it was due and the desk was up."""
    calls: int = 0
    up_since: dict[str, int] = field(default_factory=dict)
    _steps: dict[tuple[str, str, bytes], Watched] = field(default_factory=dict)
    _stands: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    _now_owed: dict[str, list[Owed]] = field(default_factory=dict)

    # --- what happens ---------------------------------------------------------------------------------

    def woke(self, office: SimOffice) -> None:
        """A desk started."""
        self.up_since[office.name] = self.world.time

    def arrived(self, office: SimOffice) -> None:
        """After anything at an office: what stands on its disk now is owed from now on."""
        stands = office.disk.raw.execute(
            "SELECT (SELECT count(*) FROM note), (SELECT count(*) FROM act),"
            " (SELECT count(*) FROM note WHERE state IN ('altered', 'newer', 'unreadable'))"
        )
        count = stands.fetchone()
        if count == self._stands.get(office.name):
            return
        self._stands[office.name] = count
        self._now_owed[office.name] = self._owed(office)
        for owed in self._now_owed[office.name]:
            key = office.name, owed.what, owed.note
            step = self._steps.setdefault(key, Watched(self.world.time))
            if owed.what == "forward" and not step.seen and self._seen(office, owed.note):
                step.seen = True
                self._quiet(step, owed)

    def lost(self, office: SimOffice) -> None:
        """An office's disk went back: what is not owed by it is new once it is, and *seen* is unsaid."""
        self._stands.pop(office.name, None)
        self._now_owed.pop(office.name, None)
        stands = {(office.name, each.what, each.note) for each in self._owed(office)}
        for key in [each for each in self._steps if each[0] == office.name]:
            if key not in stands:
                del self._steps[key]
            else:
                self._steps[key].seen = self._seen(office, key[2])

    def taken(self, office: SimOffice, what: str, note: bytes) -> None:
        """Somebody took an alarm."""
        for owed in self._owed(office):
            if (owed.what, owed.note) == (what, note):
                key = office.name, what, note
                self._quiet(self._steps.setdefault(key, Watched(self.world.time)), owed)

    def _quiet(self, step: Watched, owed: Owed) -> None:
        step.taken = self.world.time
        step.quiet_until = step.taken + owed.lapse

    def rang(
        self, office: SimOffice, rings: tuple[Ring, ...], subjects: dict[str, tuple[str, bytes]]
    ) -> None:
        """Somebody at an office was called. ``subjects``: (what, note) of each alarm's key."""
        for key in {key for ring in rings for key in ring.keys if key in subjects}:
            step = self._steps.get((office.name, *subjects[key]))
            if step is None:
                continue
            self.calls += 1
            step.called = self.world.time

    # --- what must hold -------------------------------------------------------------------------------

    def check(self, office: SimOffice) -> None:
        """Each second at a desk that is up: nothing is due that has not rung."""
        now, up = self.world.time, self.up_since[office.name]
        for owed in self._now_owed.get(office.name, ()):
            step = self._steps.get((office.name, owed.what, owed.note))
            if step is None:
                continue
            over = owed.until is not None and self.world.now(office) >= owed.until
            if over and step.taken:
                self._quiet(step, owed)  # it has expired, and somebody has looked at it
                continue
            due = max(step.since + owed.after, step.quiet_until)
            ready = max(due, up + (COLLECTING if owed.others else 0))
            if now < ready:
                continue
            # It may ring before it is due (after a reboot it does), and then goes on until somebody takes it.
            rang = step.called is not None and step.called > step.taken
            silent = now - max(step.called or 0, up) if rang else now - ready
            allowed = ((owed.looks_again if over else owed.again) if rang else 0) + LATE
            need(
                silent <= allowed,
                f"{office.name}: nobody was called for {silent / SECOND:.0f} s about the step"
                f" '{owed.what}' of note {owed.note.hex()[:8]}",
            )
            if not rang:
                self.worst = max(self.worst, silent)

    # --- what is owed, by the disks ---------------------------------------------------------------------

    def _owed(self, office: SimOffice) -> list[Owed]:
        ledger, found = Ledger(office.disk), []
        ids = [each.id for each in self.world.offices]
        for released in self.world.notes.values():
            note = ledger.note(released.id)
            if note is None or note.recipient not in ids:
                continue
            done = {(row.type, row.author) for row in ledger.acts_about(note.id)}
            if (ActType.WITHDRAWN, note.author) in done:
                continue
            mandate = ledger.agreement(note.mandate).mandate
            clock = mandate.clock(note.precedence)
            own = self._own(office, note, done, clock)
            if mandate.forwarding != Forwarding.BY_HAND:
                # Where desks forward by themselves nobody is woken to do it.
                own = [each for each in own if each.what != "forward"]
            found += own + self._others(office, note, done, clock, ids)
        return found

    def _own(self, office: SimOffice, note: NoteRow, done: set[tuple[int, bytes]], clock: int) -> list[Owed]:
        me = office.id
        after = 0 if note.precedence >= URGENT else clock // 2
        lapse = min(max(clock // 2, MINUTE), 15 * MINUTE)
        calm = MINUTE if note.precedence >= URGENT else 15 * MINUTE
        if note.recipient == me and note.state in _CLOSED and (ActType.OPENED, me) not in done:
            # Its key is lost with the vault, until its author seals it anew: there is nothing to do but to know.
            return [Owed("unreadable", note.id, 0, lapse, MINUTE, others=False, until=0, looks_again=calm)]
        if note.recipient == me and (ActType.OPENED, me) not in done:
            return [Owed("open", note.id, after, lapse, MINUTE, others=False)]
        between = note.lane == CHANNEL_LANE and me not in (note.author, note.recipient)
        mine = {ActType.FORWARDED, ActType.REFUSED, ActType.RETURNED}
        if between and not any((each, me) in done for each in mine):
            return [
                Owed(
                    "forward",
                    note.id,
                    after,
                    lapse,
                    MINUTE,
                    others=False,
                    until=note.valid_until,
                    looks_again=calm,
                )
            ]
        return []

    def _others(
        self, office: SimOffice, note: NoteRow, done: set[tuple[int, bytes]], clock: int, ids: list[bytes]
    ) -> list[Owed]:
        me, found = office.id, []
        way = ids if ids.index(note.recipient) > ids.index(note.author) else ids[::-1]
        beyond = set(way[way.index(me) + 1 :])
        arrival = min(max(clock // 5, MINUTE), 15 * MINUTE)
        lapse, again = max(15 * MINUTE, clock // 2), MINUTE if note.precedence >= URGENT else 15 * MINUTE
        if (note.author == me or (ActType.FORWARDED, me) in done) and not any(
            author in beyond for _, author in done
        ):
            found.append(Owed("arrival", note.id, arrival, lapse, again, others=True))
        if note.author == me and note.lane == CHANNEL_LANE and len(ids) == 3:
            post, far = way[1], way[2]
            passed = (ActType.FORWARDED, post) in done or any(author == far for _, author in done)
            stopped = any(kind in _STOPS and author == post for kind, author in done)
            if not passed and not stopped:
                found.append(Owed("passing", note.id, clock + arrival, lapse, again, others=True))
        return found

    def _seen(self, office: SimOffice, note: bytes) -> bool:
        row = office.disk.raw.execute(
            "SELECT 1 FROM act WHERE subject=? AND author=? AND type=?", (note, office.id, int(ActType.SEEN))
        ).fetchone()
        return row is not None

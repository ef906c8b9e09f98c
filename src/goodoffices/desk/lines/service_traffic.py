# SPDX-License-Identifier: Apache-2.0
"""Line tests and service chat at one desk (ADR 0030): called, answered, written, erased in time.

The desk calls every hour by its own clock, with jitter, unless the other side called meanwhile, and asks
for a person once a watch. Nothing here is ever waited for by a note (P11): entries of tests and chat are
never urgent, and an answer is written when the desk settles, after what presses is on the wire.
"""

from __future__ import annotations

from collections.abc import Callable

from goodoffices.core.crypto import Signing
from goodoffices.core.errors import Foreign, NotFound, NotNow, OtherOfficeError, YourError
from goodoffices.core.line import CarriedEntry, EntryKind
from goodoffices.core.office import Office, Right
from goodoffices.core.service_traffic import (
    ANSWERED_BY,
    CALLS,
    MAX_WORDS,
    LineTest,
    ServiceChat,
    Step,
    body_of,
    read_body,
)
from goodoffices.core.statement import Content, sign, state
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.lines.lines import Lines

MINUTE = 60_000
EVERY = 60 * MINUTE
"""Milliseconds between two automatic tests of a line, whichever side calls."""
JITTER = 15 * MINUTE
"""Milliseconds by which a test comes earlier or later, so that a relay cannot set its clock by it."""
WATCH = 480 * MINUTE
"""Milliseconds between two calls for a person, where no roster says when a watch begins."""
AFTER_START = 2 * MINUTE
"""Milliseconds, with jitter from nothing on, until the first test after a start."""
ANSWER_WITHIN = 10 * MINUTE
"""Milliseconds after which an automatic call is not answered any more: its caller has called again."""
KEPT = 30 * 1440 * MINUTE
"""Milliseconds for which the bodies of tests and chat are kept."""
RESULTS_KEPT = 400 * 1440 * MINUTE
DAY = 1440 * MINUTE
MOST_SAID = 200
"""Lines of chat that this office writes on one line within a day."""
MOST_KEPT = 6_000
"""Lines of a counterpart's chat whose words are kept at once: what an office that keeps to the bound above can have
written in the time for which they are kept, however late it comes (ADR 0052)."""


Require = Callable[[Officer, Right], None]
"""Raises NotAllowed unless an officer has a right."""


class ServiceTraffic:
    """What goes over the lines of one desk and is no note."""

    def __init__(self, context: Context, lines: Lines, require: Require) -> None:
        self.context = context
        self.ledger = context.ledger
        self.lines = lines
        self._require = require
        self._due: dict[tuple[bytes, bool], int] = {}
        self._to_answer = True  # there may be calls from before this start
        self._erased_at: int | None = None
        self._full: dict[bytes, tuple[int, int]] = {}
        """Per line with too much chat, when it was last counted, and when that was last told."""
        self.next_watch: Callable[[int], int | None] = lambda _: None
        """When the next watch begins after a time, by the roster; None without one."""
        self.chat_seen: dict[bytes, int] = {}
        """Per line, the position up to which an officer of this desk has looked, since the start."""

    # --- what arrives -------------------------------------------------------------------------------

    def take(self, line: LineRow, carried: CarriedEntry, now: int) -> None:
        """An entry of a test or of chat that was just kept. A bad one is a finding and costs nothing else."""
        if carried.erased:
            return
        try:
            with self.context.part():
                self._take(line, carried, now)
        except NotNow:
            raise
        except OtherOfficeError as error:
            self.ledger.find(
                now, error.fault, error.what, error.next_step, line=line.id, entry=carried.signed.id
            )

    def _take(self, line: LineRow, carried: CarriedEntry, now: int) -> None:
        if not line.open:
            raise Foreign("Something on a line that is not confirmed by both offices.")
        peer = self._peer(line)
        signed, content = read_body(carried.entry.kind, carried.body, line.id, peer)
        if isinstance(content, ServiceChat):
            self._keep_chat(line, carried, now)
            return  # it stands in the record, from where its page reads it
        answers = content.step not in CALLS
        self.lines.hear(line.id, now, now if answers else content.time[0], locked=content.locked)
        person = content.step in (Step.PERSON_CALLED, Step.PERSON_ANSWERED)
        if not answers:
            self.ledger.add_test(line.id, content.nonce, carried.signed.id, now, mine=False, person=person)
            self._to_answer = self._to_answer or not person
            self._plan(line.id, now, person=False)
            return
        name = peer.roster_at(content.roster)
        by = name.pseudonym(signed.signers[0]) if person and name is not None else None
        call = self.ledger.test(line.id, content.nonce, mine=True)
        if call is None:
            raise Foreign("An answer to a line test that this desk has not called.")
        self.lines.apart.answered(line.id, call.at, content.time[0])
        self.ledger.answer_test(
            line.id, content.nonce, now, mine=True, person=person, by=by, locked=content.locked
        )

    def _keep_chat(self, line: LineRow, carried: CarriedEntry, now: int) -> None:
        counted, found = self._full.get(line.id, (now - MINUTE, now - DAY))
        if abs(now - counted) >= MINUTE:  # not for each of a flood
            if self.ledger.count_chat(line.id, line.peer) <= MOST_KEPT:
                return
            counted = now
        self.ledger.erase_body(
            carried.signed.id
        )  # the link of the chain stays, and so does the other desk's copy
        if abs(now - found) >= DAY:
            found = now
            self.ledger.find(
                now,
                "the other office's",
                f"More than {MOST_KEPT:,} lines of service chat lie here; the words of further ones are not kept.",
                "Ask that office by another way. To make room, erase the line's chat; notes are not touched by this.",
                line=line.id,
                entry=carried.signed.id,
            )
        self._full[line.id] = counted, found

    # --- what the desk does by itself -----------------------------------------------------------------

    def settle(self, now: int) -> bool:
        """Answer the automatic calls that came in; True if there was any."""
        if not self._to_answer:
            return False
        calls = [each for each in self.ledger.calls_to_answer(now - ANSWER_WITHIN) if self._may(each.line)]
        with self.context.transaction():
            for call in calls:
                self._write(call.line, call.nonce, ANSWERED_BY[Step.CALL], now)
                self.ledger.answer_test(
                    call.line, call.nonce, now, mine=False, person=False, by=None, locked=self.context.locked
                )
        self._to_answer = bool(self.ledger.calls_to_answer(now - ANSWER_WITHIN))
        return bool(calls)

    def next_call(self, now: int) -> int | None:
        """When this desk calls next, if it has a line to call on."""
        times = [
            self._due_at(line.id, now, person=person)
            for line in self.ledger.lines()
            if line.open
            for person in (False, True)
        ]
        return min(times, default=None)

    def next_on(self, line: bytes, now: int) -> int:
        """When this desk calls next by itself on one line, to test it."""
        return self._due_at(line, now, person=False)

    def call(self, now: int) -> bool:
        """Make the calls that are due; True if there was any. Erases what has been kept long enough."""
        made = False
        for line in self.ledger.lines():
            for person in (False, True):
                if not line.open or now < self._due_at(line.id, now, person=person):
                    continue
                self._plan(line.id, now, person=person)
                if self._may(line.id) and not self._one_is_out(line.id, person=person):
                    step = Step.PERSON_CALLED if person else Step.CALL
                    with self.context.transaction():
                        self._write(line.id, self.context.rng(16), step, now)
                    made = True
        if self._erased_at is None or abs(now - self._erased_at) >= DAY:
            self._erased_at = now
            with self.context.transaction():
                for kind in (EntryKind.LINE_TEST, EntryKind.SERVICE_CHAT):
                    self.ledger.erase_bodies(kind, self.context.me, now - KEPT)
                self.ledger.forget_tests(now - RESULTS_KEPT)
        return made

    def _may(self, line: bytes) -> bool:
        """A test is no reason to write to a peer that is silent: it waits until the peer has spoken since the start."""
        return self.context.speaks and self.lines.goes_on(line)

    def _one_is_out(self, line: bytes, *, person: bool) -> bool:
        """A month of silence is one call that lies at the relays, not seven hundred."""
        last = self.ledger.newest_test(line, person=person, mine=True)
        return last is not None and last.answered is None and not self.ledger.entry_receipted(last.entry)

    def _due_at(self, line: bytes, now: int, *, person: bool) -> int:
        every = WATCH if person else EVERY
        if (line, person) not in self._due:
            known = [self.ledger.newest_test(line, person=person, mine=mine) for mine in (True, False)]
            last = max((each.at for each in known[: 1 if person else 2] if each is not None), default=None)
            soon = now + (EVERY if person else self._up_to(AFTER_START))
            if last is None:
                self._due[line, person] = soon
            else:
                watch = self.next_watch(last) if person else None
                self._due[line, person] = max(soon, last + every if watch is None else watch)
        if person and (watch := self.next_watch(now)) is not None:
            every = max(every, watch - now)  # a roster with gaps
        if self._due[line, person] > now + every + JITTER:
            self._due[line, person] = now + every  # the clock was put back
        return self._due[line, person]

    def _plan(self, line: bytes, now: int, *, person: bool) -> None:
        watch = self.next_watch(now) if person else None
        if watch is not None:
            # Whoever comes on watch is asked soon after; both sides' rosters begin when they like.
            self._due[line, person] = watch + self._up_to(JITTER)
            return
        every = WATCH if person else EVERY
        self._due[line, person] = now + every - JITTER + self._up_to(2 * JITTER)

    def _up_to(self, most: int) -> int:
        return int.from_bytes(self.context.rng(4), "big") % (most + 1)

    # --- what officers do ---------------------------------------------------------------------------

    def call_now(self, officer: Officer, line_id: bytes, now: int, *, person: bool) -> bytes:
        """Call on a line at once, by hand; returns the nonce. A call for a person carries the officer's name."""
        self._duty(officer)
        line = self._open_line(line_id)
        nonce = self.context.rng(16)
        with self.context.transaction():
            step = Step.PERSON_CALLED if person else Step.CALL
            self._write(line.id, nonce, step, now, officer if person else None)
            self.ledger.audit(now, officer.name, f"tested the line {line.name}")
        self._plan(line.id, now, person=person)
        return nonce

    def answer(self, officer: Officer, line_id: bytes, nonce: bytes, now: int) -> None:
        """Answer the other side's call for a person. Answering twice answers once."""
        self._duty(officer)
        call = self.ledger.test(line_id, nonce, mine=False)
        if call is None or not call.person:
            raise NotFound("There is no such line test at this desk.")
        if call.answered is not None:
            return
        with self.context.transaction():
            self._write(line_id, nonce, Step.PERSON_ANSWERED, now, officer)
            by = self.context.my_office().roster.pseudonym(officer.public)
            self.ledger.answer_test(
                line_id, nonce, now, mine=False, person=True, by=by, locked=self.context.locked
            )

    def say(self, officer: Officer, line_id: bytes, words: str, now: int, once: str | None = None) -> None:
        """Write a line of service chat; asked again with the same ``once``, it is written once."""
        self._duty(officer)
        line = self._open_line(line_id)
        if once is not None and self.ledger.fact(f"once {once}") is not None:
            return
        words = words.strip()
        if not words:
            raise YourError("A line of chat needs words.")
        if len(words.encode("utf-8", "surrogatepass")) > MAX_WORDS:
            raise YourError(
                f"A line of chat has at most {MAX_WORDS} bytes.", "Shorten it. What is meant is a note."
            )
        if self.ledger.count_chat(line.id, self.context.me, now - DAY) >= MOST_SAID:
            raise NotNow(
                f"{MOST_SAID} lines of chat were written on this line within a day; it takes no more for now.",
                "What matters is a note. The next line of chat can be written when the oldest is a day old.",
            )
        content = ServiceChat(
            line=line.id,
            office=self.context.me,
            time=self.context.time(now),
            roster=self.context.my_office().roster.version,
            words=words,
            case_at=self.context.case_at(now),
        )
        with self.context.transaction():
            self._carry(line.id, content, officer.seed, now)
            if once is not None:
                self.ledger.set_fact(f"once {once}", b"\x01")

    def erase_chat(self, officer: Officer, line_id: bytes, now: int) -> int:
        """Erase this desk's copy of a line's chat; returns how many. The other desk keeps its own."""
        self._duty(officer)
        line = self.ledger.line(line_id)
        with self.context.transaction():
            count = self.ledger.erase_bodies(EntryKind.SERVICE_CHAT, self.context.me, now + 1, line_id)
            self.ledger.audit(now, officer.name, f"erased the service chat of the line {line.name}")
        return count

    def _duty(self, officer: Officer) -> None:
        self._require(officer, Right.DUTY)

    def _open_line(self, line_id: bytes) -> LineRow:
        line = self.ledger.line(line_id)
        if not line.open:
            raise NotNow("The line is not confirmed by both offices yet.", "Compare the digits first.")
        return line

    # --- writing ------------------------------------------------------------------------------------

    def _write(self, line: bytes, nonce: bytes, step: Step, now: int, officer: Officer | None = None) -> None:
        content = LineTest(
            line=line,
            office=self.context.me,
            nonce=nonce,
            step=int(step),
            locked=self.context.locked,
            time=self.context.time(now),
            roster=self.context.my_office().roster.version,
            case_at=self.context.case_at(now),
        )
        seed = self.context.keys.desk_seed if officer is None else officer.seed
        entry = self._carry(line, content, seed, now)
        if step in CALLS:
            self.ledger.add_test(line, nonce, entry, now, mine=True, person=step == Step.PERSON_CALLED)

    def _carry(self, line: bytes, content: Content, seed: Signing, now: int) -> bytes:
        kind, body = body_of(sign(state(content, self.context.keys.realm), seed))
        return self.lines.write_apart(line, kind, body, now)

    def _peer(self, line: LineRow) -> Office:
        office = self.ledger.office(line.peer)
        if office is None:
            raise NotNow("The credential of a line's peer is missing.", "Restore the vault's last backup.")
        return office

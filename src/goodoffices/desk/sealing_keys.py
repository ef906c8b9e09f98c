# SPDX-License-Identifier: Apache-2.0
"""Old sealing keys are destroyed: what was recorded on the way stays closed, whoever opens the vault later (P3).

A key goes ``GRACE`` after the last moment at which a counterpart could have sealed to it, and not while
something that it alone opens waits here. A clock that is wrong destroys nothing early: the time that counts
is the earlier of this machine's own and the newest that any counterpart has signed (ADR 0022).
"""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core import crypto
from goodoffices.core.office import Office
from goodoffices.core.sealed import read_sealed
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context
from goodoffices.desk.founding import DAY

GRACE = 35 * DAY
"""Milliseconds for which a key outlives its epoch: relays keep envelopes for thirty days."""
HOLD_MOST = 365 * DAY
"""Milliseconds after which a key goes although something waits for it: a counterpart could hold it for ever."""
EVERY = DAY // 24
"""Milliseconds between two looks."""
WARN = 56 * DAY
"""Milliseconds before the last sealing key ends from which on the desk says so."""
_INSTALLED = "roster installed "


class SealingKeys:
    """The sealing keys of one desk, as they age."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ledger = context.ledger
        self._looked: int | None = None

    # --- what time it is, as far as it may destroy something ------------------------------------------

    def trusted_time(self, now: int) -> int | None:
        """The earlier of the own clock and the newest time that a counterpart signed; None without any."""
        times = self._signed_times()
        return min(now, max(times)) if times else None

    def _signed_times(self) -> list[int]:
        """The newest time that each counterpart signed."""
        times = []
        for line in self.ledger.lines():
            head = self.ledger.newest_head(line.id, line.peer)
            carried = self.ledger.entry(head[2]) if head is not None else None
            if carried is not None:
                times.append(carried.entry.time[0])
        return times

    def installed(self, version: int, now: int) -> None:
        """Note when a roster came into force by the time that counts. Inside the caller's transaction.

        If this machine's clock is behind what every counterpart has signed, it is that: a clock set right later
        would make the keys of before seem long out of use. By a year at most, for all of them may be wrong.
        """
        counts, times = self.trusted_time(now) or 0, self._signed_times()
        since = min(max(counts, min(times, default=0)), counts + HOLD_MOST)
        self.ledger.set_fact(f"{_INSTALLED}{version}", str(since).encode())

    def ends(self, *, reading: bool) -> dict[int, int]:
        """Until when (ms) each epoch could be sealed to, by the rosters that counterparts were given."""
        mine = self.context.my_office()
        ends: dict[int, int] = {}
        for roster in mine.rosters:
            listed = mine.epochs_at(roster.version)[reading]
            since = max(roster.made, int(self.ledger.fact(f"{_INSTALLED}{roster.version}") or b"0"))
            for epoch in ends.keys() - {each[0] for each in listed}:
                ends[epoch] = min(ends[epoch], since)
            ends |= {each[0]: each[2] for each in listed}
        return ends

    # --- destroying -----------------------------------------------------------------------------------

    def destroy_expired(self, now: int, *, waiting: bool) -> tuple[int, ...]:
        """Destroy what has ended long enough; returns the epochs. Looks once an hour at most.

        ``waiting``: envelopes were opened and could not be judged yet; their keys are still needed. The
        caller empties the database's log afterwards.
        """
        if self._looked is not None and 0 <= now - self._looked < EVERY:
            return ()
        self._looked = now
        time = self.trusted_time(now)
        if time is None:
            return ()
        envelope = self._expired(time, set(self.ledger.envelope_seeds()), reading=False, hold=waiting)
        gone: set[int] = set()
        if not self.context.locked:
            held = set(self.ledger.sealed_reading_seeds())
            gone = self._expired(time, held, reading=True, hold=False) - self._needed(time)
        if not envelope and not gone:
            return ()
        with self.context.transaction():
            for reading, epochs in ((False, envelope), (True, gone)):
                for epoch in epochs:
                    self.ledger.drop_epoch(epoch, reading=reading)
            what = f"destroyed the sealing keys {_listed(envelope | gone)}"
            self.ledger.audit(now, "the desk", what, AuditKind.OFFICE)
            self.context.pending.after.append(lambda: self._forget(envelope, gone))
        return tuple(sorted(envelope | gone))

    def _expired(self, time: int, held: set[int], *, reading: bool, hold: bool) -> set[int]:
        grace = HOLD_MOST if hold else GRACE
        ends = self.ends(reading=reading)
        newest = max(self._sealed_to(self.context.my_office(), reading=reading))
        # What counterparts seal to, for want of anything newer, is never destroyed.
        return {epoch for epoch in held if epoch in ends and ends[epoch] + grace < time and epoch != newest}

    @staticmethod
    def _sealed_to(mine: Office, *, reading: bool) -> set[int]:
        return {each[0] for each in (mine.reading_epochs if reading else mine.envelope_epochs)}

    def _needed(self, time: int) -> set[int]:
        """Reading epochs of notes that are here and were not opened yet, for a year at most."""
        ends = self.ends(reading=True)
        needed: set[int] = set()
        for note in self.ledger.notes_to_judge():
            for _, raw, _, state in self.ledger.copies(note):
                if state == "unopened":
                    needed |= {each[1] for each in read_sealed(raw).wraps if each[0] == self.context.me}
        return {epoch for epoch in needed if ends.get(epoch, 0) + HOLD_MOST >= time}

    def _forget(self, envelope: set[int], reading: set[int]) -> None:
        """In memory too: no copy of a destroyed key outlives it in this process."""
        keys = self.context.keys
        kept = {epoch: seed for epoch, seed in keys.envelope_seeds.items() if epoch not in envelope}
        self.context.keys = replace(keys, envelope_seeds=kept)
        self.context.reading = {e: seed for e, seed in self.context.reading.items() if e not in reading}
        crypto.forget_private_keys()

    # --- what is about to run out ---------------------------------------------------------------------

    def runs_out(self) -> int:
        """When (ms) the last sealing key that counterparts know of ends."""
        mine = self.context.my_office()
        return min(max(each[2] for each in epochs) for epochs in (mine.envelope_epochs, mine.reading_epochs))

    def warning(self, now: int) -> int | None:
        """When (ms) the last sealing key ends, if that is within eight weeks or over; else None (P13)."""
        end = self.runs_out()
        return end if end - now < WARN else None


def _listed(epochs: set[int]) -> str:
    return ", ".join(map(str, sorted(epochs)))

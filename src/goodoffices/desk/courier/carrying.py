# SPDX-License-Identifier: Apache-2.0
"""By hand: what a line owes as one bundle, and a bundle taken in (ADR 0033).

A bundle is one more route. Nothing that goes into it is taken off the others, and what comes out of it
passes the same checks as from a relay: opened, verified, kept, receipted. Whoever carried it does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from goodoffices.core.courier import read_bundle, write_bundle
from goodoffices.core.errors import Malformed, NotNow, YourError
from goodoffices.core.office import Right, sealing_key
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import LineRow

RECEIPTS_ON_A_STICK = 4096
RECEIPTS_IN_PICTURES = 64
"""Newest entries of the peer that a bundle receipts. They were receipted before; this says it by this way too."""
AT_ONCE = 64
BYTES_AT_ONCE = 1 << 18
"""Envelopes of a bundle, and bytes of them, that are taken in before a running desk does something else."""

TRIED = 16
"""Envelopes of a bundle that are tried for whose it is: one that a stick damaged costs the others nothing."""


@dataclass(frozen=True)
class TakenIn:
    """What became of a bundle."""

    line: bytes
    line_name: str
    peer: bytes
    envelopes: int
    new: int
    """Entries that were not here before."""
    receipted: int
    """Own entries whose receipt came with it."""
    later: int
    """Envelopes that can be judged only when something else has come: the bundle must be kept."""
    refused: int
    """Findings that it left."""


def carry_out(
    desk: Desk, officer: Officer | None, line_id: bytes, now: int, *, pictures: bool = False
) -> bytes:
    """Everything that a line owes, for its other office alone. ``officer``: None at the machine itself."""
    if officer is not None:
        desk.acts.require(officer, Right.DUTY)
    line = desk.ledger.line(line_id)
    if not line.confirmed_here:
        raise NotNow("The line is not confirmed here yet.", "Compare the digits and type them in.")
    with desk.context.transaction():
        desk.lines.flush(line_id, now)
        desk.ledger.audit(
            now, _who(officer), f"made a courier's bundle for the line {line.name}", AuditKind.EXPORT
        )
        most = RECEIPTS_IN_PICTURES if pictures else RECEIPTS_ON_A_STICK
        return write_bundle(desk.lines.carried_by_hand(line_id, most, now))


def stop_out(desk: Desk, line_id: bytes, now: int) -> tuple[bytes, int]:
    """A line's stop certificate as a bundle, and until when (ms) the other desk is sure to open it."""
    line = desk.ledger.line(line_id)
    peer = desk.ledger.office(line.peer)
    if not line.open or peer is None:
        raise NotNow("The line is not open.", "Confirm it on both sides first.")
    with desk.context.transaction():
        desk.ledger.audit(
            now, _who(None), f"made a stop certificate for the line {line.name}", AuditKind.EXPORT
        )
    current, _ = sealing_key(peer.envelope_epochs, now)
    ends = next(each[2] for each in peer.envelope_epochs if each[0] == current)
    return write_bundle([desk.stops.certificate(line, now)]), ends


def carry_in(desk: Desk, officer: Officer | None, bundle: bytes, now: int) -> TakenIn:
    """Take in a bundle; raises Oversized, NewerVersion, or YourError if it is for another desk or damaged."""
    taking = Taking(desk, officer, bundle, now)
    while taking.more(now):
        pass
    return taking.taken


class Taking:
    """A bundle that is taken in, some envelopes at a time: whoever carried it may have put thousands into it.

    Nobody who carries a bundle can open it, and anybody can add to it what no key opens.
    """

    def __init__(self, desk: Desk, officer: Officer | None, bundle: bytes, now: int) -> None:
        """Raises Oversized, NewerVersion, or YourError if it is for another desk or damaged."""
        if officer is not None:
            desk.acts.require(officer, Right.DUTY)
        self._desk = desk
        self._envelopes = _read(bundle)
        self._line = line = _whose(desk, self._envelopes, now)
        self._next = 0
        self.taken = TakenIn(line.id, line.name, line.peer, len(self._envelopes), 0, 0, 0, 0)
        with desk.context.transaction():
            desk.ledger.audit(
                now, _who(officer), f"took in a courier's bundle on the line {line.name}", AuditKind.OTHER
            )

    def more(self, now: int) -> bool:
        """Take in the next few; False once there are no more."""
        before, later, size = _counts(self._desk, self._line), 0, 0
        for each in self._envelopes[self._next : self._next + AT_ONCE]:
            later += not self._desk.receive(self._line.id, each, now).delete
            self._next += 1
            size += len(each)
            if size >= BYTES_AT_ONCE:
                break
        after = _counts(self._desk, self._line)
        new, receipted, refused = (b - a for a, b in zip(before, after, strict=True))
        self.taken = replace(
            self.taken,
            new=self.taken.new + new,
            receipted=self.taken.receipted + receipted,
            later=self.taken.later + later,
            refused=self.taken.refused + refused,
        )
        return self._next < len(self._envelopes) or self._desk.judge_early(now)


def _who(officer: Officer | None) -> str:
    return officer.name if officer is not None else "at the machine"


def _whose(desk: Desk, envelopes: tuple[bytes, ...], now: int) -> LineRow:
    """The line whose desk can open it. A bundle is for one line: its first envelope that opens tells which."""
    if not envelopes:
        raise YourError("The bundle is empty.", "Ask the other office to make it again.")
    lines = [line for line in desk.ledger.lines() if line.confirmed_here]
    for each in envelopes[:TRIED]:
        for line in lines:
            if desk.lines.opens(line, each, now):
                return line
    raise YourError(
        "None of this desk's keys opens this bundle: it is for another office, or was damaged on the way.",
        "Give it to whom it is for. If that is you, take in another copy. Nothing of it was taken in or read.",
    )


def _read(bundle: bytes) -> tuple[bytes, ...]:
    """Its envelopes; raises YourError where a stick or a copy lost part of it."""
    try:
        return read_bundle(bundle)
    except Malformed:
        raise YourError(
            "This bundle is not whole: it was cut off or damaged on the way.",
            "Copy it from the stick once more, or have it made again. Nothing of it was taken in.",
        ) from None


def _counts(desk: Desk, line: LineRow) -> tuple[int, int, int]:
    return desk.ledger.counts_of(line.id, line.peer, desk.me)

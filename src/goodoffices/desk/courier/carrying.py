# SPDX-License-Identifier: Apache-2.0
"""By hand: what a line owes as one bundle, and a bundle taken in (ADR 0033).

A bundle is one more route. Nothing that goes into it is taken off the others, and what comes out of it
passes the same checks as from a relay: opened, verified, kept, receipted. Whoever carried it does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.courier import read_bundle, write_bundle
from goodoffices.core.errors import NotNow, YourError
from goodoffices.core.office import Right, sealing_key
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import LineRow

RECEIPTS_ON_A_STICK = 4096
RECEIPTS_IN_PICTURES = 64
"""Newest entries of the peer that a bundle receipts. They were receipted before; this says it by this way too."""


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
    """Take in a bundle; raises Malformed and the like, or YourError if it is for another desk."""
    if officer is not None:
        desk.acts.require(officer, Right.DUTY)
    envelopes = read_bundle(bundle)
    line = _whose(desk, envelopes, now)
    before = _counts(desk, line)
    later = sum(not desk.receive(line.id, each, now).delete for each in envelopes)
    after = _counts(desk, line)
    with desk.context.transaction():
        desk.ledger.audit(
            now, _who(officer), f"took in a courier's bundle on the line {line.name}", AuditKind.OTHER
        )
    new, receipted, refused = (b - a for a, b in zip(before, after, strict=True))
    return TakenIn(line.id, line.name, line.peer, len(envelopes), new, receipted, later, refused)


def _who(officer: Officer | None) -> str:
    return officer.name if officer is not None else "at the machine"


def _whose(desk: Desk, envelopes: tuple[bytes, ...], now: int) -> LineRow:
    """The line whose desk can open it. A bundle is for one line: its first envelope that opens tells which."""
    if not envelopes:
        raise YourError("The bundle is empty.", "Ask the other office to make it again.")
    for line in desk.ledger.lines():
        if line.confirmed_here and desk.lines.opens(line, envelopes[0], now):
            return line
    raise YourError(
        "None of this desk's keys opens this bundle: it is for another office.",
        "Give it to whom it is for. Nothing of it was taken in, and nobody here has read it.",
    )


def _counts(desk: Desk, line: LineRow) -> tuple[int, int, int]:
    return desk.ledger.counts_of(line.id, line.peer, desk.me)

# SPDX-License-Identifier: Apache-2.0
"""Stop certificates at one desk: its own, made before they are needed, and those of counterparts (P13)."""

from __future__ import annotations

from goodoffices.core import cbor, envelope
from goodoffices.core.errors import NotNow
from goodoffices.core.office import sealing_key
from goodoffices.core.statement import Signed, read_signed, sign, state
from goodoffices.core.stop import Stop, verify_stop
from goodoffices.desk.context import Context
from goodoffices.desk.ledger.ledger import Ledger, LineRow, RouteRow


def _fact(line: bytes) -> str:
    return f"stopped {line.hex()}"


def stopped(ledger: Ledger, line: LineRow) -> int | None:
    """When (ms) the peer's stop certificate arrived, if it still holds: no roster has come since."""
    raw, peer = ledger.fact(_fact(line.id)), ledger.office(line.peer)
    if raw is None or peer is None:
        return None
    signed, at = cbor.decode(raw)
    holds = read_signed(signed).statement.read(Stop).roster >= peer.roster.version
    return int(at) if holds else None


class Stops:
    """The stop certificates of one desk's lines."""

    def __init__(self, context: Context) -> None:
        self.context, self.ledger = context, context.ledger

    def prepare(self, now: int) -> list[tuple[RouteRow, bytes]]:
        """An envelope for each mailbox of each counterpart: all that is to be sent when this office leaves."""
        found = []
        for line in self.ledger.lines():
            if line.open:
                sealed = self.certificate(line, now)
                found += [(route, sealed) for route in self.ledger.routes(line.id, own=False)]
        return found

    def certificate(self, line: LineRow, now: int) -> bytes:
        """One line's certificate, sealed to its other desk; raises NotNow."""
        mine, peer = self.context.my_office(), self.ledger.office(line.peer)
        if peer is None:
            raise NotNow("The credential of a line's peer is missing.", "Restore the vault's last backup.")
        stop = Stop(line=line.id, office=mine.id, roster=mine.roster.version, time=self.context.time(now))
        signed = sign(state(stop, mine.realm), self.context.keys.desk_seed)
        return envelope.pack(
            [envelope.stop_part(signed)],
            realm=mine.realm,
            line=line.id,
            public=sealing_key(peer.envelope_epochs, now)[1],
            at_least=envelope.NOTE_CLASS,
        )

    def take(self, line: LineRow, signed: Signed, now: int) -> None:
        """The peer has left. Inside the caller's transaction."""
        peer = self.ledger.office(line.peer)
        if peer is None:
            return
        stop = verify_stop(signed, line.id, peer)
        if stop.roster < peer.roster.version or stopped(self.ledger, line) is not None:
            return  # it has come back since, or said so before
        self.ledger.set_fact(_fact(line.id), cbor.encode([signed.raw, now]))
        self.ledger.find(
            now,
            "the other office's",
            f"{peer.name} has left: its desk's keys are destroyed, says a certificate that it signed beforehand.",
            "Nothing reaches it until its root has signed a new roster; then the line goes on by itself. Take"
            " nothing for its word meanwhile, and ask its people by another way.",
            line=line.id,
            entry=signed.id,
        )

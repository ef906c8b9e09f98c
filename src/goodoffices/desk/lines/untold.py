# SPDX-License-Identifier: Apache-2.0
"""Rosters of this office that no entry can tell the peers of: they go with each question (ADR 0073).

A roster is told by an entry that the key of the roster before signs (docs/format.md §3). A vault that has lost
that key has none, so the roster stands beside the question that states it, as a part of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goodoffices.core import envelope
from goodoffices.desk.context import Context

ROOM = envelope.MAX_PAYLOAD - 4096
"""Bytes of rosters in one envelope, beside a head."""


def _name(line: bytes) -> str:
    return f"rosters untold {line.hex()}"


class Untold:
    """From which roster on each peer has still to be told."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ledger = context.ledger

    def since(self, version: int) -> None:
        """Whatever follows roster ``version`` no entry could tell. Inside the caller's transaction."""
        for line in self.ledger.lines():
            known = self.ledger.fact(_name(line.id))
            if line.confirmed_here and (known is None or version < int(known)):
                self.ledger.set_fact(_name(line.id), str(version).encode())

    def any_on(self, line: bytes) -> bool:
        """Whether a line's peer has still to be told."""
        return self.ledger.fact(_name(line)) is not None

    def told(self, line: bytes) -> None:
        """The peer has answered, so it has verified what states the newest. Inside the caller's transaction."""
        if self.any_on(line):
            self.ledger.drop_fact(_name(line))

    def parts(self, line: bytes) -> Iterator[list[tuple[Any, ...]]]:
        """What goes with a question, for one envelope after the other."""
        since = self.ledger.fact(_name(line))
        parts: list[tuple[Any, ...]] = []
        room = ROOM
        for signed in self.context.my_office().signed[int(since) + 1 :] if since is not None else ():
            room -= len(signed.raw) + 16
            if room < 0 and parts:
                yield parts
                parts, room = [], ROOM - len(signed.raw) - 16
            parts.append(envelope.roster_part(signed))
        if parts:
            yield parts

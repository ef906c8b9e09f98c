# SPDX-License-Identifier: Apache-2.0
"""Rosters of this office that no entry can tell the peers of: they go with each question (ADR 0073).

A roster is told by an entry that the key of the roster before signs (docs/format.md §3). A vault that has lost
that key has none, so the roster stands beside the question that states it, as a part of its own, and with it
the word of the newest key that the vault still has (ADR 0079).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goodoffices.core import cbor, envelope
from goodoffices.core.office import Office
from goodoffices.core.statement import Signed, read_signed
from goodoffices.core.vouching import Vouch, vouch
from goodoffices.desk.context import Context

ROOM = envelope.MAX_PAYLOAD - 4096
"""Bytes of rosters in one envelope, beside a head."""
_WORDS = "own rosters vouched"
_MOST_WORDS = 64


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

    def vouch_for(self, mine: Office, roster: Signed, now: int) -> None:
        """The key that this vault had until now speaks for the roster after ``mine``. Inside the transaction."""
        keys = self.context.keys
        word = vouch(mine, roster, keys.desk_seed, keys.desk, self.context.time(now))
        if word is not None:
            self.ledger.set_fact(
                _WORDS, cbor.encode([each.raw for each in (*self._words(), word)][-_MOST_WORDS:])
            )

    def _words(self) -> tuple[Signed, ...]:
        raw = self.ledger.fact(_WORDS)
        return tuple(map(read_signed, cbor.decode(raw, max_size=len(raw)))) if raw is not None else ()

    def anybody(self) -> bool:
        """Whether the peer of some line has still to be told."""
        return any(self.any_on(line.id) for line in self.ledger.lines())

    def on(self, line: bytes) -> tuple[Signed, ...]:
        """Rosters of this office of which a line's peer has not said yet that they count there."""
        since = self.ledger.fact(_name(line))
        return self.context.my_office().signed[int(since) + 1 :] if since is not None else ()

    def any_on(self, line: bytes) -> bool:
        """Whether a line's peer has still to be told."""
        return self.ledger.fact(_name(line)) is not None

    def told(self, line: bytes) -> None:
        """The peer has answered, so it has verified what states the newest. Inside the caller's transaction."""
        if self.any_on(line):
            self.ledger.drop_fact(_name(line))
            if not self.anybody() and self._words():
                self.ledger.drop_fact(_WORDS)

    def parts(self, line: bytes) -> Iterator[list[tuple[Any, ...]]]:
        """What goes with a question, for one envelope after the other."""
        words = {each.statement.read(Vouch).vouched: each for each in self._words()}
        parts: list[tuple[Any, ...]] = []
        room = ROOM
        for signed in self.on(line):
            with_it = [envelope.roster_part(signed)]
            if signed.id in words:
                with_it.insert(0, envelope.vouch_part(words[signed.id]))
            size = sum(len(part[1]) + 16 for part in with_it)
            room -= size
            if room < 0 and parts:
                yield parts
                parts, room = [], ROOM - size
            parts += with_it
        if parts:
            yield parts

# SPDX-License-Identifier: Apache-2.0
"""A relay whose operator turned against the offices, for drills: the real relay, with one hand on what it gives out.

It stores and acknowledges as any relay does. What it does to what it hands on is named when it is started:
``withholds`` it, ``alters`` one byte of it, or ``repeats`` it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from goodoffices.drill.form.exercise import ALTERS, HOSTILITIES, WITHHOLDS
from goodoffices.relay import service
from goodoffices.relay.service import RelayConfig
from goodoffices.relay.store_sqlite import SqliteRelayStore


def turned(envelope: bytes) -> bytes:
    """The envelope with one byte changed, in its middle."""
    middle = len(envelope) // 2
    return envelope[:middle] + bytes([envelope[middle] ^ 1]) + envelope[middle + 1 :]


def handed_on(how: str, envelope: bytes) -> list[bytes]:
    """What such a relay hands on of one envelope."""
    return {WITHHOLDS: [], ALTERS: [turned(envelope)]}.get(how, [envelope, envelope])


class HostileStore(SqliteRelayStore):
    """The relay's own store, which lies about what it keeps."""

    how = WITHHOLDS

    async def collect(self, box: bytes, after: int, envelopes: int, size: int) -> list[tuple[int, bytes]]:
        """What a desk is given that asks for what waits."""
        kept = await super().collect(box, after, envelopes, size)
        return [(seq, each) for seq, envelope in kept for each in handed_on(self.how, envelope)]


class HostileService(service.RelayService):
    """The relay's own service; what it pushes is treated like what it is asked for."""

    def _open_store(self) -> HostileStore:
        config = self._config
        assert isinstance(config.db, Path)
        return HostileStore(
            config.db, config.limits, on_stored=self._hand_on, on_failure=self._store_failed,
            most_bytes=config.most_disk_bytes, observed=self.metrics.committed,
        )  # fmt: skip

    def _hand_on(self, box: bytes, seq: int, envelope: bytes) -> None:
        for each in handed_on(HostileStore.how, envelope):
            self.hub.deliver(box, seq, each)


def _say_ready(address: str) -> None:
    click.echo(f"relay ready at {address}")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """``DATABASE PORT withholds|alters|repeats``; serves until it is told to stop."""
    db, port, how = words
    if how not in HOSTILITIES:
        raise SystemExit(f"a hostile relay {', '.join(HOSTILITIES)}")
    HostileStore.how = how
    config = RelayConfig(db=Path(db), port=int(port))
    return service.serve(config, ready=_say_ready, made=HostileService)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: Apache-2.0
"""The checkpoints page: which entries stand under a checkpoint, and which still wait for what (P8)."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.desk.desk import Desk


@dataclass(frozen=True)
class ChainCard:
    """One writer's entries on a line. Counts are of entries; ``cosigned_at`` and ``at`` in ms UTC."""

    writer: str
    mine: bool
    entries: int
    under: int
    cosigned: int
    at: int | None
    witnesses: int
    stamps: int
    witness_key: str | None
    """For a witness that keeps a list: name and key of the newest own chain (C2SP verifier key)."""

    @property
    def waiting(self) -> int:
        """Entries under no checkpoint."""
        return self.entries - self.under


@dataclass(frozen=True)
class LineCheckpoints:
    """Both chains of a line."""

    id: bytes
    peer: str
    chains: tuple[ChainCard, ...]


@dataclass(frozen=True)
class CheckpointsPage:
    """All lines. ``key``: whether this office's roster lists a key for checkpoints."""

    lines: tuple[LineCheckpoints, ...]
    key: bool
    outside: tuple[tuple[str, str, int], ...]
    """Witnesses and time stamp authorities: address, how the last try ended, with which status."""


def checkpoints_page(desk: Desk) -> CheckpointsPage:
    """What the page shows."""
    cards = []
    for line in desk.ledger.lines():
        peer = desk.ledger.office(line.peer)
        name = peer.name if peer is not None else line.name
        own = desk.context.my_office().name
        chains = (_chain(desk, line.id, desk.me, own), _chain(desk, line.id, line.peer, name))
        cards.append(LineCheckpoints(line.id, name, chains))
    outside = tuple((who, *ended) for who, ended in desk.checkpoints.outside.items())
    return CheckpointsPage(tuple(cards), desk.checkpoints.has_key(), outside)


def _chain(desk: Desk, line: bytes, writer: bytes, name: str) -> ChainCard:
    trees = desk.ledger.trees(line, writer)
    newest = [row for tree, _ in trees if (row := desk.ledger.newest_checkpoint(tree)) is not None]
    cosigned = {
        tree: max(
            (
                row.checkpoint.size
                for row in desk.ledger.checkpoints(line)
                if row.checkpoint.tree == tree and row.holds and row.cosigned is not None
            ),
            default=0,
        )
        for tree, _ in trees
    }
    return ChainCard(
        writer=name,
        mine=writer == desk.me,
        entries=sum(number for _, number in trees),
        under=sum(row.checkpoint.size for row in newest),
        cosigned=sum(cosigned.values()),
        at=max((row.at for row in newest), default=None),
        witnesses=sum(len(row.checkpoint.witnesses()) for row in newest),
        stamps=sum(len(row.checkpoint.stamps) for row in newest),
        witness_key=desk.checkpoints.witness_key(line) if writer == desk.me else None,
    )

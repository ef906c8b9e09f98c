# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of a record: held against the entries that they cover, and told (ADR 0015).

A checkpoint is good if its writer signed it with both keys, its cosigners too, and its root is that of the
entries 1 to n of its chain as they are in the record. Then each later one extends each earlier one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from goodoffices.core.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    Tree,
    key_id,
    read_checkpoint,
    verify,
    verify_cosignature,
    verify_cosigner,
)
from goodoffices.core.errors import Foreign, GoodOfficesError
from goodoffices.core.merkle import Frontier, plain_leaf
from goodoffices.core.office import Office
from goodoffices.core.record import layout
from goodoffices.core.record.findings import Cause, Finding, Flaw, cause_of
from goodoffices.core.record.layout import plain, zulu

Cosigned = tuple[tuple[bytes, int], ...]
"""(office, ms by its clock)"""


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A verified checkpoint, as far as its signatures go."""

    tree: Tree
    size: int
    root: bytes
    cosigned: Cosigned
    witnesses: tuple[str, ...]
    stamps: int
    where: str
    seen_by: tuple[tuple[str, int], ...] = ()
    """Trusted witnesses whose cosignatures hold, with their times (ms)."""
    stamped_by: tuple[tuple[str, int], ...] = ()
    """Time stamp authorities by certificates that are trusted, with the times that they stamped (ms)."""
    strange: int = 0
    """Time stamps that hold by no certificate that is trusted. Counted only where any are."""
    revoked: int = 0
    """Time stamps by a certificate that its issuer revoked, by a list that whoever verifies gave."""


def examine(raw: bytes, line: bytes, offices: dict[bytes, Office]) -> tuple[Checkpoint, Cosigned]:
    """The checkpoint and who cosigned when, all signatures verified; raises what is wrong with them."""
    checkpoint = read_checkpoint(raw)
    writer = offices.get(checkpoint.tree.writer)
    if writer is None or checkpoint.tree.line != line:
        raise Foreign("A checkpoint of another line, or by an office that is no end of this one.")
    verify(checkpoint, writer)
    cosigned = []
    for each in checkpoint.cosigners:
        office = offices.get(each.office)
        if office is None or office is writer:
            raise Foreign("It is cosigned by an office that is not the other end of its line.")
        cosigned.append((office.id, verify_cosigner(checkpoint, office)))
    return checkpoint, tuple(cosigned)


Witnesses = tuple[tuple[str, bytes], ...]
"""Names and keys of the witnesses whom somebody who verifies trusts."""


def judge(
    checkpoint: Checkpoint, witnesses: Witnesses, where: str
) -> tuple[tuple[tuple[str, int], ...], list[Finding]]:
    """Which trusted witnesses cosigned, and when (ms); and which of their cosignatures do not hold."""
    seen, wrong = [], []
    for name, public in witnesses:
        named = key_id(name, COSIGNATURE, public)
        if any((line.name, line.key_id) == (name, named) for line in checkpoint.lines):
            try:
                seen.append((name, verify_cosignature(checkpoint, name, public) * 1000))
            except GoodOfficesError as error:
                expected = f"a cosignature by the witness {name}, whose key is trusted"
                wrong.append(Finding(where, Flaw.WITNESS, expected, error.what))
    return tuple(seen), wrong


JudgeStamp = Callable[[bytes, bytes], tuple[str, int]]
"""From a time stamp and the text that it is over to (authority, ms); raises what is wrong with it (ADR 0056)."""


def judge_stamps(
    checkpoint: Checkpoint, judge: JudgeStamp | None
) -> tuple[tuple[tuple[str, int], ...], int, int]:
    """Who stamped it when, by certificates that are trusted; how many hold by none of them, or by a revoked one."""
    held, strange, revoked = [], 0, 0
    for stamp in checkpoint.stamps if judge is not None else ():
        assert judge is not None
        try:
            held.append(judge(stamp, checkpoint.text))
        except GoodOfficesError as error:  # told, and no finding: time is never a verdict
            known = cause_of(error) == Cause.REVOKED_KEY
            strange, revoked = strange + (not known), revoked + known
    return tuple(held), strange, revoked


def keep(
    checkpoint: Checkpoint,
    cosigned: Cosigned,
    where: str,
    seen_by: tuple[tuple[str, int], ...] = (),
    judge: JudgeStamp | None = None,
) -> KeptCheckpoint:
    """What is kept of a verified checkpoint."""
    witnesses = tuple(each.name for each in checkpoint.witnesses())
    tree, size, root, stamps = checkpoint.tree, checkpoint.size, checkpoint.root, len(checkpoint.stamps)
    stamped, *others = judge_stamps(checkpoint, judge)
    return KeptCheckpoint(tree, size, root, cosigned, witnesses, stamps, where, seen_by, stamped, *others)


def path_of(folder: str, name: str, checkpoint: Checkpoint | KeptCheckpoint) -> str:
    """Where a checkpoint lies in an export, without its ending."""
    tree = checkpoint.tree
    return layout.checkpoint(folder, name, tree.incarnation, checkpoint.size, checkpoint.root)


EntryAt = Callable[[Tree, int], bytes | None]
"""The ID of an entry by its tree and number."""


def check(kept: list[KeptCheckpoint], entry_at: EntryAt) -> Iterator[Finding]:
    """Every checkpoint of a line against its entries. Linear in both."""
    trees: dict[Tree, list[KeptCheckpoint]] = defaultdict(list)
    for each in sorted(kept, key=lambda one: (one.size, one.where)):
        trees[each.tree].append(each)
    for tree, checkpoints in trees.items():
        frontier = Frontier()
        for each in checkpoints:
            while frontier.size < each.size and (entry := entry_at(tree, frontier.size + 1)):
                frontier.add(plain_leaf(entry))
            if frontier.size < each.size:
                yield Finding(
                    each.where,
                    Flaw.CHECKPOINT_CUT,
                    f"the entries 1 to {each.size}, over which this checkpoint was signed",
                    f"entry {frontier.size + 1} is not in this record: the record was cut",
                )
            elif frontier.root() != each.root:
                others = tuple(other.where for other in checkpoints[:5] if other is not each)
                yield Finding(
                    each.where,
                    Flaw.CHECKPOINT_ROOT,
                    f"a checkpoint over the entries 1 to {each.size} of this record",
                    "one over other entries: it extends no checkpoint that is",
                    beside=others[:4],
                )


def text(
    line: bytes, names: dict[bytes, str], kept: list[KeptCheckpoint], counts: dict[tuple[bytes, bytes], int]
) -> str:
    """checkpoints.txt: what stands under a checkpoint, and what still waits for what. Newest of each tree."""
    newest: dict[tuple[bytes, bytes], KeptCheckpoint] = {}
    for each in kept:
        spot = each.tree.writer, each.tree.incarnation
        if spot not in newest or (newest[spot].size, newest[spot].root) < (each.size, each.root):
            newest[spot] = each
    rows = [f"CHECKPOINTS of the line {line.hex()}"]
    for office, name in sorted(names.items()):
        rows += ["", plain(name)]
        for (writer, incarnation), count in sorted(counts.items()):
            if writer == office:
                rows += _chain(incarnation, count, newest.get((writer, incarnation)), names)
    return "\n".join(rows) + "\n"


def _chain(
    incarnation: bytes, count: int, newest: KeptCheckpoint | None, names: dict[bytes, str]
) -> list[str]:
    covered = min(newest.size, count) if newest else 0
    rows = [f"  chain {incarnation.hex()}: {count} entries"]
    if newest is not None:
        rows += [
            f"    1 to {newest.size}: under a checkpoint, root {newest.root.hex()}",
            f"      {newest.where}",
        ]
        rows += [f"      cosigned by {plain(names[who])}, {zulu(at)}" for who, at in newest.cosigned]
        if not newest.cosigned:
            rows.append("      waits for the other office's cosignature")
        rows += [f"      witnessed by the key called {plain(each)}" for each in newest.witnesses]
        rows.append(f"      time stamps: {newest.stamps}" if newest.stamps else "      no time stamp")
    if covered < count:
        rows.append(f"    {covered + 1} to {count}: waits for the next checkpoint")
    return rows

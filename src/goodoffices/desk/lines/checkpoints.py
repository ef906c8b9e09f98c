# SPDX-License-Identifier: Apache-2.0
"""Checkpoints at one desk (ADR 0015): made at intervals, offered to the counterpart, cosigned for it.

Nothing waits for a checkpoint (P11). It travels beside entries, in envelopes of its own, and is lost
without harm: the newest one is offered again until the counterpart's cosignature is here. One that
overtook the entries under it waits for them at its reader. An office whose roster lists no key for
checkpoints makes none, and its lines go on as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from goodoffices.core import envelope
from goodoffices.core.checkpoint import (
    Checkpoint,
    Tree,
    bare,
    cosign,
    make,
    merge,
    read_checkpoint,
    verify,
    verify_cosigner,
    write_vkey,
)
from goodoffices.core.crypto import ed25519_public
from goodoffices.core.errors import Foreign, NotNow, OtherOfficeError
from goodoffices.core.merkle import Frontier, plain_leaf
from goodoffices.core.office import Office, Right
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger.checkpoints import CheckpointRow
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.lines.lines import Lines

MINUTE = 60_000
EVERY = 1440 * MINUTE
"""Milliseconds after which the oldest entry without a checkpoint gets one."""
MANY = 500
"""Entries without a checkpoint that get one without waiting for that."""
LOOK = 10 * MINUTE
"""Milliseconds between two looks whether anything is due."""
AGAIN = 60 * MINUTE
"""Milliseconds after which a checkpoint that was not cosigned is offered again."""
OFTEN = 10_000
"""Milliseconds between two checkpoints of one chain that are looked at."""
MAX_REFUSED = 8
"""Checkpoints of one chain that do not hold and are kept as evidence."""
AT_ONCE = 20_000
"""Entries that one checkpoint adds at most, so that no look at a long chain holds the desk up."""
MOST_EARLY = 32
"""Chains of one line of which a checkpoint that came before its entries is remembered."""
BETWEEN_LOOKS = 1_000
"""Milliseconds between two looks whether those entries have come."""


class Checkpoints:
    """What this desk signs over its own chains, and over its counterparts'."""

    def __init__(self, context: Context, lines: Lines, require: Callable[[Officer, Right], None]) -> None:
        self.context = context
        self.ledger = context.ledger
        self.lines = lines
        self._require = require
        lines.take_checkpoint = self.take
        self._look_at = 0
        self._early: dict[Tree, tuple[bytes, int]] = {}
        """Bytes and size of the newest of a chain that came before its entries, which may go another way."""
        self._early_at = 0
        self.outside: dict[str, tuple[str, int]] = {}
        """By address of a witness or time stamp authority: how its last try ended (``desk.outsiders``)."""

    def _key(self) -> tuple[int, bytes] | None:
        """(roster version, seed) of the key that the newest roster lists, if this desk holds it."""
        seed, roster = self.context.keys.checkpoint_seed, self.context.my_office().roster
        if seed is None or roster.checkpoint_mldsa65 is None or roster.checkpoint != ed25519_public(seed):
            return None
        return roster.version, seed

    def has_key(self) -> bool:
        """Whether this office's newest roster lists a key for checkpoints that this desk holds."""
        return self._key() is not None

    def witness_key(self, line: bytes) -> str | None:
        """Name and key of the newest own chain of a line, for a witness that keeps a list of those it serves."""
        key, head = self._key(), self.ledger.head(line, self.context.me)
        if key is None or head is None:
            return None
        return write_vkey(Tree(line, self.context.me, head[0]), ed25519_public(key[1]))

    # --- own chains ---------------------------------------------------------------------------------

    def settle(self, now: int) -> bool:
        """Make and offer what is due; True if anything is to be sent."""
        kept = self._judge_early(now)
        if now < self._look_at:
            return kept
        self._look_at = now + LOOK
        made = self._make(now, at_once=False) or kept
        offered = False
        for row in self.ledger.waiting_checkpoints(self.context.me):
            if now - row.offered >= AGAIN:
                self._offer(row, now)
                offered = True
        return made or offered

    def now(self, now: int) -> int:
        """On demand: over every own entry of every line. Returns how many were made."""
        before = self.count()
        self._make(now, at_once=True)
        for row in self.ledger.waiting_checkpoints(self.context.me):
            if row.offered == 0:
                self._offer(row, now)
        return self.count() - before

    def on_demand(self, officer: Officer, now: int) -> int:
        """An officer asks for one now. Needs the right to audit or keep keys; returns how many were made."""
        self._require(officer, Right.AUDIT | Right.KEYS)
        if not self.has_key():
            raise NotNow("This office has no key for checkpoints yet.", "It gets one with its next roster.")
        with self.context.transaction():
            self.ledger.audit(now, officer.name, "made checkpoints")
        return self.now(now)

    def count(self) -> int:
        """How many checkpoints of own chains there are."""
        lines = self.ledger.lines()
        return sum(
            row.checkpoint.tree.writer == self.context.me
            for line in lines
            for row in self.ledger.checkpoints(line.id)
        )

    def _make(self, now: int, *, at_once: bool) -> bool:
        key, made = self._key(), False
        if key is None:
            return False
        for line in self.ledger.lines():
            for tree, newest in self.ledger.trees(line.id, self.context.me) if line.open else ():
                last = self.ledger.newest_checkpoint(tree)
                covered = last.checkpoint.size if last else 0
                since = self.ledger.arrived(tree, covered + 1) if newest > covered else None
                if since is None or not (at_once or newest - covered >= MANY or now - since >= EVERY):
                    continue
                frontier = self._grown(tree, last, min(newest, covered + AT_ONCE))
                if frontier is not None:
                    version, seed = key
                    checkpoint = make(tree, frontier.size, frontier.root(), roster=version, seed=seed)
                    with self.context.transaction():
                        self.ledger.add_checkpoint(checkpoint, frontier, now, holds=True, cosigned=False)
                    made = True
        return made

    def _grown(self, tree: Tree, last: CheckpointRow | None, until: int) -> Frontier | None:
        """The tree over entries 1 to ``until``, from where the last checkpoint left off."""
        frontier = Frontier(last.frontier.size, last.frontier.roots) if last else Frontier()
        ids = self.ledger.entry_ids(tree, frontier.size, until)
        if ids is None:
            return None
        for each in ids:
            frontier.add(plain_leaf(each))
        return frontier

    def _offer(self, row: CheckpointRow, now: int) -> None:
        with self.context.transaction():
            self.ledger.offered_checkpoint(row.id, now)
            self._send(row.checkpoint, now)

    def _send(self, checkpoint: Checkpoint, now: int) -> None:
        # Once the transaction is committed: saved first, then sent.
        send = partial(self.lines.send_part, checkpoint.tree.line, envelope.checkpoint_part(checkpoint), now)
        self.context.pending.after.append(send)

    # --- what arrives -------------------------------------------------------------------------------

    def take(self, line: LineRow, raw: bytes, now: int) -> None:
        """A checkpoint from the counterpart: its own, or ours with its cosignature. In a transaction."""
        checkpoint, peer = read_checkpoint(raw), self.ledger.office(line.peer)
        if peer is None or checkpoint.tree.line != line.id:
            raise Foreign("A checkpoint of another line.")
        try:
            if checkpoint.tree.writer == self.context.me:
                self._cosigned(checkpoint, peer, now)
            elif checkpoint.tree.writer == line.peer:
                if not self._theirs(line, checkpoint, peer, now):
                    self._keep_early(checkpoint, raw)
            else:
                raise Foreign("A checkpoint of a chain that is not on this line.")
        except NotNow:
            # A roster or entries that are still under way: it is offered again.
            return

    def _cosigned(self, checkpoint: Checkpoint, peer: Office, now: int) -> None:
        verify_cosigner(checkpoint, peer)
        known = self.ledger.same_checkpoint(checkpoint)
        if known is not None and known.cosigned is None:
            both = merge(known.checkpoint, checkpoint)
            self.ledger.update_checkpoint(known.id, both, cosigned=now)

    def _keep_early(self, checkpoint: Checkpoint, raw: bytes) -> None:
        """Until its entries are here. Of one line so many: no office pushes those of another one out."""
        tree = checkpoint.tree
        self._early.pop(tree, None)
        self._early[tree] = raw, checkpoint.size
        ours = [each for each in self._early if each.line == tree.line]
        if len(ours) > MOST_EARLY:
            del self._early[ours[0]]

    def _judge_early(self, now: int) -> bool:
        """Those that came before their entries, once these may be here; True if any was looked at."""
        if not self._early or self._early_at - BETWEEN_LOOKS <= now < self._early_at:
            return False
        here = [tree for tree, (_, size) in self._early.items() if self.ledger.all_here(tree, size)]
        if here:
            self._early_at = now + BETWEEN_LOOKS
        for tree in here:
            raw, _ = self._early.pop(tree)
            # Its signature held when it came; where its writer's keys are others by now, it is offered again.
            with suppress(OtherOfficeError), self.context.transaction():
                self.take(self.ledger.line(tree.line), raw, now)
        return bool(here)

    def _theirs(self, line: LineRow, checkpoint: Checkpoint, peer: Office, now: int) -> bool:
        """False if entries that it stands over are still under way."""
        verify(checkpoint, peer)
        checkpoint = bare(checkpoint)
        known = self.ledger.same_checkpoint(checkpoint)
        if known is not None:
            if known.holds and known.cosigned is not None:
                self._send(known.checkpoint, now)
                return True
            if not known.holds:
                return True
        last = self.ledger.newest_checkpoint(checkpoint.tree)
        if known is None and last is not None and checkpoint.size < last.checkpoint.size:
            return True  # overtaken by a newer one
        if known is None and last is not None and now - last.at < OFTEN:
            return True  # it is offered again, if it is meant
        if known is None and last is not None and checkpoint.size == last.checkpoint.size:
            self._refuse(line, checkpoint, peer, now)
            return True
        if known is None and self.ledger.newest_number(checkpoint.tree) < checkpoint.size:
            return False
        if known is None and not self.context.pending.may_look():
            return True
        frontier = known.frontier if known else self._grown(checkpoint.tree, last, checkpoint.size)
        if frontier is None:
            return False
        if frontier.root() != checkpoint.root:
            self.context.pending.look_no_more()
            self._refuse(line, checkpoint, peer, now)
            return True
        self._keep(checkpoint, frontier, known, now)
        return True

    def _keep(
        self, checkpoint: Checkpoint, frontier: Frontier, known: CheckpointRow | None, now: int
    ) -> None:
        key = self._key()
        if key is not None:
            version, seed = key
            checkpoint = cosign(checkpoint, self.context.me, roster=version, seed=seed, now=now)
            self._send(checkpoint, now)
        if known is not None:
            self.ledger.update_checkpoint(known.id, checkpoint, cosigned=now if key else None)
        else:
            self.ledger.add_checkpoint(checkpoint, frontier, now, holds=True, cosigned=key is not None)

    def _refuse(self, line: LineRow, checkpoint: Checkpoint, peer: Office, now: int) -> None:
        """Never cosigned, and kept: its writer's signature over what it never sent here is evidence."""
        if self.ledger.refused_checkpoints(checkpoint.tree) < MAX_REFUSED:
            self.ledger.add_checkpoint(checkpoint, Frontier(), now, holds=False, cosigned=False)
        self.ledger.find(
            now,
            "the other office's",
            f"{peer.name} signed a checkpoint over {checkpoint.size} entries that are not those it sent here.",
            "It is kept and not cosigned. Ask the other office by another way; verify the record.",
            line=line.id,
        )

# SPDX-License-Identifier: Apache-2.0
"""Heads: after every start each desk learns from its peers what it lacks of both chains (ADR 0005, 0017).

A question is repeated until it is answered, and asked anew while something that the peer has is missing
here. A head also tells whether the desk behind it is locked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from goodoffices import __version__
from goodoffices.core import envelope
from goodoffices.core.errors import NotNow
from goodoffices.core.line import (
    MAX_NUMBERS,
    Head,
    Place,
    verify_head,
)
from goodoffices.core.office import Office, sealing_key
from goodoffices.core.statement import Content, Signed, read_signed, sign, state
from goodoffices.desk.context import Context, Sealed
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.lines.apart import Apart
from goodoffices.desk.lines.reoffers import Reoffers
from goodoffices.desk.lines.untold import ROOM, Untold
from goodoffices.desk.routes.sending import Sending
from goodoffices.desk.thin.cells import Cells

FRESH = 120_000
"""Milliseconds for which a statement of the peer counts as now: clocks differ, and envelopes travel."""
HEARD_KEPT = 600_000
"""Milliseconds between two times at which it is written down that the peer was heard."""
MAX_ANSWERED = 1024  # questions remembered: one that a relay repeats is not acted upon again
ASK_IN_VAIN = 4
"""Questions in a row that bring nothing that was missing, before a desk asks at long intervals only."""
ASK_LATER = (600_000, 3_600_000, 21_600_000, 86_400_000)
"""Milliseconds until it asks again for what does not come; the last for ever.

It may be lost, and then a question a day costs nothing. But storms outlast a few minutes, and a receipt from
before this vault went back may end its peer's sending at any time.
"""


def _software(line: bytes) -> str:
    return f"software {line.hex()}"


class Heads:
    """What a desk knows of both chains of each line, and how an envelope for its peer is made."""

    def __init__(self, context: Context, cells: Cells) -> None:
        self.context = context
        self.cells = cells
        self.ledger = context.ledger
        self.sending = Sending()
        self.untold = Untold(context)
        self._may_go_on: set[bytes] = set()
        """Lines whose incarnation in the vault was drawn by this very process: it knows all that was signed."""
        self._in_cell = False  # whether the newest envelope was a cell
        self._vouched: set[bytes] = set()  # lines whose peer said, since the start: it did not go back
        self._questions: dict[bytes, bytes] = {}
        self._again: dict[bytes, tuple[Place | None, int]] = {}
        """Lines whose peer answered that it has more than is here: how far it is here, asked in vain how often."""
        self._unjudged: set[bytes] = set()
        """Lines on which something came that cannot be judged yet: an answer, perhaps, by a roster unknown here."""
        self._later: dict[bytes, tuple[int, int]] = {}
        """Lines with a gap that did not fill: (since when this desk waits, how often it has waited)."""
        self._answered: set[bytes] = set()
        self._asked: dict[
            bytes, tuple[bytes, int]
        ] = {}  # per line: its peer's last question, and by which roster
        self.reoffers = Reoffers()
        self.heard: dict[bytes, tuple[int, bool]] = {}  # per line: when its peer was heard, if locked
        self._heard_kept: dict[bytes, int] = {}
        self.apart = Apart()
        self.peer_ends: Callable[[LineRow, Place | None], None] = lambda line, place: None
        """Told where a peer's vault ends by its own word, whenever it asks."""

    def _ask(self, line: LineRow, now: int) -> None:
        # The nonce stands for an entry in ``sending``: a question is repeated until its answer is in.
        if not self.context.speaks:
            return
        nonce = self._questions.setdefault(line.id, self.context.rng(16))
        for parts in self.untold.parts(line.id):
            self._pack(line, parts, [nonce], now)
        self._send_head(line, nonce, None, now)

    def tell(self, now: int) -> None:
        """Tell every peer whether this desk is locked: silence of a locked desk is another silence (P6)."""
        for line in self.ledger.lines() if self.context.speaks else ():
            if line.open:
                # The answer to a question that nobody asked: it is heard, and nothing else follows.
                self._send_head(line, self.context.rng(16), bytes(16), now)

    def _send_head(self, line: LineRow, nonce: bytes, answers: bytes | None, now: int) -> None:
        awaited = [nonce] if answers is None else []
        self._pack(line, [self._head_part(line, nonce, answers, now)], awaited, now)

    def _head_part(self, line: LineRow, nonce: bytes, answers: bytes | None, now: int) -> tuple[Any, ...]:
        # A question says from where on to send again, an answer what was seen at all.
        look = self.ledger.complete_until if answers is None else self.ledger.newest_head
        versions = (
            self.ledger.mailboxes_version(line.id, mine=True),
            self.ledger.mailboxes_version(line.id, mine=False),
        )
        head = Head(
            line=line.id,
            writer=self.context.me,
            mine=self.ledger.head(line.id, self.context.me),
            yours=look(line.id, line.peer),
            nonce=nonce,
            answers=answers,
            locked=self.context.locked,
            time=self.context.time(now),
            roster=self.context.my_office().roster.version,
            numbers=self.ledger.highest_numbers(line.peer, MAX_NUMBERS) or None if answers else None,
            mailboxes=versions if any(versions) else None,
            software=__version__,
        )
        return envelope.head_part(self._by_desk(head))

    def software_of(self, line: bytes) -> str | None:
        """The version that the peer's desk last said it runs, if it ever did. It is only its word."""
        raw = self.ledger.fact(_software(line))
        return raw.decode() if raw is not None else None

    def comparing(self) -> bool:
        """Whether an answer about the chains is still out, or something that an answer named."""
        return bool(self._questions)

    def goes_on(self, line: bytes) -> bool:
        """Whether this desk wrote on this line since its start, or its peer said that it did not go back."""
        return line in self._may_go_on or line in self._vouched

    def hear(self, line: bytes, now: int, stated: int, *, locked: bool | None = None) -> None:
        """The peer's desk was well when it stated so: what lay at a relay for hours does not say so of now.

        ``locked``: None where what came does not tell.
        """
        self.apart.stated(line, now, stated)
        at = now if stated > now - FRESH else stated
        before = self.heard.get(line, (0, False))
        if at >= before[0]:
            self.heard[line] = (at, before[1] if locked is None else locked)
            if at - self._heard_kept.get(line, 0) >= HEARD_KEPT and self.ledger.db.in_transaction:
                self.ledger.set_fact(f"heard {line.hex()}", str(at).encode())
                self._heard_kept[line] = at

    def last_heard(self, line: bytes) -> int | None:
        """When (ms UTC) the peer was last heard, before this start too; to ten minutes after a crash."""
        if line in self.heard:
            return self.heard[line][0]
        kept = self.ledger.fact(f"heard {line.hex()}")
        return int(kept) if kept is not None else None

    def forget(self, line: bytes) -> None:
        """A line that is no more: nothing is offered or asked on it."""
        self._may_go_on.discard(line)
        self._unjudged.discard(line)
        for each in (self._questions, self._again, self._later, self._asked, self.heard):
            each.pop(line, None)
        self.sending.forget(line)

    def trust(self, line: bytes) -> None:
        """A line that was made just now has no past."""
        self._may_go_on.add(line)

    def _by_desk(self, content: Content) -> Signed:
        return sign(state(content, self.context.keys.realm), self.context.keys.desk_seed)

    def _pack(
        self,
        line: LineRow,
        parts: list[tuple[Any, ...]],
        entries: list[bytes],
        now: int,
    ) -> None:
        cells, parts = self._cells(line, parts)
        for sealed in cells:
            self._offer(line, sealed, entries, now)
        if parts:
            self._offer(line, self._seal(line, parts, now), entries, now)

    def _cells(
        self, line: LineRow, parts: list[tuple[Any, ...]]
    ) -> tuple[list[bytes], list[tuple[Any, ...]]]:
        """Cells of heads, where the line is thin; and the parts that go the ordinary way."""
        if not self.cells.ready(line, self.sending.rounds(line.id)):
            return [], parts
        heads = [(part[0], read_signed(part[1])) for part in parts if part[0] == envelope.PART_HEAD]
        cells, left = self.cells.pack(line, heads)
        ordinary = [part for part in parts if part[0] != envelope.PART_HEAD]
        return [sealed for sealed, _ in cells], ordinary + [envelope.head_part(part) for _, part in left]

    def _offer(
        self, line: LineRow, sealed: bytes, entries: list[bytes], now: int, *, urgent: int = 0
    ) -> None:
        routes = self.ledger.routes(line.id, own=False)
        self.sending.add(line.id, sealed, entries, routes, now=now, urgent=urgent)

    def _seal(self, line: LineRow, parts: list[tuple[Any, ...]], now: int) -> bytes:
        return self._sealing(line, parts, now)()

    def _sealing(self, line: LineRow, parts: list[tuple[Any, ...]], now: int, *, at_least: int = 0) -> Sealed:
        """What makes an envelope for the peer's desk; it reads nothing that is shared."""
        _, public = sealing_key(self.peer_of(line).envelope_epochs, now)
        if line.id in self.sending.beats:
            at_least = max(at_least, envelope.NOTE_CLASS)  # in its slot everything looks alike
        return partial(
            envelope.pack,
            parts,
            realm=self.context.keys.realm,
            line=line.id,
            public=public,
            at_least=at_least,
        )

    def peer_of(self, line: LineRow) -> Office:
        """The credential of a line's other end; raises NotNow."""
        office = self.ledger.office(line.peer)
        if office is None:
            raise NotNow("The credential of a line's peer is missing.", "Restore the vault's last backup.")
        return office

    def _head(self, line: LineRow, signed: Signed, now: int) -> None:
        head = verify_head(signed, line.id, self.peer_of(line))
        self.hear(line.id, now, head.time[0], locked=head.locked)
        if head.software is not None and head.software != self.software_of(line.id):
            self.ledger.set_fact(_software(line.id), head.software.encode())
        self._told_mailboxes(line, head, now)
        if head.answers is None:
            if not self.context.pending.may_look():
                return
            self._asked[line.id] = head.nonce, head.roster
            if head.nonce not in self._answered:
                self._peer_started(line, head, now)
                if not self._in_cell and self.cells.started_without_keys(line):
                    self.sending.slow.discard(line.id)
            if head.roster < self.peer_of(line).roster.version:
                self._hand_rosters_back(line, head.nonce, head.roster, now)
            else:
                self._send_head(line, self.context.rng(16), head.nonce, now)
        elif self._questions.get(line.id) == head.answers:
            self._compare(line, head, now)
            self.untold.told(line.id)
            for mandate, lane, number in head.numbers or ():
                if self.ledger.number_after(mandate, lane, self.context.me, number):
                    self._went_back(line, now)
            if self._all_is_here(line, head, now):
                del self._questions[line.id]
                self.sending.receipted(head.answers)

    def offer_all(self, line: bytes) -> None:
        """Offer everything that has no receipt: ``offering``'s job, as the next."""

    def offer_pressing(self, line: bytes) -> None:
        """Offer what presses before anything else."""

    def _told_mailboxes(self, line: LineRow, head: Head, now: int) -> None:
        """What a head says of where its writer collects and writes: ``mailboxes``' job."""

    def hand_rosters(self, line: LineRow, version: int, now: int) -> None:
        """The peer goes by roster ``version`` of its own, and nobody asked: the later ones go to it."""
        self.context.pending.after.append(lambda: self._hand_rosters_back(line, bytes(16), version, now))

    def _hand_rosters_back(self, line: LineRow, asked: bytes, version: int, now: int) -> None:
        """The peer goes by an older roster of its own than is known here: its vault has lost the later ones.

        They and the answer, which are no secret, are sealed to a key that it still has; nothing else is.
        """
        peer = self.peer_of(line)
        parts = self._rosters_back(line, asked, version, now)
        _, public = sealing_key(peer.epochs_at(version)[0], now)
        sealed = envelope.pack(parts, realm=self.context.keys.realm, line=line.id, public=public)
        self.sending.add(line.id, sealed, (), self.ledger.routes(line.id, own=False), now=now)

    def _rosters_back(self, line: LineRow, asked: bytes, version: int, now: int) -> list[tuple[Any, ...]]:
        """The answer to a question, with the peer's own rosters after the one by which it asked, as many as fit."""
        parts = [self._head_part(line, self.context.rng(16), asked, now)]
        room = ROOM
        for signed in self.peer_of(line).signed[version + 1 :]:
            room -= len(signed.raw) + 16
            if room < 0:
                break
            parts.append(envelope.roster_part(signed))
        return parts

    def _peer_started(self, line: LineRow, head: Head, now: int) -> None:
        """What the peer receipted and yet does not hold, its vault has lost: it is offered again."""
        self.context.pending.after.append(lambda: self._was_asked(line.id, head.nonce, now))
        last = head.yours[2] if head.yours is not None else None
        if last is not None and self.ledger.entry(last) is None:
            last = None  # this vault went back too: what the peer lacks may stand before or after that place
        self._offer_again(line.id, last, now)
        self.peer_ends(line, head.mine)

    def _offer_again(self, line: bytes, last: bytes | None, now: int) -> None:
        if self.ledger.receipted_after(line, self.context.me, last) and self.reoffers.may(line, last, now):
            self.ledger.unreceipt_after(line, self.context.me, last)
            self.context.pending.after.append(lambda: self.offer_all(line))

    def offer_what_was_put_off(self, now: int) -> None:
        """History that a peer asked for too often, once its time has come; questions that wait for theirs."""
        self.ask_later(now)
        for line, last in self.reoffers.due(now):
            done = False
            try:
                with self.context.transaction():
                    self._offer_again(line, last, now)
                done = True
            finally:
                if not done:
                    self.reoffers.put_off(line, last, now)  # the disk was full: the next wake tries again

    def _was_asked(self, line_id: bytes, nonce: bytes, now: int) -> None:
        self._answered = {nonce, *(self._answered if len(self._answered) < MAX_ANSWERED else ())}
        self.sending.peer_started(line_id, now)
        self.offer_pressing(line_id)

    def _compare(self, line: LineRow, head: Head, now: int) -> None:
        # Its word that this chain did not go back is not enough to go on with it: what this vault has
        # forgotten may still be on its way (ADR 0017).
        if head.yours is None or self.ledger.entry(head.yours[2]) is not None:
            self._vouched.add(line.id)
        else:
            self._went_back(line, now)

    def _all_is_here(self, line: LineRow, head: Head, now: int) -> bool:
        """Whether to stop asking for now: nothing that the peer has is missing here, or it does not come.

        A receipt that this desk gave before its vault went back may reach the peer late, so that it no
        longer sends what is missing here: only another question makes it.
        """
        before, in_vain = self._again.pop(line.id, (None, 0))
        if head.mine is None or self.ledger.complete_with(line.id, line.peer, head.mine):
            self._later.pop(line.id, None)
            return True
        here = self.ledger.complete_until(line.id, line.peer)
        in_vain = in_vain + 1 if here == before else 1
        if in_vain > ASK_IN_VAIN:
            _, waited = self._later.get(line.id, (0, 0))
            self._later[line.id] = now, waited + 1
            return True
        self._again[line.id] = here, in_vain
        return False

    def _later_at(self, line: bytes) -> int:
        since, waited = self._later[line]
        return since + ASK_LATER[min(waited, len(ASK_LATER)) - 1]

    def still_missing(self) -> dict[bytes, Place | None]:
        """By line, up to where all is here: what its peer has beyond is asked for at long intervals."""
        waiting = self._later.keys() - self._questions.keys()
        return {each: self.ledger.complete_until(each, self.ledger.line(each).peer) for each in waiting}

    def next_question(self) -> int | None:
        """When to ask again for what did not come."""
        return min(
            (self._later_at(line) for line in self._later if line not in self._questions), default=None
        )

    def ask_later(self, now: int) -> None:
        """Ask again for what did not come, where that is due. Outside a transaction."""
        for line_id in sorted(self._later.keys() - self._questions.keys()):
            since, waited = self._later[line_id]
            if not since <= now < self._later_at(line_id):  # a clock that was put back makes nobody wait
                self._later[line_id] = now, waited
                # One that is answered in vain again is enough for this time.
                here = self.ledger.complete_until(line_id, self.ledger.line(line_id).peer)
                self._again[line_id] = here, ASK_IN_VAIN
                self._ask(self.ledger.line(line_id), now)

    def _check_past(self, line: LineRow, place: Place | None, now: int) -> None:
        """The peer names an entry of ours that stands in our present incarnation and not in our vault."""
        if place and place[0] == line.incarnation and not self.ledger.holds(line.id, self.context.me, place):
            self._went_back(line, now)

    def _went_back(self, line: LineRow, now: int) -> None:
        # Nothing more follows: this process goes on under incarnations of its own, whatever a peer says.
        self._vouched.discard(line.id)
        self.ledger.find(
            now,
            "this machine's",
            "The other desk names entries of ours that this vault does not hold: it was restored from a backup,"
            " or the other desk is wrong.",
            "It goes on in a new incarnation by itself. Compare with the other office what is missing.",
            line=line.id,
        )

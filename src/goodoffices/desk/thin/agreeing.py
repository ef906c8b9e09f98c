# SPDX-License-Identifier: Apache-2.0
"""Thin lines as both offices agree on them, and the keys of their chains (docs/format.md §16.3, ADR 0044).

An officer of each side wants the line thin. Then its desks draw secrets, seal them to their readers' keys
and go on by the ratchet once every reader's desk has said that it holds them. New secrets are drawn as keys
age, and where cells are not answered.
"""

from __future__ import annotations

from collections.abc import Callable

from goodoffices.core.errors import Foreign, NotNow, OtherOfficeError
from goodoffices.core.line import Item
from goodoffices.core.mandate import Agreement, Reading
from goodoffices.core.office import Office, sealing_key
from goodoffices.core.statement import Signed, read_signed, sign, state
from goodoffices.core.thin.keys import (
    MOST,
    ThinHeld,
    ThinKeys,
    ThinLine,
    begin,
    unwrap_secret,
    verify_by_desk,
    verify_thin_line,
    wrap_secret,
)
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.thin.tables import ChainRow, ThinTables
from goodoffices.desk.vault.keys import seal_text

AGE = 30 * 86_400_000
"""Milliseconds after which a chain gives way to a new one."""
UNANSWERED = 86_400_000
"""Milliseconds after which keys that no reader has answered are followed by others, if there is need of them."""
EVERY = 60_000
"""Milliseconds between two looks whether new keys are due."""
KEPT = 3
"""Chains of one author, scope and recipient that are kept: what is on its way may be sealed from an older one."""

ComesFrom = Callable[[Agreement, bytes, bytes], None]


class ThinAgreeing:
    """Who wants which line thin, and whose keys are held by whom."""

    def __init__(self, context: Context, comes_from: ComesFrom) -> None:
        self.context = context
        self.ledger = context.ledger
        self.tables = ThinTables(context.ledger)
        self._comes_from = comes_from
        self._looked: int | None = None
        self._doubted: set[bytes] = set()
        self.changed: Callable[[], None] = lambda: None

    # --- whether ------------------------------------------------------------------------------------

    def wanted(self, line: bytes, office: bytes) -> bool:
        """Whether an office wants a line thin."""
        return self.tables.wishes().get((line, office), (False, 0))[0]

    def agreed(self, line: LineRow) -> bool:
        """Whether both do."""
        return self.wanted(line.id, self.context.me) and self.wanted(line.id, line.peer)

    def state(self, line: LineRow) -> str:
        """How a line stands: no, ours (we want it thin), theirs (they do), agreed (keys are under way), thin."""
        ours, theirs = self.wanted(line.id, self.context.me), self.wanted(line.id, line.peer)
        if not (ours and theirs):
            return "ours" if ours else "theirs" if theirs else "no"
        return "thin" if self.usable(line.id, line.peer) is not None else "agreed"

    def change(self, officer: Officer, line: LineRow, wanted: bool, now: int) -> None:
        """State that this office wants a line thin, or no more. Inside the caller's transaction."""
        if not line.open:
            raise NotNow(
                "The line is not confirmed by both offices yet.",
                "Confirm it on both sides, and let both desks run: they tell each other. Else pair it anew.",
            )
        before = self.tables.wishes().get((line.id, self.context.me), (False, 0))[1]
        wish = ThinLine(
            line=line.id,
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(max(now, before + 1)),
            wanted=wanted,
        )
        signed = sign(state(wish, self.context.keys.realm), officer.seed)
        self.tables.wish(line.id, self.context.me, signed, wanted, wish.time[0])
        self.ledger.owe(line.id, (Item.THIN_LINE, signed.raw))
        what = f"{'asked for' if wanted else 'ended'} the thin line {line.name}"
        self.ledger.audit(now, officer.name, what, AuditKind.OFFICE)
        self._look_again()

    def _look_again(self) -> None:
        self.context.pending.after.append(self._forget_looked)

    def _forget_looked(self) -> None:
        self._looked = None
        self.changed()

    def doubt(self, scope: bytes) -> None:
        """Cells of a line are not answered, or notes do not open: a reader may have lost its end of the chain."""
        if scope not in self._doubted:
            self._doubted.add(scope)
            self._looked = None

    # --- items of entries ---------------------------------------------------------------------------

    def take(self, line: LineRow, number: int, raw: bytes, now: int) -> None:
        """A wish, keys, or word that keys are held. Inside the caller's transaction."""
        signed = read_signed(raw)
        if number == Item.THIN_LINE:
            wish = verify_thin_line(signed, line.id, self._office(line.peer))
            self.tables.wish(line.id, line.peer, signed, wish.wanted, wish.time[0])
            self.context.something_came()
        elif number == Item.THIN_KEYS:
            self._keys(line, signed, now)
        else:
            self._held(line, signed)
        self._look_again()

    def _office(self, office: bytes) -> Office:
        found = self.ledger.office(office)
        if found is None:
            raise NotNow("The credential of a line's peer is missing.", "Restore the vault's last backup.")
        return found

    def _keys(self, line: LineRow, signed: Signed, now: int) -> None:
        keys, me = signed.statement.read(ThinKeys, realm=self.context.keys.realm), self.context.me
        if self.tables.chain(signed.id) is not None:
            return
        readers = {reader for reader, _, _ in keys.keys}
        if keys.scope == line.id:
            if keys.office != line.peer or readers != {me}:
                raise Foreign("Keys of a thin line that are not for this office or line.")
            verify_by_desk(signed, self._office(line.peer), keys.roster)
            secret = unwrap_secret(keys, self.context.keys.realm, me, self.context.keys.envelope_seeds)
            self._add(signed, keys, now, begin(secret, signed.id).state)
            self._say_held(line, signed.id, now)
            return
        if not self.ledger.has_mandate(keys.scope):
            raise NotNow("It belongs to a mandate that has not arrived here yet.")
        agreement = self.ledger.agreement(keys.scope)
        self._comes_from(agreement, keys.office, line.peer)
        if keys.recipient not in agreement.mandate.path or keys.recipient == keys.office:
            raise Foreign("A note to nobody on the channel's path.")
        verify_by_desk(signed, agreement.offices[keys.office], keys.roster)
        self._add(signed, keys, now, None)
        if me in readers:
            self._say_held(line, signed.id, now)
            self.open_pending()
        if me != keys.recipient:
            self._pass_on(agreement, keys.recipient, Item.THIN_KEYS, signed, line.peer)

    def _add(self, signed: Signed, keys: ThinKeys, now: int, secret_state: bytes | None) -> None:
        before = self.tables.newest(keys.scope, keys.office, keys.recipient)
        # What came last is the newest, also where this machine's clock was set back.
        made = now if before is None else max(now, before.made + 1)
        self.tables.add(
            ChainRow(signed.id, keys.scope, keys.office, keys.recipient, made, signed.raw, 0, secret_state)
        )
        for old in self.tables.of_author(keys.scope, keys.office, keys.recipient)[KEPT:]:
            self.tables.remove(old)
        self.context.pending.after.append(self.changed)  # what was forgotten is named no more

    def _say_held(self, line: LineRow, chain: bytes, now: int) -> None:
        held = ThinHeld(
            keys=chain,
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
        )
        signed = sign(state(held, self.context.keys.realm), self.context.keys.desk_seed)
        self.ledger.owe(line.id, (Item.THIN_HELD, signed.raw))

    def _held(self, line: LineRow, signed: Signed) -> None:
        held = signed.statement.read(ThinHeld, realm=self.context.keys.realm)
        row = self.tables.chain(held.keys)
        if row is None:
            return  # it gave way to a newer one meanwhile
        if held.office not in row.readers():
            raise Foreign("Keys of a thin line that are not for this office or line.")
        verify_by_desk(signed, self._office(held.office), held.roster)
        if row.office == self.context.me:
            self.tables.holds(row.id, held.office)
        elif self.ledger.has_mandate(row.scope):
            self._pass_on(self.ledger.agreement(row.scope), row.office, Item.THIN_HELD, signed, line.peer)

    def _pass_on(
        self, agreement: Agreement, towards: bytes, item: Item, signed: Signed, came_from: bytes
    ) -> None:
        target = agreement.mandate.next_hop(self.context.me, towards)
        to = self.ledger.line_to(target)
        if to is not None and target != came_from and not self.ledger.carried_to(signed.id, target):
            self.ledger.owe(to.id, (item, signed.raw))
            self.ledger.mark_carried(signed.id, target)

    # --- keys that open with a sign-in ------------------------------------------------------------------

    def open_pending(self) -> None:
        """Open the secrets of chains of notes for this office, while somebody is signed in."""
        if self.context.reading_key is None:
            return
        for row in self.tables.unopened():
            if self.context.me not in row.readers():
                continue
            try:
                secret = unwrap_secret(
                    row.keys, self.context.keys.realm, self.context.me, self.context.reading
                )
            except OtherOfficeError:
                continue  # its notes are asked for anew (ADR 0042)
            first = begin(secret, row.id)
            self.tables.move(first, self.closed(first.state, row.id))

    def closed(self, secret: bytes, chain: bytes) -> bytes:
        """A state or key of a chain of notes, under the reading key."""
        assert self.context.reading_key is not None
        return seal_text(self.context.reading_key, secret, b"thin chain" + chain, self.context.rng)

    # --- new keys ---------------------------------------------------------------------------------------

    def settle(self, now: int) -> None:
        """Draw the keys that are due, now and then, where any line is thin. Outside a transaction."""
        if self._due(now):
            with self.context.transaction():
                self._draw_due(now)

    def _due(self, now: int) -> bool:
        agreed = any(wanted for wanted, _ in self.tables.wishes().values())
        return agreed and (self._looked is None or not 0 <= now - self._looked < EVERY)

    def _draw_due(self, now: int) -> None:
        self._looked = now
        thin = [line for line in self.ledger.lines() if line.open and self.agreed(line)]
        for line in thin:
            office = self._office(line.peer)
            to_desk = ((line.peer, *sealing_key(office.envelope_epochs, now)),)
            self._draw(line.id, line.peer, to_desk, line, now, fresh=line.id in self._doubted)
        self._doubted -= {line.id for line in thin}
        if self.context.reading_key is None or not thin:
            return
        self.open_pending()
        peers = {line.peer: line for line in thin}
        for mandate_id in self.ledger.mandates():
            agreement = self.ledger.agreement(mandate_id)
            if agreement.complete:
                for recipient in self._recipients(agreement):
                    to = peers.get(agreement.mandate.next_hop(self.context.me, recipient))
                    readers = self.readers(agreement, recipient, now)
                    if to is not None and readers:
                        self._draw(mandate_id, recipient, readers, to, now, fresh=mandate_id in self._doubted)
        self._doubted.clear()

    def _recipients(self, agreement: Agreement) -> list[bytes]:
        mandate, me = agreement.mandate, self.context.me
        if me not in mandate.path:
            return []
        beside = [
            office for office in mandate.neighbours(me) if mandate.is_party(office) != mandate.is_party(me)
        ]
        return [mandate.far_party(me), *beside] if mandate.is_party(me) else beside

    def readers(
        self, agreement: Agreement, recipient: bytes, now: int
    ) -> tuple[tuple[bytes, int, bytes], ...]:
        """(office, epoch, key) of everybody to whom a note to ``recipient`` is sealed."""
        mandate, me = agreement.mandate, self.context.me
        offices = {recipient}
        between = mandate.carries_between_parties(me, recipient)
        if between and mandate.reading == Reading.OPEN:
            offices |= set(mandate.path) - {me}
        return tuple(
            (office, *sealing_key(agreement.offices[office].reading_epochs, now))
            for office in sorted(offices)
            if not mandate.on_paper(office)
        )

    def _draw(
        self,
        scope: bytes,
        recipient: bytes,
        readers: tuple[tuple[bytes, int, bytes], ...],
        line: LineRow,
        now: int,
        *,
        fresh: bool = False,
    ) -> None:
        me, realm = self.context.me, self.context.keys.realm
        newest = self.tables.newest(scope, me, recipient)
        if newest is not None:
            sealed_to = tuple((reader, epoch) for reader, epoch, _ in newest.keys.keys)
            same = sealed_to == tuple((reader, epoch) for reader, epoch, _ in readers)
            # Keys that nobody has answered yet are not followed by others: a peer that is away would find many.
            doubted = fresh and (self._held_by_all(newest) or now - newest.made >= UNANSWERED)
            if same and not doubted and now - newest.made < AGE and newest.next < MOST // 2:
                return
        secret = self.context.rng(32)
        keys = ThinKeys(
            scope=scope,
            office=me,
            recipient=recipient,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            keys=wrap_secret(secret, realm, scope, me, recipient, readers),
        )
        signed = sign(state(keys, realm), self.context.keys.desk_seed)
        first = begin(secret, signed.id).state
        self._add(signed, keys, now, first if scope == line.id else self.closed(first, signed.id))
        self.ledger.owe(line.id, (Item.THIN_KEYS, signed.raw))

    # --- use --------------------------------------------------------------------------------------------

    def usable(self, scope: bytes, recipient: bytes) -> ChainRow | None:
        """The newest own chain that every reader holds."""
        for each in self.tables.of_author(scope, self.context.me, recipient):
            row = self.tables.chain(each)
            if row is not None and row.state is not None and self._held_by_all(row):
                return row
        return None

    def _held_by_all(self, row: ChainRow) -> bool:
        return row.readers() <= self.tables.holders(row.id)

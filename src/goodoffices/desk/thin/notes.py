# SPDX-License-Identifier: Apache-2.0
"""Notes sealed from a chain of a thin line, and opened again (docs/format.md §16.4, ADR 0044)."""

from __future__ import annotations

from goodoffices.core.errors import Altered, Foreign, Oversized
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import OpenNote, verify_release
from goodoffices.core.sealed import SealedNote, header_of, read_sealed
from goodoffices.core.thin.keys import NONCE, Chain, Reading
from goodoffices.core.thin.note import SHORT_SEED, open_thin, room_for, seal_thin, thin_seed, write_thin
from goodoffices.core.thin.values import Unfit
from goodoffices.desk.context import Context
from goodoffices.desk.thin.agreeing import ThinAgreeing
from goodoffices.desk.thin.known import NoteKnown
from goodoffices.desk.thin.tables import ChainRow
from goodoffices.desk.vault.keys import open_text

SIGNATURE = 65
"""Bytes that an officer's signature takes inside."""


class ThinNotes:
    """What writing and reading notes does where a line is thin."""

    def __init__(self, context: Context, agreeing: ThinAgreeing) -> None:
        self.context = context
        self.ledger = context.ledger
        self.agreeing = agreeing
        self.tables = agreeing.tables

    # --- writing ------------------------------------------------------------------------------------

    def chain_to(self, agreement: Agreement, recipient: bytes) -> ChainRow | None:
        """The chain from which a note to ``recipient`` is sealed now; None where it goes the ordinary way."""
        target = agreement.mandate.next_hop(self.context.me, recipient)
        to = self.ledger.line_to(target)
        if to is None or not self.agreeing.agreed(to) or self.context.reading_key is None:
            return None
        return self.agreeing.usable(agreement.id, recipient)

    def seed(self) -> bytes:
        """A note's seed of which half need not travel."""
        return thin_seed(self.context.rng(SHORT_SEED))

    def seal(self, agreement: Agreement, opened: OpenNote) -> SealedNote | None:
        """The note sealed from a chain, whose next state is kept in the caller's transaction; None: ordinarily."""
        row = self.chain_to(agreement, opened.note.recipient)
        if row is None:
            return None
        known = self._known(agreement, opened)
        releasers = self.context.my_office().roster.releasers_needed
        chain = Chain(row.id, self._open(row.state, row.id), row.next)
        nonce = self.context.rng(NONCE)
        try:
            sealed, after = seal_thin(
                opened, tuple(sorted(row.readers())), chain, nonce, known, known.officers, releasers
            )
        except (Unfit, Oversized):
            return None
        self.tables.move(after, self.agreeing.closed(after.state, row.id))
        return sealed

    def left(self, agreement: Agreement, opened: OpenNote) -> int | None:
        """How many bytes a note, not signed yet, has left in a cell; below zero: it does not fit. None: not thin."""
        releasers = self.context.my_office().roster.releasers_needed
        if self.chain_to(agreement, opened.note.recipient) is None:
            return None
        known = self._known(agreement, opened)
        try:
            return (
                room_for(releasers) - len(write_thin(opened, known, known.officers)) - SIGNATURE * releasers
            )
        except (Unfit, Oversized):
            return -1

    def _known(self, agreement: Agreement, opened: OpenNote) -> NoteKnown:
        return NoteKnown(self.context, self.tables, header_of(opened.note, opened.signed.id), agreement)

    def _open(self, closed: bytes | None, chain: bytes) -> bytes:
        assert self.context.reading_key is not None
        assert closed is not None
        return open_text(self.context.reading_key, closed, b"thin chain" + chain)

    # --- reading ------------------------------------------------------------------------------------

    def _end(self, sealed: SealedNote) -> tuple[Reading, int] | None:
        assert sealed.chain is not None
        chain, number = sealed.chain
        self.agreeing.open_pending()
        row = self.tables.chain(chain)
        if row is None or row.state is None:
            return None
        skipped = {at: self._open(key, chain) for at, key in self.tables.skipped(chain).items()}
        return Reading(Chain(chain, self._open(row.state, chain), row.next), skipped), number

    def _is_for_something_else(self, sealed: SealedNote) -> bool:
        """Whether a note names a chain of another author, mandate or recipient, or one of a line's cells."""
        assert sealed.chain is not None
        row, header = self.tables.chain(sealed.chain[0]), sealed.header
        wanted = header.mandate, header.author, header.recipient
        return row is not None and (row.scope, row.office, row.recipient) != wanted

    def is_second(self, note: bytes, sealed: SealedNote) -> bool:
        """Whether a verified copy of a note was sealed by the very key that this one names."""
        if sealed.chain is None:
            return False
        copies = [
            read_sealed(raw) for _, raw, _, verdict in self.ledger.copies(note) if verdict == "verified"
        ]
        return any(each.chain == sealed.chain for each in copies)

    def key_is_gone(self, sealed: SealedNote) -> bool:
        """Whether this office cannot open it any more, and asks for it anew."""
        if self._is_for_something_else(sealed):
            return False
        end = self._end(sealed)
        if end is None:
            return True
        try:
            end[0].key_of(end[1])
        except Foreign:
            return True
        return False

    def open(self, agreement: Agreement, sealed: SealedNote) -> OpenNote:
        """The note, its release verified; only then its key is forgotten. Raises as ``core.sealed`` does."""
        if self._is_for_something_else(sealed):
            raise Altered("A seal does not open: changed on the way, or not for this key.")
        end = self._end(sealed)
        if end is None:
            raise Foreign(
                "The key of that epoch is not held here any more.", "Ask the author to seal it anew."
            )
        before, number = end
        message, after = before.key_of(number)
        known = NoteKnown(self.context, self.tables, sealed.header, agreement)
        opened = open_thin(sealed, message, self.context.keys.realm, known, known.officers)
        verify_release(opened, agreement.offices[sealed.header.author])
        close, chain = self.agreeing.closed, after.chain.id
        fresh = {at: key for at, key in after.skipped.items() if at not in before.skipped}
        self.tables.keep_skipped(before, after, {at: close(key, chain) for at, key in fresh.items()})
        if after.chain != before.chain:
            self.tables.move(after.chain, close(after.chain.state, chain))
        return opened

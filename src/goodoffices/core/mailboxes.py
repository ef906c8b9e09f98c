# SPDX-License-Identifier: Apache-2.0
"""Mailboxes of a line in use: at which relays an office collects from now on (docs/format.md §10.4, ADR 0043).

Pairing names the first ones. An officer with the right *keys* states the next, whole each time, under a
version that only grows; the other desk writes there from then on and says so in its heads. A statement
holds the right to put, so it travels in an envelope's part and never stands in the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from goodoffices.core.errors import Foreign, Malformed, WrongSigner
from goodoffices.core.fields import ID, TIME, data, key, listing, row, uint
from goodoffices.core.office import Office, Right, may, require_version
from goodoffices.core.pairing import MAX_ROUTES, Route, relay_address
from goodoffices.core.statement import Content, Kind, Signed


@dataclass(frozen=True, kw_only=True)
class Mailboxes(Content):
    """Everywhere that an office collects on a line: [relay, mailbox, right to put], 1 to 8 of them."""

    KIND: ClassVar[Kind] = Kind.MAILBOXES
    line: bytes = key(1, ID)
    office: bytes = key(2, ID)
    roster: int = key(3, uint(2**32))
    version: int = key(4, uint(2**32))
    mailboxes: tuple[tuple[str, bytes, bytes], ...] = key(
        5, listing(row(relay_address, data(16), data(32)), MAX_ROUTES, minimum=1)
    )
    time: tuple[int, int] = key(6, TIME)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The mailboxes as pairing has them."""
        return tuple(Route(*each) for each in self.mailboxes)


def verify_mailboxes(signed: Signed, line: bytes, office: Office) -> Mailboxes:
    """Raise unless keepers of keys of ``office`` state where it collects on this line."""
    stated = signed.statement.read(Mailboxes, realm=office.realm)
    if stated.line != line or stated.office != office.id:
        raise Foreign("Mailboxes of another line or another office.")
    if stated.version < 1 or len({box for _, box, _ in stated.mailboxes}) != len(stated.mailboxes):
        raise Malformed("Mailboxes without a version, or one of them twice.")
    require_version(office, stated.roster)
    signed.verify()
    if not all(may(office, stated.roster, signer, Right.KEYS) for signer in signed.signers):
        raise WrongSigner("Mailboxes stated by somebody who keeps no keys there.")
    return stated

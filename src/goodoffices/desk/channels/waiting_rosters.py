# SPDX-License-Identifier: Apache-2.0
"""Rosters of counterparts that came by their root's word alone, and wait (ADR 0079).

On a line that is in use the root's signature is not enough: whoever stole the root could send the same. Such a
roster waits, and everything goes on by the one in force, until a key that the counterpart's desk had before
vouches for it, an entry of that desk brings it, or an officer hears its digits by voice.
"""

from __future__ import annotations

from contextlib import suppress

from goodoffices.core import cbor
from goodoffices.core.errors import OtherOfficeError
from goodoffices.core.office import Office, Roster
from goodoffices.core.statement import Signed, read_signed
from goodoffices.core.vouching import Vouch, verify_vouch
from goodoffices.desk.ledger.ledger import Ledger

MOST = 8
"""Rosters, and words for them, that are kept for one office; of more the newest."""


class WaitingRosters:
    """What waits for each office, kept in the vault. Every change inside the caller's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def of(self, office: bytes) -> tuple[Signed, ...]:
        """The rosters of an office that wait, in the order in which they came."""
        return self._kept(_rosters(office))

    def keep(self, office: Office, signed: Signed) -> None:
        """A roster that follows the one in force waits from now on."""
        self._add(_rosters(office.id), signed)

    def keep_vouch(self, office: Office, signed: Signed) -> None:
        """A word for a roster, which may not be here yet; raises unless a key of that desk signed it."""
        verify_vouch(signed, office)
        self._add(_words(office.id), signed)

    def vouched(self, office: Office, roster: Signed) -> Vouch | None:
        """The newest word of a key that the office's desk had, and that was not revoked since, for a roster."""
        for word in reversed(self._kept(_words(office.id))):
            with suppress(OtherOfficeError):
                if (said := verify_vouch(word, office)).vouched == roster.id:
                    return said
        return None

    def settle(self, office: Office) -> tuple[Signed, ...]:
        """After a roster came into force: nothing waits any more up to it. Returns what the root signed besides."""
        known = {each.id for each in office.signed}
        waited = [each for each in self.of(office.id) if each.id not in known]
        later = [each for each in waited if _version(each) > office.roster.version]
        self._set(_rosters(office.id), later)
        words = self._kept(_words(office.id))
        self._set(
            _words(office.id), [each for each in words if each.statement.read(Vouch).vouched not in known]
        )
        return tuple(each for each in waited if each not in later)

    def _kept(self, name: str) -> tuple[Signed, ...]:
        raw = self.ledger.fact(name)
        return tuple(map(read_signed, cbor.decode(raw, max_size=len(raw)))) if raw is not None else ()

    def _add(self, name: str, signed: Signed) -> None:
        kept = self._kept(name)
        if signed.id not in {each.id for each in kept}:
            self._set(name, [*kept, signed][-MOST:])

    def _set(self, name: str, kept: list[Signed]) -> None:
        if kept:
            self.ledger.set_fact(name, cbor.encode([each.raw for each in kept]))
        elif self.ledger.fact(name) is not None:
            self.ledger.drop_fact(name)


def _rosters(office: bytes) -> str:
    return f"rosters waiting {office.hex()}"


def _words(office: bytes) -> str:
    return f"rosters vouched {office.hex()}"


def _version(signed: Signed) -> int:
    return signed.statement.read(Roster).version

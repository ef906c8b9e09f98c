# SPDX-License-Identifier: Apache-2.0
"""Papers that stay at home: signed by one officer, sealed under the reading key, in no entry of any line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.home_papers import WRITING
from goodoffices.core.office import Office
from goodoffices.core.statement import Content, Signed, read_signed, sign, state
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.vault.keys import open_text, seal_text

Paper = TypeVar("Paper")


class HomePapers:
    """What incident files and assurances have in common."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.db = context.ledger.db

    def _key(self) -> bytes:
        if self.context.reading_key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        return self.context.reading_key

    def _open(self, number: bytes, sealed: bytes) -> Signed:
        return read_signed(open_text(self._key(), bytes(sealed), bytes(number)))

    def paper(self, table: str, number: bytes) -> Signed:
        """A paper from its table, opened; nothing of it is verified yet. Raises NotFound."""
        row = self.db.execute(f"SELECT signed_sealed FROM {table} WHERE id=?", (number,)).fetchone()
        if row is None:
            raise NotFound("There is no such paper at this desk.")
        return self._open(number, row[0])

    def verified(
        self, number: bytes, sealed: bytes, check: Callable[[Signed, Office], Paper]
    ) -> tuple[Paper, bytes]:
        """A paper and who signed it; verified when the unlocked desk reads it for the first time."""

        def verify() -> tuple[Paper, bytes]:
            signed = self._open(number, sealed)
            return check(signed, self.context.my_office()), signed.signers[0]

        self._key()
        return self.context.opened.paper(bytes(number), verify)

    def _signed(self, content: Content, officer: Officer) -> Signed:
        return sign(state(content, self.context.keys.realm), officer.seed)

    def _sealed(self, signed: Signed) -> bytes:
        return seal_text(self._key(), signed.raw, signed.id, self.context.rng)

    def _require(self, officer: Officer) -> None:
        if not self.context.my_office().roster.rights(officer.public) & WRITING:
            raise NotAllowed(f"{officer.name} may read this, not write into it.")


def require_room(*texts: tuple[str, int]) -> None:
    """Raise YourError for the first of (text, bytes that it may have) that is longer, by its own beginning."""
    for text, most in texts:
        size = len(text.strip().encode("utf-8", "surrogatepass"))
        if size > most:
            begins = " ".join(text[:60].split())
            raise YourError(
                f"The text that begins with '{begins}' has {size} bytes; at most {most} fit there.",
                "Shorten it. A Latin letter takes one byte, a Persian or an Arabic one takes two.",
            )


def pseudonym_of(context: Context, signer: bytes, version: int) -> str:
    """Under which name a signer stood in a roster of this office; the beginning of the key where in none."""
    roster = context.my_office().roster_at(version)
    return (roster.pseudonym(signer) if roster is not None else None) or signer.hex()[:16]

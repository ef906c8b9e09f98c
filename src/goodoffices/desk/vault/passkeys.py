# SPDX-License-Identifier: Apache-2.0
"""Passkeys: WebAuthn credentials of officers, and keys wrapped under what an authenticator computes.

The only module that imports ``fido2``. A passkey counts under the host name where it was made. Where the
authenticator offers the PRF extension, ``KEK = HKDF(PRF output, salt, "GO1 vault passkey")`` wraps the same
keys that the passphrase wraps; the output never leaves the browser otherwise than to this desk and is
not kept. Without PRF nothing can be wrapped: then the passkey is a second factor beside the passphrase,
checked by this program (ADR 0025).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from goodoffices.core.crypto import aead_open, aead_seal, hkdf, sha256
from goodoffices.core.errors import Altered, NotAllowed, NotFound, WrongSecret, YourError
from goodoffices.desk.asking import Place
from goodoffices.desk.vault.keys import KEY_SIZE, OpenedOfficer, Rng, fold_name
from goodoffices.desk.vault.vault import Vault

PRF_SIZE = 32
MAX_PASSKEYS = 16
MAX_LABEL = 60
_NONCE = 12
_SALT = 32
_VERSION = 1
_MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError, struct.error)
"""What the library raises on an answer that is none."""


@dataclass(frozen=True)
class PasskeyEntry:
    """One passkey as its officer sees it."""

    id: bytes
    officer: str
    label: str
    host: str
    opens: bool
    """Opens the officer's keys; else it is a second factor."""
    added: int
    used: int | None


class Passkeys:
    """The passkeys of one desk's officers."""

    def __init__(self, vault: Vault, office: bytes, name: str) -> None:
        self.vault = vault
        self.office = office
        self.name = name

    @property
    def prf_input(self) -> bytes:
        """What authenticators are asked to evaluate: the same at one desk, since each has a secret of its own."""
        return sha256(b"GO1 passkey" + self.office)

    def _server(self, place: Place) -> Fido2Server:
        entity = PublicKeyCredentialRpEntity(id=place.host, name=self.name)
        return Fido2Server(entity, verify_origin=lambda origin: origin == place.origin)

    def _rows(self, where: str, value: Any) -> list[Any]:
        columns = "id, folded, host, label, credential, sign_count, salt, wrapped, added_ms, used_ms"
        return self.vault.db.execute(f"SELECT {columns} FROM passkey WHERE {where}", (value,)).fetchall()

    def of(self, officer: str) -> tuple[PasskeyEntry, ...]:
        """An officer's passkeys, oldest first."""
        rows = self._rows("folded=? ORDER BY added_ms", fold_name(officer))
        return tuple(
            PasskeyEntry(bytes(row[0]), officer, row[3], row[2], row[7] is not None, row[8], row[9])
            for row in rows
        )

    def hosts(self) -> frozenset[str]:
        """The names of this desk for which there is any passkey."""
        rows = self.vault.db.execute("SELECT DISTINCT host FROM passkey").fetchall()
        return frozenset(str(host) for (host,) in rows)

    def asked_beside_passphrase(self, officer: str) -> bool:
        """Whether this officer's passphrase alone does not sign in: he has a passkey that opens nothing."""
        entries = self.of(officer)
        return bool(entries) and not any(each.opens for each in entries)

    # --- making one -----------------------------------------------------------------------------------

    def begin_making(self, place: Place, officer: str, public: bytes) -> tuple[dict[str, Any], Any]:
        """(options for the browser, state to keep) of a new passkey."""
        rows = self._rows("folded=?", fold_name(officer))
        if len(rows) >= MAX_PASSKEYS:
            raise NotAllowed(f"There are {MAX_PASSKEYS} passkeys already.", "Remove one first.")
        options, state = self._server(place).register_begin(
            PublicKeyCredentialUserEntity(id=sha256(public), name=officer, display_name=officer),
            [AttestedCredentialData(bytes(row[4])) for row in rows],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return dict(options), state

    def finish_making(
        self, place: Place, state: Any, answer: Mapping[str, Any], officer: str, label: str, now: int
    ) -> bytes:
        """Verify and keep a new passkey; as long as nothing is wrapped under it, it is a second factor."""
        try:
            made = self._server(place).register_complete(state, answer)
        except _MALFORMED:
            raise YourError(
                "The passkey's answer does not fit what was asked.", "Try it once more."
            ) from None
        assert made.credential_data is not None
        label = " ".join(label.split())[:MAX_LABEL] or "passkey"
        with self.vault.writing():
            kept = self.vault.db.execute(
                "INSERT OR IGNORE INTO passkey (id, folded, host, label, credential, sign_count, added_ms)"
                " VALUES (?,?,?,?,?,?,?)",
                (
                    made.credential_data.credential_id,
                    fold_name(officer),
                    place.host,
                    label,
                    bytes(made.credential_data),
                    made.counter,
                    now,
                ),
            )
        if kept.rowcount != 1:
            # An authenticator chooses the ID; one that chooses another's gets nothing of his.
            raise YourError("A passkey with this ID is kept here already.", "Use another authenticator.")
        return made.credential_data.credential_id

    def wrap(self, passkey: bytes, officer: str, prf: bytes, keys: bytes, rng: Rng) -> None:
        """Wrap an officer's keys under what the passkey computed: from now on it opens them."""
        salt, nonce = rng(_SALT), rng(_NONCE)
        folded = fold_name(officer)
        blob = aead_seal(_kek(prf, salt), nonce, keys, _aad(folded, passkey))
        with self.vault.writing():
            changed = self.vault.db.execute(
                "UPDATE passkey SET salt=?, wrapped=? WHERE id=? AND folded=?",
                (salt, bytes([_VERSION]) + nonce + blob, passkey, folded),
            )
            if changed.rowcount != 1:
                raise NotFound("There is no such passkey of this officer.")

    def remove(self, officer: str, passkey: bytes) -> None:
        """Forget a passkey and what is wrapped under it."""
        with self.vault.writing():
            gone = self.vault.db.execute(
                "DELETE FROM passkey WHERE id=? AND folded=?", (passkey, fold_name(officer))
            )
            if gone.rowcount != 1:
                raise NotFound("There is no such passkey of this officer.")
        self.vault.scrub()

    # --- using one ------------------------------------------------------------------------------------

    def begin_using(self, place: Place, only: bytes | None = None) -> tuple[dict[str, Any], Any]:
        """(options for the browser, state to keep); ``only``: this passkey and no other."""
        rows = self._rows("id=?", only) if only is not None else []
        options, state = self._server(place).authenticate_begin(
            [AttestedCredentialData(bytes(row[4])) for row in rows] or None,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return dict(options), state

    def use(self, place: Place, state: Any, answer: Mapping[str, Any], now: int) -> tuple[bytes, str]:
        """(passkey, officer's name as compared) of an answer that verifies; raises WrongSecret."""
        try:
            parsed = AuthenticationResponse.from_dict(answer)
            rows = [row for row in self._rows("id=?", parsed.raw_id) if row[2] == place.host]
            known = [AttestedCredentialData(bytes(row[4])) for row in rows]
            self._server(place).authenticate_complete(state, known, parsed)
            counter = parsed.response.authenticator_data.counter
        except _MALFORMED:
            raise _refused() from None
        row = rows[0]
        if (counter or row[5]) and counter <= row[5]:
            # Two devices with one secret: a copy was made.
            raise _refused()
        with self.vault.writing():
            self.vault.db.execute(
                "UPDATE passkey SET sign_count=?, used_ms=? WHERE id=?", (counter, now, row[0])
            )
        return bytes(row[0]), str(row[1])

    def open(self, passkey: bytes, prf: bytes) -> OpenedOfficer | None:
        """The officer's keys under what the passkey computed; None if it is a second factor only."""
        row = self._rows("id=?", passkey)[0]
        if row[7] is None or len(prf) != PRF_SIZE:
            return None
        shown = self.vault.db.execute(
            "SELECT name FROM officer WHERE folded=? AND wrapped IS NOT NULL", (row[1],)
        ).fetchone()
        blob = bytes(row[7])
        if shown is None or blob[:1] != bytes([_VERSION]):
            raise _refused()
        try:
            keys = aead_open(
                _kek(prf, bytes(row[6])), blob[1 : 1 + _NONCE], blob[1 + _NONCE :], _aad(row[1], passkey)
            )
        except Altered:
            raise _refused() from None
        return OpenedOfficer(str(shown[0]), keys[:KEY_SIZE], keys[KEY_SIZE:])


def _refused() -> WrongSecret:
    return WrongSecret("This passkey does not sign in here.", "Sign in by passphrase, or try once more.")


def _kek(prf: bytes, salt: bytes) -> bytes:
    if len(prf) != PRF_SIZE:
        raise YourError("The authenticator's answer has another size than 32 bytes.")
    return hkdf(prf, b"GO1 vault passkey", KEY_SIZE, salt)


def _aad(folded: str, passkey: bytes) -> bytes:
    return b"GO1 vault passkey\0" + folded.encode() + b"\0" + passkey

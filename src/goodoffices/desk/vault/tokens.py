# SPDX-License-Identifier: Apache-2.0
"""Officers' signing keys on PKCS#11 tokens in the desk's machine: the only module that imports ``pkcs11`` (ADR 0064).

A token holds two keys of an officer and gives out neither: an Ed25519 key that signs, and a secret by which
it computes an HMAC. ``KEK = HKDF(HMAC(the token's secret, "GO1 vault token" ‖ salt), "GO1 vault token")`` wraps
the office's reading key. Both answer only after the token's PIN was given, and until the officer signs out.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from goodoffices.core.crypto import aead_open, aead_seal, ed25519_verify, hkdf
from goodoffices.core.errors import Altered, MachineError, NotAllowed, WrongSecret, WrongSigner, YourError
from goodoffices.db.sqlite import Connection
from goodoffices.desk.vault.keys import KEY_SIZE, Cost, OpenedOfficer, Rng, fold_name

if TYPE_CHECKING:
    import pkcs11

ED25519 = bytes.fromhex("06032b6570")
"""CKA_EC_PARAMS: the object identifier 1.3.101.112 (RFC 8410)."""
ED25519_BY_NAME = b"\x13\x0cedwards25519"
"""The same as a printable string (PKCS#11 3.0 §2.3.5), for tokens that know it by that alone."""
_LABEL = "Good Offices"
_INFO = b"GO1 vault token"
_VERSION = 2
_NONCE = 12
_SALT = 32
_BACK = "Put the token back into this machine, then sign in again."


@dataclass(frozen=True)
class TokenRow:
    """Which token holds an officer's key, as the vault keeps it."""

    module: str
    serial: str
    label: str
    key_id: bytes
    public: bytes


class TokenKey:
    """An officer's key on a token that his PIN has opened."""

    def __init__(self, public: bytes, key: Any, lock: Lock) -> None:
        self.public, self._key, self._lock = public, key, lock

    def sign(self, message: bytes) -> bytes:
        """64 bytes that verify; raises MachineError where the token does not answer, or with something else."""
        import pkcs11

        with self._lock, _faults(_BACK):
            signature = bytes(self._key.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
        try:
            ed25519_verify(self.public, signature, message)
        except WrongSigner:
            raise MachineError("The token signed with another key, or wrongly.", _BACK) from None
        return signature


@dataclass(frozen=True)
class Held:
    """Two new keys on a token, and the session that made them."""

    row: TokenRow
    session: Any = field(repr=False)

    @property
    def public(self) -> bytes:
        """The key that the roster is to list."""
        return self.row.public

    def wrap(self, folded: str, reading_key: bytes, rng: Rng) -> tuple[bytes, bytes]:
        """(salt, the reading key wrapped under what the token computes), bound to name and key."""
        salt, nonce = rng(_SALT), rng(_NONCE)
        with _faults(_BACK):
            kek = _kek(self.session, self.row, salt)
        blob = aead_seal(kek, nonce, reading_key, _aad(folded, self.row))
        return salt, bytes([_VERSION]) + nonce + blob


@dataclass(frozen=True)
class _Open:
    """A token that somebody is signed in to."""

    officer: str
    session: Any
    key: TokenKey
    proof: bytes
    """The PIN, stretched: a token that is open does not look at a PIN again."""


class Tokens:
    """The tokens of one vault's officers."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self._open: dict[tuple[str, str], _Open] = {}
        self._lock = Lock()

    def require_free(self, held: Held) -> None:
        """Raise YourError where another officer has this token."""
        row = held.row
        if self.db.execute(
            "SELECT 1 FROM token WHERE module=? AND serial=?", (row.module, row.serial)
        ).fetchone():
            raise YourError(
                f"The token {row.label} is another officer's at this desk.", "Give each officer his own."
            )

    def insert(self, folded: str, held: Held) -> None:
        """Note which token holds an officer's key. Inside the caller's transaction."""
        row = held.row
        self.db.execute(
            "INSERT INTO token (folded, module, serial, label, key_id, public) VALUES (?,?,?,?,?,?)",
            (folded, row.module, row.serial, row.label, row.key_id, row.public),
        )

    def of(self, folded: str) -> TokenRow | None:
        """The token of an officer, if one holds his key."""
        row = self.db.execute(
            "SELECT module, serial, label, key_id, public FROM token WHERE folded=?", (folded,)
        ).fetchone()
        return TokenRow(row[0], row[1], row[2], bytes(row[3]), bytes(row[4])) if row else None

    def open(self, row: TokenRow, name: str, pin: str, salt: bytes, wrapped: bytes) -> OpenedOfficer:
        """The officer's keys by his token's PIN; raises WrongSecret, or MachineError where the token is not there.

        Touches no table, so it may run in another thread.
        """
        if not pin:
            raise _refused()
        proof = Cost().stretch(pin.encode(errors="replace"), salt)
        place = row.module, row.serial
        with self._lock:
            there = self._open.get(place)
            if there is not None and not hmac.compare_digest(there.proof, proof):
                raise _refused()
            session = there.session if there is not None else _signed_in(row, pin)
            try:
                with _faults(_BACK):
                    kek = _kek(session, row, salt)
                    signs = _signing_key(session, row)
                reading_key = _unwrapped(kek, wrapped, _aad(fold_name(name), row))
            except (MachineError, WrongSecret):
                self._open.pop(place, None)
                _close(session)
                raise
            if there is None:
                there = _Open(name, session, TokenKey(row.public, signs, self._lock), proof)
                self._open[place] = there
        return OpenedOfficer(name, there.key, reading_key)

    def keep(self, officers: set[str]) -> None:
        """Sign out of every token but those of ``officers``, who are still here."""
        with self._lock:
            for place, each in [*self._open.items()]:
                if each.officer not in officers:
                    del self._open[place]
                    _close(each.session)


@contextmanager
def holding(module: Path, label: str | None, pin: str, rng: Rng) -> Iterator[Held]:
    """Make an officer's two keys on a token; they are taken away again where the block fails.

    ``label``: which token, where the machine has several. Raises YourError, WrongSecret or MachineError.
    """
    import_it()
    import pkcs11

    key_id = rng(16)
    with _faults("Check that the token can make Ed25519 keys and compute HMACs (PKCS#11 3.0)."):
        token = _found(module, label)
        row = TokenRow(str(module.resolve()), _serial(token), token.label.strip(), key_id, bytes(KEY_SIZE))
        try:
            session = _signed_in(row, pin, rw=True)
        except WrongSecret:
            raise WrongSecret(
                f"The token {row.label} refuses this PIN.",
                "Type it again. A token locks itself after a few wrong ones; nothing was changed.",
            ) from None
        try:
            with _taken_back(session, row):
                public = _made(session, key_id)
                secret = {
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                    pkcs11.Attribute.SIGN: True,
                }
                session.generate_key(
                    pkcs11.KeyType.GENERIC_SECRET,
                    8 * KEY_SIZE,
                    id=key_id,
                    label=_LABEL,
                    store=True,
                    mechanism=pkcs11.Mechanism.GENERIC_SECRET_KEY_GEN,
                    template=secret,
                )
                held = Held(TokenRow(row.module, row.serial, row.label, key_id, public), session)
                # What it makes is tried before anybody relies on it.
                TokenKey(public, _signing_key(session, held.row), Lock()).sign(_INFO)
                yield held
        finally:
            _close(session)


def import_it() -> None:
    """Raise MachineError where this installation is without the extra."""
    try:
        import pkcs11  # noqa: F401
    except ImportError:
        raise MachineError(
            "This installation has no part for PKCS#11 tokens.", "Run: script/bootstrap pkcs11"
        ) from None


# --- what is asked of a token -----------------------------------------------------------------------


@contextmanager
def _faults(step: str) -> Iterator[None]:
    """A token's errors in our words."""
    import pkcs11

    try:
        yield
    except pkcs11.PKCS11Error as error:
        name = type(error).__name__
        raise MachineError(f"The token did not do what it was asked ({name}).", step) from None


def _library(module: str) -> Any:
    import_it()
    import pkcs11

    try:
        return pkcs11.lib(module)
    except (pkcs11.PKCS11Error, RuntimeError, OSError):
        raise MachineError(
            f"{module} cannot be loaded as a PKCS#11 module.",
            "Install the token's own software, and give each token of this desk by the same module.",
        ) from None


def _found(module: Path, label: str | None) -> Any:
    import pkcs11

    there = [
        each
        for each in _library(str(module.resolve())).get_tokens()
        if each.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED  # an empty place is no token that could be meant
    ]
    tokens = [each for each in there if label is None or each.label.strip() == label]
    if len(tokens) == 1:
        return tokens[0]
    if not tokens:
        raise MachineError("There is no such token in this machine.", "Put it in, and check its label.")
    labels = ", ".join(sorted(each.label.strip() for each in tokens))
    raise YourError(f"There are several tokens in this machine: {labels}.", "Say which, by its label.")


def _serial(token: Any) -> str:
    return bytes(token.serial).strip().hex()


def _signed_in(row: TokenRow, pin: str, *, rw: bool = False) -> Any:
    import_it()
    import pkcs11

    with _faults(_BACK):
        library = _library(row.module)
        token = next((each for each in library.get_tokens() if _serial(each) == row.serial), None)
        if token is None:
            raise MachineError(f"The token {row.label} is not in this machine.", "Put it in, then sign in.")
        if token.flags & (pkcs11.TokenFlag.USER_PIN_LOCKED | pkcs11.TokenFlag.USER_PIN_FINAL_TRY):
            # Whoever guesses at the sign-in page does not get to spend the last try.
            raise _no_tries(row)
        try:
            return token.open(rw=rw, user_pin=pin)
        except pkcs11.PinLocked:  # one that locks without saying so beforehand
            raise _no_tries(row) from None
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
            raise _refused() from None
        except pkcs11.UserAlreadyLoggedIn:
            raise NotAllowed(
                f"Somebody is signed in to the token {row.label} already.", "Sign out there first."
            ) from None


def _no_tries(row: TokenRow) -> MachineError:
    return MachineError(
        f"The token {row.label} refused too many PINs, and has one try left or none.",
        "With its own tool, on this machine, give it the right PIN; where it has locked itself, unlock it there."
        " Then sign in.",
    )


def _made(session: Any, key_id: bytes) -> bytes:
    """A new Ed25519 key on the token; its public half."""
    import pkcs11

    refused: pkcs11.PKCS11Error | None = None
    for curve in (ED25519, ED25519_BY_NAME):
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC_EDWARDS, {pkcs11.Attribute.EC_PARAMS: curve}, local=True
        )
        try:
            public, _ = parameters.generate_keypair(
                id=key_id,
                label=_LABEL,
                store=True,
                mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
                private_template={
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                    pkcs11.Attribute.SIGN: True,
                },
            )
        except pkcs11.PKCS11Error as error:
            refused = error
            continue
        # Tokens give the point as it is, or as an OCTET STRING around it.
        return bytes(public[pkcs11.Attribute.EC_POINT])[-KEY_SIZE:]
    assert refused is not None
    raise refused


@contextmanager
def _taken_back(session: Any, row: TokenRow) -> Iterator[None]:
    import pkcs11

    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            with suppress(pkcs11.PKCS11Error):
                for each in [*session.get_objects({pkcs11.Attribute.ID: row.key_id})]:
                    each.destroy()


def _signing_key(session: Any, row: TokenRow) -> Any:
    import pkcs11

    return session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=row.key_id)


def _kek(session: Any, row: TokenRow, salt: bytes) -> bytes:
    import pkcs11

    key = session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, id=row.key_id)
    mac = bytes(key.sign(_INFO + salt, mechanism=pkcs11.Mechanism.SHA256_HMAC))
    if len(mac) != KEY_SIZE:
        raise MachineError("The token computed something else than an HMAC-SHA-256.", _BACK)
    return hkdf(mac, _INFO)


def _unwrapped(kek: bytes, wrapped: bytes, aad: bytes) -> bytes:
    if wrapped[:1] != bytes([_VERSION]):
        raise MachineError(
            "An officer's keys are in a form that this version does not know.", "Update this program."
        )
    try:
        return aead_open(kek, wrapped[1 : 1 + _NONCE], wrapped[1 + _NONCE :], aad)
    except Altered:
        raise _refused() from None


def _aad(folded: str, row: TokenRow) -> bytes:
    return _INFO + b"\0" + folded.encode() + b"\0" + row.public


def _close(session: Any) -> None:
    import pkcs11

    with suppress(pkcs11.PKCS11Error):  # a token that was pulled out has no session any more
        session.close()


def _refused() -> WrongSecret:
    return WrongSecret(
        "No officer signs in here with this name and passphrase.",
        "Check both and the keyboard's language, then type them again; nothing was changed.",
    )

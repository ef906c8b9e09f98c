# SPDX-License-Identifier: Apache-2.0
"""The vault's keys as pure functions: passphrase rules, wrapping under a passphrase, sealed texts.

Compositions of ``core.crypto`` only; no file, no table and no clock is known here. The formats are
described in docs/adr/0011-vault.md.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from goodoffices.core.crypto import AEAD_TAG_SIZE, Signing, aead_open, aead_seal, argon2id, hkdf, public_of
from goodoffices.core.errors import (
    Altered,
    MachineError,
    NotAllowed,
    VaultDamaged,
    WrongSecret,
    YourError,
)

Rng = Callable[[int], bytes]

KEY_SIZE = 32
SALT_SIZE = 16
NAME_LIMIT = 64
PASSPHRASE_LIMIT = 1024
"""Characters. A bound, so that nobody makes the desk normalise a book at the sign-in page."""

MIN_CHARACTERS = 12
MIN_WORDS = 4
_MIN_DIFFERENT = 6

_TEXT_VERSION = 1
_TEXT_SALT = 24
_WRAP_VERSION = 1
_NONCE = 12
TEXT_OVERHEAD = 1 + _TEXT_SALT + AEAD_TAG_SIZE


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at a secret costs: Argon2id's memory, passes and lanes (RFC 9106 §4)."""

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 4

    def bounded(self) -> bool:
        """Whether this machine should try it: a garbled file must not ask for all its memory."""
        return (
            8 * self.lanes <= self.memory_kib <= 4 * 1024 * 1024
            and 1 <= self.passes <= 64
            and 1 <= self.lanes <= 64
        )

    def stretch(self, secret: bytes, salt: bytes) -> bytes:
        return argon2id(
            secret, salt, memory_kib=self.memory_kib, passes=self.passes, lanes=self.lanes, length=KEY_SIZE
        )


@dataclass(frozen=True, slots=True)
class OpenedOfficer:
    """What one officer's sign-in yields. The keys stay out of ``repr`` and so out of logs."""

    name: str
    seed: Signing = field(repr=False)
    """The signing seed, or the key that a token holds in its place."""
    reading_key: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The key under which the roster lists him."""
        return public_of(self.seed)

    def wrappable(self) -> bytes:
        """Signing seed and reading key, to be wrapped anew; raises NotAllowed where a token holds the first."""
        if not isinstance(self.seed, bytes):
            raise NotAllowed(
                "A token holds this officer's key, and does not give it out.",
                "He signs in with the token's PIN, which the token's own tool changes.",
            )
        return self.seed + self.reading_key


# --- Words people type ----------------------------------------------------------------------------

# What keyboards send for the same key of a Persian, Arabic or Urdu layout, and NFKC keeps apart.
_SAME_KEY = str.maketrans(
    {
        "\u064a": "\u06cc",  # Arabic yeh -> Farsi yeh
        "\u0649": "\u06cc",  # alef maksura
        "\u0643": "\u06a9",  # Arabic kaf -> keheh
        "\u06d5": "\u0647",  # ae, and the base of heh with yeh above
        "\u06c1": "\u0647",  # heh goal
        "\u0640": None,  # tatweel only stretches a word
    }
)


def fold(text: str) -> str:
    """One form for what a person would call the same words, whichever keyboard they were typed on.

    Digits of every script become ASCII; joiners and direction marks, which cannot be seen, go;
    white space becomes one space. Upper and lower case stay apart. Raises YourError on characters
    that have no settled form.
    """
    if len(text) > PASSPHRASE_LIMIT:
        raise YourError(f"More than {PASSPHRASE_LIMIT} characters.", "Take a shorter text.")
    out: list[str] = []
    for char in unicodedata.normalize("NFKD", text):
        category = unicodedata.category(char)
        if char.isspace():
            out.append(" ")
        elif category in ("Cc", "Cn", "Cs", "Co"):
            # A later Unicode may give an unassigned code another normal form: locked out by an update.
            raise YourError(
                "It holds a control character or one that Unicode does not know.", "Leave it out."
            )
        elif category == "Nd":
            out.append(str(unicodedata.decimal(char)))
        elif category != "Cf":
            out.append(char)
    return unicodedata.normalize("NFKC", " ".join("".join(out).translate(_SAME_KEY).split()))


def fold_name(name: str) -> str:
    """An officer's name as sign-in compares it: ``fold`` and no difference of case."""
    folded = fold(name).casefold()
    if not folded or len(name) > NAME_LIMIT:
        raise YourError(f"An officer's name has 1 to {NAME_LIMIT} characters.", "Give another name.")
    return folded


def check_passphrase(passphrase: str, name: str = "") -> None:
    """Raise YourError, saying why, on a passphrase that a stranger could guess too soon."""
    folded = fold(passphrase)
    words = [word for word in folded.split() if len(word) > 1]
    advice = f"Take {MIN_WORDS} words that do not belong together, or {MIN_CHARACTERS} characters."
    if len(folded) < MIN_CHARACTERS and len(words) < MIN_WORDS:
        raise YourError(
            f"The passphrase is too short: it takes {MIN_CHARACTERS} characters or more, or {MIN_WORDS} words or "
            "more; a single letter is no word.",
            advice,
        )
    if len(set(folded)) < _MIN_DIFFERENT:
        raise YourError(
            f"The passphrase repeats itself: fewer than {_MIN_DIFFERENT} different characters.", advice
        )
    if len(words) > 1 and len(set(words)) == 1:
        raise YourError("The passphrase is one word again and again.", advice)
    if name and len(folded.casefold().replace(fold_name(name), "")) < MIN_CHARACTERS // 2:
        raise YourError("The passphrase is little more than the officer's name.", advice)


# --- Keys under a passphrase ------------------------------------------------------------------------


def wrap(passphrase: str, folded_name: str, salt: bytes, cost: Cost, keys: bytes, rng: Rng) -> bytes:
    """``keys`` so that only ``passphrase`` opens them, bound to the officer's name.

    ``salt`` must be fresh: then the wrapping key is, and no nonce can recur under it.
    """
    nonce = rng(_NONCE)
    kek = cost.stretch(fold(passphrase).encode(), salt)
    return bytes([_WRAP_VERSION]) + nonce + aead_seal(kek, nonce, keys, _wrap_aad(folded_name))


def unwrap(passphrase: str, folded_name: str, salt: bytes, cost: Cost, wrapped: bytes) -> bytes:
    """Inverse of ``wrap``; raises WrongSecret, always after the full work of the derivation."""
    kek = cost.stretch(fold(passphrase).encode(), salt)
    if wrapped[:1] != bytes([_WRAP_VERSION]):
        raise MachineError("An officer's keys are in a form that this version does not know.", _UPDATE)
    try:
        return aead_open(kek, wrapped[1 : 1 + _NONCE], wrapped[1 + _NONCE :], _wrap_aad(folded_name))
    except Altered:
        raise WrongSecret(
            "No officer signs in here with this name and passphrase.",
            "Check both and the keyboard's language, then type them again; nothing was changed.",
        ) from None


def open_officer(
    shown: str, passphrase: str, folded_name: str, salt: bytes, cost: Cost, wrapped: bytes
) -> OpenedOfficer:
    """The officer's keys, or WrongSecret; slow on purpose."""
    try:
        keys = unwrap(passphrase, folded_name, salt, cost, wrapped)
    except WrongSecret:
        raise
    except YourError as error:  # a character that no passphrase here can hold
        raise WrongSecret("That passphrase is nobody's here.", error.what) from None
    return OpenedOfficer(shown, keys[:KEY_SIZE], keys[KEY_SIZE:])


DECOY_SALT = bytes(SALT_SIZE)
DECOY = bytes([_WRAP_VERSION]) + bytes(_NONCE + 2 * KEY_SIZE + AEAD_TAG_SIZE)
"""What ``unwrap`` works on for a name that nobody has: the same steps, and it opens for no passphrase."""


def reading_check(reading_key: bytes) -> bytes:
    """16 bytes that tell reading keys apart. The key is random, so they give nothing away."""
    return hkdf(reading_key, b"GO1 vault reading key check", 16)


def _wrap_aad(folded_name: str) -> bytes:
    return b"GO1 vault officer\0" + folded_name.encode()


# --- Texts under the reading key --------------------------------------------------------------------


def seal_text(reading_key: bytes, text: bytes, aad: bytes, rng: Rng) -> bytes:
    """``text`` so that only the reading key opens it, bound to ``aad`` (the note's ID, the row's kind).

    Key and nonce come from a fresh 24-byte salt. There is no counter that a restored backup could
    set back, so no key meets the same nonce twice.
    """
    salt = rng(_TEXT_SALT)
    if len(salt) != _TEXT_SALT:
        raise ValueError("the source of randomness gave too few bytes")
    key, nonce = _text_key(reading_key, salt)
    return bytes([_TEXT_VERSION]) + salt + aead_seal(key, nonce, text, _text_aad(aad))


def open_text(reading_key: bytes, blob: bytes, aad: bytes) -> bytes:
    """Inverse of ``seal_text``; raises VaultDamaged unless every bit is as it was sealed."""
    if len(blob) < TEXT_OVERHEAD:
        raise VaultDamaged("A text in the vault is cut short.")
    if blob[0] != _TEXT_VERSION:
        raise MachineError("A text in the vault is in a form that this version does not know.", _UPDATE)
    key, nonce = _text_key(reading_key, blob[1 : 1 + _TEXT_SALT])
    try:
        return aead_open(key, nonce, blob[1 + _TEXT_SALT :], _text_aad(aad))
    except Altered:
        raise VaultDamaged(
            "A text in the vault does not open: it was changed on the disk, or sealed under another "
            "office's reading key."
        ) from None


def _text_key(reading_key: bytes, salt: bytes) -> tuple[bytes, bytes]:
    if len(reading_key) != KEY_SIZE:
        raise ValueError("a reading key has 32 bytes")
    derived = hkdf(reading_key, b"GO1 vault text", KEY_SIZE + _NONCE, salt)
    return derived[:KEY_SIZE], derived[KEY_SIZE:]


def _text_aad(aad: bytes) -> bytes:
    return b"GO1 vault text\0" + bytes([_TEXT_VERSION]) + aad


_UPDATE = "Update this program, or restore the backup made before the update."

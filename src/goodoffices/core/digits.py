# SPDX-License-Identifier: Apache-2.0
"""Check digits: what two people compare by any voice line.

Digits are the same in every language and on every telephone. 60 digits (199 bits) stand for a
pairing or a mandate, 20 (66 bits) for a note, whose ID is salted so that nobody can search for a
second text with the same digits without the author's help; 30 for an office's credential or a roster.
"""

from __future__ import annotations

from functools import lru_cache

from goodoffices.core import crypto
from goodoffices.core.errors import YourError

PAIRING = 60
MANDATE = 60
CREDENTIAL = 30
NOTE = 20
GROUP = 5

_STRETCHED = frozenset({"pairing", "mandate"})
# Each side types only the half that the other reads. Whoever stands in the middle may choose salts and
# nonces on both sides, so he could search for two IDs that agree in one half: 2**50 tries, which a state
# can pay for if a try is one hash. Stretched, each try costs 19 MiB and 20 ms (ADR 0006).
_MEMORY_KIB, _PASSES = 19 * 1024, 2


@lru_cache(maxsize=256)
def _stretch(what: str, identifier: bytes) -> bytes:
    return crypto.argon2id(
        identifier, b"GO1 digits " + what.encode(), memory_kib=_MEMORY_KIB, passes=_PASSES, lanes=1
    )


# Persian and Arabic keyboards type other characters for the same ten digits.
_DIGITS = {ord(zero) + n: str(n) for zero in ("۰", "٠") for n in range(10)}


def check_digits(what: str, identifier: bytes, count: int) -> str:
    """``count`` decimal digits of a 32-byte ID; ``what`` keeps the digits of different kinds apart."""
    if what in _STRETCHED:
        identifier = _stretch(what, identifier)
    # 16 bytes beyond the size of the number make the reduction's bias smaller than 2**-128.
    size = count * 10 // 24 + 17
    number = int.from_bytes(crypto.shake256(b"GO1 digits " + what.encode() + b"\0" + identifier, size))
    return str(number % 10**count).zfill(count)


def grouped(digits: str) -> str:
    """The digits in groups of five, as they are shown and read aloud."""
    return " ".join(digits[at : at + GROUP] for at in range(0, len(digits), GROUP))


def typed(text: str, count: int) -> str:
    """What a person typed, as bare digits; raises YourError on anything but ``count`` digits."""
    bare = "".join(
        char for char in text.translate(_DIGITS) if not (char.isspace() or char in "-–.,\u200c\u200e\u200f")
    )
    if not bare.isascii() or not bare.isdigit():
        raise YourError("Check digits are the digits 0 to 9 only.", "Type them again, in groups as read.")
    if len(bare) != count:
        raise YourError(f"{len(bare)} digits were typed, {count} are needed.", "Type all groups as read.")
    return bare


def heard(text: str, ours: str, theirs: str) -> bool:
    """Whether a person typed the half that the other side reads. One's own half is a slip and no sign of somebody
    in between: YourError, as on anything but digits."""
    bare = typed(text, len(theirs))
    if bare == ours:
        raise YourError(
            "These are the digits that you read out yourself.",
            "Type those that you hear from the other office.",
        )
    return bare == theirs

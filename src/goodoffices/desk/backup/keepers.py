# SPDX-License-Identifier: Apache-2.0
"""Keepers: a secret of 32 bytes as shares in words (SLIP-39), of which so many together give it back.

The sharing is that of ``shamir-mnemonic``, the standard's own reference implementation. It draws its
randomness itself (ADR 0003, 0046).
"""

from __future__ import annotations

from collections.abc import Iterable

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

from goodoffices.core.errors import YourError

MOST = 16
WORDS = 33
"""Of a share of 32 bytes."""


def share(secret: bytes, needed: int, keepers: int) -> list[str]:
    """One share a keeper, 33 words each; any ``needed`` of them give the secret back."""
    if not 1 <= needed <= keepers <= MOST or (needed == 1 and keepers > 1):
        raise YourError(
            f"{needed} of {keepers} shares cannot be made.",
            f"Name up to {MOST} keepers, and need at least two of them (or have one alone).",
        )
    (shares,) = generate_mnemonics(1, [(needed, keepers)], secret)
    return [*map(str, shares)]


def join(shares: Iterable[str]) -> bytes:
    """The secret; raises YourError where shares are too few, mistyped or of different sets."""
    given = [" ".join(each.split()).lower() for each in shares]
    try:
        return bytes(combine_mnemonics(dict.fromkeys(given)))
    except MnemonicError:
        raise YourError(
            "These shares do not give the secret back: they are too few, or not all of one cutting.",
            "Bring further keepers, with shares that were made together; check each word against the paper.",
        ) from None


def strange_words(share: str) -> list[str]:
    """The words that stand in no share."""
    return [each for each in share.lower().split() if each not in WORDLIST]


def sound(share: str) -> bool:
    """Whether the words of one share fit one another."""
    try:
        Share.from_mnemonic(" ".join(share.lower().split()))
    except MnemonicError:
        return False
    return True

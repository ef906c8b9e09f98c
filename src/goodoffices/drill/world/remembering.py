# SPDX-License-Identifier: Apache-2.0
"""What the crypto library answered once for the same bytes is not computed again while a world runs.

Three offices verify one signature, and two relays bring one envelope. All of it is real: every signature
is made, every seal is sealed, and bytes that nobody here signed or sealed are judged by the library itself.
Left out is the repetition alone: that what was signed here verifies, and that what was sealed here opens
with its own key and with no other, is the library's property, which other tests hold (tests/core). So is the
root over a note's words: each of its readers, and the checks at the end, work it out of the very same bytes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any

from goodoffices.core import crypto, note, sealed
from goodoffices.core.errors import Altered
from goodoffices.desk.officers import acts
from goodoffices.drill.world import checks

KEYS = 1 << 16
"""Derived keys that are remembered: the salts of a note's leaves are asked for at each of its readers."""
INSIDES = 1 << 12
"""Notes whose inside was read, by its bytes."""
LARGE = 1 << 12
HASHES = 1 << 10
"""Hashes of so many bytes and more that are remembered: each envelope's is asked for by two relays and its reader."""


_NOT_HERE = (None, b"", b"", b"")


class Remembered:
    """Signatures known to verify, and seals with what they hold, of one run."""

    def __init__(self) -> None:
        self.verify, self.sign = crypto.ed25519_verify, crypto.ed25519_sign
        self.mldsa, self.seal, self.unseal = crypto.mldsa_verify, crypto.seal, crypto.unseal
        self.hkdf = lru_cache(KEYS)(crypto.hkdf)
        self.read_inside = lru_cache(INSIDES)(note.read_inside)
        self.hash = crypto.sha256
        self.large = lru_cache(HASHES)(crypto.sha256)
        self._good: set[tuple[bytes, bytes, bytes]] = set()
        self._seals: dict[bytes, tuple[bytes, bytes, bytes, bytes]] = {}
        """By their first bytes, which are fresh in each."""

    def sha256(self, data: bytes) -> bytes:
        """See ``crypto``."""
        return self.hash(data) if len(data) < LARGE else self.large(data)

    def ed25519_sign(self, seed: bytes, message: bytes) -> bytes:
        """See ``crypto``."""
        signature = self.sign(seed, message)
        self._good.add((crypto.ed25519_public(seed), signature, message))
        return signature

    def ed25519_verify(self, public: bytes, signature: bytes, message: bytes) -> None:
        """See ``crypto``."""
        self._once(self.verify, public, signature, message)

    def mldsa_verify(self, public: bytes, signature: bytes, message: bytes) -> None:
        """See ``crypto``."""
        self._once(self.mldsa, public, signature, message)

    def _once(self, verify: Callable[[bytes, bytes, bytes], None], *what: bytes) -> None:
        public, signature, message = what
        if (public, signature, message) not in self._good:
            verify(public, signature, message)
            self._good.add((public, signature, message))

    def seal_to(self, public: bytes, plaintext: bytes, info: bytes) -> bytes:
        """See ``crypto.seal``."""
        sealed = self.seal(public, plaintext, info)
        self._seals[sealed[:32]] = sealed, public, info, plaintext
        return sealed

    def open_with(self, seed: bytes, sealed: bytes, info: bytes) -> bytes:
        """See ``crypto.unseal``."""
        made, public, sealed_info, plaintext = self._seals.get(sealed[:32], _NOT_HERE)
        if sealed != made:
            return self.unseal(seed, sealed, info)
        if (public, sealed_info) != (crypto.sealing_public(seed), info):
            raise Altered("A seal does not open: changed on the way, or not for this key.")
        return plaintext


@contextmanager
def remembering() -> Iterator[None]:
    """For the time of one run in this process."""
    known = Remembered()
    put: list[tuple[ModuleType, str, Any]] = [
        (crypto, "hkdf", known.hkdf),
        (crypto, "sha256", known.sha256),
        (crypto, "ed25519_sign", known.ed25519_sign),
        (crypto, "ed25519_verify", known.ed25519_verify),
        (crypto, "mldsa_verify", known.mldsa_verify),
        (crypto, "seal", known.seal_to),
        (crypto, "unseal", known.open_with),
        *((module, "read_inside", known.read_inside) for module in (sealed, acts, checks)),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in put]
    for module, name, function in put:
        setattr(module, name, function)
    try:
        with uncollected():
            yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


@contextmanager
def uncollected() -> Iterator[None]:
    """A run is short, and what it makes is dropped whole: nothing of it is looked through before.

    Around the function that holds the world: what has gone is freed at once, what is still held is gone through twice.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()

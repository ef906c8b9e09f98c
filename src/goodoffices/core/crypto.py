# SPDX-License-Identifier: Apache-2.0
"""Suite 1: the only module that touches the cryptographic library (pyca ``cryptography``).

Compositions only, no primitives of our own:

==============  ====================================================================================
hash            SHA-256 (FIPS 180-4)
signature       Ed25519 (RFC 8032, profile below); a root adds ML-DSA-65 (FIPS 204), both always
sealing         HPKE base mode, single shot (RFC 9180) with X-Wing (KEM 0x647a), HKDF-SHA256,
                ChaCha20-Poly1305
content         ChaCha20-Poly1305 (RFC 8439) under a key used once, so the nonce is constant zero
derivation      HKDF-SHA256 (RFC 5869), Argon2id (RFC 9106)
check digits    SHAKE-256 (FIPS 202), reduced to decimal digits
==============  ====================================================================================

Ed25519 profile: canonical encodings of A and R's y coordinate, S < L, the small-order public keys
refused, cofactorless verification. The library does the rest of RFC 8032 but accepts small-order
keys, for which one signature fits many texts; hence ``check_ed25519_key``.

Keys are built from bytes the caller brings. Two draws of randomness stay inside the library, where
its interface offers no other way: HPKE encapsulation and hedged ML-DSA signing (ADR 0003).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from goodoffices.core.errors import Altered, Malformed, WrongSigner

SUITE = 1
HASH_SIZE = 32
SEED_SIZE = 32
ED25519_KEY_SIZE = 32
ED25519_SIGNATURE_SIZE = 64
MLDSA_KEY_SIZE = 1952
MLDSA_SIGNATURE_SIZE = 3309
SEALING_KEY_SIZE = 1216
SEAL_OVERHEAD = 1120 + 16
AEAD_TAG_SIZE = 16

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ZERO_NONCE = bytes(12)
_HPKE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)

# The eight points of small order on edwards25519, canonically encoded (y, with the sign bit of x).
_ORDER8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER_Y = frozenset({0, 1, _P - 1, _ORDER8_Y, _P - _ORDER8_Y})


def sha256(data: bytes) -> bytes:
    """32 bytes, FIPS 180-4."""
    return hashlib.sha256(data).digest()


def shake256(data: bytes, length: int) -> bytes:
    """``length`` bytes, FIPS 202."""
    return hashlib.shake_256(data).digest(length)


def hkdf(key: bytes, info: bytes, length: int = 32, salt: bytes = b"") -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(hashes.SHA256(), length, salt or None, info).derive(key)


def argon2id(
    secret: bytes, salt: bytes, *, memory_kib: int = 65536, passes: int = 3, lanes: int = 4, length: int = 32
) -> bytes:
    """Argon2id (RFC 9106 §4, second recommended option by default: 64 MiB, t=3, p=4)."""
    return Argon2id(salt=salt, length=length, iterations=passes, lanes=lanes, memory_cost=memory_kib).derive(
        secret
    )


def aead_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """ChaCha20-Poly1305 (RFC 8439). The caller answers for never using (key, nonce) twice."""
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)


def aead_open(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """The plaintext, or Altered."""
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)
    except InvalidTag:
        raise Altered("A sealed text does not open: it was changed, or this is not its key.") from None


def seal_once(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypt under a content key that is fresh random and used for this one plaintext only.

    With a key that never recurs, a constant nonce is safe, and a restored vault has no counter
    that could go back (the reason why no nonce is stored).
    """
    return aead_seal(key, _ZERO_NONCE, plaintext, aad)


def open_once(key: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """Inverse of ``seal_once``; raises Altered."""
    return aead_open(key, _ZERO_NONCE, ciphertext, aad)


# --- Ed25519 ------------------------------------------------------------------------------------


def check_ed25519_key(public: bytes) -> None:
    """Refuse what must never be admitted as a signing key: wrong size, non-canonical, small order."""
    if len(public) != ED25519_KEY_SIZE:
        raise Malformed("A signing key is not 32 bytes.")
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if y >= _P:
        raise Malformed("A signing key is not canonically encoded.")
    if y in _SMALL_ORDER_Y:
        raise Malformed("A signing key of small order: one signature of it would fit many texts.")
    # The library finds this out only when it verifies. x^2 = (y^2 - 1) / (d y^2 + 1) must be a square, and
    # a quotient is one exactly if the product is (Euler's criterion).
    if pow((y * y - 1) * (_D * y * y + 1), (_P - 1) // 2, _P) != 1:
        raise Malformed("A signing key is not a point of the curve.")


@lru_cache(maxsize=64)
def _signing_pair(seed: bytes) -> tuple[ed25519.Ed25519PrivateKey, bytes]:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    return private, private.public_key().public_bytes_raw()


def ed25519_public(seed: bytes) -> bytes:
    """The public key (32 bytes) of a 32-byte seed."""
    return _signing_pair(seed)[1]


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    """64 bytes, deterministic (RFC 8032 §5.1.6)."""
    return _signing_pair(seed)[0].sign(message)


class HeldKey(Protocol):
    """An Ed25519 key that signs where it is held and cannot be taken out, such as a token's (ADR 0064)."""

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


Signing = bytes | HeldKey
"""What signs with Ed25519: a 32-byte seed, or a key that is held elsewhere."""


def public_of(key: Signing) -> bytes:
    """The public key (32 bytes) of what signs."""
    return ed25519_public(key) if isinstance(key, bytes) else key.public


def signature_of(key: Signing, message: bytes) -> bytes:
    """64 bytes."""
    return ed25519_sign(key, message) if isinstance(key, bytes) else key.sign(message)


@lru_cache(maxsize=1024)
def _verifying_key(public: bytes) -> ed25519.Ed25519PublicKey:
    check_ed25519_key(public)
    return ed25519.Ed25519PublicKey.from_public_bytes(public)


def ed25519_verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Raise WrongSigner unless ``signature`` is ``public``'s under the profile above."""
    try:
        key = _verifying_key(public)
    except Malformed as error:
        raise WrongSigner(error.what) from None
    # Whether S < L and R's y < P stands in their last bytes, but for one signature in 2^124 and one in 128.
    if len(signature) != ED25519_SIGNATURE_SIZE or (
        signature[63] > 0x0F and int.from_bytes(signature[32:], "little") >= _L
    ):
        raise WrongSigner("A signature is not in its one canonical form.")
    if signature[31] & 0x7F == 0x7F and int.from_bytes(signature[:32], "little") & ((1 << 255) - 1) >= _P:
        raise WrongSigner("A signature is not in its one canonical form.")
    try:
        key.verify(signature, message)
    except InvalidSignature:
        raise WrongSigner("A signature does not verify.") from None


def ed25519_hold(checks: Sequence[tuple[bytes, bytes, bytes]]) -> list[bool]:
    """Whether each (key, signature, message) verifies under the profile above.

    One after the other and nothing in between: a processor then keeps what a signature takes at hand.
    """
    found = []
    for public, signature, message in checks:
        try:
            ed25519_verify(public, signature, message)
            found.append(True)
        except WrongSigner:
            found.append(False)
    return found


# --- ML-DSA-65 ------------------------------------------------------------------------------------


def mldsa_public(seed: bytes) -> bytes:
    """The public key (1,952 bytes) of a 32-byte seed (FIPS 204's xi)."""
    return mldsa.MLDSA65PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()


def mldsa_sign(seed: bytes, message: bytes) -> bytes:
    """3,309 bytes, pure and with an empty context; hedged, so no two are alike (ADR 0003)."""
    return mldsa.MLDSA65PrivateKey.from_seed_bytes(seed).sign(message)


def mldsa_verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Raise WrongSigner unless ``signature`` is ``public``'s."""
    if len(public) != MLDSA_KEY_SIZE or len(signature) != MLDSA_SIGNATURE_SIZE:
        raise WrongSigner("An ML-DSA-65 key or signature has the wrong size.")
    try:
        mldsa.MLDSA65PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise WrongSigner("An ML-DSA-65 signature does not verify.") from None


# --- Root keys: Ed25519 and ML-DSA-65, both always ------------------------------------------------


def root_public(seed: bytes) -> tuple[bytes, bytes]:
    """(Ed25519 32 bytes, ML-DSA-65 1,952 bytes) of a 32-byte root seed."""
    ed_seed, ml_seed = _root_seeds(seed)
    return ed25519_public(ed_seed), mldsa_public(ml_seed)


def root_sign(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    """(Ed25519 64 bytes, ML-DSA-65 3,309 bytes)."""
    ed_seed, ml_seed = _root_seeds(seed)
    return ed25519_sign(ed_seed, message), mldsa_sign(ml_seed, message)


def root_verify(public: tuple[bytes, bytes], signature: tuple[bytes, bytes], message: bytes) -> None:
    """Raise WrongSigner unless both halves verify."""
    ed25519_verify(public[0], signature[0], message)
    mldsa_verify(public[1], signature[1], message)


def _root_seeds(seed: bytes) -> tuple[bytes, bytes]:
    if len(seed) != SEED_SIZE:
        raise Malformed("A root seed is not 32 bytes.")
    return hkdf(seed, b"GO1 root Ed25519"), hkdf(seed, b"GO1 root ML-DSA-65")


# --- Sealing: X-Wing in HPKE -----------------------------------------------------------------------


@lru_cache(maxsize=64)
def _sealing_pair(seed: bytes) -> tuple[hpke.MLKEM768X25519PrivateKey, bytes]:
    # X-Wing's expansion of its 32-byte seed (draft-connolly-cfrg-xwing-kem §5.2).
    expanded = shake256(seed, 96)
    kem = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    dh = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    public = kem.public_key().public_bytes_raw() + dh.public_key().public_bytes_raw()
    return hpke.MLKEM768X25519PrivateKey(kem, dh), public


def forget_private_keys() -> None:
    """Drop the private keys that were made from seeds. A desk calls it when its last officer signs out:
    what opens only with a sign-in must not outlive it in a cache."""
    _sealing_pair.cache_clear()
    _signing_pair.cache_clear()


def sealing_public(seed: bytes) -> bytes:
    """The X-Wing public key (1,216 bytes) of a 32-byte seed."""
    return _sealing_pair(seed)[1]


# Points of small order on curve25519 (RFC 7748 §6.1's check, done at admission as well as in use).
_X25519_REFUSED = frozenset(
    value.to_bytes(32, "little")
    for value in (
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        _P - 1,
        _P,
        _P + 1,
    )
)


@lru_cache(maxsize=256)
def _sealing_public(public: bytes) -> hpke.MLKEM768X25519PublicKey:
    if len(public) != SEALING_KEY_SIZE:
        raise Malformed("A sealing key is not 1,216 bytes.")
    dh = public[1184:]
    if dh[:31] + bytes([dh[31] & 0x7F]) in _X25519_REFUSED:
        raise Malformed("A sealing key whose X25519 part is of small order.")
    try:
        return hpke.MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(public[:1184]),
            x25519.X25519PublicKey.from_public_bytes(dh),
        )
    except ValueError:
        raise Malformed("A sealing key whose ML-KEM part is not reduced.") from None


def check_sealing_key(public: bytes) -> None:
    """Raise Malformed on a key that must not be sealed to."""
    _sealing_public(public)


def seal(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """HPKE single shot; ``info`` binds everything the plaintext depends on. 1,136 bytes longer."""
    try:
        return _HPKE.encrypt(plaintext, _sealing_public(public), info=info)
    except ValueError:
        raise Malformed("A sealing key that agrees on no secret.") from None


def unseal(seed: bytes, sealed: bytes, info: bytes) -> bytes:
    """Inverse of ``seal`` with the 32-byte seed; raises Altered on any difference."""
    try:
        return _HPKE.decrypt(sealed, _sealing_pair(seed)[0], info=info)
    except InvalidTag:
        raise Altered("A seal does not open: changed on the way, or not for this key.") from None

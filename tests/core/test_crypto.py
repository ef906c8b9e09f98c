# SPDX-License-Identifier: Apache-2.0
"""Suite 1 against published vectors, and the Ed25519 profile against points computed here."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import crypto
from goodoffices.core.errors import Altered, Malformed, WrongSigner
from tests.core import curve

VECTORS = Path(str(cryptography_vectors.__file__)).parent
SEED = bytes(range(32))


def records(name: str) -> Iterator[dict[str, str]]:
    """The paragraphs of a file of ``name = value`` lines that are one vector each."""
    found: dict[str, str] = {}
    for line in (VECTORS / name).read_text().splitlines():
        if line.lower().startswith("count") and found:
            yield found
            found = {}
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key.strip().lower()] = value.strip()
    yield found


# --- published vectors ----------------------------------------------------------------------------


def test_ed25519_signs_and_verifies_the_published_vectors() -> None:
    for line in (VECTORS / "asymmetric/Ed25519/sign.input").read_text().splitlines()[::8]:
        secret, public, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
        assert crypto.ed25519_public(secret[:32]) == public
        assert crypto.ed25519_sign(secret[:32], message) == signed[:64]
        crypto.ed25519_verify(public, signed[:64], message)


def test_mldsa65_verifies_the_published_vectors() -> None:
    for record in list(records("asymmetric/MLDSA/kat_MLDSA_65_det_pure.rsp"))[::4]:
        secret = mldsa.MLDSA65PrivateKey.from_seed_bytes(bytes.fromhex(record["xi"]))
        public = bytes.fromhex(record["pk"])
        assert secret.public_key().public_bytes_raw() == public
        assert len(public) == crypto.MLDSA_KEY_SIZE
        signature = bytes.fromhex(record["sm"])[: crypto.MLDSA_SIGNATURE_SIZE]
        mldsa.MLDSA65PublicKey.from_public_bytes(public).verify(
            signature, bytes.fromhex(record["msg"]), bytes.fromhex(record.get("ctx", ""))
        )


def test_mlkem768_keys_and_secrets_fit_the_published_vectors() -> None:
    for record in list(records("asymmetric/MLKEM/kat_MLKEM_768.rsp"))[:100]:
        secret = mlkem.MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(record["d"] + record["z"]))
        assert secret.public_key().public_bytes_raw().hex() == record["pk"]
        assert secret.decapsulate(bytes.fromhex(record["ct"])).hex() == record["ss"]


def test_xwing_in_hpke_opens_the_published_vectors() -> None:
    """Keys expand from the seed as ours do. The vectors' aad needs the library's inner door."""
    vectors = json.loads((VECTORS / "HPKE/hpke-pq-test-vectors.json").read_text())
    ours = [each for each in vectors if (each["kem_id"], each["kdf_id"], each["aead_id"]) == (0x647A, 1, 3)]
    assert ours
    for vector in ours:
        seed = bytes.fromhex(vector["skRm"])
        assert crypto.sealing_public(seed).hex() == vector["pkRm"]
        first = vector["encryptions"][0]
        private, _ = crypto._sealing_pair(seed)
        opened = openssl.hpke._decrypt_with_aad(
            crypto._HPKE,
            bytes.fromhex(vector["enc"] + first["ct"]),
            private,
            info=bytes.fromhex(vector["info"]),
            aad=bytes.fromhex(first["aad"]),
        )
        assert opened.hex() == first["pt"]


def test_chacha20poly1305_fits_the_published_vectors() -> None:
    for record in records("ciphers/ChaCha20Poly1305/openssl.txt"):
        names = ("key", "iv", "aad", "plaintext", "ciphertext", "tag")
        key, nonce, aad, plain, sealed, tag = (bytes.fromhex(record.get(name, "")) for name in names)
        if "result" in record:
            with pytest.raises(Altered):
                crypto.aead_open(key, nonce, sealed + tag, aad)
        else:
            assert crypto.aead_open(key, nonce, sealed + tag, aad) == plain
            assert crypto.aead_seal(key, nonce, plain, aad) == sealed + tag


def test_hkdf_fits_rfc_5869() -> None:
    for record in records("KDF/rfc-5869-HKDF-SHA256.txt"):
        key, salt, info = (bytes.fromhex(record.get(name, "")) for name in ("ikm", "salt", "info"))
        assert crypto.hkdf(key, info, int(record["l"]), salt).hex() == record["okm"]


def test_argon2id_fits_the_published_vectors() -> None:
    done = 0
    for record in records("KDF/argon2id.txt"):
        if record.get("secret") or record.get("ad"):
            continue
        secret, salt = bytes.fromhex(record["pass"]), bytes.fromhex(record["salt"])
        made = crypto.argon2id(
            secret,
            salt,
            memory_kib=int(record["memcost"]),
            passes=int(record["iter"]),
            lanes=int(record["lanes"]),
            length=int(record["length"]),
        )
        assert made.hex() == record["output"]
        done += 1
    assert done >= 3


# --- the Ed25519 profile ----------------------------------------------------------------------------


def small_order_encodings() -> list[bytes]:
    """Every 32-byte string that some decoder takes for a point of small order, canonical or not."""
    found = set()
    for _, y in curve.torsion():
        for other in (y, y + curve.P):
            if other < 1 << 255:
                found |= {(other | sign << 255).to_bytes(32, "little") for sign in (0, 1)}
    return sorted(found)


def test_there_are_eight_points_of_small_order_and_fourteen_ways_to_write_them() -> None:
    assert len({curve.encode(point) for point in curve.torsion()}) == 8
    assert len(small_order_encodings()) == 14


@pytest.mark.parametrize("public", small_order_encodings(), ids=bytes.hex)
def test_a_small_order_key_is_never_admitted(public: bytes) -> None:
    with pytest.raises(Malformed):
        crypto.check_ed25519_key(public)


@pytest.mark.parametrize("public", small_order_encodings(), ids=bytes.hex)
def test_a_small_order_key_verifies_nothing(public: bytes) -> None:
    """Its one signature, R = A's kind of point and S = 0, would fit many texts (P1, P8)."""
    for point in curve.torsion():
        with pytest.raises(WrongSigner):
            crypto.ed25519_verify(public, curve.encode(point) + bytes(32), b"any text")


def test_every_key_that_is_not_canonical_is_refused() -> None:
    for y in range(curve.P, 1 << 255):
        for sign in (0, 1):
            with pytest.raises(Malformed):
                crypto.check_ed25519_key((y | sign << 255).to_bytes(32, "little"))


def test_a_key_that_is_no_point_is_refused() -> None:
    y = next(y for y in range(2, 50) if curve.x_of(y, 0) is None)
    with pytest.raises(Malformed):
        crypto.check_ed25519_key(y.to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        crypto.check_ed25519_key(bytes(size))


def test_the_same_signature_plus_the_group_order_is_refused() -> None:
    """There is one signature per text and key, so nobody can make a second from the first."""
    public, signature = crypto.ed25519_public(SEED), crypto.ed25519_sign(SEED, b"text")
    s = int.from_bytes(signature[32:], "little") + curve.L
    with pytest.raises(WrongSigner):
        crypto.ed25519_verify(public, signature[:32] + s.to_bytes(32, "little"), b"text")


def test_a_signature_whose_r_is_not_canonical_is_refused() -> None:
    """R = identity written as y = p + 1; the equation holds if the verifier reduces it."""
    secret = 7
    public = curve.encode(curve.times(secret, curve.BASE))
    r = (curve.P + 1).to_bytes(32, "little")
    s = curve.hash_mod_l(r, public, b"text") * secret % curve.L
    with pytest.raises(WrongSigner):
        crypto.ed25519_verify(public, r + s.to_bytes(32, "little"), b"text")


def test_our_own_arithmetic_makes_signatures_that_verify() -> None:
    public = curve.encode(curve.times(7, curve.BASE))
    crypto.ed25519_verify(public, curve.sign_with(7, public, 9, b"text"), b"text")


def test_verification_is_cofactorless() -> None:
    """A key or R with a small-order part fits the equation only times eight: refused alike everywhere."""
    honest = curve.encode(curve.times(7, curve.BASE))
    mixed = curve.encode(curve.add(curve.times(7, curve.BASE), curve.torsion()[1]))
    crypto.check_ed25519_key(mixed)
    for nonce in range(1, 40):
        signature = curve.sign_with(7, honest, nonce, b"text", shift=curve.torsion()[1])
        with pytest.raises(WrongSigner):
            crypto.ed25519_verify(honest, signature, b"text")
        signature = curve.sign_with(7, mixed, nonce, b"text")
        fits = curve.hash_mod_l(signature[:32], mixed, b"text") % 8 == 0
        if not fits:
            with pytest.raises(WrongSigner):
                crypto.ed25519_verify(mixed, signature, b"text")


@given(st.binary(max_size=100), st.integers(0, 95), st.integers(1, 255))
def test_a_changed_byte_of_key_or_signature_is_refused(message: bytes, at: int, change: int) -> None:
    both = bytearray(crypto.ed25519_public(SEED) + crypto.ed25519_sign(SEED, message))
    both[at] ^= change
    with pytest.raises(WrongSigner):
        crypto.ed25519_verify(bytes(both[:32]), bytes(both[32:]), message)


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(WrongSigner):
        crypto.ed25519_verify(crypto.ed25519_public(SEED), bytes(size), b"")


# --- the root's two keys ------------------------------------------------------------------------------


def test_a_root_needs_both_of_its_signatures() -> None:
    public, signature = crypto.root_public(SEED), crypto.root_sign(SEED, b"text")
    crypto.root_verify(public, signature, b"text")
    spoiled: list[Callable[[], tuple[bytes, bytes]]] = [
        lambda: (signature[0], bytes(len(signature[1]))),
        lambda: (bytes(64), signature[1]),
        lambda: (signature[0], signature[1][:-1]),
        lambda: (signature[0], b""),
    ]
    for wrong in spoiled:
        with pytest.raises(WrongSigner):
            crypto.root_verify(public, wrong(), b"text")
    with pytest.raises(WrongSigner):
        crypto.root_verify(public, signature, b"another text")
    with pytest.raises(WrongSigner):
        crypto.root_verify((public[0], public[1][:-1]), signature, b"text")


def test_the_two_halves_of_a_root_come_from_seeds_of_their_own() -> None:
    public, _ = crypto.root_public(SEED)
    assert public != crypto.ed25519_public(SEED)
    with pytest.raises(Malformed):
        crypto.root_public(SEED + b"x")


# --- sealing --------------------------------------------------------------------------------------------


def test_what_is_sealed_opens_with_the_same_info_and_key_only() -> None:
    public = crypto.sealing_public(SEED)
    sealed = crypto.seal(public, b"content", b"info")
    assert len(sealed) == len(b"content") + crypto.SEAL_OVERHEAD
    assert crypto.unseal(SEED, sealed, b"info") == b"content"
    for seed, info in ((SEED, b"other"), (bytes(32), b"info")):
        with pytest.raises(Altered):
            crypto.unseal(seed, sealed, info)


@given(st.integers(0, 1142), st.integers(1, 255))
def test_a_changed_byte_of_a_seal_does_not_open(at: int, change: int) -> None:
    sealed = bytearray(SEALED)
    sealed[at] ^= change
    with pytest.raises(Altered):
        crypto.unseal(SEED, bytes(sealed), b"info")


SEALED = crypto.seal(crypto.sealing_public(SEED), b"content", b"info")


@pytest.mark.parametrize("size", [0, 1, 15, 16, 1119, 1120, 1135, 1136])
def test_a_seal_cut_short_does_not_open(size: int) -> None:
    with pytest.raises(Altered):
        crypto.unseal(SEED, SEALED[:size], b"info")


def small_order_on_curve25519() -> list[bytes]:
    """u = (1 + y) / (1 - y) of every small-order point, and the twist's, in all ways to write it."""
    us = {0, curve.P - 1}  # the twist adds u = -1; the identity maps to infinity
    us |= {(1 + y) * pow(1 - y, -1, curve.P) % curve.P for _, y in curve.torsion() if y != 1}
    ways = {other for u in us for other in (u, u + curve.P) if other < 1 << 255}
    return sorted((way | top << 255).to_bytes(32, "little") for way in ways for top in (0, 1))


@pytest.mark.parametrize("low", small_order_on_curve25519(), ids=bytes.hex)
def test_a_sealing_key_of_small_order_is_refused(low: bytes) -> None:
    with pytest.raises(Malformed):
        crypto.check_sealing_key(crypto.sealing_public(SEED)[:1184] + low)


@pytest.mark.parametrize("low", small_order_on_curve25519(), ids=bytes.hex)
def test_a_seal_made_with_a_small_order_point_does_not_open(low: bytes) -> None:
    with pytest.raises(Altered):
        crypto.unseal(SEED, SEALED[:1088] + low + SEALED[1120:], b"info")


def test_a_sealing_key_that_is_not_reduced_is_refused() -> None:
    with pytest.raises(Malformed):
        crypto.check_sealing_key(b"\xff" * 1184 + bytes([9]) + bytes(31))


@pytest.mark.parametrize("size", [0, 32, 1184, 1215, 1217])
def test_a_sealing_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        crypto.check_sealing_key(bytes(size))


def test_signing_out_leaves_no_sealing_key_behind() -> None:
    """What opens only with a sign-in must not outlive it in a cache (ADR 0011)."""
    crypto.sealing_public(SEED)
    assert crypto._sealing_pair.cache_info().currsize
    crypto.forget_private_keys()
    assert not crypto._sealing_pair.cache_info().currsize


def test_a_content_key_opens_only_its_own_text() -> None:
    sealed = crypto.seal_once(SEED, b"content", b"header")
    assert crypto.open_once(SEED, sealed, b"header") == b"content"
    for key, data, aad in (
        (SEED, sealed, b""),
        (bytes(32), sealed, b"header"),
        (SEED, sealed[:5], b"header"),
    ):
        with pytest.raises(Altered):
            crypto.open_once(key, data, aad)


def test_hashes_are_the_standard_ones() -> None:
    assert crypto.sha256(b"abc") == hashlib.sha256(b"abc").digest()
    assert crypto.shake256(b"abc", 20) == hashlib.shake_256(b"abc").digest(20)

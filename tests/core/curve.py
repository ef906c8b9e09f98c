# SPDX-License-Identifier: Apache-2.0
"""edwards25519 by its definition (RFC 8032 §5.1), slow and plain: a second opinion on points."""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P
    return x, y


def times(n: int, point: Point) -> Point:
    result = IDENTITY
    while n:
        if n & 1:
            result = add(result, point)
        point = add(point, point)
        n >>= 1
    return result


def x_of(y: int, sign: int) -> int | None:
    """The x of this sign, or None if y is no point's."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_M1 % P
    if (x * x - square) % P:
        return None
    return P - x if x and x & 1 != sign else x


def encode(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _base() -> Point:
    y = 4 * pow(5, -1, P) % P
    x = x_of(y, 0)
    assert x is not None
    return x, y


BASE = _base()


def torsion() -> list[Point]:
    """The eight points of small order: multiples of one of order 8, found by clearing the large factor."""
    for y in range(2, 100):
        x = x_of(y, 0)
        if x is not None:
            point = times(L, (x, y))
            if times(4, point) != IDENTITY:
                return [times(n, point) for n in range(8)]
    raise AssertionError("every second y has a point, and half of those yield order 8")


def hash_mod_l(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def sign_with(secret: int, public: bytes, nonce: int, message: bytes, shift: Point = IDENTITY) -> bytes:
    """A signature under a scalar; ``shift`` is added to R, and the public key's bytes are taken as given."""
    r = encode(add(times(nonce, BASE), shift))
    s = (nonce + hash_mod_l(r, public, message) * secret) % L
    return r + s.to_bytes(32, "little")

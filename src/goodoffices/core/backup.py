# SPDX-License-Identifier: Apache-2.0
"""Backups: pieces of a desk's vault, sealed to whoever may restore it (docs/format.md §14, ADR 0046).

A piece is one file. Outside it shows nothing but a mark, wrapped keys and a size of few sorts; inside is a
statement that the desk signed, which says where the piece stands in its series, and the rows themselves. Each
piece has a content key of its own, so the desk can read none of what it wrote.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from goodoffices.core import cbor, crypto, digits
from goodoffices.core.errors import (
    Altered,
    Foreign,
    Malformed,
    NewerVersion,
    Oversized,
    WrongSecret,
    WrongSigner,
)
from goodoffices.core.fields import ID, TIME, data, flag, key, optional, uint
from goodoffices.core.office import Office, read_office, require_version
from goodoffices.core.statement import Content, Kind, Signed, read_signed, sign, state

MARK = "GOBACKUP1"
MAX_PIECE = 24 * 2**20
"""Bytes of a file that is looked at."""
MAX_ROWS = 20 * 2**20
"""Bytes of rows in one piece, once unpacked."""
MAX_READERS = 4
PROOF_DIGITS = 15
_INFO = b"GO1 backup key"
_AAD = b"GO1 backup piece"
_SIZES = (4096, 16384, 65536, 262_144, 2**20)


@dataclass(frozen=True, kw_only=True)
class Piece(Content):
    """What one piece of a backup is; signed by the desk."""

    KIND: ClassVar[Kind] = Kind.BACKUP
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    series: bytes = key(4, data(16))
    """Drawn with each start of the desk: a series begins with everything and goes on with what changed."""
    number: int = key(5, uint(2**32))
    previous: bytes | None = key(6, optional(ID), default=None)
    """ID of the piece before, null for number 0."""
    schema: int = key(7, uint(2**16))
    digest: bytes = key(8, ID)
    """SHA-256 of the rows."""
    whole: bool = key(9, flag)
    """Whether with this piece everything is there. Before, a series cannot be restored from."""
    proof: bytes = key(10, data(16))
    """What only somebody who opened the series knows; the desk asks for its digits."""


@dataclass(frozen=True)
class OpenPiece:
    """A piece as it was opened and verified."""

    signed: Signed
    piece: Piece
    office: Office
    rows: bytes


def root_seed(seed: bytes) -> bytes:
    """The seed of the sealing key to which backups are sealed for the root: 32 bytes from the root's 32."""
    return crypto.hkdf(seed, b"GO1 root backup")


def proof_digits(proof: bytes) -> str:
    """What a person types at the desk once a restore was tried."""
    return digits.check_digits("backup", crypto.sha256(proof), PROOF_DIGITS)


def seal_piece(
    piece: Piece,
    rows: bytes,
    office: Office,
    *,
    desk_seed: bytes,
    readers: Sequence[bytes],
    rng: Callable[[int], bytes],
    introduce: bool,
) -> tuple[bytes, bytes]:
    """(the file, the piece's ID). ``readers``: X-Wing public keys, any one of which opens it.

    ``introduce``: the credential goes along, as in the first piece and after each change of the roster.
    """
    signed = sign(state(piece, office.realm), desk_seed)
    inside = cbor.encode([signed.raw, office.raw if introduce else b"", zlib.compress(rows, 1)])
    content_key = rng(32)
    wraps = [crypto.seal(public, content_key, _INFO) for public in readers]
    room = _size(len(inside) + 4) - 4
    padded = len(inside).to_bytes(4, "big") + inside + bytes(room - len(inside))
    return cbor.encode([MARK, wraps, crypto.seal_once(content_key, padded, _AAD)]), signed.id


def _size(length: int) -> int:
    """Of few sorts, so that a store of backups learns little from lengths."""
    return next((each for each in _SIZES if each >= length), -(-length // _SIZES[-1]) * _SIZES[-1])


def open_piece(raw: bytes, seeds: Sequence[bytes], before: OpenPiece | None) -> OpenPiece:
    """The piece that follows ``before``, verified by the office's own credential inside.

    Which office that should be is for the caller to judge. Raises WrongSecret where none of ``seeds`` opens it,
    else Malformed, Oversized, NewerVersion, Altered, Foreign or WrongSigner.
    """
    inside = cbor.decode(_unseal(raw, seeds), max_size=MAX_PIECE)
    if not isinstance(inside, tuple) or len(inside) != 3 or not all(isinstance(e, bytes) for e in inside):
        raise Malformed("A piece of a backup has another form inside.")
    signed = read_signed(inside[0])
    if inside[1]:
        office = read_office(inside[1])
    elif before is not None:
        office = before.office
    else:
        raise Altered("The first piece of this backup is missing.")
    piece = signed.statement.read(Piece, realm=office.realm)
    if piece.office != office.id:
        raise Foreign("A piece of a backup that names another office than its own credential.")
    signed.verify()
    if signed.signers != (require_version(office, piece.roster).desk,):
        raise WrongSigner("A piece of a backup that its desk did not sign.")
    unpacked = zlib.decompressobj()
    try:
        rows = unpacked.decompress(inside[2], MAX_ROWS)
    except zlib.error:
        raise Malformed("The rows of a backup do not unpack.") from None
    if not unpacked.eof:
        raise Oversized(f"A piece of a backup has more than {MAX_ROWS} bytes of rows.")
    if crypto.sha256(rows) != piece.digest:
        raise Altered("The rows of a backup are not those that its desk signed.")
    this = OpenPiece(signed, piece, office, rows)
    _check_follows(before, this)
    return this


def _unseal(raw: bytes, seeds: Sequence[bytes]) -> bytes:
    if len(raw) > MAX_PIECE:
        raise Oversized("A piece of a backup is larger than it can be.")
    outside = cbor.decode(raw, max_size=MAX_PIECE)
    if not isinstance(outside, tuple) or len(outside) != 3 or not isinstance(outside[0], str):
        raise Malformed("This is no piece of a backup.")
    if outside[0] != MARK:
        raise NewerVersion("A backup in a form that this version does not know.")
    _, wraps, sealed = outside
    if not isinstance(wraps, tuple) or not 1 <= len(wraps) <= MAX_READERS or not isinstance(sealed, bytes):
        raise Malformed("This is no piece of a backup.")
    for wrapped in wraps:
        for seed in seeds:
            try:
                content_key = crypto.unseal(seed, wrapped, _INFO)
            except Altered:
                continue
            padded = crypto.open_once(content_key, sealed, _AAD)
            length = int.from_bytes(padded[:4], "big")
            if length > len(padded) - 4 or any(padded[4 + length :]):
                raise Malformed("The padding of a backup is not zero.")
            return padded[4 : 4 + length]
    raise WrongSecret(
        "This backup is not sealed to the root or the shares that you gave: it is another office's, or they are.",
        "Bring the root of the office whose backup it is, or its keepers' shares; nothing was changed.",
    )


def _check_follows(before: OpenPiece | None, this: OpenPiece) -> None:
    piece = this.piece
    if before is None:
        if piece.number != 0 or piece.previous is not None:
            raise Altered("The first piece of this backup is missing.")
        return
    last = before.piece
    if (piece.series, piece.office) != (last.series, last.office):
        raise Foreign("Two backups lie in each other's places.")
    if piece.number != last.number + 1 or piece.previous != before.signed.id:
        raise Altered(f"Piece {last.number + 1} of this backup is missing or is not what its desk wrote.")

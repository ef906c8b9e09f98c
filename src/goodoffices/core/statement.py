# SPDX-License-Identifier: Apache-2.0
"""Statements: the bytes that are signed, and their IDs (docs/format.md §2).

    statement = CBOR ["GO1", suite, kind, realm, content]        content: map
    ID        = SHA-256(statement)                                signatures are outside
    signed    = CBOR [statement, [[signer, signature] ...]]

Kind and realm stand inside what is hashed and signed, so nothing signed as one kind, or in a drill,
can be passed off as another. A signer is the 32-byte Ed25519 key itself; which office and officer it
belongs to, and with what rights, is said by that office's roster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache, update_wrapper
from typing import Any, ClassVar, Generic, TypeVar

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import (
    Foreign,
    Malformed,
    NewerVersion,
    OtherOfficeError,
    Oversized,
    WrongSigner,
    YourError,
)
from goodoffices.core.fields import REALM_SIZE, checked_map, from_map
from goodoffices.core.once import once

MARK = "GO1"
LIVE = bytes(REALM_SIZE)
"""The realm of everything that is meant. Each drill draws a realm of its own."""

MAX_SIGNED = 200_000
"""Bytes of one signed object. A note of 60,000 bytes in Persian with its leaves stays far below."""

MAX_SIGNATURES = 16

REMEMBERED = 1024
"""Objects whose reading is remembered by their bytes: on its way through a desk a note is read a dozen times."""

SMALL = 8192
"""Bytes of an object up to which so many are remembered; of larger ones the last few alone."""
LARGE_REMEMBERED = 16

R = TypeVar("R")


class Remembered(Generic[R]):
    """A reader of bytes that remembers what it read. For results that nobody can change."""

    def __init__(self, read: Callable[[bytes], R]) -> None:
        update_wrapper(self, read)
        self.read = read
        self._large = lru_cache(LARGE_REMEMBERED)(read)
        self._small: dict[bytes, R] = {}

    def __call__(self, raw: bytes) -> R:
        """What these bytes say; raises what the reader raises."""
        known = self._small.get(raw)
        if known is not None:
            return known
        if len(raw) > SMALL:
            return self._large(raw)
        found = self.read(raw)
        self.made(raw, found)
        return found

    def made(self, raw: bytes, said: R) -> None:
        """These bytes were written here, and say just this: whoever reads them decodes nothing."""
        if len(raw) <= SMALL:
            if len(self._small) >= REMEMBERED:
                self._small = {}  # never changed in size while another thread goes through it
            self._small[raw] = said


class Kind(IntEnum):
    """What a statement is. A number is never reused."""

    ROOT = 1
    ROSTER = 2
    PAPER_OFFICE = 3
    MANDATE = 4
    PAIRING = 8
    PAIRING_CONFIRMED = 9
    MAILBOXES = 10
    """Travels beside the record, never in it: it holds a right."""
    NOTE = 16
    ACT = 17
    ENTRY = 24
    RECEIPT = 25
    HEAD = 26
    LINE_TEST = 27
    SERVICE_CHAT = 28
    STOP = 29
    EXPORT = 32
    BRIEFING = 33
    CLEARANCE = 40
    """Stays at its desk: no counterpart ever meets it."""
    HANDOVER = 41
    """Stays at its office too."""
    BACKUP = 42
    """Lies sealed wherever the office keeps its backups."""
    INCIDENT = 44
    REPORT = 45
    """Incident files stay at their office as well."""
    ASSURANCE = 46
    ASSURANCE_CHANGE = 47
    """What an office took from a note, and what became of it: at home too."""
    EXTRACT = 49
    """Parts of a report, inside a note or a briefing."""
    PUBLIC_STATEMENT = 52
    """What somebody said in public, as this office logged it: at home as well."""
    THIN_LINE = 54
    THIN_KEYS = 55
    THIN_HELD = 56
    """Thin lines: who wants one, the keys of its chains, who holds them."""
    ROSTER_VOUCHED = 57
    """Travels beside the record: by the next entry the roster speaks for itself."""


@dataclass(frozen=True)
class Content:
    """Base of the dataclasses that are the content of one kind of statement."""

    KIND: ClassVar[Kind]


C = TypeVar("C", bound=Content)
_ON_THE_WAY = frozenset({Kind.NOTE, Kind.ACT, Kind.ENTRY, Kind.RECEIPT})
"""Kinds that whoever signs them reads again a moment later, while they are carried on."""


@dataclass(frozen=True)
class Statement:
    """Exact bytes that somebody signed or may sign."""

    raw: bytes

    @once
    def id(self) -> bytes:
        """SHA-256 of the bytes, 32 bytes."""
        return crypto.sha256(self.raw)

    @once
    def parts(self) -> tuple[int, bytes, Any]:
        """(kind, realm, content); raises Malformed or NewerVersion."""
        value = cbor.decode(self.raw, max_size=MAX_SIGNED)
        if not isinstance(value, tuple) or len(value) != 5 or value[0] != MARK:
            raise Malformed("Not a Good Offices statement.")
        _, suite, kind, realm, content = value
        if isinstance(suite, bool) or not isinstance(suite, int) or isinstance(kind, bool):
            raise Malformed("A statement's suite or kind is not a number.")
        if suite != crypto.SUITE:
            raise NewerVersion(f"Suite {suite} is not known to this version.")
        if not isinstance(kind, int) or not isinstance(realm, bytes) or len(realm) != REALM_SIZE:
            raise Malformed("A statement's kind or realm has the wrong form.")
        return kind, realm, content

    @property
    def kind(self) -> int:
        """The number of the kind, known or not."""
        return self.parts[0]

    @property
    def realm(self) -> bytes:
        """16 bytes, zero for live."""
        return self.parts[1]

    def read(self, cls: type[C], *, realm: bytes | None = None) -> C:
        """The content as ``cls``; raises Foreign when kind or realm is another."""
        kind, found, content = self.parts
        if kind != cls.KIND:
            raise Foreign(f"A statement of kind {kind} where one of kind {int(cls.KIND)} belongs.")
        if realm is not None and found != realm:
            raise Foreign("Made in another realm: a drill and the live channel never mix.")
        if cls not in self._contents:
            self._contents[cls] = from_map(cls, content)
        said: C = self._contents[cls]
        return said

    def remember(self, kind: int, realm: bytes, written: Any, content: Content) -> None:
        """What these bytes say, by a reader that has decoded them by itself (core.record.entry)."""
        self.__dict__["parts"] = kind, realm, written
        self._contents[type(content)] = content

    @once
    def _contents(self) -> dict[type[Content], Any]:
        # The bytes never change, so neither does what they say: a note is read a dozen times on its way.
        return {}


def state(content: Content, realm: bytes) -> Statement:
    """The statement of ``content``; raises YourError on a wrong form, so nothing malformed is ever signed."""
    try:
        written, checked = checked_map(content)
        statement = Statement(cbor.encode([MARK, crypto.SUITE, int(content.KIND), realm, written]))
        if len(statement.raw) > MAX_SIGNED:
            raise Oversized(f"{len(statement.raw)} bytes where at most {MAX_SIGNED} are allowed.")
        if len(realm) != REALM_SIZE:
            raise Malformed("A statement's realm has the wrong form.")
        # The forms were held against the very values that were written: reading them back tells nothing more.
        vars(statement).update(parts=(int(content.KIND), realm, written), _contents={type(content): checked})
    except OtherOfficeError as error:
        # What is about to be signed here is nobody else's fault.
        raise YourError(error.what) from None
    except ValueError:
        raise YourError("It holds half a character or too large a number, and cannot be written.") from None
    return statement


@dataclass(frozen=True)
class Signed:
    """A statement with its signatures. The signatures are not part of the ID."""

    statement: Statement
    signatures: tuple[tuple[bytes, bytes], ...]

    @once
    def id(self) -> bytes:
        """The statement's ID."""
        return self.statement.id

    @once
    def raw(self) -> bytes:
        """CBOR [statement, [[signer, signature] ...]]."""
        return cbor.encode([self.statement.raw, self.signatures])

    @property
    def signers(self) -> tuple[bytes, ...]:
        """Keys that signed, in ascending order."""
        return tuple(signer for signer, _ in self.signatures)

    def vouch(self) -> None:
        """Whoever calls this has verified every signature of these very bytes, on another core."""
        self.__dict__["_vouched"] = True

    def verify(self) -> None:
        """Raise WrongSigner unless every signature verifies. Rights are the roster's to judge."""
        if self.__dict__.get("_vouched"):
            return
        if not self.signatures:
            raise WrongSigner("Nobody signed this.")
        for signer, signature in self.signatures:
            crypto.ed25519_verify(signer, signature, self.statement.raw)


def sign(statement: Statement, *keys: crypto.Signing) -> Signed:
    """``statement`` signed with each key, a 32-byte seed or one that is held elsewhere; ordered by public key."""
    pairs = {crypto.public_of(key): crypto.signature_of(key, statement.raw) for key in keys}
    signed = Signed(statement, tuple(sorted(pairs.items())))
    parts = vars(statement).get("parts")  # there if they were written or read here: any bytes may be signed
    if parts is not None and parts[0] in _ON_THE_WAY and 0 < len(pairs) <= MAX_SIGNATURES:
        read_signed.made(signed.raw, signed)
    return signed


def add_signature(signed: Signed, key: crypto.Signing) -> Signed:
    """The same statement with one more signature; signing again with a key changes nothing."""
    pairs = dict(signed.signatures) | dict(sign(signed.statement, key).signatures)
    return Signed(signed.statement, tuple(sorted(pairs.items())))


@Remembered
def read_signed(raw: bytes) -> Signed:
    """Decode a signed object; its signatures are not yet verified. Raises Malformed, Oversized."""
    value = cbor.decode(raw, max_size=MAX_SIGNED)
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[0], bytes):
        raise Malformed("Not a signed object.")
    statement, pairs = value
    if not isinstance(pairs, tuple) or len(pairs) > MAX_SIGNATURES:
        raise Malformed("The signatures of an object have the wrong form.")
    last = b""
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise Malformed("The signatures of an object have the wrong form.")
        signer, signature = pair
        if not isinstance(signer, bytes) or not isinstance(signature, bytes) or signer <= last:
            raise Malformed("The signatures of an object are out of order or repeated.")
        last = signer
    signed = Signed(Statement(statement), pairs)
    vars(signed)["raw"] = bytes(raw)  # there is one encoding, and nothing else is accepted
    return signed

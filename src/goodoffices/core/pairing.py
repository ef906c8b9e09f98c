# SPDX-License-Identifier: Apache-2.0
"""Pairing two offices into a line: offer, commitment, digits, confirmation (docs/format.md §10).

Each side makes an **offer**: its credential, the mailboxes where it collects, a nonce, an hour's
life. Offers are exchanged as two files, or at a meeting place on a relay, where both first commit to
their offers and reveal afterwards. The line's ID is the ID of a statement over both offers. Of its
60 check digits each side reads half aloud and types the half that the other reads, so nobody can
confirm what he has not heard. A line carries nothing until both have confirmed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from goodoffices.core import cbor, crypto, digits
from goodoffices.core.addresses import loopback
from goodoffices.core.errors import DigitsDiffer, Foreign, Malformed, NotNow, WrongSigner, YourError
from goodoffices.core.fields import ID, TIME, data, key, row, text, uint
from goodoffices.core.office import MAX_CREDENTIAL, Office, Right, may, read_office
from goodoffices.core.statement import Content, Kind, Signed, Statement, state

LIFE = 3_600_000
"""Milliseconds that an offer lives."""
CLOCK_SLACK = 300_000
"""Milliseconds by which the two sides' clocks may differ before an offer seems to come from the future."""
MAX_ROUTES = 8
MAX_OFFER = MAX_CREDENTIAL + 8192
"""Bytes of an offer: a credential and where it collects."""
_MARK = "GO1 offer"
_HALF = digits.PAIRING // 2


@dataclass(frozen=True)
class Route:
    """A mailbox on a relay, with the right to put into it."""

    relay: str
    mailbox: bytes
    put: bytes


@dataclass(frozen=True)
class Offer:
    """One side's offer, decoded and its credential verified."""

    office: Office
    routes: tuple[Route, ...]
    nonce: bytes
    made: int
    raw: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the offer: what is committed to and what the line's ID covers."""
        return crypto.sha256(b"GO1 offer" + self.raw)


_RELAY = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~\-/]*)?")


def relay_parts(address: str) -> tuple[str, str] | None:
    """Scheme and host of a relay's plain http or https address; None for anything else."""
    parts = _RELAY.fullmatch(address)
    if parts is None or (parts[3] is not None and int(parts[3][1:]) > 65_535):
        return None
    return parts[1], parts[2].strip("[]")


def relay_address(value: Any) -> str:
    """A form: an address that the other side names and this desk will call. Plain http(s), nothing else in it."""
    address = str(text(300, minimum=8)(value))
    parts = relay_parts(address)
    if parts is None:
        raise ValueError("naming a relay by something else than a plain http or https address")
    scheme, host = parts
    if scheme == "http" and not loopback(host):
        raise ValueError("naming a relay on another machine without TLS")
    return address


def make_offer(office: Office, routes: tuple[Route, ...], nonce: bytes, now: int) -> Offer:
    """An offer that lives one hour from ``now``. ``nonce``: 32 fresh random bytes."""
    if not routes:
        raise YourError("A line needs a relay.", "Name at least one relay; two are better.")
    rows = [[route.relay, route.mailbox, route.put] for route in routes]
    raw = cbor.encode([_MARK, office.raw, rows, nonce, now])
    return read_offer(raw)


def read_offer(raw: bytes) -> Offer:
    """Decode and verify an offer; raises Malformed, Oversized, WrongSigner or Foreign."""
    value = cbor.decode(raw, max_size=MAX_OFFER)
    if not isinstance(value, tuple) or len(value) != 5 or value[0] != _MARK:
        raise Malformed("This is not a pairing offer.")
    _, credential, rows, nonce, made = value
    form = row(relay_address, data(16), data(32))
    try:
        data(32)(nonce)
        uint()(made)
        if not isinstance(rows, tuple) or not 1 <= len(rows) <= MAX_ROUTES:
            raise ValueError("without relays, or with too many")
        routes = tuple(Route(*form(each)) for each in rows)
    except ValueError as reason:
        raise Malformed(f"A pairing offer is {reason}.") from None
    if not isinstance(credential, bytes):
        raise Malformed("A pairing offer without a credential.")
    return Offer(read_office(credential), routes, nonce, made, raw)


def check_fresh(offer: Offer, now: int) -> None:
    """Raise NotNow outside the offer's hour."""
    if now > offer.made + LIFE:
        raise NotNow(
            f"{offer.office.name}'s invitation is older than one hour and has expired.",
            "Ask for a new one; make a new one of your own as well.",
        )
    if now < offer.made - CLOCK_SLACK:
        raise NotNow(
            f"{offer.office.name}'s invitation is dated in the future.",
            "Compare the clocks of both machines, then make new invitations.",
        )


@dataclass(frozen=True, kw_only=True)
class Pairing(Content):
    """What two offices met as; its statement's ID is the line's ID."""

    KIND: ClassVar[Kind] = Kind.PAIRING
    offices: tuple[bytes, bytes] = key(1, row(ID, ID))
    offers: tuple[bytes, bytes] = key(2, row(ID, ID))


@dataclass(frozen=True, kw_only=True)
class PairingConfirmed(Content):
    """An officer heard the other side's digits and they fit."""

    KIND: ClassVar[Kind] = Kind.PAIRING_CONFIRMED
    line: bytes = key(1, ID)
    office: bytes = key(2, ID)
    roster: int = key(3, uint(2**32))
    time: tuple[int, int] = key(4, TIME)


def pair(mine: Offer, theirs: Offer) -> Statement:
    """The pairing of two offers, the same on both sides; raises Foreign where they must not meet."""
    if mine.office.id == theirs.office.id:
        raise Foreign("This is your own invitation.", "Give it to the other office and take theirs.")
    if mine.office.realm != theirs.office.realm:
        raise Foreign(
            "One of the two offices belongs to a drill and the other does not, or to another drill.",
            "Drill credentials never pair with live ones.",
        )
    first, second = sorted((mine, theirs), key=lambda offer: offer.office.id)
    return state(
        Pairing(offices=(first.office.id, second.office.id), offers=(first.digest, second.digest)),
        mine.office.realm,
    )


@dataclass(frozen=True)
class SpokenDigits:
    """The two halves of a line's 60 digits, seen from one side."""

    read_aloud: str
    expected: str


def spoken(pairing: Statement, office: bytes) -> SpokenDigits:
    """Which half ``office`` reads aloud and which it must hear."""
    content = pairing.read(Pairing)
    all_digits = digits.check_digits("pairing", pairing.id, digits.PAIRING)
    halves = all_digits[:_HALF], all_digits[_HALF:]
    return SpokenDigits(*(halves if office == content.offices[0] else halves[::-1]))


def check_heard(pairing: Statement, office: bytes, typed_text: str) -> None:
    """Raise WrongSigner unless the digits typed are those that the other side must have read."""
    if digits.typed(typed_text, _HALF) != spoken(pairing, office).expected:
        raise WrongSigner(
            "The digits do not fit: either one was misheard, or somebody stands between the two offices.",
            "Read them once more. If they still differ, pair anew by another way and tell your superior.",
        )


def check_typed(pairing: Statement, office: bytes, typed_text: str) -> None:
    """``check_heard`` of what a person typed: DigitsDiffer; one's own half is a slip, YourError."""
    halves = spoken(pairing, office)
    digits.heard(typed_text, halves.read_aloud, halves.expected)
    try:
        check_heard(pairing, office, typed_text)
    except WrongSigner as error:
        raise DigitsDiffer(error.what) from None


def verify_confirmed(signed: Signed, line: bytes, office: Office) -> PairingConfirmed:
    """Raise unless a keeper of keys of ``office`` confirmed this line."""
    confirmed = signed.statement.read(PairingConfirmed, realm=office.realm)
    if confirmed.line != line or confirmed.office != office.id:
        raise Foreign("A confirmation of another line or by another office.")
    signed.verify()
    if not all(may(office, confirmed.roster, signer, Right.KEYS) for signer in signed.signers):
        raise WrongSigner("A pairing confirmed by somebody who keeps no keys there.")
    return confirmed


# --- The meeting place on a relay ------------------------------------------------------------------

CODE_DIGITS = 20
"""66 bits: found by nobody within the hour that it lives, and of no use afterwards."""
_COMMIT, _REVEAL = 1, 2


@dataclass(frozen=True)
class MeetingPlace:
    """Where a one-time code leads: a mailbox with its three rights, and a key for what lies there."""

    mailbox: bytes
    put: bytes
    collect: bytes
    delete: bytes
    key: bytes


def meeting_place(code: str) -> MeetingPlace:
    """The meeting place of a code. The code finds it; it proves nothing."""
    stretched = crypto.argon2id(digits.typed(code, CODE_DIGITS).encode(), b"GO1 meeting place")
    names = (b"box", b"put", b"get", b"del", b"key")
    parts = [crypto.hkdf(stretched, b"GO1 meeting " + name) for name in names]
    return MeetingPlace(parts[0][:16], *parts[1:])


def meeting_message(place: MeetingPlace, kind: int, content: bytes, salt: bytes, size: int) -> bytes:
    """A commitment or reveal as bytes of one size class, hidden from the relay. ``salt``: 32 random bytes."""
    plain = cbor.encode([kind, content])
    padded = len(plain).to_bytes(4, "big") + plain
    room = size - 32 - crypto.AEAD_TAG_SIZE - len(padded)
    if room < 0:
        raise YourError(f"An invitation of {len(plain)} bytes does not fit a message of {size}.")
    padded += bytes(room)
    return salt + crypto.seal_once(crypto.hkdf(place.key, b"GO1 meeting message", salt=salt), padded, b"")


def read_meeting_message(place: MeetingPlace, envelope: bytes) -> tuple[int, bytes]:
    """(kind, content); raises Altered or Malformed."""
    salt, sealed = envelope[:32], envelope[32:]
    padded = crypto.open_once(crypto.hkdf(place.key, b"GO1 meeting message", salt=salt), sealed, b"")
    length = int.from_bytes(padded[:4], "big")
    if length > len(padded) - 4 or any(padded[4 + length :]):
        raise Malformed("A message at the meeting place with a wrong length inside.")
    value: Any = cbor.decode(padded[4 : 4 + length], max_size=MAX_CREDENTIAL + 16384)
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[1], bytes):
        raise Malformed("A message at the meeting place that is no part of a pairing.")
    kind, content = value
    if isinstance(kind, bool) or kind not in (_COMMIT, _REVEAL):
        raise Malformed("A message at the meeting place that is no part of a pairing.")
    if kind == _COMMIT and len(content) != crypto.HASH_SIZE:
        raise Malformed("A commitment at the meeting place that is not 32 bytes.")
    return kind, content


class Meeting:
    """One side of commit, then reveal. Feed it what lies at the meeting place; it says what to put."""

    def __init__(self, mine: Offer) -> None:
        self.mine = mine
        self.theirs: Offer | None = None
        self._their_commitment: bytes | None = None

    def commitment(self) -> tuple[int, bytes]:
        """What to put first."""
        return _COMMIT, self.mine.digest

    def handle(self, kind: int, content: bytes, now: int) -> tuple[int, bytes] | None:
        """Take one message; the answer is what to put next, if anything.

        Raises WrongSigner when a third is at the meeting place or a reveal is not what was committed.
        """
        if kind == _COMMIT:
            if content == self.mine.digest or content == self._their_commitment:
                return None
            if self._their_commitment is not None:
                raise WrongSigner(
                    "A third party knows the code: more than two came to the meeting place.",
                    "Stop. Make a new invitation and give its code by another way.",
                )
            self._their_commitment = content
            return _REVEAL, self.mine.raw
        if content == self.mine.raw:
            return None
        offer = read_offer(content)
        if self._their_commitment is None or offer.digest != self._their_commitment:
            raise WrongSigner(
                "What was revealed is not what was committed to: somebody stands in the middle.",
                "Stop. Make a new invitation and give its code by another way.",
            )
        check_fresh(offer, now)
        self.theirs = offer
        return None

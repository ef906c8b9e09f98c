# SPDX-License-Identifier: Apache-2.0
"""Every decoder against hostile bytes: a value, or one of the errors of this program. Never anything else.

P12: malformed, oversized, wrongly signed, foreign: refused, and it costs nothing else.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor, crypto, envelope
from goodoffices.core.act import Act
from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.line import CarriedEntry, Entry, Head, Receipt, read_items, verify_entry
from goodoffices.core.mandate import Mandate, PaperOffice
from goodoffices.core.note import Note, read_inside
from goodoffices.core.office import Root, Roster, read_office
from goodoffices.core.pairing import (
    Pairing,
    PairingConfirmed,
    make_offer,
    meeting_place,
    read_meeting_message,
    read_offer,
)
from goodoffices.core.sealed import open_sealed, read_sealed, seal_note
from goodoffices.core.statement import LIVE, read_signed
from tests.core.making import (
    LINE,
    NOW,
    agreement,
    bern,
    credentials,
    entry,
    released,
    seed,
    signed_act,
    tehran,
)
from tests.core.test_envelope import by_hand
from tests.core.test_pairing import PLACE, ROUTES

SEEDS = {1: tehran().reading()}
CLASSES: list[type[Any]] = [
    Root,
    Roster,
    PaperOffice,
    Mandate,
    Pairing,
    PairingConfirmed,
    Note,
    Act,
    Entry,
    Receipt,
    Head,
]


def any_statement(raw: bytes) -> None:
    signed = read_signed(raw)
    assert signed.raw == raw
    kind = signed.statement.kind
    for cls in CLASSES:
        if kind == cls.KIND:
            signed.statement.read(cls)
    signed.verify()


def sealed(raw: bytes) -> None:
    found = read_sealed(raw)
    assert cbor.encode([1, found.header_raw, found.wraps, found.ciphertext]) == raw
    open_sealed(found, LIVE, tehran().id, SEEDS)


def inside(raw: bytes) -> None:
    assert read_inside(raw).inside == raw


def office(raw: bytes) -> None:
    assert read_office(raw).raw == raw


def items(raw: bytes) -> None:
    assert cbor.encode(read_items(raw)) == raw


def offer(raw: bytes) -> None:
    assert read_offer(raw).raw == raw


def unpack(raw: bytes) -> None:
    """The bytes stand inside the seal, as a paired but hostile office can write them."""
    if len(raw) > 10_000:
        return
    for _, part in envelope.unpack(
        by_hand(raw, size=16384), realm=LIVE, line=LINE, seeds=[tehran().envelope()]
    ):
        if isinstance(part, CarriedEntry):
            verify_entry(part, LINE, bern().office)


def meeting(raw: bytes) -> None:
    key = crypto.hkdf(PLACE.key, b"GO1 meeting message", salt=seed("salt"))
    padded = len(raw).to_bytes(4, "big") + raw
    read_meeting_message(PLACE, seed("salt") + crypto.seal_once(key, padded, b""))
    read_meeting_message(PLACE, raw)


def mandate_item(raw: bytes) -> None:
    from goodoffices.core.mandate import read_agreement

    read_agreement(read_signed(raw), credentials(), ())


GOOD: dict[Callable[[bytes], None], bytes] = {
    any_statement: signed_act(bern())[0].raw,
    mandate_item: agreement().signed.raw,
    sealed: seal_note(released(), (tehran().reader,), seed("key")).raw,
    inside: released().inside,
    office: bern().office.raw,
    items: cbor.encode([[1, b"note"], [3, b"mandate", [b"a"], []], [6, [bytes(16), 1, bytes(32)]], [99]]),
    offer: make_offer(bern().office, ROUTES, seed("nonce"), NOW).raw,
    unpack: cbor.encode([envelope.entry_part(entry(bern(), b"\x80"))]),
    meeting: cbor.encode([1, bytes(32)]),
}
DECODERS = pytest.mark.parametrize("decode", GOOD, ids=lambda decode: decode.__name__)


def survives(decode: Callable[[bytes], None], raw: bytes) -> None:
    try:
        decode(raw)
    except GoodOfficesError as error:
        said = str(error)
    else:
        return
    assert 0 < len(said) < 600


@DECODERS
@given(raw=st.binary(max_size=200))
def test_any_bytes(decode: Callable[[bytes], None], raw: bytes) -> None:
    survives(decode, raw)


VALUES = st.recursive(
    st.integers(-3, 300) | st.binary(max_size=64) | st.text(max_size=12) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 20), inner, max_size=6),
    max_leaves=16,
)


@DECODERS
@given(value=VALUES)
def test_any_value_in_our_encoding(decode: Callable[[bytes], None], value: Any) -> None:
    survives(decode, cbor.encode(value))


STATEMENTS = st.tuples(
    st.sampled_from([1, 2, 3, 4, 8, 9, 16, 17, 24, 25, 26, 32, 99]),
    st.dictionaries(
        st.integers(1, 18),
        VALUES | st.just(bytes(32)) | st.just(bytes(16)) | st.just((NOW, 2)) | st.just((1, 2)),
        max_size=17,
    ),
)


@DECODERS
@given(statement=STATEMENTS)
def test_any_statement_of_any_kind(
    decode: Callable[[bytes], None], statement: tuple[int, dict[int, Any]]
) -> None:
    kind, content = statement
    raw = cbor.encode(["GO1", 1, kind, LIVE, content])
    signature = crypto.ed25519_sign(seed("x"), raw)
    survives(decode, cbor.encode([raw, [[crypto.ed25519_public(seed("x")), signature]]]))


@DECODERS
def test_the_good_one_passes(decode: Callable[[bytes], None]) -> None:
    if decode is meeting:
        with pytest.raises(GoodOfficesError):
            decode(GOOD[decode])  # its second half reads the same bytes as a whole message
    else:
        decode(GOOD[decode])


@DECODERS
@given(data=st.data())
def test_a_flipped_cut_or_doubled_byte(decode: Callable[[bytes], None], data: st.DataObject) -> None:
    raw = GOOD[decode]
    at = data.draw(st.integers(0, min(len(raw), 6000) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "double", "drop"])):
        case "flip":
            changed = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
        case "cut":
            changed = raw[:at]
        case "double":
            changed = raw[:at] + raw[at : at + 1] + raw[at:]
        case _:
            changed = raw[:at] + raw[at + 1 :]
    survives(decode, changed)


@DECODERS
@pytest.mark.parametrize("size", [1 << 19, (1 << 20) + 20_000])
def test_bytes_without_end(decode: Callable[[bytes], None], size: int) -> None:
    survives(decode, b"\x9a" + (size - 5).to_bytes(4, "big") + bytes(size - 5))


def test_a_code_that_is_no_code_is_refused() -> None:
    with pytest.raises(GoodOfficesError):
        meeting_place("not a code")

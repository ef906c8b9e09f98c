# SPDX-License-Identifier: Apache-2.0
"""Sealing: who may read opens it, nobody else, and nothing can be moved from one note to another."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Altered, Foreign, Malformed, NewerVersion, OtherOfficeError, Oversized
from goodoffices.core.fields import to_map
from goodoffices.core.sealed import MAX_READERS, Header, header_of, open_sealed, read_sealed, seal_note
from goodoffices.core.statement import LIVE
from tests.core.making import DRILL, WORDS, bern, released, seed, tehran, washington

KEY = seed("content key")
OPENED = released()
SEALED = seal_note(OPENED, (tehran().reader,), KEY)
OPEN = seal_note(OPENED, (tehran().reader, bern().reader), KEY)
SEEDS = {1: tehran().reading()}


def test_its_reader_opens_it_to_the_same_note() -> None:
    found = open_sealed(read_sealed(SEALED.raw), LIVE, tehran().id, SEEDS)
    assert found.inside == OPENED.inside
    assert found.words == WORDS


def test_on_a_sealed_channel_the_intermediary_holds_no_key() -> None:
    """P3: it sees the handling header only."""
    found = read_sealed(SEALED.raw)
    assert found.readers() == (tehran().id,)
    assert found.header == header_of(OPENED.note, OPENED.signed.id)
    with pytest.raises(Foreign):
        open_sealed(found, LIVE, bern().id, {1: bern().reading()})
    with pytest.raises(Altered):
        open_sealed(found, LIVE, tehran().id, {1: bern().reading()})
    assert WORDS.text.encode()[:12] not in SEALED.raw


def test_on_an_open_channel_everybody_holds_the_same_bytes() -> None:
    for reader in (tehran(), bern()):
        assert open_sealed(read_sealed(OPEN.raw), LIVE, reader.id, {1: reader.reading()}).words == WORDS
    assert set(OPEN.readers()) == {tehran().id, bern().id}


def test_a_key_of_an_epoch_that_was_destroyed_opens_nothing() -> None:
    with pytest.raises(Foreign):
        open_sealed(SEALED, LIVE, tehran().id, {2: tehran().reading()})


def test_a_drill_does_not_open_live_notes() -> None:
    with pytest.raises(Altered):
        open_sealed(SEALED, DRILL, tehran().id, SEEDS)


def rewrapped(**changes: Any) -> bytes:
    parts: dict[str, Any] = {
        "suite": 1,
        "header": SEALED.header_raw,
        "wraps": SEALED.wraps,
        "ciphertext": SEALED.ciphertext,
    }
    return cbor.encode(list((parts | changes).values()))


def opens(raw: bytes) -> None:
    open_sealed(read_sealed(raw), LIVE, tehran().id, SEEDS)


HEADER = SEALED.header


@pytest.mark.parametrize(
    "header",
    [
        replace(HEADER, precedence=4),
        replace(HEADER, number=2),
        replace(HEADER, valid_until=1),
        replace(HEADER, recipient=bern().id),
        replace(HEADER, author=bern().id),
        replace(HEADER, mandate=seed("x")),
        replace(HEADER, lane=washington().id),
        replace(HEADER, note=seed("x")),
    ],
    ids=["precedence", "number", "valid-until", "recipient", "author", "mandate", "lane", "note"],
)
def test_the_header_cannot_be_changed_on_the_way(header: Header) -> None:
    with pytest.raises(Altered):
        opens(rewrapped(header=cbor.encode(to_map(header))))


@pytest.mark.parametrize("field", ["precedence", "number", "valid_until", "recipient", "lane"])
def test_a_header_that_says_something_else_than_the_author_signed_is_altered(field: str) -> None:
    """Whoever holds the content key could seal it again under another header; the statement tells."""
    value: Any = {"precedence": 4, "number": 2, "valid_until": 9, "recipient": bern().id, "lane": bern().id}[
        field
    ]
    header_raw = cbor.encode(to_map(replace(HEADER, **{field: value})))
    raw = _sealed_by_hand(header_raw, OPENED.inside)
    with pytest.raises(Altered):
        opens(raw)


def _sealed_by_hand(header_raw: bytes, inside: bytes, realm: bytes = LIVE) -> bytes:
    header = read_sealed(rewrapped(header=header_raw)).header
    public = tehran().reader[2]
    info = cbor.encode(
        [
            "GO1 wrap",
            1,
            realm,
            header.mandate,
            header.author,
            tehran().id,
            crypto.sha256(public),
            header.note,
            crypto.sha256(header_raw),
        ]
    )
    wraps = [[tehran().id, 1, crypto.seal(public, KEY, info)]]
    return cbor.encode([1, header_raw, wraps, crypto.seal_once(KEY, inside, b"GO1 note" + header_raw)])


def test_what_this_test_seals_by_hand_opens() -> None:
    opens(_sealed_by_hand(SEALED.header_raw, OPENED.inside))


def test_another_note_under_the_header_is_altered() -> None:
    other = released(replace(WORDS, text="We do want war."))
    with pytest.raises(Altered):
        opens(_sealed_by_hand(SEALED.header_raw, other.inside))


def test_a_drills_note_under_a_live_seal_is_altered() -> None:
    drill = released(realm=DRILL)
    header = cbor.encode(to_map(header_of(drill.note, drill.signed.id)))
    with pytest.raises(Altered):
        opens(_sealed_by_hand(header, drill.inside))


def test_a_wrapped_key_does_not_fit_another_note() -> None:
    other = seal_note(released(number=2), (tehran().reader,), KEY)
    with pytest.raises(Altered):
        opens(rewrapped(wraps=other.wraps))


def test_the_words_of_another_note_do_not_fit_its_key() -> None:
    other = seal_note(released(number=2), (tehran().reader,), KEY)
    with pytest.raises(Altered):
        opens(rewrapped(ciphertext=other.ciphertext))


def test_a_key_wrapped_for_one_reader_is_not_anothers() -> None:
    bern_wrap = next(wrap for reader, _, wrap in OPEN.wraps if reader == bern().id)
    with pytest.raises(Altered):
        opens(cbor.encode([1, OPEN.header_raw, [[tehran().id, 1, bern_wrap]], OPEN.ciphertext]))


def test_a_key_said_to_be_of_another_epoch_does_not_open() -> None:
    wraps = [[tehran().id, 2, SEALED.wraps[0][2]]]
    with pytest.raises(Altered):
        open_sealed(read_sealed(rewrapped(wraps=wraps)), LIVE, tehran().id, SEEDS | {2: tehran().reading(2)})


@given(st.integers(0, len(SEALED.raw) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(at: int, change: int) -> None:
    raw = bytearray(SEALED.raw)
    raw[at] ^= change
    with pytest.raises(OtherOfficeError):
        opens(bytes(raw))


WRAP = SEALED.wraps[0]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"suite": 2}, Malformed),
        ({"suite": True}, Malformed),
        ({"wraps": ()}, Malformed),
        ({"wraps": (WRAP, WRAP)}, Malformed),
        ({"wraps": tuple((bytes([n]) * 32, 1, WRAP[2]) for n in range(MAX_READERS + 1))}, Malformed),
        ({"wraps": ((WRAP[0], 1, WRAP[2][:-1]),)}, Malformed),
        ({"wraps": ((WRAP[0], True, WRAP[2]),)}, Malformed),
        ({"wraps": ((WRAP[0], -1, WRAP[2]),)}, Malformed),
        ({"wraps": ((WRAP[0][:31], 1, WRAP[2]),)}, Malformed),
        ({"wraps": (WRAP[:2],)}, Malformed),
        ({"header": b"\xa0"}, Malformed),
        ({"header": cbor.encode(to_map(HEADER) | {9: 0})}, NewerVersion),
        ({"header": cbor.encode(to_map(HEADER) | {6: 5})}, NewerVersion),
        ({"header": cbor.encode(to_map(HEADER) | {200: bytes(1100)})}, Oversized),
        ({"header": "text"}, Malformed),
        ({"ciphertext": "text"}, Malformed),
    ],
)
def test_a_sealed_note_out_of_form_is_refused(changes: dict[str, Any], error: type[OtherOfficeError]) -> None:
    with pytest.raises(error):
        read_sealed(rewrapped(**changes))


def test_a_note_is_sealed_to_somebody_and_to_each_once() -> None:
    for readers in ((), (tehran().reader, tehran().reader)):
        with pytest.raises(ValueError, match="reader"):
            seal_note(OPENED, readers, KEY)


def test_the_longest_note_fits_with_all_its_readers() -> None:
    longest = released(replace(WORDS, text="متن " * (60_000 // 7)))
    readers = tuple((seed(str(n)), 1, tehran().reader[2]) for n in range(MAX_READERS))
    assert len(seal_note(longest, readers, KEY).raw) < 80_000

# SPDX-License-Identifier: Apache-2.0
"""Reading an entry file in one look and by the decoder gives the same, or leaves it to the decoder (P8, P12)."""

from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor
from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.line import Entry
from goodoffices.core.record.entry import read_quickly
from goodoffices.core.record.manifest import write_entry
from goodoffices.core.statement import Signed, Statement, read_signed, sign, state

ids, incarnations = st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16)
numbers = st.integers(0, 30) | st.integers(0, 2**32)
times = st.integers(0, 253402300799999) | st.integers(2**32 - 2, 2**32 + 2)
entries = st.builds(
    Entry,
    line=ids,
    writer=ids,
    incarnation=incarnations,
    number=numbers,
    previous=st.none() | ids,
    seen=st.none() | st.tuples(incarnations, numbers, ids),
    kind=st.integers(0, 2**16),
    time=st.tuples(times, st.integers(0, 2)),
    commitment=ids,
    roster=numbers,
    case_at=st.none() | times,
)
bodies = st.binary(max_size=30) | st.binary(min_size=250, max_size=70_000)
SEED = bytes(range(32))


def by_the_decoder(raw: bytes) -> tuple[Signed, bytes | None, bytes | None]:
    signed, salt, body = cbor.decode(raw)
    return read_signed(signed), salt, body


def same(one: Signed, other: Signed) -> bool:
    mine, theirs = one.statement, other.statement
    return (one, mine.parts, mine.read(Entry), mine.id) == (
        other,
        theirs.parts,
        theirs.read(Entry),
        theirs.id,
    )


@given(entry=entries, salt=ids, body=bodies, realm=incarnations)
def test_both_readings_of_an_entry_are_the_same(entry: Entry, salt: bytes, body: bytes, realm: bytes) -> None:
    raw = write_entry(sign(state(entry, realm), SEED).raw, salt, body)
    quick = read_quickly(raw)
    slow = by_the_decoder(raw)
    ordinary = entry.time[0] >= 2**32 and (entry.case_at is None or entry.case_at >= 2**32)
    small = max(entry.number, entry.roster, entry.seen[1] if entry.seen else 0) < 2**32
    assert (quick is not None) == (ordinary and small)
    if quick is not None:
        assert quick[1:] == slow[1:]
        assert same(quick[0], slow[0])


@given(entry=entries, data=st.data())
def test_no_changed_byte_is_read_otherwise_than_by_the_decoder(entry: Entry, data: st.DataObject) -> None:
    raw = write_entry(sign(state(entry, bytes(16)), SEED).raw, bytes(32), b"\x80")
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:at] + bytes([data.draw(st.integers(0, 255))]) + raw[at + 1 :]
    quick = read_quickly(data.draw(st.sampled_from([changed, raw[:at], raw + b"\0", changed + raw[:at]])))
    if quick is None:
        return
    slow = by_the_decoder(changed)
    assert quick[1:] == slow[1:]
    assert same(quick[0], slow[0])


def test_an_entry_without_its_body_is_read_too() -> None:
    entry = Entry(
        line=bytes(32),
        writer=bytes(32),
        incarnation=bytes(16),
        number=1,
        kind=3,
        time=(2**40, 0),
        commitment=bytes(32),
        roster=1,
    )
    raw = write_entry(sign(state(entry, bytes(16)), SEED).raw, None, None)
    quick = read_quickly(raw)
    assert quick is not None
    assert quick[1:] == (None, None)


@given(raw=st.binary(max_size=400))
def test_nothing_malformed_crashes_it(raw: bytes) -> None:
    for given_bytes in (raw, b"\x83" + raw, b"\x83\x58\x20\x82" + raw):
        try:
            found = read_quickly(given_bytes)
        except GoodOfficesError:
            raise AssertionError("it judges nothing") from None
        assert found is None or isinstance(found[0].statement, Statement)

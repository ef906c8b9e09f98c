# SPDX-License-Identifier: Apache-2.0
"""Entries, receipts and heads of a line."""

from typing import Any

import pytest

from goodoffices.core import cbor
from goodoffices.core.errors import Foreign, Malformed, NotNow, OtherOfficeError, Oversized, WrongSigner
from goodoffices.core.line import (
    MAX_BODY,
    MAX_ITEMS,
    MAX_RECEIPTED,
    CarriedEntry,
    Head,
    Item,
    Receipt,
    commitment,
    read_items,
    verify_entry,
    verify_head,
    verify_receipt,
)
from goodoffices.core.statement import LIVE, Signed, read_signed, sign, state
from tests.core.making import DRILL, LINE, NOW, bern, entry, made_office, next_roster, seed, tehran

BODY = cbor.encode([[int(Item.ACT), b"an act"]])


def test_an_entry_verifies_on_its_line() -> None:
    carried = entry(bern(), BODY)
    found = verify_entry(carried, LINE, bern().office)
    assert carried.items == ((2, b"an act"),)
    assert carried.place == (found.incarnation, 1, carried.signed.id)


@pytest.mark.parametrize(
    ("line", "office"),
    [
        (seed("another line"), bern().office),
        (LINE, tehran().office),
        (LINE, made_office("Bern", DRILL).office),
    ],
    ids=["another line", "another writer", "a drill"],
)
def test_an_entry_of_elsewhere_is_foreign(line: bytes, office: Any) -> None:
    with pytest.raises(Foreign):
        verify_entry(entry(bern(), BODY), line, office)


def test_an_entry_with_another_body_is_foreign() -> None:
    good = entry(bern(), BODY)
    for carried in (
        CarriedEntry(good.signed, good.salt, BODY + b"\x00"),
        CarriedEntry(good.signed, seed("x"), BODY),
        CarriedEntry(good.signed, good.salt[:31], BODY),
        CarriedEntry(good.signed, good.salt + BODY[:1], BODY[1:]),
    ):
        with pytest.raises(Foreign):
            verify_entry(carried, LINE, bern().office)


def test_only_the_desk_writes_entries() -> None:
    good = entry(bern(), BODY)
    officers = sign(good.signed.statement, bern().officer())
    both = sign(good.signed.statement, bern().officer(), bern().desk_seed)
    for signed in (officers, both, Signed(good.signed.statement, ())):
        with pytest.raises(WrongSigner):
            verify_entry(CarriedEntry(signed, good.salt, BODY), LINE, bern().office)


def test_a_desk_key_that_was_replaced_writes_no_more_by_the_new_roster() -> None:
    newer = next_roster(
        bern(), desk=bern().office.roster.officers[0][1], officers=bern().office.roster.officers[1:]
    )
    with pytest.raises(WrongSigner):
        verify_entry(entry(bern(), BODY, roster=2), LINE, newer)
    verify_entry(entry(bern(), BODY, roster=1), LINE, newer)


def test_an_entry_by_a_roster_to_come_waits() -> None:
    with pytest.raises(NotNow):
        verify_entry(entry(bern(), BODY, roster=2), LINE, bern().office)


@pytest.mark.parametrize("place", [(0, None), (0, seed("x")), (1, seed("x")), (2, None)])
def test_a_place_that_no_chain_has_is_refused(place: tuple[int, bytes | None]) -> None:
    with pytest.raises(Malformed):
        verify_entry(entry(bern(), BODY, number=place[0], previous=place[1]), LINE, bern().office)


def test_a_body_beyond_the_bound_is_refused() -> None:
    with pytest.raises(Malformed):
        verify_entry(entry(bern(), bytes(MAX_BODY + 1)), LINE, bern().office)
    with pytest.raises(Oversized):
        read_items(bytes(MAX_BODY + 1))


def test_a_kind_that_is_not_known_is_chained_like_any_other() -> None:
    """format §2: unknown kinds are kept, chained and shown as "newer version"."""
    assert verify_entry(entry(bern(), b"anything", kind=200), LINE, bern().office).kind == 200


def test_an_item_that_is_not_known_is_left_as_it_is() -> None:
    assert read_items(cbor.encode([[99, "anything", {1: 2}]])) == ((99, "anything", {1: 2}),)


@pytest.mark.parametrize(
    "items",
    [
        {},
        1,
        [1],
        [[]],
        [["note"]],
        [[True, b""]],
        [[1]],
        [[1, "text"]],
        [[1, b"", b""]],
        [[3, b"", []]],
        [[3, b"", [], ["text"]]],
        [[6]],
        [[6, 1]],
        [[6, [bytes(16), 1, bytes(31)]]],
        [[9]] * (MAX_ITEMS + 1),
    ],
    ids=lambda items: repr(items)[:30],
)
def test_items_out_of_form_are_refused(items: Any) -> None:
    with pytest.raises(Malformed):
        read_items(cbor.encode(items))


def test_a_new_incarnation_names_where_the_old_one_stood() -> None:
    assert read_items(cbor.encode([[6, None]])) == ((6, None),)
    assert read_items(cbor.encode([[6, [bytes(16), 7, bytes(32)]]])) == ((6, (bytes(16), 7, bytes(32))),)


def test_a_commitment_binds_salt_and_body() -> None:
    assert len({commitment(seed(a), b) for a in "xy" for b in (b"", b"1", b"2")}) == 6


# --- receipts and heads ------------------------------------------------------------------------------------


def receipt(**changes: Any) -> Signed:
    places = ((bytes(16), 1, seed("entry")),)
    values: dict[str, Any] = {
        "line": LINE,
        "reader": tehran().id,
        "entries": places,
        "time": (NOW, 2),
        "roster": 1,
    }
    return sign(state(Receipt(**(values | changes)), LIVE), tehran().desk_seed)


def head(**changes: Any) -> Signed:
    values: dict[str, Any] = {
        "line": LINE,
        "writer": tehran().id,
        "nonce": bytes(16),
        "locked": True,
        "time": (NOW, 2),
        "roster": 1,
    }
    return sign(state(Head(**(values | changes)), LIVE), tehran().desk_seed)


def test_a_receipt_is_the_readers_desks_own() -> None:
    assert verify_receipt(read_signed(receipt().raw), LINE, tehran().office).entries[0][1] == 1
    for signed, line in ((receipt(), seed("x")), (receipt(reader=bern().id), LINE), (head(), LINE)):
        with pytest.raises(Foreign):
            verify_receipt(signed, line, tehran().office)
    with pytest.raises(WrongSigner):
        verify_receipt(sign(receipt().statement, bern().desk_seed), LINE, tehran().office)


def test_a_head_is_the_writers_desks_own() -> None:
    assert verify_head(read_signed(head().raw), LINE, tehran().office).locked
    for signed, line in ((head(), seed("x")), (head(writer=bern().id), LINE), (receipt(), LINE)):
        with pytest.raises(Foreign):
            verify_head(signed, line, tehran().office)
    with pytest.raises(WrongSigner):
        verify_head(sign(head().statement, tehran().officer()), LINE, tehran().office)


def test_a_receipt_names_one_to_sixty_four_entries() -> None:
    place = (bytes(16), 1, seed("entry"))
    receipt(entries=(place,) * MAX_RECEIPTED)
    for entries in ((), (place,) * (MAX_RECEIPTED + 1)):
        with pytest.raises(Exception, match="entries"):
            receipt(entries=entries)


def test_every_refusal_here_is_the_other_offices() -> None:
    assert all(issubclass(each, OtherOfficeError) for each in (Foreign, Malformed, WrongSigner))

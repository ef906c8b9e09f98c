# SPDX-License-Identifier: Apache-2.0
"""Chains of a record: gaps, forks, wrong order, seen, incarnations, rosters (P2, P8)."""

import hashlib
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.record.chains import Chain, chain_of, check_author, check_entries
from goodoffices.core.record.findings import Finding
from goodoffices.core.record.links import AT, Link, Links
from goodoffices.core.record.stretch import Stretch

FIRST, LATER = b"a" * 16, b"b" * 16


def link(number: int, incarnation: bytes = FIRST, before: bytes | None = None, **other: object) -> Link:
    identifier = incarnation + number.to_bytes(16, "big")
    previous = incarnation + (number - 1).to_bytes(16, "big") if number > 1 else before
    made = Link(incarnation, number, identifier, previous, 1, number, f"{incarnation[:1].decode()}{number}")
    return replace(made, **other)  # type: ignore[arg-type]


def links(count: int, incarnation: bytes = FIRST) -> list[Link]:
    return [link(number, incarnation) for number in range(1, count + 1)]


def taken(given: list[Link]) -> Links:
    """As a record takes them in, in this order."""
    made = Links([])
    for each in given:
        made.files.append(each.where)
        place = each.incarnation, each.number, each.id
        spot = len(made.files) - 1 << AT
        made.take(*place, each.previous, each.roster, each.time, spot, each.seen, each.opens)
    made.settle()
    return made


def found(mine: list[Link], theirs: list[Link] | None = None) -> list[Finding]:
    return list(check_entries("Bern", taken(mine), taken(theirs or []), "lines/bern"))


def test_a_whole_chain_has_no_finding_in_whatever_order_it_is_read() -> None:
    assert found(list(reversed(links(5)))) == []


@given(count=st.integers(2, 30), data=st.data())
def test_any_entry_missing_before_the_last_is_named(count: int, data: st.DataObject) -> None:
    """P2."""
    missing = data.draw(st.integers(1, count - 1))
    told = found([each for each in links(count) if each.number != missing])
    assert [each.expected for each in told] == [f"Bern's entry {missing}, before a{missing + 1}"]


def test_two_entries_with_one_number_are_a_fork() -> None:
    told = found([*links(3), link(3, id=b"x" * 32)])
    assert ["fork" in each.found for each in told] == [True]


def test_a_wrong_link_is_found() -> None:
    told = found([*links(2), link(3, previous=b"x" * 32)])
    assert [each.where for each in told] == ["a3"]


def test_what_was_seen_must_be_there() -> None:
    told = found([link(1, seen=(LATER, 2, b"x" * 32))], links(1, LATER))
    assert "the record was cut" in told[0].found


def test_what_was_seen_must_be_the_same_entry() -> None:
    told = found([link(1, seen=(LATER, 1, b"x" * 32))], links(1, LATER))
    assert "another entry" in told[0].found


def test_seen_never_goes_back() -> None:
    theirs = links(2, LATER)
    seen = [(each.incarnation, each.number, each.id) for each in theirs]
    assert found([link(1, seen=seen[0]), link(2, seen=seen[1])], theirs) == []
    told = found([link(1, seen=seen[1]), link(2, seen=seen[0])], theirs)
    assert ["less than it had said before" in each.found for each in told] == [True]


def test_a_new_incarnation_says_where_the_old_one_ended() -> None:
    """ADR 0005: after a restored backup."""
    old = links(3)
    place = (FIRST, 2, old[1].id)
    assert found([*old, link(1, LATER, opens=place)]) == []
    assert "second beginning" in found([*old, link(1, LATER)])[0].found
    assert "not here" in found([*old, link(1, LATER, opens=(FIRST, 9, b"x" * 32))])[0].found


def test_a_roster_never_goes_back_within_an_incarnation() -> None:
    told = found([link(1, roster=2), link(2, roster=1)])
    assert ["older roster" in each.found for each in told] == [True]


def author(mine: list[Link]) -> tuple[list[Finding], int]:
    chain: Chain = chain_of(mine)
    findings, gaps = check_author("Tehran", chain)
    return findings, gaps.missing


def test_a_gap_in_an_authors_chain_is_counted_and_no_finding() -> None:
    """P6: a number that was not forwarded."""
    assert author([link(1), link(2), link(4), link(7)]) == ([], 2)


def test_a_note_drawn_up_beside_the_chain_is_no_finding() -> None:
    """P8, P10: several officers sign it while the office's other acts go on (ADR 0026)."""
    chain = links(4)
    beside = replace(link(3, b"n" * 16), previous=chain[1].id)
    assert author([*chain, beside]) == ([], 0)
    first = replace(link(1, b"m" * 16), previous=None)
    assert author([*chain, beside, first]) == ([], 0)


def test_an_authors_chain_goes_on_in_a_new_incarnation() -> None:
    old = links(3)
    assert author([*old, link(4, LATER, previous=old[2].id)]) == ([], 0)


@pytest.mark.parametrize(
    "wrong",
    [
        [link(1), link(2, previous=b"x" * 32)],
        [link(1), link(3, previous=link(1).id)],
        [link(1, previous=b"x" * 32)],
        [link(2, previous=None)],
        [link(1), link(2), link(2, id=b"x" * 32)],
        [link(1, roster=3), link(2, roster=2)],
    ],
)
def test_an_authors_chain_that_does_not_fit_is_found(wrong: list[Link]) -> None:
    findings, _ = author(wrong)
    assert findings


@given(count=st.integers(1, 40), data=st.data())
def test_leaving_out_any_places_of_an_authors_chain_is_counted_exactly(
    count: int, data: st.DataObject
) -> None:
    kept = sorted(data.draw(st.sets(st.integers(1, count), min_size=1)))
    holes = sum(after != before + 1 for before, after in pairwise([0, *kept]))
    assert author([link(number) for number in kept]) == ([], holes)


# --- many at once ---------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.sampled_from((1, 1, 1, 1, 0, 2)),
            st.integers(0, 9),
            st.integers(0, 9),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_entries_that_come_in_stretches_are_kept_as_if_they_came_one_by_one(
    steps: list[tuple[int, int, int, int, bool]],
) -> None:
    """P8: in their turn or not, with a clock or a roster that went back, forked (ADR 0081)."""
    at_once, one_by_one = Links(["a.pack"]), Links(["a.pack"])
    stretches: list[Stretch] = []
    newest: dict[int, tuple[int, bytes | None, Stretch | None]] = {0: (0, None, None), 1: (0, None, None)}
    for place, (chain, step, roster, time, heard) in enumerate(steps, 1):
        number, previous, stretch = newest[chain]
        number, entry_id = max(1, number + step), hashlib.sha256(bytes([place])).digest()
        before = None if number == 1 else previous or bytes(32)
        seen = (b"%d" % (roster % 2) * 16, place, bytes(32)) if heard else None
        entry = (
            0,
            b"%d" % chain * 16,
            number,
            before,
            seen,
            0,
            entry_id,
            time * place,
            roster * (place % 5),
            None,
        )
        if stretch is None or not stretch.add(entry, place):
            stretch = Stretch(entry, place)
            stretches.append(stretch)
        newest[chain] = number, entry_id, stretch
        one_by_one.take(entry[1], number, entry_id, before, entry[8], entry[7], place, seen)
    for stretch in stretches:
        at_once.extend(stretch, 0)
    for each in (at_once, one_by_one):
        each.settle()
    assert list(at_once) == list(one_by_one)
    for one, other in zip(at_once.runs.values(), one_by_one.runs.values(), strict=True):
        assert (one.steady, one.backwards, one.newest, one.latest) == (
            other.steady,
            other.backwards,
            other.newest,
            other.latest,
        )


@pytest.mark.parametrize("change", ["none", "another", "a gap", "beyond", "another incarnation"])
def test_a_receipt_of_entries_in_a_row_marks_what_it_would_one_by_one(change: str) -> None:
    """P8."""
    ids = [hashlib.sha256(bytes([at])).digest() for at in range(9)]
    at_once, one_by_one = Links([""]), Links([""])
    for each in (at_once, one_by_one):
        for at, entry_id in enumerate(ids):
            each.take(bytes(16), at + 1, entry_id, ids[at - 1] if at else None, 1, at, 0)
    places = [(bytes(16), at + 1, entry_id) for at, entry_id in enumerate(ids)][3:]
    if change == "another":
        places[2] = bytes(16), places[2][1], bytes(32)
    elif change == "a gap":
        del places[2]
    elif change == "beyond":
        places.append((bytes(16), 10, bytes(32)))
    elif change == "another incarnation":
        places[2] = b"1" * 16, *places[2][1:]
    assert at_once.receipt_all(places) == (change == "none")
    if change == "none":
        assert all(one_by_one.receipt(place) for place in places)
    assert at_once.runs[bytes(16)].receipted == one_by_one.runs[bytes(16)].receipted

# SPDX-License-Identifier: Apache-2.0
"""Rosters that follow one another: each alone, by the root, without gaps (P1, P8; docs/format.md §3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Foreign, Malformed, NotAllowed, NotNow, Oversized, WrongSigner, YourError
from goodoffices.core.fields import plain_name, shown_name, to_map, unseen
from goodoffices.core.office import (
    MAX_CREDENTIAL,
    Office,
    Roster,
    follow,
    make_roster,
    read_office,
    sealing_key,
)
from goodoffices.core.roster_request import RosterRequest, changes, read_request, sign_request
from goodoffices.core.statement import LIVE, state
from tests.core import making
from tests.core.making import DAY, NOW, bern, next_roster, seed, tehran, washington, without


def test_a_roster_that_comes_alone_makes_the_credential_longer() -> None:
    """P1: it counts by the root's signature, whoever brings it."""
    longer = next_roster(washington())
    assert follow(washington().office, longer.signed[2]) == longer
    assert follow(longer, longer.signed[1]) is longer


def test_a_roster_before_which_one_is_missing_is_waited_for() -> None:
    """P2: nothing is refused for coming early."""
    office = next_roster(washington())
    third = make_roster(making.roster("Washington", office.id, 3, office.pin), washington().root_seed, LIVE)
    with pytest.raises(NotNow):
        follow(washington().office, third)
    assert follow(office, third).roster.version == 3


def test_two_rosters_of_one_version_are_named_and_only_the_root_can_make_them() -> None:
    """P8: an office that shows two faces has signed both; nobody else can accuse it."""
    known = next_roster(washington())
    other = making.roster("Washington", known.id, 2, known.signed[1].id, releasers_needed=2)
    with pytest.raises(WrongSigner, match="two different rosters"):
        follow(known, make_roster(other, washington().root_seed, LIVE))
    with pytest.raises(WrongSigner, match="Not signed by the office's root"):
        follow(known, make_roster(other, bern().root_seed, LIVE))


def test_a_roster_of_another_office_or_out_of_line_is_refused() -> None:
    """P1."""
    with pytest.raises(Foreign):
        follow(washington().office, next_roster(tehran()).signed[2])
    stray = making.roster("Washington", washington().id, 2, seed("x"))
    with pytest.raises(Foreign):
        follow(washington().office, make_roster(stray, washington().root_seed, LIVE))


def _followed_twice(office: Office, like: Roster) -> None:
    for _ in range(2):
        after = replace(like, version=office.roster.version + 1, previous=office.pin)
        office = follow(office, make_roster(after, washington().root_seed, LIVE))


def test_a_credential_does_not_outgrow_what_can_be_handed_over() -> None:
    """P12: it would be kept, and then never read again."""
    office = washington().office
    why = "x" * 200
    revoked = tuple((seed(str(at)), NOW, why) for at in range(64))
    last = making.roster("Washington", office.id, 2, office.pin, revoked=revoked)
    while len(office.raw) <= MAX_CREDENTIAL - len(cbor.encode(to_map(last))) - 10_000:
        last = replace(last, version=office.roster.version + 1, previous=office.pin)
        office = follow(office, make_roster(last, washington().root_seed, LIVE))
    with pytest.raises(Oversized):
        _followed_twice(office, last)


def test_the_sealing_keys_of_an_earlier_roster_hold_on_where_a_later_one_says_so() -> None:
    """P3: a change of officers need not list a year of keys again."""
    year = tuple(
        (at, NOW + (at - 1) * 28 * DAY, NOW + at * 28 * DAY, crypto.sealing_public(seed(f"epoch {at}")))
        for at in range(1, 14)
    )
    full = next_roster(washington(), reading_epochs=year)
    short = making.roster("Washington", full.id, 3, full.pin, reading_epochs=year[:1], epochs_of=2)
    office = follow(full, make_roster(short, washington().root_seed, LIVE))
    assert office.reading_epochs == year
    assert sealing_key(office.reading_epochs, NOW + 100 * DAY) == (4, year[3][3])
    assert office.epochs_at(1)[1] == washington().office.roster.reading_epochs
    assert read_office(office.raw) == office


def test_a_version_that_is_not_earlier_adds_no_sealing_keys() -> None:
    """P12: a field that may be ignored never makes an object wrong."""
    for version in (2, 3, 99):
        office = next_roster(washington(), epochs_of=version)
        assert office.reading_epochs == office.roster.reading_epochs


def _request(**fields: object) -> RosterRequest:
    office = washington().office
    roster = making.roster("Washington", office.id, 2, office.pin, **fields)
    return RosterRequest(office, state(roster, LIVE))


def test_a_request_reads_back_and_the_root_signs_it() -> None:
    """P10: the desk asks; only the root decides."""
    asked = _request(releasers_needed=2)
    again = read_request(asked.raw)
    assert again == asked
    signed = sign_request(again, washington().root_seed)
    assert follow(washington().office, signed).roster.releasers_needed == 2


def test_another_offices_root_does_not_sign_a_request() -> None:
    """P10."""
    with pytest.raises(NotAllowed):
        sign_request(_request(), bern().root_seed)


def test_a_request_that_does_not_follow_what_is_in_force_is_refused() -> None:
    """P12."""
    office = washington().office
    skipped = making.roster("Washington", office.id, 3, office.pin)
    with pytest.raises(Malformed):
        read_request(RosterRequest(office, state(skipped, LIVE)).raw)
    with pytest.raises(Malformed):
        read_request(office.raw)
    with pytest.raises(Oversized):
        read_request(bytes(2 << 20))


def test_what_a_request_changes_is_told_in_words() -> None:
    """P10: who holds the root reads what would be signed."""
    old = washington().office.roster
    gone = without(old, "drafter")
    named = tuple((name, key, 1 if name == "officer second" else rights) for name, key, rights in gone)
    new = replace(
        old,
        version=2,
        officers=(*named, ("officer new", crypto.ed25519_public(seed("new")), 4)),
        releasers_needed=2,
        desk=crypto.ed25519_public(seed("new desk")),
        revoked=((crypto.ed25519_public(washington().officer("drafter")), NOW, "left"),),
        epochs_of=1,
    )
    told = list(changes(old, new))
    assert any(each.startswith("officer new comes in: duty.") for each in told)
    assert any(each.startswith("officer drafter goes out: left.") for each in told)
    assert any("officer second (was officer second): draft" in each for each in told)
    assert any(each.startswith("2 officers release") for each in told)
    assert any(each.startswith("The desk gets a new key") for each in told)
    assert list(changes(old, replace(old, version=2, epochs_of=1))) == []


@pytest.mark.parametrize(
    "name", ["a\u200db", "a\u200eb", "\u3164", "x\u200c", "a\u00adb", " ", "", "a\u034fb"]
)
def test_a_name_with_what_cannot_be_seen_is_not_signed_here(name: str) -> None:
    """P12: it would stand beside another that looks the same."""
    with pytest.raises(YourError):
        plain_name(name)


@pytest.mark.parametrize("name", ["officer 1", "Федеральный отдел", "نمی‌دانم", "第一处", "Zoë"])
def test_names_as_people_write_them_are_signed(name: str) -> None:
    """P12: the joiner that Persian needs inside a word is not hidden."""
    assert plain_name(name) == name


def test_unseen_characters_of_a_received_name_are_named() -> None:
    """P12: they are shown for what they are."""
    assert unseen("Be\u200drn\u200e") == ("U+200D", "U+200E")
    assert unseen("Bern") == ()
    assert shown_name("Be\u200drn\u200e") == "Be[U+200D]rn[U+200E]"
    assert shown_name("نمی\u200cدانم\ue000") == "نمی\u200cدانم[U+E000]"

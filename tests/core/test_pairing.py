# SPDX-License-Identifier: Apache-2.0
"""Pairing: two who met, and everybody else who tried to."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor, crypto, pairing
from goodoffices.core.errors import (
    Altered,
    Foreign,
    Malformed,
    NotNow,
    OtherOfficeError,
    WrongSigner,
    YourError,
)
from goodoffices.core.office import Office
from goodoffices.core.pairing import (
    CLOCK_SLACK,
    LIFE,
    Meeting,
    MeetingPlace,
    Offer,
    PairingConfirmed,
    Route,
    check_fresh,
    check_heard,
    make_offer,
    meeting_message,
    meeting_place,
    pair,
    read_meeting_message,
    read_offer,
    spoken,
    verify_confirmed,
)
from goodoffices.core.statement import LIVE, Signed, sign, state
from tests.core.making import DRILL, NOW, bern, made_office, seed, tehran, washington

ROUTES = (
    Route("http://127.0.0.1:1", bytes(16), bytes(32)),
    Route("https://relay.example/a", bytes(16), bytes(32)),
)


def offer(office: Office, nonce: str = "nonce", now: int = NOW) -> Offer:
    return make_offer(office, ROUTES, seed(nonce), now)


MINE, THEIRS = offer(washington().office, "mine"), offer(bern().office, "theirs")


def test_both_sides_come_to_the_same_line() -> None:
    assert pair(MINE, THEIRS) == pair(THEIRS, MINE)


def test_an_offer_reads_back_the_same() -> None:
    assert read_offer(MINE.raw) == MINE
    assert read_offer(MINE.raw).routes == ROUTES


@pytest.mark.parametrize(
    "other",
    [
        offer(bern().office, "another"),
        offer(bern().office, "theirs", NOW + 1),
        make_offer(bern().office, ROUTES[:1], seed("theirs"), NOW),
        offer(made_office("Bern", LIVE, 2).office, "theirs"),
    ],
    ids=["nonce", "time", "mailboxes", "roster"],
)
def test_anything_changed_in_an_offer_is_another_line(other: Offer) -> None:
    assert pair(MINE, other).id != pair(MINE, THEIRS).id


def test_nobody_pairs_with_himself_or_a_drill_with_the_live() -> None:
    with pytest.raises(Foreign):
        pair(MINE, offer(washington().office, "again"))
    with pytest.raises(Foreign):
        pair(MINE, offer(made_office("Bern", DRILL).office))


def test_an_offer_lives_one_hour() -> None:
    check_fresh(MINE, NOW)
    check_fresh(MINE, NOW + LIFE)
    check_fresh(MINE, NOW - CLOCK_SLACK)
    for now in (NOW + LIFE + 1, NOW - CLOCK_SLACK - 1):
        with pytest.raises(NotNow):
            check_fresh(MINE, now)


def parts(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "mark": "GO1 offer",
        "credential": bern().office.raw,
        "routes": [["http://127.0.0.1:1", bytes(16), bytes(32)]],
        "nonce": seed("x"),
        "made": NOW,
    }
    return cbor.encode(list((values | changes).values()))


@pytest.mark.parametrize(
    "changes",
    [
        {"mark": "GO2 offer"},
        {"credential": "text"},
        {"credential": b""},
        {"routes": []},
        {"routes": {}},
        {"routes": [["http://a.example", bytes(16), bytes(32)]] * 9},
        {"routes": [["http://a.example", bytes(15), bytes(32)]]},
        {"routes": [["file:///etc/passwd", bytes(16), bytes(32)]]},
        {"routes": [["http://user@a.example", bytes(16), bytes(32)]]},
        {"routes": [["http://a.example/?x=1", bytes(16), bytes(32)]]},
        {"routes": [["http://a.example/#x", bytes(16), bytes(32)]]},
        {"routes": [["http://a.example\r\nX: y", bytes(16), bytes(32)]]},
        {"routes": [["http://а.example", bytes(16), bytes(32)]]},
        {"nonce": bytes(31)},
        {"made": -1},
        {"made": True},
        {"made": 2**63},
    ],
    ids=lambda changes: ascii(changes)[:60],
)
def test_a_malformed_offer_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_offer(parts(**changes))


def test_an_offer_with_a_false_credential_is_refused() -> None:
    root, _ = bern().office.signed
    _, stray = tehran().office.signed
    with pytest.raises(WrongSigner):
        read_offer(parts(credential=cbor.encode([root.raw, stray.raw])))


@given(st.integers(0, len(MINE.raw) - 1), st.integers(1, 255))
def test_any_changed_byte_of_an_offer_is_refused_or_changes_the_digits(at: int, change: int) -> None:
    raw = bytearray(MINE.raw)
    raw[at] ^= change
    try:
        other = read_offer(bytes(raw))
    except OtherOfficeError:
        return
    assert pair(other, THEIRS).id != pair(MINE, THEIRS).id


def test_an_offer_without_a_relay_is_not_made() -> None:
    with pytest.raises(YourError):
        make_offer(bern().office, (), seed("x"), NOW)


# --- digits ---------------------------------------------------------------------------------------


def test_each_side_reads_one_half_and_types_the_other() -> None:
    line = pair(MINE, THEIRS)
    here, there = spoken(line, washington().id), spoken(line, bern().id)
    assert (here.read_aloud, here.expected) == (there.expected, there.read_aloud)
    assert len(here.read_aloud) == len(here.expected) == 30
    assert here.read_aloud != here.expected
    check_heard(line, washington().id, there.read_aloud)
    with pytest.raises(WrongSigner):
        check_heard(line, washington().id, here.read_aloud)


def test_digits_misheard_are_refused() -> None:
    line = pair(MINE, THEIRS)
    heard = spoken(line, washington().id).expected
    wrong = heard[:-1] + str((int(heard[-1]) + 1) % 10)
    with pytest.raises(WrongSigner):
        check_heard(line, washington().id, wrong)
    for text in ("", heard[:-1], heard + "0", heard[:-1] + "x"):
        with pytest.raises(YourError):
            check_heard(line, washington().id, text)


def test_somebody_in_the_middle_of_two_files_cannot_make_the_digits_fit() -> None:
    """He hands each side an offer of his own; each then reads digits of another line."""
    third = offer(tehran().office, "in the middle")
    with_washington, with_bern = pair(MINE, third), pair(third, THEIRS)
    with pytest.raises(WrongSigner):
        check_heard(with_washington, washington().id, spoken(with_bern, bern().id).read_aloud)
    with pytest.raises(WrongSigner):
        check_heard(with_bern, bern().id, spoken(with_washington, washington().id).read_aloud)


def test_mailboxes_swapped_on_the_way_do_not_fit_either() -> None:
    """An offer is not signed; the digits cover it whole."""
    swapped = make_offer(
        bern().office, (Route("http://127.0.0.1:9", bytes(16), bytes(32)),), seed("theirs"), NOW
    )
    with pytest.raises(WrongSigner):
        check_heard(pair(MINE, swapped), washington().id, spoken(pair(MINE, THEIRS), bern().id).read_aloud)


# --- confirmation ---------------------------------------------------------------------------------


def confirmed(*signers: bytes, realm: bytes = LIVE, **changes: Any) -> Signed:
    values: dict[str, Any] = {
        "line": pair(MINE, THEIRS).id,
        "office": bern().id,
        "roster": 1,
        "time": (NOW, 2),
    }
    return sign(state(PairingConfirmed(**(values | changes)), realm), *(signers or (bern().officer(),)))


def test_a_keeper_of_keys_confirms() -> None:
    assert verify_confirmed(confirmed(), pair(MINE, THEIRS).id, bern().office).office == bern().id


@pytest.mark.parametrize(
    ("signed", "error"),
    [
        (confirmed(bern().desk_seed), WrongSigner),
        (confirmed(bern().officer("drafter")), WrongSigner),
        (confirmed(washington().officer()), WrongSigner),
        (confirmed(bern().officer(), seed("x")), WrongSigner),
        (confirmed(roster=2), WrongSigner),
        (Signed(confirmed().statement, ()), WrongSigner),
        (confirmed(line=seed("another line")), Foreign),
        (confirmed(office=washington().id), Foreign),
        (confirmed(realm=DRILL), Foreign),
    ],
    ids=[
        "desk",
        "drafter",
        "other office",
        "a stranger beside",
        "roster to come",
        "unsigned",
        "line",
        "office",
        "drill",
    ],
)
def test_a_confirmation_is_refused(signed: Signed, error: type[OtherOfficeError]) -> None:
    with pytest.raises(error):
        verify_confirmed(signed, pair(MINE, THEIRS).id, bern().office)


# --- the meeting place ----------------------------------------------------------------------------

CODE = "12345 67890 12345 67890"
PLACE = meeting_place(CODE)


def met(*messages: tuple[int, bytes], now: int = NOW) -> Meeting:
    meeting = Meeting(MINE)
    for kind, content in messages:
        meeting.handle(kind, content, now)
    return meeting


COMMIT, REVEAL = (1, THEIRS.digest), (2, THEIRS.raw)


def test_two_who_commit_and_reveal_have_met() -> None:
    here, there = Meeting(MINE), Meeting(THEIRS)
    mine, theirs = here.commitment(), there.commitment()
    assert here.handle(*mine, NOW) is None  # its own, read back from the mailbox
    reveal_here, reveal_there = here.handle(*theirs, NOW), there.handle(*mine, NOW)
    assert reveal_here is not None
    assert reveal_there is not None
    assert here.handle(*reveal_here, NOW) is None
    here.handle(*reveal_there, NOW)
    there.handle(*reveal_here, NOW)
    assert (here.theirs, there.theirs) == (THEIRS, MINE)


def test_nothing_is_revealed_before_the_other_has_committed() -> None:
    meeting = Meeting(MINE)
    assert meeting.handle(*meeting.commitment(), NOW) is None
    with pytest.raises(WrongSigner):
        meeting.handle(*REVEAL, NOW)
    assert meeting.theirs is None


def test_a_reveal_that_was_not_committed_to_is_refused() -> None:
    other = offer(bern().office, "chosen after seeing mine")
    with pytest.raises(WrongSigner):
        met(COMMIT, (2, other.raw))


def test_a_third_commitment_ends_the_meeting() -> None:
    with pytest.raises(WrongSigner):
        met(COMMIT, (1, offer(tehran().office).digest))


def test_the_same_message_twice_changes_nothing() -> None:
    assert met(COMMIT, COMMIT, REVEAL, REVEAL).theirs == THEIRS


def test_an_offer_replayed_after_its_hour_is_refused() -> None:
    with pytest.raises(NotNow):
        met(COMMIT, REVEAL, now=NOW + LIFE + 1)


def test_a_small_order_key_in_a_reveal_is_refused() -> None:
    raw = THEIRS.raw.replace(bern().office.roster.desk, bytes([1]) + bytes(31))
    digest = crypto.sha256(b"GO1 offer" + raw)
    with pytest.raises(OtherOfficeError):
        met((1, digest), (2, raw))


def test_what_lies_at_the_meeting_place_tells_the_relay_nothing() -> None:
    messages = [
        meeting_message(PLACE, kind, content, seed(str(kind)), 65536) for kind, content in (COMMIT, REVEAL)
    ]
    assert {len(each) for each in messages} == {65536}
    assert [read_meeting_message(PLACE, each) for each in messages] == [COMMIT, REVEAL]
    assert all(THEIRS.digest not in each and b"Bern" not in each for each in messages)


def test_another_code_leads_elsewhere() -> None:
    other = meeting_place("12345 67890 12345 67891")
    assert not set(vars(PLACE).values()) & set(vars(other).values())
    with pytest.raises(Altered):
        read_meeting_message(other, meeting_message(PLACE, *COMMIT, seed("salt"), 4096))


def test_the_rights_of_a_meeting_place_differ() -> None:
    assert len({PLACE.put, PLACE.collect, PLACE.delete, PLACE.key}) == 4
    assert meeting_place("12345-67890-12345-67890") == PLACE


def test_an_offer_that_does_not_fit_is_not_cut() -> None:
    with pytest.raises(YourError):
        meeting_message(PLACE, 2, bytes(4096), seed("salt"), 4096)


def at_place(
    plain: bytes, length: int | None = None, place: MeetingPlace = PLACE, padding: bytes = bytes(8)
) -> bytes:
    key = crypto.hkdf(place.key, b"GO1 meeting message", salt=seed("salt"))
    padded = (len(plain) if length is None else length).to_bytes(4, "big") + plain + padding
    return seed("salt") + crypto.seal_once(key, padded, b"")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        bytes(32),
        bytes(48),
        at_place(cbor.encode([3, bytes(32)])),
        at_place(cbor.encode([True, bytes(32)])),
        at_place(cbor.encode([1, bytes(31)])),
        at_place(cbor.encode([1, "text"])),
        at_place(cbor.encode([1])),
        at_place(cbor.encode({})),
        at_place(b"\x80", length=2**32 - 1),
        at_place(cbor.encode([1, bytes(32)]), padding=b"hidden"),
        at_place(b"", padding=b""),
    ],
)
def test_other_messages_at_the_meeting_place_are_refused(message: bytes) -> None:
    with pytest.raises(OtherOfficeError):
        read_meeting_message(PLACE, message)


def test_a_confirmation_of_one_line_does_not_confirm_the_next() -> None:
    again = pair(MINE, replace(THEIRS, raw=offer(bern().office, "another").raw))
    with pytest.raises(Foreign):
        verify_confirmed(confirmed(), again.id, bern().office)
    assert pairing.CODE_DIGITS == 20

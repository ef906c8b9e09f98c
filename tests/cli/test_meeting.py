# SPDX-License-Identifier: Apache-2.0
"""Pairing at a meeting place: real offices, a real relay, and somebody else who knows the code."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.request

import pytest

from goodoffices.core.envelope import SIZE_CLASSES
from goodoffices.core.pairing import Offer, Route, make_offer, meeting_message, meeting_place
from goodoffices.core.statement import LIVE
from goodoffices.desk.founding import NewOfficer, found
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.meeting import meet
from goodoffices.desk.routes.relay_client import RelayClient
from tests.cli.conftest import Office, Said, ended, refusal
from tests.relay.conftest import RelayProcess

pytestmark = pytest.mark.slow
CODE = "12345 67890 12345 67890"
OTHER = "12345 67890 12345 67891"


def _now() -> int:
    return time.time_ns() // 1_000_000


def _forged(name: str) -> Offer:
    """The invitation of an office that somebody made under another's name."""
    office = found(name, [NewOfficer("duty", "officer 1")], LIVE, os.urandom, _now()).office
    return make_offer(office, (Route("http://127.0.0.1:1", bytes(16), bytes(32)),), os.urandom(32), _now())


async def _meet_as(relay: RelayProcess, forged: Offer) -> Offer:
    client = RelayClient()
    try:
        return await meet(client, relay.address, CODE, forged, now=_now, rng=os.urandom, wait=120)
    finally:
        await client.close()


def _at_the_place(relay: RelayProcess, kind: int, content: bytes) -> None:
    """Say something at the meeting place, as anybody who knows the code can."""

    async def say() -> None:
        place = meeting_place(CODE)
        route = RouteRow(
            0, None, relay.address, place.mailbox, place.put, place.collect, place.delete, False, 0
        )
        client = RelayClient()
        try:
            await client.make_mailbox(route)
            await client.put(route, meeting_message(place, kind, content, os.urandom(32), SIZE_CLASSES[0]))
        finally:
            await client.close()

    asyncio.run(say())


def _waiting_at_the_place(relay: RelayProcess) -> int:
    place = meeting_place(CODE)
    request = urllib.request.Request(
        f"{relay.address}/v1/mailboxes/{place.mailbox.hex()}",
        headers={"Authorization": f"Bearer {place.collect.hex()}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return int(json.load(answer)["waiting"])


def _both(washington: Office, bern: Office, relay: RelayProcess, *codes: str, wait: int = 120) -> list[Said]:
    going = [
        office.begin(f"line meeting --relay {relay.address} --wait {wait} --name {name} --code", code)
        for (office, name), code in zip(((washington, "Bern"), (bern, "Washington")), codes, strict=True)
    ]
    return [ended(each) for each in going]


def test_two_offices_meet_by_a_code_and_read_their_digits(
    washington: Office, bern: Office, relay: RelayProcess
) -> None:
    """One makes the code, the other is told it. A relay with a slip in its address is told at once (P7)."""
    slip = "--relay http://127.0.0.1:1"
    first = washington.begin(f"line meeting --relay {relay.address} {slip} --wait 120 --name Bern")
    assert first.stdout is not None
    said = first.stdout.readline()
    assert said.startswith("code")
    there = bern.does(
        f"line meeting --relay {relay.address} --wait 120 --name Washington --code", said.removeprefix("code")
    )
    here = ended(first)
    assert here.code == 0, here.err
    assert "http://127.0.0.1:1 does not answer now." in here.err
    assert "Nobody listens there." in here.err
    assert "does not answer" not in there.err
    assert (here.word("peer"), there.word("peer")) == ("Bern", "Washington")
    own = washington.is_refused("line confirm --name Bern --digits", here.word("read"))
    assert "that you read out yourself" in own
    assert "goodoffices line confirm --vault vault --officer duty --name Bern" in here.err
    washington.does("line confirm --name Bern --digits", there.word("read"))
    bern.does("line confirm --name Washington --digits", here.word("read"))


def test_what_was_said_at_the_meeting_place_is_cleared_away(
    washington: Office, bern: Office, relay: RelayProcess
) -> None:
    assert [said.code for said in _both(washington, bern, relay, CODE, CODE)] == [0, 0]
    assert _waiting_at_the_place(relay) == 0


def test_with_another_code_nobody_comes(washington: Office, bern: Office, relay: RelayProcess) -> None:
    for said in _both(washington, bern, relay, CODE, OTHER, wait=1):
        assert "Nobody else came" in refusal(said)
        assert "nobody is there yet" in said.err  # before it waits
    assert washington.does("line list").out == ""
    assert _waiting_at_the_place(relay) == 0


def test_no_code_is_shown_to_whom_the_passphrase_does_not_let_in(washington: Office) -> None:
    """P10: a code that was read out lives an hour."""
    (washington.folder / "passphrase").write_text("some other words here\n")
    said = ended(washington.begin("line meeting --relay http://127.0.0.1:1 --name Bern"))
    assert (said.code, said.out) == (1, "")


@pytest.mark.parametrize(
    ("code", "said"), [("123", "3 digits were typed, 20 are needed"), ("x" * 20, "0 to 9 only")]
)
def test_what_is_no_code_is_refused(washington: Office, relay: RelayProcess, code: str, said: str) -> None:
    words = f"line meeting --relay {relay.address} --wait 1 --name Bern --code"
    assert said in washington.is_refused(words, code)


def test_a_relay_that_is_down_is_named(washington: Office, relay: RelayProcess) -> None:
    relay.kill()
    said = washington.is_refused(f"line meeting --relay {relay.address} --name Bern --code", CODE)
    assert "the relay's" in said
    assert f"127.0.0.1:{relay.port} cannot be reached" in said


def test_a_third_at_the_meeting_place_is_told_to_both_sides(
    washington: Office, bern: Office, relay: RelayProcess
) -> None:
    """Somebody who knows the code committed to an invitation of his own."""
    _at_the_place(relay, 1, os.urandom(32))
    for said in _both(washington, bern, relay, CODE, CODE):
        assert "A third party knows the code" in refusal(said)
    assert washington.does("line list").out == bern.does("line list").out == ""


def test_an_invitation_that_was_not_committed_to_is_refused(washington: Office, relay: RelayProcess) -> None:
    """Commit, then reveal: nobody may choose his invitation after he has seen the other's."""
    _at_the_place(relay, 2, b"x")
    said = washington.is_refused(f"line meeting --relay {relay.address} --wait 20 --name Bern --code", CODE)
    assert "whose fault: the other office's" in said


def test_who_commits_and_shows_nothing_is_told_apart_from_nobody(
    washington: Office, relay: RelayProcess
) -> None:
    _at_the_place(relay, 1, os.urandom(32))
    said = washington.is_refused(f"line meeting --relay {relay.address} --wait 1 --name Bern --code", CODE)
    assert "did not show an invitation" in said


def test_somebody_in_the_middle_is_heard_in_the_digits(
    washington: Office, bern: Office, relay: RelayProcess
) -> None:
    """He knows the code, meets each side under the other's name, and cannot make the digits fit."""

    async def between(office: Office, words: str, forged: Offer) -> Said:
        met = asyncio.ensure_future(_meet_as(relay, forged))
        said = await asyncio.to_thread(lambda: ended(office.begin(words, CODE)))
        await met
        return said

    words = f"line meeting --relay {relay.address} --wait 120 --name"
    here = asyncio.run(between(washington, f"{words} Bern --code", _forged("Bern")))
    there = asyncio.run(between(bern, f"{words} Washington --code", _forged("Washington")))
    assert (here.word("peer"), there.word("peer")) == ("Bern", "Washington")  # names prove nothing
    for office, name, heard in ((washington, "Bern", there), (bern, "Washington", here)):
        said = office.is_refused(f"line confirm --name {name} --digits", heard.word("read"))
        assert "somebody stands between the two offices" in said
        assert "digits not compared" in office.does("line list").out


def test_a_name_that_is_taken_is_refused_before_anybody_is_met(
    washington: Office, bern: Office, relay: RelayProcess
) -> None:
    assert [said.code for said in _both(washington, bern, relay, CODE, CODE)] == [0, 0]
    words = f"line meeting --relay {relay.address} --wait 120 --name Bern --code"
    assert "There is a line named Bern already" in washington.is_refused(words, OTHER)

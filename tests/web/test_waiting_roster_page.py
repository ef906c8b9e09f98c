# SPDX-License-Identifier: Apache-2.0
"""A counterpart's roster that waits, on the page *Lines* and on *Ready* (P1, P6, P10; ADR 0079)."""

from __future__ import annotations

import pytest

from goodoffices.core import envelope
from goodoffices.core.office import make_roster, sealing_key
from goodoffices.core.statement import Signed
from goodoffices.core.vouching import roster_digits
from tests.web.offices import Offices
from tests.web.test_pages import signed_in, words_of


def sent_by_itself(offices: Offices) -> Signed:
    """Washington's next roster, by its root alone, as it comes to Bern in an envelope."""
    west, bern = offices.washington, offices.bern
    offices.pair(west, bern)
    request = west.desk.rosters.need(west.founding.officer("duty"), 1, offices.time)
    signed = make_roster(request.roster, west.founding.root_seed, bytes(16))
    line = bern.desk.line_named("Washington").id
    _, public = sealing_key(bern.founding.office.envelope_epochs, offices.time)
    sealed = envelope.pack([envelope.roster_part(signed)], realm=bytes(16), line=line, public=public)
    bern.desk.receive(line, sealed, offices.time)
    return signed


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fa", "fr", "ar"])
def test_a_keeper_types_what_was_read_and_the_roster_counts(language: str) -> None:
    """P1, P10: other digits change nothing, and what was typed stands."""
    offices = Offices()
    signed = sent_by_itself(offices)
    desk, west = offices.bern.desk, offices.washington.desk.me
    line = desk.line_named("Washington").id
    here = signed_in(offices.bern, **{"accept-language": language})
    assert 'name="roster"' in here.get("/lines").text
    wrong = here.post(f"/lines/{line.hex()}/roster", html=True, roster="1" * 30)
    assert wrong.status_code == 409
    assert f'value="{"1" * 30}"' in wrong.text
    assert (
        here.post(f"/lines/{line.hex()}/roster", html=True, roster=roster_digits(signed)).status_code == 303
    )
    known = desk.ledger.office(west)
    assert known is not None
    assert known.pin == signed.id
    assert 'name="roster"' not in here.get("/lines").text


def test_both_offices_are_told_whom_to_call_and_what_to_read() -> None:
    """P6"""
    offices = Offices()
    sent_by_itself(offices)
    here = signed_in(offices.bern)
    told = words_of(here.get("/lines").text)
    assert "Call their people, at a number that you had before" in told
    assert "they put a newer version in its place, over the same vault" in told
    assert "Roster 2 of Washington came by its root’s word alone, and waits." in words_of(
        here.get("/ready").text
    )
    desk = offices.washington.desk
    with desk.context.transaction():
        desk.lines.untold.since(0)
    page = words_of(signed_in(offices.washington).get("/lines").text)
    assert "Bern does not go by our newest roster yet" in page
    assert roster_digits(desk.context.my_office().signed[1]) in page.replace(" ", "")

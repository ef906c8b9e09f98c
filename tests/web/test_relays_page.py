# SPDX-License-Identifier: Apache-2.0
"""The page of a line's relays: what waits where, and a change while notes flow (ADR 0043)."""

from __future__ import annotations

import pytest

from goodoffices.desk.routes.looking import Looked
from tests.web.offices import RELAYS, Offices
from tests.web.test_pages import release, signed_in, words_of

THIRD = "http://127.0.0.1:11"


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fa", "fr", "ar"])
def test_an_officer_replaces_a_relay_and_the_other_office_collects_there_too(language: str) -> None:
    """P7: both sides read from and write to the new one, each by its own officer's act."""
    offices = Offices()
    mandate = offices.agree()
    line = offices.washington.desk.line_named("Bern").id
    path = f"/lines/{line.hex()}/relays"
    here = signed_in(offices.washington, **{"accept-language": language})
    there = signed_in(offices.bern, **{"accept-language": language})
    assert RELAYS[0] in here.get(path).text
    changed = here.post(path, html=True, relays=f"{RELAYS[0]}\r\n{THIRD}\r\n")
    assert changed.status_code == 303
    assert THIRD in there.get(path).text
    assert there.post(path, html=True, relays=f"{RELAYS[0]} {THIRD}").status_code == 303
    for desk in (offices.washington.desk, offices.bern.desk):
        for own in (True, False):
            assert {each.relay for each in desk.ledger.routes(line, own=own)} == {RELAYS[0], THIRD}
    note = release(offices.washington, mandate, offices.tehran.me, "Over the new relay.")
    assert offices.bern.desk.ledger.note(note) is not None


def test_what_waits_is_told_per_relay() -> None:
    """P6: ours not taken, ours taken and not receipted, and what lies there by the relay's own word."""
    offices = Offices()
    mandate = offices.agree()
    offices.washington.cut = True
    release(offices.washington, mandate, offices.tehran.me, "Waits.")
    line = offices.washington.desk.line_named("Bern").id
    ours = offices.washington.desk.ledger.routes(line, own=True)[0]
    offices.washington.look_states = {ours.id: Looked(3, offices.time, offices.time)}
    page = words_of(signed_in(offices.washington).get(f"/lines/{line.hex()}/relays").text)
    assert "3 envelopes lie there for us." in page
    assert "1 of ours it has not taken yet." in page
    assert "What lies there is not known." in page


def test_an_address_that_is_none_is_refused_and_what_was_typed_stands() -> None:
    """P12"""
    offices = Offices()
    offices.agree()
    line = offices.washington.desk.line_named("Bern").id
    here = signed_in(offices.washington)
    answer = here.post(f"/lines/{line.hex()}/relays", html=True, relays="http://elsewhere.example")
    assert answer.status_code == 403
    assert "plain HTTP to another machine" in words_of(answer.text)
    assert "http://elsewhere.example</textarea>" in answer.text


def test_a_keeper_of_keys_changes_the_beat_of_a_line_while_it_runs() -> None:
    """P3: the page says whether a relay can tell when notes pass, and the desk beats from then on."""
    offices = Offices()
    offices.agree()
    desk = offices.washington.desk
    line = desk.line_named("Bern").id
    path = f"/lines/{line.hex()}/relays"
    here = signed_in(offices.washington)
    assert "the relays see when something passes on this line" in words_of(here.get(path).text)
    assert here.post(f"{path}/beat", html=True, seconds="30").status_code == 303
    assert "Every 30 seconds one envelope leaves" in words_of(here.get(path).text)
    assert line in desk.lines.sending.beats
    refused = here.post(f"{path}/beat", html=True, seconds="601")
    assert refused.status_code == 400
    assert "A beat is between one second and ten minutes." in words_of(refused.text)
    assert here.post(f"{path}/beat", html=True, seconds="0").status_code == 303
    assert line not in desk.lines.sending.beats


@pytest.mark.parametrize("language", ["en", "fa", "fr", "ar"])
def test_an_address_with_a_slip_as_the_only_relay_is_not_signed_unless_the_officer_says_so(
    language: str,
) -> None:
    """P6, P7: the other desk would put everything where nobody collects; a saying counts for that list alone."""
    offices = Offices()
    offices.agree()
    desk = offices.washington.desk
    line = desk.line_named("Bern").id
    path = f"/lines/{line.hex()}/relays"
    here = signed_in(offices.washington, **{"accept-language": language})
    slip, other = "https://realy.example", "https://ralay.example"
    offices.washington.silent_relays = {
        each: f"{each[8:]} cannot be reached. Its name is not known." for each in (slip, other)
    }

    def used() -> set[str]:
        return {each.relay for each in desk.ledger.routes(line, own=True) if each.state == "used"}

    before = used()
    refused = here.post(path, html=True, relays=slip)
    assert refused.status_code == 409
    assert used() == before
    assert f"{slip}</textarea>" in refused.text
    assert f'name="anyway" value="{slip}"' in refused.text
    told = words_of(refused.text)
    assert ("None of these relays would take anything in for us" in told) == (language == "en")
    assert ("Its name is not known." in told) == (language == "en")
    assert "realy.example" in told
    again = here.post(path, html=True, relays=other, anyway=slip)
    assert again.status_code == 409
    assert f'name="anyway" value="{other}"' in again.text
    assert used() == before
    assert here.post(path, html=True, relays=slip, anyway=slip).status_code == 303
    assert used() == {slip}


def test_a_new_relay_that_does_not_answer_is_met_beside_good_ones_and_an_old_one_that_is_down_is_not() -> (
    None
):
    """P7: what was there before and is down stops nobody from adding one that answers."""
    offices = Offices()
    offices.agree()
    line = offices.washington.desk.line_named("Bern").id
    path = f"/lines/{line.hex()}/relays"
    here = signed_in(offices.washington)
    offices.washington.silent_relays = {THIRD: "127.0.0.1:11 refused with 403: not admitted"}
    refused = here.post(path, html=True, relays=f"{RELAYS[0]} {THIRD}")
    assert refused.status_code == 409
    assert "A new relay takes nothing in for us now: what is sent there would not reach us." in words_of(
        refused.text
    )
    assert "refused with 403" in words_of(refused.text)
    offices.washington.silent_relays = {RELAYS[0]: "127.0.0.1:9 cannot be reached. Nobody listens there."}
    assert here.post(path, html=True, relays=f"{RELAYS[0]} {THIRD}").status_code == 303
    down = here.post(path, html=True, relays=RELAYS[0])
    assert down.status_code == 409
    assert "None of these relays would take anything in for us" in words_of(down.text)

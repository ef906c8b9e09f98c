# SPDX-License-Identifier: Apache-2.0
"""The line status, line tests and service chat, as an officer and a program see them."""

from typing import Any

import pytest

from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from tests.web.offices import Browser, DeskInMemory, Offices

MINUTE = 60_000


@pytest.fixture
def offices() -> Offices:
    return Offices()


@pytest.fixture
def mandate(offices: Offices) -> bytes:
    return offices.agree()


def browse(desk: DeskInMemory) -> Browser:
    browser = Browser(desk)
    assert browser.sign_in().status_code == 200
    return browser


def line_to(browser: Browser, peer: str) -> Any:
    return next(each for each in browser.json("/status")["lines"] if each["card"]["peer_name"] == peer)


def release(offices: Offices, mandate: bytes, text: str = "We do not want a war.") -> bytes:
    draft = Draft(
        mandate=mandate, recipient=offices.tehran.me, words=Words(text=text, language="en"), precedence=3
    )
    officer = offices.washington.officer()
    return offices.washington.act(lambda desk, now: desk.acts.release(officer, draft, now))


def quiet(browser: Browser) -> list[tuple[int, str, str]]:
    return [(each["number"], each["state"], each["word"]) for each in browser.json("/status")["notes"]]


def test_each_state_of_a_line_has_a_name_since_when_and_advice(offices: Offices, mandate: bytes) -> None:
    """P6: route, relays, one relay, desk, locked, in order: told apart."""
    browser, washington = browse(offices.washington), offices.washington
    assert line_to(browser, "Bern")["card"]["state"] == "open"
    offices.bern.desk.lock()
    offices.bern.desk.lines.tell(offices.time)
    offices.pump()
    assert line_to(browser, "Bern")["card"]["state"] == "locked"
    washington.relay_states[0].up, washington.relay_states[0].since = False, offices.time - 5
    assert line_to(browser, "Bern")["card"]["state"] == "relay down"
    washington.relay_states[1].up = False
    card = line_to(browser, "Bern")["card"]
    assert (card["state"], card["since"]) == ("route down", offices.time)
    by_hand = f'What cannot wait is carried: <a href="/lines/{card["id"]}/courier">By hand</a>'
    assert by_hand in browser.get("/status").text  # nobody has to know of it beforehand
    washington.relay_states[0].up = washington.relay_states[1].up = True
    offices.bern.cut = True
    began = offices.time
    release(offices, mandate)
    offices.time += 2 * MINUTE
    card = line_to(browser, "Bern")["card"]
    assert (card["state"], card["since"]) == ("silent", began)
    page = browser.get("/status").text
    assert "Their desk is down or cut off" in page
    assert "Call them by another way" in page
    offices.bern.cut = False
    offices.time += 10 * MINUTE
    offices.pump()
    assert line_to(browser, "Bern")["card"]["state"] not in ("silent", "route down")
    assert by_hand not in browser.get("/status").text


def test_relays_of_one_line_down_are_not_our_own_network(offices: Offices, mandate: bytes) -> None:
    """P6: while another line's relay answers, the way out of the building is well."""
    bern = offices.bern
    bern.relay_states.append(type(bern.relay_states[0])("http://127.0.0.1:11", True, offices.time, 0, ""))
    for state in bern.relay_states[:2]:
        state.up = False
    assert line_to(browse(bern), "Tehran")["card"]["state"] == "relays down"


def test_relays_that_answer_and_refuse_are_not_our_own_network(offices: Offices, mandate: bytes) -> None:
    """P6: whose database is away was reached; cable, switch and firewall here are not looked at for it."""
    washington = offices.washington
    for state in washington.relay_states:
        state.up, state.what = False, f"{state.url[7:]} refused with 503: The relay is away."
    browser = browse(washington)
    assert line_to(browser, "Bern")["card"]["state"] == "relays down"
    page = browser.get("/status").text
    assert "No relay carries" in page
    assert "refused with 503: The relay is away." in page
    washington.relay_states[0].what = washington.relay_states[1].what = "127.0.0.1:9 cannot be reached."
    assert line_to(browser, "Bern")["card"]["state"] == "route down"


def test_what_was_said_hours_ago_is_not_heard_now(offices: Offices, mandate: bytes) -> None:
    """P6: an entry that lay at a relay says that their desk was well then."""
    offices.bern.cut = True
    officer, line = offices.washington.officer(), offices.bern.desk.line_named("Washington").id
    sent = offices.time
    offices.washington.act(lambda desk, now: desk.service_traffic.say(officer, line, "Hello", now))
    puts = list(offices.washington.desk.lines.sending._batches.values())
    offices.bern.cut = False
    offices.time += 300 * MINUTE
    for batch in puts:
        offices.bern.desk.receive(line, batch.envelope, offices.time)
    assert offices.bern.desk.lines.heard[line][0] == sent


def test_a_note_that_nobody_forwards_opens_or_answers_is_named(offices: Offices, mandate: bytes) -> None:
    """P6: at the desk, at the far desk, opened and no answer, each with whose word it is."""
    washington, bern, tehran = (browse(each) for each in offices.desks.values())
    note = release(offices, mandate).hex()
    assert quiet(washington) == [(1, "not forwarded", "the intermediary's word")]
    (waits,) = washington.json("/status")["notes"]
    assert offices.time < waits["due"] <= offices.time + 10 * MINUTE
    assert "not late before" in washington.get("/status").text
    offices.time += 10 * MINUTE
    (late,) = washington.json("/status")["notes"]
    assert (late["late"], late["due"]) == (True, None)
    bern.done(f"/notes/{note}/take")
    bern.done(f"/notes/{note}/forward")
    assert quiet(washington) == [(1, "not opened", "signed by the reader")]
    tehran.done(f"/notes/{note}/open")
    assert quiet(washington) == [(1, "no answer", "signed by the reader")]
    assert "nobody has opened it" not in washington.get("/").text
    assert "opened, and no answer" in washington.get("/findings").text
    tehran.done(f"/notes/{note}/acknowledge", kind="2")
    assert quiet(washington) == []


def test_a_note_of_theirs_that_came_after_is_an_answer(offices: Offices, mandate: bytes) -> None:
    """P6"""
    washington, bern, tehran = (browse(each) for each in offices.desks.values())
    note = release(offices, mandate).hex()
    bern.done(f"/notes/{note}/forward")
    tehran.done(f"/notes/{note}/open")
    assert quiet(washington) == [(1, "no answer", "signed by the reader")]
    offices.time += MINUTE
    answer = tehran.done(
        f"/channels/{mandate.hex()}/release", to=offices.washington.me.hex(), text="Nor do we.", language="en",
        precedence="3",
    )["id"]  # fmt: skip
    bern.done(f"/notes/{answer}/forward")
    assert quiet(washington) == []


def test_a_refusal_is_no_silence_of_the_line(offices: Offices, mandate: bytes) -> None:
    """P6"""
    washington, bern = browse(offices.washington), browse(offices.bern)
    note = release(offices, mandate).hex()
    bern.done(f"/notes/{note}/refuse", reason="Not in this form.")
    assert quiet(washington) == [(1, "refused", "the intermediary's word")]
    assert "refused" in washington.get("/status").text
    offices.time += 4 * 86_400_000
    assert quiet(washington) == []


def test_the_result_of_a_test_stands_on_both_sides(offices: Offices, mandate: bytes) -> None:
    """P6: when it went through, and how long it took."""
    washington, bern = browse(offices.washington), browse(offices.bern)
    line = line_to(washington, "Bern")["card"]["id"]
    washington.done(f"/status/{line}/test", kind="desk")
    tests = line_to(washington, "Bern")["by_desks"]
    assert (tests["went_through"], tests["took"], tests["waits_since"]) == (offices.time, 0, None)
    assert line_to(bern, "Washington")["by_desks"]["theirs_at"] == offices.time
    assert "last test went through" in washington.get("/status").text


def test_a_person_answers_a_test_by_a_button_that_no_note_has(offices: Offices, mandate: bytes) -> None:
    """P11: other words, other place, other class; and it is on every page until it is answered."""
    washington, bern = browse(offices.washington), browse(offices.bern)
    line = line_to(washington, "Bern")["card"]["id"]
    washington.done(f"/status/{line}/test", kind="person")
    assert line_to(washington, "Bern")["by_people"]["waits_since"] == offices.time
    for path in ("/", "/lines", "/findings", f"/channels/{mandate.hex()}"):
        assert "Line test: Washington asks whether a person is here" in bern.get(path).text
    call = line_to(bern, "Washington")["call"]
    offices.time += MINUTE
    bern.done(f"/status/{line}/answer", nonce=call["nonce"])
    people = line_to(washington, "Bern")["by_people"]
    assert (people["by"], people["took"]) == ("officer 1", MINUTE)
    assert line_to(bern, "Washington")["call"] is None
    assert bern.json("/")["here"]["waiting"] == []
    page = washington.get("/status").text
    assert "answered by officer 1" in page


def test_an_answer_to_no_call_is_refused(offices: Offices, mandate: bytes) -> None:
    """P12"""
    bern = browse(offices.bern)
    line = line_to(bern, "Washington")["card"]["id"]
    for nonce in ("", "zz", "00" * 16):
        assert bern.post(f"/status/{line}/answer", nonce=nonce).status_code == 404


def test_chat_is_said_seen_and_erased(offices: Offices, mandate: bytes) -> None:
    """P4: signed by its officer, beside the channels, gone when asked."""
    washington, bern = browse(offices.washington), browse(offices.bern)
    line = line_to(washington, "Bern")["card"]["id"]
    where = f"/status/{line}/chat"
    washington.done(where, chat_words="Relay two is back.\u202e")
    assert "1 new line of service chat" in bern.get("/").text
    (said,) = bern.json(where)["chat"]
    assert (said["words"], said["signer"], said["mine"]) == ("Relay two is back.\u202e", "officer 1", False)
    assert "new line of service chat" not in bern.get("/").text
    page = bern.get(where).text
    assert '<span class="unseen"' in page
    assert "Relay two is back." not in bern.get(f"/channels/{mandate.hex()}").text
    (own,) = washington.json(where)["chat"]
    assert own["receipted"]
    bern.done(f"{where}/erase")
    assert bern.json(where)["chat"][0]["words"] is None
    assert washington.json(where)["chat"][0]["words"] is not None


def test_a_text_drafted_as_a_note_is_not_sent_as_chat_nor_the_other_way(
    offices: Offices, mandate: bytes
) -> None:
    """P4: whatever a stale page, a mixed-up form or a copied field would send."""
    washington = browse(offices.washington)
    line = line_to(washington, "Bern")["card"]["id"]
    as_note: dict[str, Any] = {
        "to": offices.tehran.me.hex(),
        "text": "A note.",
        "language": "en",
        "precedence": "3",
    }
    answer = washington.post(f"/status/{line}/chat", chat_words="A note.", **as_note)
    assert answer.status_code == 400
    assert "written as a note" in answer.json()["what"]
    for path in ("confirm", "release"):
        answer = washington.post(
            f"/channels/{mandate.hex()}/{path}", chat_words="The cable is cut.", **as_note
        )
        assert answer.status_code == 400
    assert washington.json(f"/status/{line}/chat")["chat"] == []
    assert washington.json(f"/channels/{mandate.hex()}")["lanes"][0]["items"] == []


def test_chat_written_on_one_lines_page_is_not_sent_on_another(offices: Offices, mandate: bytes) -> None:
    """P4: two counterparts, two pages; the token of one does not fit the other."""
    bern = browse(offices.bern)
    one, other = (line_to(bern, name)["card"]["id"] for name in ("Washington", "Tehran"))
    page = bern.get(f"/status/{one}/chat").text
    token = page.split('name="bound" value="')[1].split('"')[0]
    for given in (token, "", "x"):
        answer = bern.post(f"/status/{other}/chat", html=True, chat_words="Only for Washington.", bound=given)
        assert answer.status_code == 403
        assert "Only for Washington." in answer.text  # kept on the page, and said that nothing was sent
    assert bern.json(f"/status/{other}/chat")["chat"] == []
    assert bern.post(f"/status/{one}/chat", html=True, chat_words="Hi.", bound=token).status_code == 303


def test_of_a_line_that_is_not_here_there_is_no_page(offices: Offices, mandate: bytes) -> None:
    """P12"""
    browser = browse(offices.washington)
    for path in ("/status/" + "00" * 32 + "/chat", "/status/zz/chat"):
        assert browser.get(path).status_code == 404
    assert browser.post("/status/" + "00" * 32 + "/test", kind="desk").status_code == 404

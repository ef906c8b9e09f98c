# SPDX-License-Identifier: Apache-2.0
"""What the pages say: lanes, provenance, custody, gaps, crossings, altered notes, and texts that survive."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from goodoffices.core.mandate import MINUTE, Forwarding, Reading
from goodoffices.core.note import Words
from goodoffices.core.sealed import read_sealed
from goodoffices.desk.desk import Desk
from goodoffices.desk.officers.acts import Draft
from goodoffices.web.prose import has_alike, visible
from goodoffices.web.security import MAX_BODY
from tests.web.offices import Browser, DeskInMemory, Offices

REALM = b"rehearsal-realm-"


def release(
    desk: DeskInMemory, mandate: bytes, to: bytes, text: str, *, precedence: int = 3, until: int | None = None,
    **words: Any,
) -> bytes:  # fmt: skip
    draft = Draft(
        mandate=mandate,
        recipient=to,
        words=Words(text=text, language=words.pop("language", "en"), **words),
        precedence=precedence,
        valid_until=until,
    )
    return desk.act(lambda d, now: d.acts.release(desk.officer(), draft, now))


def do(desk: DeskInMemory, name: str, note: bytes, *args: Any) -> None:
    def operation(each: Desk, now: int) -> None:
        getattr(each.acts, name)(desk.officer(), note, *args, now)

    desk.act(operation)


def signed_in(desk: DeskInMemory, **headers: str) -> Browser:
    browser = Browser(desk)
    assert browser.sign_in().status_code == 200
    browser.client.headers.update(headers)
    return browser


def words_of(html: str) -> str:
    """The page as it is read."""
    text = re.sub(r"<[^>]+>", " ", html)
    for mark, meant in (("&#39;", "'"), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"')):
        text = text.replace(mark, meant)
    return " ".join(text.split())


@pytest.fixture
def offices() -> Offices:
    return Offices()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fa", "ar", "fr"])
@pytest.mark.parametrize("realm", [bytes(16), REALM])
def test_every_page_is_shown_in_every_language(language: str, realm: bytes) -> None:
    offices = Offices(realm=realm)
    mandate = offices.agree(compare=False, ends=offices.time + 10**9, purpose="To carry.")
    a, m, b = offices.desks.values()
    for each in (a, m, b):
        each.set_case_offset(-1000)
    first = release(a, mandate, b.me, "One.", authority=4, reply_by=offices.time + 1, reason="Because.")
    do(m, "refuse", first, "No.")
    second = release(a, mandate, b.me, "Two.", precedence=4, replaces=first)
    m.act(lambda d, now: d.acts.forward(m.officer(), second, now, remark="Ours."))
    do(b, "open", second)
    do(b, "acknowledge", second, 2)
    third = release(b, mandate, a.me, "سه.", language="fa", in_reply_to=second, until=offices.time + 5)
    caucus = release(a, mandate, m.me, "Alone.", confidential=True)
    offices.time += 10
    a.desk.ledger.find(offices.time, "the other office's", "It does not hold.", "Ask.", entry=first)
    paths = ["/", "/lines", "/findings", "/mandates/new", f"/mandates/{mandate.hex()}"]
    paths += [f"/channels/{mandate.hex()}"]
    for desk in (a, m, b):
        browser = signed_in(desk)
        to = m.me if desk is not m else a.me
        seen = [*paths, f"/channels/{mandate.hex()}/write?to={to.hex()}"]
        seen += [
            f"/notes/{each.hex()}" for each in (first, second, third, caucus) if desk.desk.ledger.note(each)
        ]
        for path in seen:
            answer = browser.get(path + ("&" if "?" in path else "?") + f"lang={language}")
            assert answer.status_code == 200, path
            assert f'lang="{language}" dir="{"rtl" if language in ("fa", "ar") else "ltr"}"' in answer.text
            assert ("drill-mark" in answer.text) == (realm == REALM)
            assert ("2023-11-14 22:13:19Z" in answer.text) == (realm == REALM) or language == "fa"
        assert browser.get("/lines").text.count('lang="' + language) >= 1


def test_the_lanes_differ_in_more_than_colour(offices: Offices) -> None:
    """P4: other words, other sign, other place; the lane that an intermediary carries cannot be written in."""
    mandate = offices.agree()
    page = signed_in(offices.washington).get(f"/channels/{mandate.hex()}").text
    assert page.index("To Tehran, through Bern") < page.index("To Bern alone – never forwarded")
    assert page.count('class="lane between') == page.count('class="lane caucus') == 1
    middle = signed_in(offices.bern).get(f"/channels/{mandate.hex()}").text
    assert "Between Washington and Tehran" in middle
    assert middle.count('class="lane caucus') == 2
    assert middle.count("/write?to=") == 2


def test_a_caucus_note_stands_only_between_its_two_offices(offices: Offices) -> None:
    """P4: what a party tells the intermediary alone is on no page of the other party."""
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.bern.me, "For you alone.")
    tehran = signed_in(offices.tehran)
    assert tehran.client.get(f"/notes/{note.hex()}").status_code == 404
    assert "For you alone" not in tehran.get(f"/channels/{mandate.hex()}").text
    page = signed_in(offices.bern).json(f"/notes/{note.hex()}")
    assert {each["name"] for each in page["actions"]} == {"open", "with principal", "acknowledge"}


@pytest.mark.slow
def test_the_text_is_shown_only_after_an_officer_opened_or_took_it(offices: Offices) -> None:
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "Secret until seen.")
    bern, tehran = signed_in(offices.bern), signed_in(offices.tehran)
    assert "Secret until seen" not in bern.get(f"/notes/{note.hex()}").text
    assert bern.json(f"/notes/{note.hex()}")["card"]["text"] is None
    bern.done(f"/notes/{note.hex()}/take")
    assert "Secret until seen" in bern.get(f"/notes/{note.hex()}").text
    bern.done(f"/notes/{note.hex()}/forward")
    assert "Secret until seen" not in tehran.get(f"/notes/{note.hex()}").text
    tehran.done(f"/notes/{note.hex()}/open")
    assert "Secret until seen" in tehran.get(f"/notes/{note.hex()}").text


def test_on_a_sealed_channel_the_intermediary_sees_the_header_only(offices: Offices) -> None:
    """P3"""
    mandate = offices.agree(reading=Reading.SEALED)
    note = release(offices.washington, mandate, offices.tehran.me, "Not for Bern.")
    bern = signed_in(offices.bern)
    bern.done(f"/notes/{note.hex()}/take")
    page = bern.json(f"/notes/{note.hex()}")
    assert (page["hidden"], page["card"]["text"], page["authority"]) == ("sealed", None, None)
    assert "Not for Bern" not in bern.get(f"/notes/{note.hex()}").text


def test_every_note_says_vouched_for_until_both_parties_compared(offices: Offices) -> None:
    """P1"""
    mandate = offices.agree(compare=False)
    note = release(offices.washington, mandate, offices.tehran.me, "Hello.")
    do(offices.bern, "forward", note)
    banner = "Vouched for by the intermediary alone"
    browsers = [signed_in(offices.washington), signed_in(offices.tehran)]
    for each in browsers:
        assert banner in each.get(f"/notes/{note.hex()}").text
        assert banner in each.get(f"/channels/{mandate.hex()}").text
    offices.compare(mandate)
    for each in browsers:
        assert banner not in each.get(f"/notes/{note.hex()}").text


def test_wrong_mandate_digits_are_a_clear_no(offices: Offices) -> None:
    mandate = offices.agree(compare=False)
    browser = signed_in(offices.washington)
    answer = browser.post(f"/mandates/{mandate.hex()}/compare", html=True, digits="1" * 30)
    assert answer.status_code == 409
    assert "The digits do not fit" in answer.text
    assert "send nothing and tell your superior" in answer.text


def test_the_reader_is_told_whose_signature_was_verified_and_sees_remarks_apart(offices: Offices) -> None:
    """P1: what the intermediary adds stands outside the party's words."""
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "Our words.", authority=3)
    offices.bern.act(
        lambda d, now: d.acts.forward(offices.bern.officer(), note, now, remark="Bern says hello.")
    )
    do(offices.tehran, "open", note)
    html = signed_in(offices.tehran).get(f"/notes/{note.hex()}").text
    text = words_of(html)
    assert "signed by officer 1 of Washington, verified by this desk" in text
    assert "a minister – as the author states it" in text
    assert "Bern’s own words, beside the note" in text
    inside = re.search(r'<section class="words".*?</section>', html, re.DOTALL)
    assert inside is not None
    assert "Our words." in inside[0]
    assert "Bern says hello" not in inside[0]


def test_crossing_is_shown_on_both_sides(offices: Offices) -> None:
    """P9"""
    mandate = offices.agree()
    theirs = release(offices.tehran, mandate, offices.washington.me, "From Tehran.")
    ours = release(offices.washington, mandate, offices.tehran.me, "From Washington.")
    for note in (theirs, ours):
        do(offices.bern, "forward", note)
    for desk in offices.desks.values():
        browser = signed_in(desk)
        assert "neither author had read the other" in browser.get(f"/notes/{ours.hex()}").text
        assert browser.json(f"/notes/{theirs.hex()}")["card"]["crossed"][0]["id"] == ours.hex()
    do(offices.tehran, "open", ours)
    answer = release(offices.tehran, mandate, offices.washington.me, "Having read it.")
    page = signed_in(offices.bern).json(f"/notes/{answer.hex()}")
    assert page["card"]["crossed"] == []
    assert [each["number"] for each in page["had_read"]] == [1]


def test_a_number_that_was_refused_is_a_gap_for_the_reader(offices: Offices) -> None:
    """P2: a gap is shown at its place, never waited for."""
    mandate = offices.agree()
    first, second, third = (
        release(offices.washington, mandate, offices.tehran.me, each) for each in ("One.", "Two.", "Three.")
    )
    do(offices.bern, "forward", first)
    do(offices.bern, "refuse", second, "It names a person under our protection.")
    do(offices.bern, "forward", third)
    lane = signed_in(offices.tehran).json(f"/channels/{mandate.hex()}")["lanes"][0]
    assert [(each["kind"], each["number"]) for each in lane["items"]] == [
        ("note", 1),
        ("gap", 2),
        ("note", 3),
    ]
    assert (
        "It names a person under our protection."
        in signed_in(offices.washington).get(f"/notes/{second.hex()}").text
    )


def test_late_forwarding_is_named_on_both_desks(offices: Offices) -> None:
    """P5"""
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "Urgent.", precedence=4)
    offices.time += 7 * MINUTE
    for desk in (offices.washington, offices.bern):
        step = next(
            each
            for each in signed_in(desk).json(f"/notes/{note.hex()}")["steps"]
            if each["rung"] == "forwarded"
        )
        assert (step["late"], step["late_by"]) == (True, 2 * MINUTE)
    assert "late by" in Browser(offices.bern).get("/sign-in").text
    do(offices.bern, "forward", note)
    step = next(
        each
        for each in signed_in(offices.washington).json(f"/notes/{note.hex()}")["steps"]
        if each["rung"] == "forwarded"
    )
    assert (step["took"], step["late"]) == (7 * MINUTE, True) or step["late"]


def test_an_expired_note_is_shown_as_such_and_waits_for_nobody(offices: Offices) -> None:
    """P9: it is not forwarded by itself; an officer still may, knowingly."""
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "Until six.", until=offices.time + 1000)
    offices.time += 2000
    bern = signed_in(offices.bern)
    assert bern.json("/")["here"]["waiting"] == []
    page = bern.json(f"/notes/{note.hex()}")
    assert next(each for each in page["steps"] if each["rung"] == "forwarded")["state"] == "expired"
    assert bern.post(f"/notes/{note.hex()}/forward").status_code == 409
    bern.done(f"/notes/{note.hex()}/forward", although_expired="1")


def test_an_automatic_forward_never_claims_seen(offices: Offices) -> None:
    mandate = offices.agree(forwarding=Forwarding.AUTOMATIC)
    note = release(offices.washington, mandate, offices.tehran.me, "Straight through.")
    steps = signed_in(offices.washington).json(f"/notes/{note.hex()}")["steps"]
    assert "seen" not in {each["rung"] for each in steps}
    assert next(each for each in steps if each["rung"] == "forwarded")["by_desk"]


def test_an_acknowledgement_that_may_not_travel_is_called_not_known(offices: Offices) -> None:
    """P6: what the mandate keeps at home is not told, and not guessed."""
    mandate = offices.agree(acknowledgements=())
    note = release(offices.washington, mandate, offices.tehran.me, "Hello.")
    do(offices.bern, "forward", note)
    do(offices.tehran, "open", note)
    states = {
        each["rung"]: each["state"]
        for each in signed_in(offices.washington).json(f"/notes/{note.hex()}")["steps"]
    }
    assert states["opened"] == "not told"


def _altered(raw: bytes) -> bytes:
    at = raw.index(read_sealed(raw).ciphertext) + 40
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_an_altered_note_is_named_with_its_carrier_and_never_shown(offices: Offices) -> None:
    """P1: the words that came are evidence, not the party's."""
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "The true words.")
    digest, raw, _, _ = offices.bern.desk.ledger.copies(note)[0]
    changed = _altered(raw)
    offices.bern.desk.ledger.db.execute("UPDATE copy SET sealed=? WHERE digest=?", (changed, digest))
    do(offices.bern, "forward", note)
    tehran = signed_in(offices.tehran)
    html = tehran.get(f"/notes/{note.hex()}").text
    text = words_of(html)
    assert "Altered: not the words of Washington" in text
    assert "passed to this desk by Bern" in text
    assert tehran.desk.desk.ledger.copies(note)[0][0].hex() in html
    assert 'class="words"' not in html
    assert tehran.post(f"/notes/{note.hex()}/open").status_code == 409
    assert "Altered: these are not the author’s words" in tehran.get(f"/channels/{mandate.hex()}").text
    rungs = {each["rung"] for each in signed_in(offices.washington).json(f"/notes/{note.hex()}")["steps"]}
    assert "altered" in rungs


# --- writing ------------------------------------------------------------------------------------------


@pytest.fixture
def writing(offices: Offices) -> tuple[Browser, str, dict[str, str]]:
    mandate = offices.agree()
    browser = signed_in(offices.washington)
    form = {"to": offices.tehran.me.hex(), "text": "A note.", "language": "en", "precedence": "3"}
    return browser, f"/channels/{mandate.hex()}", form


Writing = tuple[Browser, str, dict[str, str]]


def test_before_writing_one_is_told_who_will_read_and_that_it_proves(writing: Writing) -> None:
    """P3"""
    browser, channel, form = writing
    text = words_of(browser.get(f"{channel}/write?to={form['to']}").text)
    assert "To Tehran, through Bern" in text
    assert "Washington , Bern , Tehran" in text
    assert "the intermediary can read every note" in text
    assert "can prove to anybody that your office wrote it" in text


def test_the_confirm_step_repeats_to_whom_and_through_whom_and_sends_nothing(writing: Writing) -> None:
    """P4"""
    browser, channel, form = writing
    answer = browser.post(f"{channel}/confirm", html=True, **form, once="a")
    assert answer.status_code == 200
    assert "Release to Tehran, through Bern" in answer.text
    assert "A note." in answer.text
    assert browser.json("/")["channels"][0]["notes"] == 0


def test_a_form_sent_twice_releases_once_and_answers_the_same_note(writing: Writing) -> None:
    """P2"""
    browser, channel, form = writing
    first = browser.done(f"{channel}/release", **form, once="token")
    again = browser.done(f"{channel}/release", **form, once="token")
    assert first == again
    assert browser.json("/")["channels"][0]["notes"] == 1
    browser.done(f"{channel}/release", **form, once="another")
    assert browser.json("/")["channels"][0]["notes"] == 2


def test_whoever_goes_back_after_a_release_is_told_that_it_went_out(writing: Writing) -> None:
    """P2: pressed again, or drawn once more, it does nothing twice and says so; other words are a new note."""
    browser, channel, form = writing
    note = browser.done(f"{channel}/release", **form, once="token")["location"]
    for step in ("confirm", "release"):
        answer = browser.post(f"{channel}/{step}", html=True, **form, once="token")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{note}?again=1")
    assert "This was done already" in browser.get(f"{note}?again=1").text
    assert "This was done already" not in browser.get(note).text
    other = {**form, "text": "Something else."}
    drawn = browser.post(f"{channel}/confirm", html=True, **other, once="token").text
    once = re.search(r'name="once" value="([0-9a-f]+)"', drawn)
    assert once is not None
    assert browser.done(f"{channel}/release", **other, once=once[1])["location"] != note
    assert browser.json("/")["channels"][0]["notes"] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid_until": "yesterday"},
        {"valid_until": "2001-01-01T00:00"},
        {"precedence": "9"},
        {"authority": "77"},
        {"reason": "x" * 501},
        {"in_reply_to": "00" * 32},
    ],
)
@pytest.mark.parametrize("door", ["confirm", "release"])
def test_the_text_survives_every_refusal(writing: Writing, door: str, wrong: dict[str, str]) -> None:
    browser, channel, form = writing
    long = "Words that took an hour.\n\n  <b>And</b> a half."
    answer = browser.post(f"{channel}/{door}", html=True, **{**form, "text": long, "once": "a", **wrong})
    if wrong == {"in_reply_to": "00" * 32}:
        assert answer.status_code in (200, 303, 403, 404, 409)
        return
    assert answer.status_code == 400
    assert "Not done" in answer.text
    assert "Words that took an hour.\n\n  &lt;b&gt;And&lt;/b&gt; a half.</textarea>" in answer.text


def test_what_a_browser_sends_as_line_ends_is_what_was_typed(writing: Writing) -> None:
    """The text is kept byte for byte: forms turn every line end into CR LF, and ours says so."""
    browser, channel, form = writing
    typed = browser.done(f"{channel}/release", **{**form, "text": "One.\r\n\r\nTwo.", "newlines": "lf"})
    kept = browser.done(f"{channel}/release", **{**form, "text": "One.\r\nTwo.\r"})
    assert browser.json(f"/notes/{typed['id']}")["card"]["text"] == "One.\n\nTwo."
    assert browser.json(f"/notes/{kept['id']}")["card"]["text"] == "One.\r\nTwo.\r"


def test_hidden_characters_are_shown_for_what_they_are(writing: Writing) -> None:
    browser, channel, form = writing
    text = "pay \u202eeno\u202c a\u200bb \x07 می\u200cرود <script>alert(1)</script>"
    note = browser.done(f"{channel}/release", **{**form, "text": text})["id"]
    html = browser.get(f"/notes/{note}").text
    shown = html[html.index('<div class="text"') :]
    for mark in ("RLO", "PDF", "ZWSP", "U+0007"):
        assert f">{mark}</span>" in shown
    assert "می\u200cرود" in shown
    assert "\u202e" not in html
    assert "<script>alert" not in html
    assert browser.json(f"/notes/{note}")["card"]["text"] == text


def test_text_of_one_lane_cannot_be_sent_in_another(writing: Writing, offices: Offices) -> None:
    """P4: a reply to a caucus note is not taken for the lane between the parties."""
    browser, channel, form = writing
    note = release(offices.bern, bytes.fromhex(channel.rpartition("/")[2]), offices.washington.me, "Psst.")
    answer = browser.get(f"{channel}/write?to={form['to']}&in_reply_to={note.hex()}")
    assert answer.status_code == 409
    assert "another lane" in answer.text


def test_a_note_that_lies_unopened_is_named_before_release(writing: Writing, offices: Offices) -> None:
    """P9"""
    browser, channel, form = writing
    note = release(offices.tehran, bytes.fromhex(channel.rpartition("/")[2]), offices.washington.me, "Wait!")
    do(offices.bern, "forward", note)
    answer = browser.post(f"{channel}/confirm", html=True, **form)
    assert "Your note will say that you had not read it." in answer.text


# --- at night -------------------------------------------------------------------------------------------


def test_two_acts_at_night(offices: Offices) -> None:
    """P5: sign in and take; forward. The most pressing note comes first."""
    mandate = offices.agree()
    release(offices.washington, mandate, offices.tehran.me, "By morning.", precedence=1)
    offices.time += 60_000
    urgent = release(offices.tehran, mandate, offices.washington.me, "Now.", precedence=4)
    browser = Browser(offices.bern)
    page = words_of(browser.get("/sign-in").text)
    assert "2 notes wait to be forwarded" in page
    assert "Tehran" not in page.replace("Bern", "")
    location = browser.sign_in(take="1").json()["location"]
    assert location == f"/notes/{urgent.hex()}"
    html = browser.get(location).text
    assert "Now." in html
    assert html.index('class="words"') < html.index("Forward to Washington, word for word")
    browser.done(f"{location}/forward")
    assert browser.json(location)["card"]["status"] == "at the far desk"


def test_only_what_can_be_done_is_offered_and_the_rest_says_why(offices: Offices) -> None:
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "Hello.")
    do(offices.bern, "forward", note)
    html = signed_in(offices.bern).get(f"/notes/{note.hex()}").text
    # What went to the reader's desk may still be put into his hand, and words be said beside it.
    assert re.findall(r'action="/notes/[0-9a-f]+/([a-z-]+)"', html) == ["remark", "hand-over"]
    assert words_of(html).count("It was forwarded already.") == 3


def test_a_note_that_its_author_took_back_is_neither_refused_nor_returned(offices: Offices) -> None:
    """P9: it goes nowhere by itself, so there is nothing left to refuse; words beside it may still be said."""
    note = release(offices.washington, offices.agree(), offices.tehran.me, "Hello.").hex()
    signed_in(offices.washington).done(f"/notes/{note}/withdraw")
    bern = signed_in(offices.bern)
    html = bern.get(f"/notes/{note}").text
    assert not {"forward", "refuse", "return"} & set(re.findall(r'action="/notes/[0-9a-f]+/([a-z-]+)"', html))
    assert words_of(html).count("Its author has withdrawn it.") == 3
    late = bern.post(f"/notes/{note}/refuse", reason="Too sharp.")
    assert (late.status_code, "too late to refuse" in late.text) == (409, True)


# --- lines ------------------------------------------------------------------------------------------------


def _relays_down(desk: DeskInMemory) -> None:
    for each in desk.relay_states:
        each.up, each.what = False, "The relay does not answer."


def _one_relay_down(desk: DeskInMemory) -> None:
    desk.relay_states[0].up = False


def _nothing(desk: DeskInMemory) -> None:
    del desk


@pytest.mark.parametrize(
    ("before", "state"),
    [(_relays_down, "route down"), (_one_relay_down, "relay down"), (_nothing, "open")],
)
def test_silence_has_a_reason(offices: Offices, before: Callable[[DeskInMemory], None], state: str) -> None:
    """P6"""
    offices.agree()
    before(offices.washington)
    page = signed_in(offices.washington).json("/lines")
    assert [each["state"] for each in page["lines"]] == [state]


def test_what_the_other_desk_does_not_collect_is_said_so(offices: Offices) -> None:
    """P6: the relays answer, and nobody fetches what we sent."""
    mandate = offices.agree()
    offices.bern.cut = True
    release(offices.washington, mandate, offices.tehran.me, "Anybody?")
    offices.time += 61_000
    (line,) = signed_in(offices.washington).json("/lines")["lines"]
    assert (line["state"], line["unreceipted"]) == ("silent", 1)


def test_pairing_is_confirmed_on_the_lines_page(offices: Offices) -> None:
    for each in (offices.washington, offices.bern):
        each.unlock()
    line = offices.pair(offices.washington, offices.bern, confirm=False)
    one, two = signed_in(offices.washington), signed_in(offices.bern)
    halves = [each.json("/lines")["lines"][0]["read_aloud"] for each in (one, two)]
    assert one.post(f"/lines/{line.hex()}/confirm", digits="0" * 30).status_code == 409
    assert one.post(f"/lines/{line.hex()}/confirm", digits=halves[0]).status_code == 400  # his own: a slip
    grouped = " ".join(re.findall(".{5}", halves[1])).translate(
        {ord(str(n)): chr(0x6F0 + n) for n in range(10)}
    )
    one.done(f"/lines/{line.hex()}/confirm", digits=grouped)
    assert one.json("/lines")["lines"][0]["state"] == "confirm there"
    two.done(f"/lines/{line.hex()}/confirm", digits=halves[0])
    assert one.json("/lines")["lines"][0]["state"] in ("open", "not heard")


def test_a_mandate_is_proposed_signed_and_in_force_by_its_pages(offices: Offices) -> None:
    for each in offices.desks.values():
        each.unlock()
    offices.pair(offices.washington, offices.bern)
    offices.pair(offices.bern, offices.tehran)
    washington, bern, tehran = map(signed_in, offices.desks.values())
    answer = bern.post(
        "/mandates", html=True, name="By pages", path=[each.me.hex() for each in offices.desks.values()],
        clock_flash="7", acknowledgements=["7", "9"], acknowledgements_chosen="1", languages="en, fa",
    )  # fmt: skip
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert "Sign the mandate for our office" in washington.get(where).text
    for browser in (washington, tehran):
        browser.done(f"{where}/sign")
    page = tehran.json(where)
    assert page["state"] == "in force"
    assert page["acknowledgements"] == [7, 9]
    assert page["clocks"][0] == {"precedence": 4, "label": "FLASH", "minutes": 7}
    assert all(each["signed"] for each in page["path"])


def test_the_time_of_a_case_is_for_drills_only(offices: Offices) -> None:
    offices.agree()
    drill = Offices(realm=REALM)
    browser = signed_in(drill.washington)
    browser.done("/drill/clock", offset="-1000")
    assert browser.json("/")["here"]["case_now"] == drill.time - 1000


def test_the_stream_of_changes_needs_a_session(offices: Offices) -> None:
    assert Browser(offices.bern).client.get("/events").status_code == 401


# --- the wrong window ---------------------------------------------------------------------------------------


def _token_of(html: str) -> str:
    return html.split('name="bound" value="')[1].split('"', maxsplit=1)[0]


@pytest.mark.parametrize("step", ["confirm", "release", "draft"])
def test_a_text_drafted_in_one_lane_is_not_sent_in_another(offices: Offices, step: str) -> None:
    """P4: whatever a restored form, a copied field or a stale window would post."""
    mandate = offices.agree().hex()
    browser = signed_in(offices.washington)
    lanes = {name: offices.desks[name].me.hex() for name in ("Tehran", "Bern")}
    token = _token_of(browser.get(f"/channels/{mandate}/write?to={lanes['Bern']}").text)
    form: dict[str, Any] = {
        "to": lanes["Tehran"],
        "text": "For Bern's ears alone.",
        "language": "en",
        "precedence": "3",
    }
    for given in (token, "", "0" * 32):
        answer = browser.post(f"/channels/{mandate}/{step}", html=True, csrf=None, **{**form, "bound": given})
        assert answer.status_code == 403
        assert "Written on another page, and not sent" in answer.text
        page = answer.text.split('<textarea id="text"')[1].split("</textarea>")[0]
        assert "ears" not in page  # shown to be copied, and in no field that the next press would send
        assert "Bern&#39;s ears alone." in answer.text
    assert browser.json(f"/channels/{mandate}")["lanes"][0]["items"] == []
    assert offices.tehran.desk.ledger.notes(bytes.fromhex(mandate)) == []


def test_a_program_that_names_a_token_names_the_right_one(offices: Offices) -> None:
    """P4, P12"""
    mandate = offices.agree().hex()
    browser = signed_in(offices.washington)
    to = offices.tehran.me.hex()
    token = _token_of(browser.get(f"/channels/{mandate}/write?to={to}").text)
    fields: dict[str, Any] = {"to": to, "text": "Hello.", "language": "en", "precedence": "3"}
    assert browser.post(f"/channels/{mandate}/release", bound="x", **fields).status_code == 403
    assert browser.post(f"/channels/{mandate}/release", bound=token, **fields).status_code == 200


def test_two_counterparts_differ_in_sign_place_words_and_outline(offices: Offices) -> None:
    """P4: on the channel, the write, the confirm and the note page alike."""
    mandate = offices.agree().hex()
    browser = signed_in(offices.washington)
    pages = {}
    for name in ("Tehran", "Bern"):
        to = offices.desks[name].me.hex()
        fields: dict[str, Any] = {"to": to, "text": "Hello.", "language": "en", "precedence": "3"}
        pages[name] = (
            browser.get(f"/channels/{mandate}/write?to={to}").text,
            browser.post(f"/channels/{mandate}/confirm", html=True, **fields).text,
        )
    for at, buttons in ((0, ("To Tehran, through Bern", "To Bern alone – never forwarded")),
                        (1, ("Release to Tehran, through Bern", "Release to Bern alone"))):  # fmt: skip
        for name, own, other in (("Tehran", *buttons), ("Bern", *reversed(buttons))):
            text = words_of(pages[name][at])
            assert own in text
            assert other not in text
    assert 'class="writing between"' in pages["Tehran"][0]
    assert 'class="writing caucus"' in pages["Bern"][0]
    channel = browser.get(f"/channels/{mandate}").text
    assert channel.index('class="lane between') < channel.index('class="lane caucus')


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("The p\u0430ssword of \u0410nna", ["cyrillic", "cyrillic"]),
        ("Москва and \u0391\u03b8\u03ae\u03bd\u03b1", []),
        ("\uff2dinister", ["fullwidth"]),
        ("می‌خواهیم ۶ war", []),
        ("Прив\u0065т", ["latin"]),
    ],
)
def test_letters_that_pass_for_others_are_named_and_whole_words_are_not(text: str, named: list[str]) -> None:
    """Promise P12: what looks like one word and is another is shown for what it is; no language is suspected."""
    shown = str(visible(text))
    assert re.findall(r'<span class="unseen" dir="ltr">(\w+)</span>', shown) == named
    assert has_alike(text) == bool(named)


def test_marks_stay_on_the_letter_that_is_named() -> None:
    """P12: behind the name they would stand on the name, or on whatever comes next."""
    assert '>\u0430\u0301<span class="unseen"' in visible("payp\u0430\u0301l")


def test_a_paste_of_any_size_is_answered_with_its_text_or_its_bound() -> None:
    """Promises P2, P12: too long for a note, the words come back on the page; too long for a desk, a clear no."""
    offices = Offices()
    mandate = offices.agree()
    browser = signed_in(offices.washington)
    to, address = offices.tehran.me.hex(), f"/channels/{mandate.hex()}/confirm"
    long = "همهٔ آن. " * 40_000
    answer = browser.post(address, html=True, to=to, text=long, language="en", precedence="2")
    assert answer.status_code == 400
    assert long.strip() in answer.text
    assert "bytes" in words_of(answer.text)
    assert browser.post(address, to=to, text="x" * MAX_BODY, language="en").status_code == 413
    assert offices.washington.desk.ledger.notes(mandate) == []


def test_a_note_says_when_it_was_released_by_the_clocks_of_its_offices() -> None:
    """Promise P5: one sees where it is night. Zones that nobody entered are not guessed."""
    offices = Offices()
    mandate = offices.agree()
    offices.time = 1_578_447_127_000  # 2020-01-08 01:32:07Z
    note = release(offices.washington, mandate, offices.tehran.me, "One.")
    bern = signed_in(offices.bern)
    assert bern.json(f"/notes/{note.hex()}")["clocks"] == []
    for office, zone in ((offices.washington, "America/New_York"), (offices.tehran, "Asia/Tehran")):
        bern.done("/lines/zone", office=office.me.hex(), zone=zone)
    assert [list(each.values()) for each in bern.json(f"/notes/{note.hex()}")["clocks"]] == [
        ["Washington", "20:32", "-05:00", -1],
        ["Tehran", "05:02", "+03:30", 0],
    ]
    said = words_of(bern.get(f"/notes/{note.hex()}").text)
    assert "released 080132Z JAN 20 · Washington 20:32 -05:00 (the day before) · Tehran 05:02 +03:30" in said
    assert bern.post("/lines/zone", office=offices.tehran.me.hex(), zone="Nowhere").status_code == 400
    assert bern.post("/lines/zone", office=bern.desk.me.hex(), zone="Asia/Tehran").status_code == 404
    assert 'value="Asia/Tehran"' in bern.get("/lines").text

# SPDX-License-Identifier: Apache-2.0
"""The watch pages: what rings, for whom; browsers that ring without a sign-in; roster and addresses."""

from __future__ import annotations

from typing import Any

import pytest

from goodoffices.core.note import Words
from goodoffices.core.office import Right
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.desk.officers.acts import Draft
from tests.web.offices import Browser, Offices

OFFICERS = [
    NewOfficer("duty", "officer 1"),
    NewOfficer("second", "officer 2", ALL_RIGHTS),
    NewOfficer("auditor", "officer 3", Right.AUDIT),
]
PAGE = "ab" * 16
SECRET = "The secret words of the note."


@pytest.fixture
def offices() -> Offices:
    return Offices(officers=OFFICERS)


def release(offices: Offices, mandate: bytes, precedence: int = 4) -> bytes:
    draft = Draft(
        mandate=mandate,
        recipient=offices.tehran.me,
        words=Words(text=SECRET, language="en"),
        precedence=precedence,
    )
    by = offices.washington
    return by.act(lambda desk, now: desk.acts.release(by.officer(), draft, now))


def beat(browser: Browser, **fields: Any) -> Any:
    return browser.post("/watch/beat", page=PAGE, **fields)


def test_the_watch_page_shows_what_rings_and_who_would_be_woken(offices: Offices) -> None:
    """P5"""
    note = release(offices, offices.agree())
    bern = Browser(offices.bern)
    bern.sign_in()
    page = bern.json("/watch")
    (alarm,) = page["alarms"]
    assert (alarm["what"], alarm["state"], alarm["note"], alarm["mine"]) == (
        "forward",
        "ringing",
        note.hex(),
        True,
    )
    assert page["nobody"] is True
    assert beat(bern, armed="1").json()["ringing"] == 1
    page = bern.json("/watch")
    assert page["nobody"] is False
    assert {each["name"]: each["reachable"] for each in page["sleepers"]} == {
        "duty": True,
        "second": False,
        "auditor": False,
    }
    html = bern.get("/watch").text
    assert f'action="/notes/{note.hex()}/take"' in html
    assert 'class="count"' in html


def test_taking_the_note_silences_and_forwarding_settles(offices: Offices) -> None:
    """P5: sign in and take in one, then forward."""
    note = release(offices, offices.agree())
    bern = Browser(offices.bern)
    assert bern.sign_in(take="1").json()["location"] == f"/notes/{note.hex()}"
    assert beat(bern).json()["ringing"] == 0
    assert bern.json("/watch")["alarms"][0]["state"] == "taken"
    bern.done(f"/notes/{note.hex()}/forward")
    assert bern.json("/watch")["alarms"] == []


def test_a_bell_rings_without_a_sign_in_and_says_nothing(offices: Offices) -> None:
    """P3, P5: the desk is locked and the session over; the browser still wakes its officer."""
    mandate = offices.agree()
    bern = Browser(offices.bern)
    bern.sign_in()
    bern.done("/watch/bell")
    bern.done("/sign-out")
    assert offices.bern.desk.context.locked
    release(offices, mandate)
    told = beat(bern, armed="1")
    assert told.json() == {
        "ringing": 1,
        "loud": True,
        "waiting": 1,
        "late": 0,
        "alive": True,
    }
    page = bern.get("/watch")
    assert page.status_code == 200
    for secret in ("Washington", "Tehran", "Good offices", SECRET, "officer 1"):
        assert secret not in page.text
    assert 'name="take"' in page.text
    assert offices.bern.ringing.alarms.people(offices.bern.ringing.moment()).reachable == {"duty"}
    assert bern.get("/").status_code == 303
    assert bern.post("/watch/take", key="x").status_code == 401
    assert bern.get("/watch/roster").status_code == 303


def test_a_browser_that_is_no_bell_gets_nothing(offices: Offices) -> None:
    """P3"""
    stranger = Browser(offices.bern)
    assert stranger.get("/watch").status_code == 303
    assert beat(stranger).status_code == 401
    stranger.client.cookies.set(f"go-bell-{offices.bern.me.hex()[:8]}", "00" * 32)
    assert beat(stranger).status_code == 401


def test_bells_can_be_taken_back(offices: Offices) -> None:
    one, other = Browser(offices.bern), Browser(offices.bern)
    for each in (one, other):
        each.sign_in()
        each.done("/watch/bell")
    one.done("/watch/no-bell")
    other.done("/sign-out")
    assert beat(other).status_code == 401


def test_what_only_asks_for_a_look_is_settled_on_the_watch_page(offices: Offices) -> None:
    note = release(offices, offices.agree())
    bern, washington = Browser(offices.bern), Browser(offices.washington)
    bern.sign_in()
    washington.sign_in()
    bern.done(f"/notes/{note.hex()}/refuse", reason="Not so.")
    (alarm,) = washington.json("/watch")["alarms"]
    assert (alarm["what"], alarm["looks"]) == ("stopped", True)
    assert washington.done("/watch/take", key=alarm["key"])["location"] == f"/notes/{note.hex()}"
    assert washington.json("/watch")["alarms"] == []
    assert washington.post("/watch/take", key=alarm["key"]).status_code == 409


def test_an_auditor_looks_and_takes_nothing(offices: Offices) -> None:
    """P10"""
    release(offices, offices.agree())
    auditor = Browser(offices.bern)
    auditor.sign_in("auditor")
    (alarm,) = auditor.json("/watch")["alarms"]
    assert auditor.post("/watch/take", key=alarm["key"]).status_code == 403
    for path in ("roster/add", "roster/drop", "settings", "address/add", "address/drop", "address/try"):
        fields: dict[str, Any] = {
            "name": "n",
            "days": "0",
            "starts": "1:00",
            "ends": "2:00",
            "level1": "duty",
        }
        answer = auditor.post(f"/watch/{path}", **fields, url="json://a/b", label="x", zone="UTC", text="x")
        assert answer.status_code == 403, path


def test_the_roster_decides_whose_page_rings_first(offices: Offices) -> None:
    """P5"""
    mandate = offices.agree()
    first, second = Browser(offices.bern), Browser(offices.bern)
    first.sign_in()
    second.sign_in("second")
    first.done(
        "/watch/roster/add", name="all day", days="0,1,2,3,4,5,6", starts="00:00", ends="24:00",
        level1="second", level2="duty",
    )  # fmt: skip
    page = first.json("/watch/roster")
    assert page["watches"][0]["levels"] == [["second"], ["duty"]]
    assert page["gaps"] == []
    for browser in (first, second):
        browser.post("/watch/beat", page=browser.csrf[:32], armed="1")
    release(offices, mandate)
    assert beat(first).json()["ringing"] == 0
    assert beat(second).json()["ringing"] == 1
    offices.time += 61_000
    first.post("/watch/beat", page=first.csrf[:32], armed="1")
    offices.pump()
    assert beat(first).json()["ringing"] == 1
    first.done("/watch/roster/drop", id=page["watches"][0]["id"])
    assert first.json("/watch/roster")["gaps"][0]["whole_week"] is True


@pytest.mark.parametrize(
    "fields",
    [
        {"starts": "25:00"},
        {"starts": "noon"},
        {"level1": "stranger"},
        {"level1": ""},
        {"days": "9"},
        {"name": ""},
    ],
)
def test_what_makes_no_watch_is_refused_with_its_reason(offices: Offices, fields: dict[str, str]) -> None:
    """P12"""
    bern = Browser(offices.bern)
    bern.sign_in()
    good: dict[str, Any] = {"name": "n", "days": "0", "starts": "22:00", "ends": "06:00", "level1": "duty"}
    answer = bern.post("/watch/roster/add", **(good | fields))
    assert answer.status_code == 400
    assert answer.json()["next"]
    assert bern.json("/watch/roster")["watches"] == []


def test_an_address_is_shown_without_what_is_secret_in_it(offices: Offices) -> None:
    """P3"""
    bern = Browser(offices.bern)
    bern.sign_in()
    bern.done("/watch/address/add", officer="duty", label="mail", url="mailto://me:geheim@mail.invalid")
    assert bern.post("/watch/address/add", officer="nobody", label="x", url="json://x").status_code == 400
    assert bern.post("/watch/address/add", label="x", url="not a url").status_code == 400
    assert "geheim" not in bern.get("/watch/roster").text
    assert "geheim" not in bern.get("/watch").text
    (address,) = bern.json("/watch/roster")["addresses"]
    assert (address["service"], address["label"]) == ("mailto", "mail")
    bern.done("/watch/address/try", id=address["id"])
    assert offices.bern.ringing.told == [("mail", "Your duty desk needs you: step 0")]
    bern.done("/watch/address/drop", id=address["id"])
    assert bern.json("/watch/roster")["addresses"] == []


def test_zone_and_sentence_are_the_offices_own(offices: Offices) -> None:
    bern = Browser(offices.bern)
    bern.sign_in()
    bern.done("/watch/settings", zone="Asia/Tehran", text="Please come: {steps}")
    page = bern.json("/watch/roster")
    assert (page["zone"], page["text"]) == ("Asia/Tehran", "Please come: {steps}")
    assert bern.post("/watch/settings", zone="Atlantis/Sea", text="x").status_code == 400


def test_the_watch_is_handed_over_by_two_browsers(offices: Offices) -> None:
    """P5, P10: the list, what came since, both signatures."""
    mandate = offices.agree()
    one, two = Browser(offices.bern), Browser(offices.bern)
    one.sign_in()
    two.sign_in("second")
    release(offices, mandate, 4)
    page = one.json("/watch/handover")
    assert [each["what"] for each in page["open"]] == ["forward"]
    coming = next(key for name, key in page["others"] if name == "second")
    one.done("/watch/handover", coming=coming, words="They ring back at six.")
    assert not one.json("/watch/handover")["offered"]["mine_to_sign"]
    told = "The watch is handed over to you"
    assert all(told in two.get(path).text for path in ("/", "/watch"))
    assert told not in one.get("/").text
    release(offices, mandate, 3)
    offered = two.json("/watch/handover")["offered"]
    assert offered["mine_to_sign"]
    assert (offered["leaving"], offered["coming"]) == ("duty", "second")
    assert [each["name"] for each in offered["open"]] == ["Washington 1"]
    assert [each["name"] for each in offered["came_since"]] == ["Washington 2"]
    assert two.post("/watch/handover/sign").status_code == 400
    two.done("/watch/handover/sign", handover=offered["id"])
    assert two.json("/watch/handover")["holder"] == "second"
    assert [each["words"] for each in one.json("/watch/handover")["done"]] == ["They ring back at six."]
    assert one.post("/watch/handover/call-back", handover=offered["id"]).status_code == 409
    html = two.get("/watch/handover").text
    assert html.index('card" open>') < html.index(
        "They ring back at six."
    )  # not folded away for who has the watch


def test_a_watch_of_one_date_is_put_into_the_roster(offices: Offices) -> None:
    """P5: a holiday has its own people, and is told as such."""
    bern = Browser(offices.bern)
    bern.sign_in()
    fields: dict[str, Any] = {
        "name": "holiday",
        "starts": "08:00",
        "ends": "20:00",
        "level1": "duty",
        "days": "0,1",
    }
    assert bern.post("/watch/roster/add", **fields, date="2026-12-31").status_code == 200
    (watch,) = bern.json("/watch/roster")["watches"]
    assert (watch["date"], watch["days"], watch["now"]) == ("2026-12-31", [], False)
    assert "on this day alone" in bern.get("/watch/roster").text
    assert bern.post("/watch/roster/add", **fields, date="31.12.").status_code == 400


def test_the_bell_of_a_departed_officer_is_none(offices: Offices) -> None:
    """P5, P10: a browser that he took along went on hearing how much rang, and posed as pages that would wake him."""
    bern = Browser(offices.bern)
    bern.sign_in()
    bern.done("/watch/bell")
    bern.done("/sign-out")
    assert bern.get("/watch").status_code == 200
    del offices.bern.founding.officer_seeds["duty"]
    assert bern.get("/watch").status_code == 303
    assert bern.post("/watch/beat", page="ab", armed="1").status_code in (401, 403)


def test_who_comes_is_chosen_and_never_guessed_and_whoever_comes_signs_first() -> None:
    """P10: a tired hand hands the watch to nobody by a list's first line, and takes no offer down unasked."""
    names = ("duty", "second", "third")
    offices = Offices(officers=[NewOfficer(each, f"officer {at}") for at, each in enumerate(names, 1)])
    leaving, coming = Browser(offices.bern), Browser(offices.bern)
    leaving.sign_in()
    coming.sign_in("second")
    assert "choose who comes" in leaving.get("/watch/handover").text
    assert leaving.post("/watch/handover", coming="").status_code == 400
    leaving.done("/watch/handover", coming=offices.bern.officer("second").public.hex())
    page = coming.get("/watch/handover").text
    assert page.index("Sign and take the watch") < page.index("Hand it to somebody else instead")
    assert "Hand it to somebody else instead" not in leaving.get("/watch/handover").text


def test_a_handed_over_list_says_what_nobody_has_taken(offices: Offices) -> None:
    """P5: who comes sees what nobody is at, what somebody is, and what is over; the signed list stays as it was."""
    mandate = offices.agree()
    one, two = Browser(offices.bern), Browser(offices.bern)
    one.sign_in()
    two.sign_in("second")
    notes = [release(offices, mandate, 4) for _ in range(3)]

    def states(of: Browser, where: str) -> list[tuple[str, str | None, str | None]]:
        page = of.json("/watch/handover")
        listed = page["offered"]["open"] if where == "offered" else page[where]
        return [(each["name"], each["now"], each["taken_by"]) for each in listed]

    offices.bern.ringing.round()
    assert states(one, "open") == [(f"Washington {at}", "untaken", None) for at in (1, 2, 3)]
    one.done("/watch/handover", coming=offices.bern.officer("second").public.hex())
    one.done(f"/notes/{notes[1].hex()}/take")
    one.done(f"/notes/{notes[2].hex()}/refuse", reason="Not so.")
    offices.bern.ringing.round()
    assert states(two, "offered") == [
        ("Washington 1", "untaken", None),
        ("Washington 2", "taken", "officer 1"),
        ("Washington 3", "over", None),
    ]
    html = two.get("/watch/handover").text
    assert all(each in html for each in ("nobody has taken it", "taken by officer 1", "over by now"))
    offered = two.json("/watch/handover")["offered"]["id"]
    two.done("/watch/handover/sign", handover=offered)
    (done,) = two.json("/watch/handover")["done"]
    assert [each["now"] for each in done["open"]] == [None, None, None]

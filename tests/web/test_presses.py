# SPDX-License-Identifier: Apache-2.0
"""A form that a browser sends twice, by a double click without scripts or over a bad line, counts once."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import Any

import pytest

from goodoffices.core.errors import YourError
from goodoffices.web.presses import MOST, Presses, key_of
from tests.web.offices import Browser, Offices


@pytest.fixture
def offices() -> Offices:
    offices = Offices()
    offices.agree()
    return offices


@pytest.fixture
def browser(offices: Offices) -> Browser:
    browser = Browser(offices.bern)
    browser.sign_in()
    return browser


def token(browser: Browser, path: str) -> str:
    """What the forms of a page carry, as it is drawn now."""
    found = set(re.findall(r'name="csrf" value="([^"]+)"', browser.get(path).text))
    assert len(found) == 1
    return unescape(found.pop())


def press(browser: Browser, path: str, fields: dict[str, Any]) -> str:
    """Send a form a second after the last; where the browser is led to."""
    browser.desk.world.time += 1000
    answer = browser.post(path, html=True, **fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def titles(browser: Browser) -> list[str]:
    return [each["title"] for each in browser.json("/incidents")["files"]]


def test_a_form_sent_twice_opens_one_incident_file(browser: Browser) -> None:
    """P2, P12: the answer is the same both times; the next page's form opens another, whatever it is called."""
    first = {"csrf": token(browser, "/incidents"), "title": "A flash", "place": "Isfahan"}
    done = press(browser, "/incidents", first)
    answers = {press(browser, "/incidents", first) for _ in range(2)}
    assert answers == {f"{done}?again=1"}
    assert "nothing was done a second time" in browser.get(answers.pop()).text
    assert titles(browser) == ["A flash"]
    assert press(browser, "/incidents", {**first, "csrf": token(browser, "/incidents")}) != done
    assert titles(browser) == ["A flash", "A flash"]


def test_another_text_on_the_same_page_is_another_press(browser: Browser) -> None:
    """P12: whoever goes back and corrects what he typed is not told that it was done."""
    at = token(browser, "/incidents")
    for title in ("A flash", "A fire"):
        press(browser, "/incidents", {"csrf": at, "title": title})
    assert sorted(titles(browser)) == ["A fire", "A flash"]


def test_a_mandate_proposed_twice_is_one(offices: Offices, browser: Browser) -> None:
    """P2: on any page of the table, whatever it makes."""
    path = [each.me.hex() for each in offices.desks.values()]
    form = {"csrf": token(browser, "/mandates/new"), "name": "A second one", "path": path}
    assert len({press(browser, "/mandates", form).partition("?")[0] for _ in range(2)}) == 1
    assert [each["name"] for each in browser.json("/")["channels"]].count("A second one") == 1


def test_what_was_refused_is_tried_again(browser: Browser) -> None:
    """P12: only what was done is remembered."""
    at = token(browser, "/incidents")
    for _ in range(2):
        answer = browser.post("/incidents", html=True, csrf=at, title="", place="")
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text


def test_a_token_of_another_session_counts_for_nothing_whatever_page_it_names(browser: Browser) -> None:
    """P3: the page's number is no right."""
    other = Browser(browser.desk)
    other.sign_in()
    foreign = token(other, "/incidents")
    assert browser.post("/incidents", html=True, csrf=foreign, title="A flash").status_code == 403
    assert titles(browser) == []


def test_of_two_presses_at_once_the_second_waits_for_the_first() -> None:
    """P2: a double click reaches a desk that is still at work on the first."""
    done: list[int] = []
    presses: Presses[int] = Presses()

    async def both() -> list[tuple[int, bool]]:
        at_work = asyncio.Event()

        async def act() -> int:
            asyncio.get_running_loop().call_soon(at_work.set)
            await at_work.wait()
            done.append(1)
            return len(done)

        return await asyncio.gather(*(presses.once(b"k", act, lambda _: True) for _ in range(3)))

    assert asyncio.run(both()) == [(1, False), (1, True), (1, True)]


def test_a_press_that_failed_leaves_room_for_the_one_that_waited() -> None:
    """P12: and each that waited is tried by itself."""
    tried: list[int] = []
    presses: Presses[int] = Presses()

    async def both() -> list[tuple[int, bool] | BaseException]:
        at_work = asyncio.Event()

        async def act() -> int:
            tried.append(1)
            asyncio.get_running_loop().call_soon(at_work.set)
            await at_work.wait()
            if len(tried) == 1:
                raise YourError("Not this time.")
            return 7

        return await asyncio.gather(
            *(presses.once(b"k", act, lambda _: True) for _ in range(2)), return_exceptions=True
        )

    failed, came = asyncio.run(both())
    assert isinstance(failed, YourError)
    assert (came, len(tried)) == ((7, False), 2)


def test_a_session_remembers_its_newest_presses_only() -> None:
    """P12: whoever presses for ever costs nothing else."""
    count = iter(range(1000))
    presses: Presses[int] = Presses()

    async def act() -> int:
        return next(count)

    async def all_of_them() -> tuple[tuple[int, bool], tuple[int, bool]]:
        for at in range(MOST + 1):
            await presses.once(b"%d" % at, act, lambda _: True)
        newest = await presses.once(b"%d" % MOST, act, lambda _: True)
        return newest, await presses.once(b"0", act, lambda _: True)

    assert asyncio.run(all_of_them()) == ((MOST, True), (MOST + 1, False))


def test_a_press_is_named_by_page_address_and_all_that_was_filled_in() -> None:
    """P4: no two that differ are taken for each other."""
    one = {"csrf": "t.01", "a": "b", "c": ""}
    others = [
        ("/y", one),
        ("/x", {**one, "csrf": "t.02"}),
        ("/x", {**one, "a": "bc"}),
        ("/x", {"csrf": "t.01", "ab": "", "c": ""}),
        ("/x", {"csrf": "t.01", "a": "b"}),
    ]
    keys = [key_of("/x", one), *(key_of(*each) for each in others)]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert key_of("/x", {**one, "csrf": "another.01"}) == keys[0]
    assert key_of("/x", {**one, "csrf": "t"}) is None

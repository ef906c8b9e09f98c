# SPDX-License-Identifier: Apache-2.0
"""The page 'By hand': out to a stick or as pictures, and in again, at a running desk."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import pytest

from goodoffices.core.courier import MARK
from goodoffices.desk.courier.gathering import Gathered, gather
from goodoffices.web import courier
from goodoffices.web.security import MAX_BODY, MAX_UPLOAD
from tests.web.offices import Browser, DeskInMemory, Offices
from tests.web.test_pages import release, signed_in, words_of


class Cut:
    """A channel whose relays are gone: Washington has a note for Tehran, by way of Bern."""

    def __init__(self) -> None:
        self.offices = Offices()
        self.mandate = self.offices.agree()
        for each in self.offices.desks.values():
            each.cut = True
        self.washington, self.bern = self.offices.washington, self.offices.bern
        self.note = release(self.washington, self.mandate, self.offices.tehran.me, "By hand.")
        self.line = self.washington.desk.line_named("Bern").id

    def at(self, desk: DeskInMemory, what: str = "") -> str:
        return f"/lines/{self.line.hex()}/courier{what}"


def upload(browser: Browser, path: str, *files: tuple[str, bytes], html: bool = True) -> Any:
    return browser.client.post(
        path,
        data={"csrf": browser.csrf},
        files=[("files", (name, content)) for name, content in files],
        headers={
            "accept": "text/html" if html else "application/json",
            "origin": "http://127.0.0.1:8000",
            "sec-fetch-site": "same-origin",
        },
    )


@pytest.mark.parametrize("language", ["en", "fa", "fr"])
def test_a_bundle_is_saved_here_and_taken_in_there(language: str) -> None:
    """P7: what a browser saves at one desk, a browser gives to the other."""
    cut = Cut()
    here = signed_in(cut.washington, **{"accept-language": language})
    there = signed_in(cut.bern, **{"accept-language": language})
    assert here.get(cut.at(cut.washington)).status_code == 200
    saved = here.post(cut.at(cut.washington, "/out"), html=True)
    name = saved.headers["content-disposition"].rpartition("'")[2].strip('"')
    assert re.fullmatch(r"[B-Z]{4}-[0-9TZ]+\.courier", name)  # of neither office a word
    assert f'<strong dir="ltr">{name[:4]}</strong>' in here.get(cut.at(cut.washington)).text
    assert f'<strong dir="ltr">{name[:4]}</strong>' in there.get(cut.at(cut.bern)).text
    answer = upload(there, cut.at(cut.bern, "/in"), ("stick.courier", saved.content))
    assert answer.status_code == 200
    row = cut.bern.desk.ledger.note(cut.note)
    assert row is not None
    assert row.state == "verified"


def test_a_bundle_that_is_taken_in_again_is_said_to_bring_nothing_new() -> None:
    """P2: whoever carried it once more in doubt reads no row of noughts."""
    cut = Cut()
    bundle = signed_in(cut.washington).post(cut.at(cut.washington, "/out"), html=True).content
    there = signed_in(cut.bern)
    first, again = (upload(there, cut.at(cut.bern, "/in"), ("a", bundle)).text for _ in range(2))
    assert ("Nothing in it is new" in first, "Nothing in it is new" in again) == (False, True)
    assert " new entr" not in words_of(again)


def test_the_pictures_are_drawn_on_the_page_and_nothing_on_it_is_inline() -> None:
    """P7"""
    cut = Cut()
    here = signed_in(cut.washington)
    page = here.post(cut.at(cut.washington, "/pictures"), html=True)
    assert page.status_code == 200
    assert page.text.count('class="qr"') > 5
    assert "style=" not in page.text
    drawn = page.text.count('class="qr"')
    assert f"Any {-(-drawn * 4 // 7)} of them are enough." in words_of(page.text)


def test_a_wrong_file_is_told_and_the_page_stays() -> None:
    """P12"""
    cut = Cut()
    there = signed_in(cut.bern)
    answer = upload(there, cut.at(cut.bern, "/in"), ("letter.txt", b"Dear Sirs"))
    assert answer.status_code == 400
    assert "no part of a courier" in words_of(answer.text)
    assert 'type="file"' in answer.text


def test_a_wrong_file_beside_a_bundle_is_named_with_what_to_choose_in_its_place() -> None:
    """P12: what is taken in is taken in all the same."""
    cut = Cut()
    bundle = signed_in(cut.washington).post(cut.at(cut.washington, "/out"), html=True).content
    files = ("letter.txt", b"Dear Sirs"), ("a.courier", bundle)
    told = upload(signed_in(cut.bern), cut.at(cut.bern, "/in"), *files).text
    assert "1 new entry" in words_of(told)
    (unused,) = re.findall(r"<li><bdi>(.*?)</li>", told.partition("Not used")[2])[:1]
    assert words_of(unused).startswith("letter.txt : Neither a courier's bundle nor a picture")
    assert "whose name ends in .courier" in words_of(unused)


def test_somebody_elses_bundle_is_told_as_such() -> None:
    """P12"""
    cut = Cut()
    here, there = signed_in(cut.washington), signed_in(cut.offices.tehran)
    saved = here.post(cut.at(cut.washington, "/out"), html=True)
    line = cut.offices.tehran.desk.line_named("Bern").id
    answer = upload(there, f"/lines/{line.hex()}/courier/in", ("stick.courier", saved.content))
    assert answer.status_code == 400
    assert "for another office" in words_of(answer.text)


def test_somebody_elses_bundle_on_the_same_stick_keeps_none_of_ours_out() -> None:
    """P2, P7, P12: the officer was told that nothing was taken in, and the note stayed on the stick"""
    cut = Cut()
    ours = signed_in(cut.washington).post(cut.at(cut.washington, "/out"), html=True).content
    line = cut.bern.desk.line_named("Tehran").id
    there = signed_in(cut.bern)
    theirs = there.post(f"/lines/{line.hex()}/courier/out", html=True).content
    told = upload(there, cut.at(cut.bern, "/in"), ("theirs.courier", theirs), ("ours.courier", ours)).text
    assert "1 new entry" in words_of(told)
    (unused,) = re.findall(r"<li><bdi>(.*?)</li>", told.partition("Not used")[2])[:1]
    assert words_of(unused).startswith("theirs.courier : None of this desk's keys opens this bundle")


def test_nothing_chosen_is_told() -> None:
    """P12"""
    cut = Cut()
    there = signed_in(cut.bern)
    assert upload(there, cut.at(cut.bern, "/in")).status_code == 400


def test_only_the_courier_may_bring_much() -> None:
    """P12: everything else stays small."""
    cut = Cut()
    there = signed_in(cut.bern)
    much = MARK.encode() + bytes(MAX_BODY)
    assert upload(there, cut.at(cut.bern, "/in"), ("stick.courier", much)).status_code == 400
    assert upload(there, "/mandates", ("stick.courier", much)).status_code == 413
    assert MAX_UPLOAD > MAX_BODY


def test_pictures_are_not_looked_through_on_the_desks_only_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """P5, P12: two hundred pictures of 100 KB, brought by a courier, kept a desk from all else for minutes."""
    cut = Cut()
    there = signed_in(cut.bern)
    loops: list[object] = []

    def looking(files: Iterable[tuple[str, bytes]]) -> Gathered:
        loops.append(asyncio._get_running_loop())
        return gather(files)

    monkeypatch.setattr(courier, "gather", looking)
    upload(there, cut.at(cut.bern, "/in"), ("a.png", b"no picture"))
    assert loops == [None]

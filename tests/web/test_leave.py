# SPDX-License-Identifier: Apache-2.0
"""The page for leaving, and what a desk says once its keys are destroyed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest

from goodoffices.desk.founding import NewOfficer
from goodoffices.web.app import create_app
from tests.desk.running import PASSPHRASE, RunningDesk, make_office
from tests.web.offices import Browser, Offices


def test_the_page_says_what_leaving_does_before_anybody_presses() -> None:
    """P13"""
    browser = Browser(Offices().bern)
    browser.sign_in()
    shown = browser.get("/leave").text
    assert "Every key on this machine is destroyed." in shown
    assert "No backup is set up" in shown


@pytest.mark.parametrize("by_secret", [False, True])
def test_a_desk_that_has_left_answers_nothing_but_that(tmp_path: Path, by_secret: bool) -> None:
    """P13: two officers on one form, or the secret on the sign-in page; nobody at the screen sees which."""

    async def work() -> None:
        make_office(tmp_path / "bern", "Bern")
        desk = RunningDesk(tmp_path / "bern", "Bern")
        await desk.start()
        app = create_app(desk.service, secure=False)
        second = await desk.service.leaving.opened("second", PASSPHRASE)
        desk.service.leaving.set_secret(desk.duty, "nothing is left of us", second)
        transport = httpx2.ASGITransport(app=app)
        headers = {"accept": "application/json", "origin": "http://127.0.0.1:8000"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", headers=headers
        ) as at:
            entered = await at.post("/sign-in", data={"name": "duty", "passphrase": PASSPHRASE})
            token = {"csrf": entered.json()["csrf"]}
            alone = await at.post("/leave", data={"name": "duty", "passphrase": PASSPHRASE, **token})
            assert alone.status_code == 403
            assert desk.service.leaving.left is None
            if by_secret:
                await at.post("/sign-in", data={"name": "anybody", "passphrase": "nothing is left of us"})
            else:
                left = await at.post("/leave", data={"name": "second", "passphrase": PASSPHRASE, **token})
                assert left.status_code == 410  # the page itself says it: the next one may find no desk
                assert left.json()["told"] == left.json()["of"]
            assert not (tmp_path / "bern" / "vault.db").exists()
            after = [await at.get(path) for path in ("/", "/sign-in", "/leave")]
            assert {each.status_code for each in after} == ({500} if by_secret else {410})
            assert (await at.get("/health")).json() == {"ok": False, "left": True}
            if not by_secret:
                shown = await at.get("/", headers={"accept": "text/html"})
                assert "This desk has left" in shown.text
        await desk.service.leaving.over.wait()
        await desk.service.stop()

    asyncio.run(work())


def test_the_secret_is_no_officers_passphrase(tmp_path: Path) -> None:
    """P13: one word for both destroyed the desk at that officer's next sign-in."""

    async def work() -> None:
        make_office(tmp_path / "bern", "Bern")
        desk = RunningDesk(tmp_path / "bern", "Bern")
        await desk.start()
        app = create_app(desk.service, secure=False)
        transport = httpx2.ASGITransport(app=app)
        headers = {"accept": "application/json", "origin": "http://127.0.0.1:8000"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", headers=headers
        ) as at:
            entered = await at.post("/sign-in", data={"name": "duty", "passphrase": PASSPHRASE})
            form = {"csrf": entered.json()["csrf"], "secret": PASSPHRASE, "again": PASSPHRASE}
            refused = await at.post("/leave/secret", data=form)
            assert "the passphrase of one of you" in refused.json()["what"]
            assert not desk.service.leaving.has_secret
            second = await desk.service.leaving.opened("second", PASSPHRASE)
            desk.service.leaving.set_secret(desk.duty, PASSPHRASE, second)  # as somebody's may be by chance
            entered = await at.post("/sign-in", data={"name": "duty", "passphrase": PASSPHRASE})
            assert entered.status_code == 200
            assert desk.service.leaving.left is None
        await desk.service.stop()

    asyncio.run(work())


@pytest.mark.slow
def test_the_secret_takes_two_keepers_of_keys_where_there_are_two(tmp_path: Path) -> None:
    """P13: what ends an office is nobody's to decide alone; what no longer does, one takes back."""

    async def work() -> None:
        make_office(tmp_path / "bern", "Bern")
        desk = RunningDesk(tmp_path / "bern", "Bern")
        await desk.start()
        app = create_app(desk.service, secure=False)
        transport = httpx2.ASGITransport(app=app)
        headers = {"accept": "application/json", "origin": "http://127.0.0.1:8000"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", headers=headers
        ) as at:
            entered = await at.post("/sign-in", data={"name": "duty", "passphrase": PASSPHRASE})
            token, word = {"csrf": entered.json()["csrf"]}, "nothing is left of us"
            form = {**token, "secret": word, "again": word}
            assert "It takes two keepers" in (await at.get("/leave", headers={"accept": "text/html"})).text
            for other in (
                {},
                {"name": "duty", "passphrase": PASSPHRASE},
                {"name": "second", "passphrase": "no"},
            ):
                assert (await at.post("/leave/secret", data={**form, **other})).status_code == 403
                assert not await desk.service.leaving.is_secret(word)
            both = {**form, "name": "second", "passphrase": PASSPHRASE}
            assert (await at.post("/leave/secret", data=both)).status_code == 200
            assert await desk.service.leaving.is_secret(word)
            none = await at.post("/leave/secret", data={**token, "secret": "", "again": ""})
            assert none.status_code == 200
            assert not await desk.service.leaving.is_secret(word)
        await desk.service.stop()

    asyncio.run(work())


def test_an_office_of_one_officer_is_told_what_is_missing() -> None:
    """P13: no form for a second whom there is not."""
    browser = Browser(Offices().bern)
    browser.sign_in()
    shown = browser.get("/leave").text
    assert "There is no second officer here" in shown
    assert "set one below" in shown
    assert "Destroy all keys and leave" not in shown
    two = Browser(Offices(officers=[NewOfficer("duty", "officer 1"), NewOfficer("second", "officer 2")]).bern)
    two.sign_in()
    assert "Destroy all keys and leave" in two.get("/leave").text

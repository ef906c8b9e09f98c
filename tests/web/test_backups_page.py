# SPDX-License-Identifier: Apache-2.0
"""Backups set up from a page, to several places, and restored from any of them (P13)."""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
from pathlib import Path

import httpx2
import pytest

from goodoffices.desk.asking import AuditKind
from goodoffices.desk.backup import keepers
from goodoffices.desk.backup.places import Folder
from goodoffices.desk.backup.restoring import restore
from goodoffices.desk.backup.setup import MOST_PLACES
from goodoffices.web.app import create_app
from tests.desk.running import CHEAP, PASSPHRASE, WITHIN, RunningDesk, make_office


class Keeper:
    """A keeper of keys at the pages of a running desk."""

    def __init__(self, at: httpx2.AsyncClient) -> None:
        self.at, self.token = at, ""

    async def sign_in(self) -> None:
        entered = await self.at.post(
            "/sign-in",
            data={"name": "duty", "passphrase": PASSPHRASE},
            headers={"accept": "application/json"},
        )
        self.token = entered.json()["csrf"]

    async def post(self, path: str, passphrase: str = PASSPHRASE, **fields: str) -> httpx2.Response:
        data = {"csrf": self.token, "passphrase": passphrase, **fields}
        return await self.at.post(path, data=data, headers={"accept": "text/html"})


async def whole(desk: RunningDesk, where: Path) -> None:
    """Wait until everything lies at a place."""
    changed = desk.service._subscribe()
    try:
        async with asyncio.timeout(WITHIN):
            while not any(
                each.where == str(where) and each.last is not None and not each.waits and not each.failure
                for each in desk.service.backup.state().places
            ):
                # Not every step of a backup is announced: look again soon in any case.
                await asyncio.wait([asyncio.ensure_future(changed.wait())], timeout=0.05)
                changed.clear()
    finally:
        desk.service._subscribers.discard(changed)


@pytest.mark.slow
def test_backups_are_set_up_from_a_page_and_one_place_that_fails_holds_up_no_other(tmp_path: Path) -> None:
    """P13, P12: shares shown once, a place that cannot be reached refused, each place whole by itself."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()

    async def work() -> list[str]:
        make_office(tmp_path / "bern", "Bern")
        desk = RunningDesk(tmp_path / "bern", "Bern")
        await desk.start()
        transport, base = (
            httpx2.ASGITransport(app=create_app(desk.service, secure=False)),
            "http://127.0.0.1:8000",
        )
        async with httpx2.AsyncClient(transport=transport, base_url=base, headers={"origin": base}) as at:
            keeper = Keeper(at)
            await keeper.sign_in()
            names = "Anna\r\nBert\r\nCora"
            assert (await keeper.post("/backups/set-up", "not mine", where=str(one))).status_code == 403
            assert "Begin it with a slash" in (await keeper.post("/backups/set-up", where="one")).text
            refused = await keeper.post("/backups/set-up", where=str(two), keepers=names, needed="2")
            assert "two is not there" in html.unescape(refused.text)
            assert desk.service.backup.state().setup is None
            shown = await keeper.post("/backups/set-up", where=str(one), keepers=names, needed="2")
            shares = [each.strip() for each in re.findall(r'class="share"[^>]*>([a-z ]+)<', shown.text)]
            assert len(shares) == 3
            assert "live.js" not in shown.text  # nothing renews the page that shows them
            assert shares[0] not in (await at.get("/backups")).text
            await whole(desk, one)
            two.mkdir()
            assert (await keeper.post("/backups/add", where=str(two))).status_code == 303
            assert "already" in (await keeper.post("/backups/add", where=str(two))).text
            await whole(desk, one)
            await whole(desk, two)
            shutil.rmtree(one)
            desk.service.desk.note_down(
                "duty", "something that is to be in every backup", AuditKind.OFFICE, desk.service.now()
            )
            await desk.service.backup.flush()
            first, second = desk.service.backup.state().places
            assert (first.waits, second.waits) == (True, False)
            one.mkdir()
            assert (await keeper.post("/backups/drop", where=str(one))).status_code == 303
            assert "the only place" in (await keeper.post("/backups/drop", where=str(two))).text
            await whole(desk, two)
            (left,) = desk.service.backup.state().places
            assert left.where == str(two)
            assert len(desk.service.backup.state().places) < MOST_PLACES
        await desk.stop()
        return shares

    shares = asyncio.run(work())
    seed = keepers.join([shares[0], shares[2]])
    vault, _ = asyncio.run(
        restore(Folder(two), [seed], tmp_path / "new", root=lambda _: True, rng=os.urandom, cost=CHEAP)
    )
    with vault:
        told = vault.db.execute("SELECT what FROM audit").fetchall()
        assert ("something that is to be in every backup",) in told
        assert vault.sign_in("duty", PASSPHRASE).name == "duty"

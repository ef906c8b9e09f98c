# SPDX-License-Identifier: Apache-2.0
"""Leaving: keys destroyed by one act of two, counterparts told, the office goes on at its second site (P13)."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from goodoffices.core.errors import NotAllowed, VaultDamaged, WrongSecret, WrongSigner
from goodoffices.core.mandate import Reading
from goodoffices.core.office import Right
from goodoffices.core.roster_request import sign_request
from goodoffices.core.statement import sign, state
from goodoffices.core.stop import Stop, verify_stop
from goodoffices.desk.courier.carrying import carry_in, stop_out
from goodoffices.desk.service import DeskConfig, DeskService
from goodoffices.desk.vault.vault import open_vault
from goodoffices.desk.views.lines import line_cards
from tests.desk.running import PASSPHRASE, Desks, RunningDesk, make_office, two_relays
from tests.verify.channel import Channel


@pytest.mark.slow
def test_a_stop_certificate_counts_by_the_desks_key_and_until_the_next_roster() -> None:
    """P12: nobody else can silence an office, and an old certificate cannot do so again."""
    channel = Channel()
    west, middle = channel.west, channel.middle
    line = middle.desk.ledger.line(channel.lines[0])
    office = west.desk.context.my_office()
    stop = Stop(line=line.id, office=office.id, roster=1, time=(channel.now, 0))
    realm = office.realm
    with pytest.raises(WrongSigner):
        verify_stop(sign(state(stop, realm), west.officer.seed), line.id, office)
    signed = sign(state(stop, realm), west.desk.context.keys.desk_seed)
    with middle.desk.context.transaction():
        middle.desk.stops.take(line, signed, channel.now)
    (card,) = (each for each in line_cards(middle.desk, channel.now, ()) if each.id == line.id)
    assert card.state == "left"
    request = west.desk.rosters.renew(west.officer, channel.tick(), desk_key=True)
    west.desk.rosters.install(sign_request(request, west.founding.root_seed), channel.now)
    channel.pump()
    with middle.desk.context.transaction():
        middle.desk.stops.take(line, signed, channel.now)
    (card,) = (each for each in line_cards(middle.desk, channel.now, ()) if each.id == line.id)
    assert card.state != "left"


def test_a_certificate_made_beforehand_is_handed_over_by_somebody_elsewhere() -> None:
    """P13: the desk was seized before anybody pressed; a colleague abroad has the file."""
    channel = Channel()
    west, middle = channel.west, channel.middle
    bundle, until = stop_out(west.desk, channel.lines[0], channel.now)
    assert until > channel.now
    taken = carry_in(middle.desk, None, bundle, channel.tick())
    assert (taken.envelopes, taken.refused) == (1, 1)
    assert any("has left" in each[4] for each in middle.desk.ledger.findings())


async def _one(folder: Path) -> RunningDesk:
    make_office(folder, "Bern")
    desk = RunningDesk(folder, "Bern")
    await desk.start()
    return desk


def test_it_takes_another_officer_with_the_right(tmp_path: Path) -> None:
    """P10: one officer alone does not end a desk, nor does a wrong passphrase."""

    async def work() -> None:
        desk = await _one(tmp_path / "bern")
        leaving = desk.service.leaving
        with pytest.raises(NotAllowed, match="two officers"):
            await leaving.second(desk.duty, "duty", PASSPHRASE)
        with pytest.raises(WrongSecret):
            await leaving.second(desk.duty, "second", "not the passphrase at all")
        assert (await leaving.second(desk.duty, "second", PASSPHRASE)).name == "second"
        assert desk.service.desk.context.my_office().roster.rights(desk.duty.public) & Right.DUTY
        await desk.stop()

    asyncio.run(work())


@pytest.mark.slow
def test_the_secret_for_leaving_is_told_from_every_other_word(tmp_path: Path) -> None:
    """P13: set by a keeper of keys; what is typed is compared, never kept."""

    async def work() -> None:
        desk = await _one(tmp_path / "bern")
        leaving = desk.service.leaving
        assert not await leaving.is_secret("")
        with pytest.raises(NotAllowed, match="two keepers"):
            leaving.set_secret(desk.duty, "nothing is left of us")
        second = await leaving.opened("second", PASSPHRASE)
        leaving.set_secret(desk.duty, "nothing is left of us", second)
        assert await leaving.is_secret("nothing is left of us")
        assert not await leaving.is_secret(PASSPHRASE)
        leaving.set_secret(desk.duty, "")
        assert not leaving.has_secret
        await leaving.leave(at_once=True)
        await leaving.over.wait()
        assert not [*(tmp_path / "bern").iterdir()]
        await desk.stop()

    asyncio.run(work())


@pytest.mark.slow
def test_an_office_leaves_and_its_channel_goes_on_from_the_second_site(tmp_path: Path) -> None:
    """P13: from the second officer's act to a note through the office at its new place."""
    copies = tmp_path / "copies"

    async def work() -> None:
        with two_relays(tmp_path) as relays:
            async with Desks(tmp_path, relays) as desks:
                await desks.agree(reading=Reading.SEALED)
                bern, folder = desks.bern, desks.bern.folder
                bern.back_up(copies)
                before = desks.release("Before they left.")
                await desks.arrived(before)
                await desks.until(bern.backed_up)
                me = bern.me

                await bern.service.leaving.second(bern.duty, "second", PASSPHRASE)
                await bern.service.leaving.leave()
                assert not (folder / "unlock.key").exists()
                assert not (folder / "vault.json").exists()
                assert not (folder / "vault.db").exists()
                assert bern.service.desk.context.locked

                parties = (desks.washington, desks.tehran)
                await desks.until(
                    lambda: all(any("has left" in what for what in each.findings()) for each in parties)
                )
                await bern.service.leaving.over.wait()
                assert bern.service.leaving.told == 4
                await bern.stop()

                await bern.restore(copies, tmp_path / "second-site")
                await bern.start()
                await desks.until(lambda: all(each.knows_roster(me) == 2 for each in parties))
                await desks.arrived(desks.release("After they came back."))
                cards = [line_cards(each.service.desk, each.service.now(), ()) for each in parties]
                assert all(card.state != "left" for each in cards for card in each)

    asyncio.run(work())


def test_it_leaves_in_the_middle_of_its_first_whole_backup(tmp_path: Path) -> None:
    """P13: each start begins one, and it takes its time; keys go, and everybody is told, all the same."""

    async def work() -> None:
        desk = await _one(tmp_path / "bern")
        held, threads = threading.Event(), ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(threads)
        busy = threads.submit(held.wait, 100)  # the backup's first look into the vault waits behind this
        desk.back_up(tmp_path / "copies")
        leaving = desk.service.leaving
        await leaving.leave(at_once=True)
        held.set()
        busy.result()
        threads.submit(int).result()  # by now the backup has looked, and found the vault closed
        await leaving.over.wait()
        assert not [*(tmp_path / "bern").iterdir()]
        await desk.stop()

    asyncio.run(work())


def test_it_leaves_while_its_vault_is_still_looked_through(tmp_path: Path) -> None:
    """P13: the secret is typed right after a start; it waits for nothing, and the desk ends as one that has left."""

    async def work() -> None:
        make_office(tmp_path / "bern", "Bern")
        held, threads = threading.Event(), ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(threads)
        busy = threads.submit(held.wait, 100)  # the look waits behind this
        service = DeskService(DeskConfig(vault=tmp_path / "bern"))
        starting = asyncio.ensure_future(service.start())
        await asyncio.wait({starting}, timeout=0.1)
        assert not starting.done()
        await service.leaving.leave(at_once=True)
        assert not [*(tmp_path / "bern").iterdir()]
        held.set()
        busy.result()
        await starting
        await service.leaving.over.wait()
        await service.stop()

    asyncio.run(work())


def test_a_vault_of_a_desk_that_left_opens_no_more(tmp_path: Path) -> None:
    """P13: not with a copy of the unlock secret either, once the header is gone."""
    folder = tmp_path / "bern"
    make_office(folder, "Bern")
    secret = (folder / "unlock.key").read_bytes()
    database = (folder / "vault.db").read_bytes()
    open_vault(folder).destroy()
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in (("unlock.key", secret), ("vault.db", database)):
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    with pytest.raises(VaultDamaged, match="is missing"):
        DeskService(DeskConfig(vault=folder))

# SPDX-License-Identifier: Apache-2.0
"""A desk over a long record collects before its vault is looked through, and lets nothing out until then (ADR 0077)."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from goodoffices.core.act import ActType
from goodoffices.core.errors import MachineError, VaultDamaged
from goodoffices.desk.schema import __file__ as schema
from goodoffices.desk.service import DeskConfig, DeskService
from goodoffices.desk.vault.vault import create_vault, open_vault
from tests.desk.running import CHEAP, PASSPHRASE, Desks, make_office, two_relays

LONG = 400_000
"""Bytes of a text that fills pages of any size."""


def _damaged(folder: Path) -> None:
    """A page that no start reads is changed: one of many that a long text fills."""
    with open_vault(folder) as vault:
        vault.db.execute("CREATE TABLE never_read (long BLOB)")
        vault.db.execute("INSERT INTO never_read VALUES (zeroblob(?))", (LONG,))
        vault.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = folder / "vault.db"
    content = bytearray(file.read_bytes())
    content[-LONG // 4] ^= 1
    file.write_bytes(content)


def test_a_damaged_page_ends_the_start_before_anybody_signs_in(tmp_path: Path) -> None:
    """P12: found by the look at all pages, as a whole vault is not; whoever signs in meanwhile is told so too."""
    make_office(tmp_path / "vault", "Bern")
    _damaged(tmp_path / "vault")

    async def story() -> None:
        service = DeskService(DeskConfig(tmp_path / "vault"))
        with pytest.raises(VaultDamaged, match="changed on the disk"):
            await service.start()
        with pytest.raises(VaultDamaged):
            await service.sign_in("duty", PASSPHRASE)
        await service.stop()

    asyncio.run(story())


def test_a_vault_of_an_older_version_is_looked_through_before_it_is_changed(tmp_path: Path) -> None:
    """P12: no step of the schema runs over pages that nobody has looked at."""
    newest = len([*Path(schema).parent.glob("[0-9]*.sql")])
    create_vault(tmp_path / "vault", rng=bytes, cost=CHEAP, up_to=newest - 1).close()
    opened = open_vault(tmp_path / "vault", look_later=True)
    assert opened.look is None
    opened.close()
    again = open_vault(tmp_path / "vault", look_later=True)
    assert again.look is not None
    again.look.through()
    again.look.through()
    again.close()


def test_a_vault_that_closes_breaks_its_look_off(tmp_path: Path) -> None:
    """P13: a desk that is told to stop does not go on reading."""
    create_vault(tmp_path / "vault", rng=bytes, cost=CHEAP).close()
    vault = open_vault(tmp_path / "vault", look_later=True)
    vault.close()
    assert vault.look is not None
    with pytest.raises(MachineError, match="was closed"):
        vault.look.through()


@pytest.mark.slow
def test_until_its_vault_was_looked_through_a_desk_collects_and_is_silent(tmp_path: Path) -> None:
    """P2, P5: what waits is taken at once; receipts, forwards and deletions wait for the look, and then go."""

    async def story(desks: Desks) -> None:
        await desks.agree()
        bern, held = desks.bern, threading.Event()
        await desks.until(desks.quiet)
        await bern.stop()
        note = desks.release("While Bern's desk starts.")
        await desks.until(lambda: ActType.ON_RELAY in desks.washington.rungs(note))
        # The one thread for such work has something else to do until the test lets it go.
        threads = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(threads)
        busy = threads.submit(held.wait, 100)
        stopped, starting = bern.service, asyncio.ensure_future(bern.start(sign_in=False))
        await desks.until(lambda: bern.service is not stopped and bern.state(note) is not None)
        assert ActType.AT_DESK not in desks.washington.rungs(note)
        assert not starting.done()
        held.set()
        busy.result()
        await starting
        await desks.arrived(note)
        await desks.until(desks.quiet)

    with two_relays(tmp_path) as relays:

        async def whole() -> None:
            async with Desks(tmp_path, relays) as desks:
                await story(desks)

        asyncio.run(whole())

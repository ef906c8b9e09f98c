# SPDX-License-Identifier: Apache-2.0
"""One relay of lines in use is replaced while notes flow, and the old one killed: real processes (ADR 0043)."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from goodoffices.core.act import ActType
from tests.desk.running import PASSPHRASE, Desks, RunningDesk, two_relays
from tests.relay.conftest import RelayProcess

pytestmark = pytest.mark.slow


def typed(desk: RunningDesk, line: str, *more: str) -> subprocess.CompletedProcess[str]:
    """What a keeper of keys types while the desk is stopped."""
    secret = desk.folder.parent / f"{desk.name}.passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    words = f"line relays --vault {desk.folder} --officer duty --passphrase-file {secret} --name {line}"
    return subprocess.run(
        [sys.executable, "-m", "goodoffices", *words.split(), *more],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def by_command(desk: RunningDesk, line: str, drop: str, add: str) -> None:
    """One relay for another."""
    done = typed(desk, line, "--drop", drop, "--add", add)
    assert done.returncode == 0, done.stderr
    assert f"ours\t{drop}\tdraining" in done.stdout
    assert f"ours\t{add}\tused" in done.stdout


def collect_at(desk: RunningDesk, relays: list[str]) -> None:
    """What the page does."""
    at = desk.service.desk.line_named("Bern").id
    desk.service.act(lambda here, now: here.collect_at(desk.duty, at, relays, now))


def test_a_relay_is_replaced_while_notes_flow_and_the_old_one_killed(tmp_path: Path) -> None:
    """P2, P7: by page and by command, on every line; in the end only the new relay stands."""

    async def story() -> None:
        with two_relays(tmp_path) as relays:
            new = RelayProcess(tmp_path / "relay-3.db")
            try:
                async with Desks(tmp_path, relays) as desks:
                    await replace(desks, relays.urls[0], relays.urls[1], new.address)
            finally:
                new.close()

    async def replace(desks: Desks, old: str, stays: str, new: str) -> None:
        await desks.agree()
        notes = [desks.release("Before.")]
        await desks.bern.stop()
        for line in ("Washington", "Tehran"):
            await asyncio.to_thread(by_command, desks.bern, line, old, new)
        notes.append(desks.release("While Bern's desk stands still."))
        await desks.bern.start()
        for each in (desks.washington, desks.tehran):
            collect_at(each, [stays, new])
            notes.append(desks.release(f"While {each.name} changes over."))

        def changed() -> bool:
            return all(
                {(route.relay, route.state) for route in each.service.desk.ledger.routes(own=own)}
                == {(stays, "used"), (new, "used")}
                for each in desks.all
                for own in (True, False)
            )

        await desks.until(changed)
        desks.relays.kill(0)
        notes.append(desks.release("The old one is dead."))
        for note in notes:
            await desks.arrived(note)
        desks.relays.kill(1)
        notes.append(desks.release("Only the new one stands."))
        await desks.arrived(notes[-1])
        await desks.until(lambda: desks.washington.rungs(notes[-1]) >= {ActType.AT_DESK})
        assert all(old not in {state.url for state in each.service.relays()} for each in desks.all)
        assert [each.findings() for each in desks.all] == [[], [], []]

    asyncio.run(story())


def test_a_relay_that_is_none_is_met_before_anything_is_signed(tmp_path: Path) -> None:
    """P6, P7: by page and by command the new relay is asked to keep a mailbox, and what it says is told."""

    async def story() -> None:
        with two_relays(tmp_path) as relays, socket.create_server(("127.0.0.1", 0)) as nobody:
            port = nobody.getsockname()[1]
            nobody.close()
            slip = f"http://127.0.0.1:{port}"
            async with Desks(tmp_path, relays) as desks:
                await met(desks, relays.urls, slip)

    async def met(desks: Desks, good: list[str], slip: str) -> None:
        await desks.agree()
        here = desks.washington.service
        line = here.desk.line_named("Bern").id
        boxes = here.desk.boxes_at(desks.washington.duty, line, [good[0], slip])
        by_page = await here.tried(boxes)
        why = f"{slip[7:]} cannot be reached. Nobody listens there."
        assert [(each.relay, each.new, each.against) for each in by_page] == [
            (good[0], False, None),
            (slip, True, why),
        ]
        # One that wants to be shown a secret says so in a sentence, which is what the page shows.
        secret = desks.washington.folder.parent / "admission"
        secret.write_text("a secret of more than sixteen bytes\n")
        secret.chmod(0o600)
        asks = RelayProcess(secret.with_name("relay-4.db"), "--admission-file", str(secret))
        (told,) = await here.tried(here.desk.boxes_at(desks.washington.duty, line, [asks.address]))
        asks.close()
        assert told.against is not None
        assert re.fullmatch(rf"127\.0\.0\.1:{asks.port} refused with 403: [A-Z][^{{}}]+\.", told.against)
        await desks.washington.stop()
        drop = ("--drop", good[0], "--drop", good[1])
        refused = await asyncio.to_thread(typed, desks.washington, "Bern", *drop, "--add", slip)
        assert refused.returncode == 1
        assert f"nothing would reach us on this line. {why}" in refused.stderr
        assert "--anyway" in refused.stderr
        stands = await asyncio.to_thread(typed, desks.washington, "Bern")
        assert slip not in stands.stdout
        said_so = await asyncio.to_thread(typed, desks.washington, "Bern", *drop, "--add", slip, "--anyway")
        assert f"ours\t{slip}\tused" in said_so.stdout
        await desks.washington.start()

    asyncio.run(story())

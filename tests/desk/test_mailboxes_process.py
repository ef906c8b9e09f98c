# SPDX-License-Identifier: Apache-2.0
"""One relay of lines in use is replaced while notes flow, and the old one killed: real processes (ADR 0043)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from goodoffices.core.act import ActType
from tests.desk.running import PASSPHRASE, Desks, RunningDesk, two_relays
from tests.relay.conftest import RelayProcess

pytestmark = pytest.mark.slow


def by_command(desk: RunningDesk, line: str, drop: str, add: str) -> None:
    """What a keeper of keys types while the desk is stopped."""
    secret = desk.folder.parent / f"{desk.name}.passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    words = f"line relays --vault {desk.folder} --officer duty --passphrase-file {secret} --name {line}"
    done = subprocess.run(
        [sys.executable, "-m", "goodoffices", *words.split(), "--drop", drop, "--add", add],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
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

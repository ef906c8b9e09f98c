# SPDX-License-Identifier: Apache-2.0
"""Disks of real processes: torn in the middle of a write, full, read-only; a vault copied while it is in use."""

from __future__ import annotations

import shutil
import signal
from functools import partial
from pathlib import Path

import httpx2
import pytest

from goodoffices.drill.scene.doors import until
from tests.crash.stage import Actor, Stage, stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def says_so(actor: Actor) -> bool | None:
    """Whether a desk's pages name a fault of its machine."""
    assert actor.door is not None
    try:
        page = actor.door._http.get("/lines", headers={"Accept": "text/html", "Accept-Language": "en"})
    except httpx2.RemoteProtocolError:
        return None  # the desk had closed an idle connection at that moment
    return True if "This machine is in trouble" in page.text else None


def waits(actor: Actor) -> bool | None:
    """Whether something that a desk has saved waits for its relay."""
    assert actor.door is not None
    page = actor.door.find("/lines")
    assert page is not None
    return any(relay["waiting"] for line in page["lines"] for relay in line["relays"]) or None


def ends_inside_a_write(here: Stage, actor: Actor, cut: int) -> None:
    """Notes pass until the kernel has killed ``actor`` that many bytes further into its log: one that was written back
    meanwhile begins anew, and reaches that place some notes later."""
    actor.again(0, f"cut:{cut}")
    actor.go()
    ending = actor.process
    for _ in range(20):
        here.passage(actor)
        if ending.poll() is not None:
            break
    assert ending.poll() == -signal.SIGXFSZ
    if actor.process is ending:
        actor.again()  # it ended after its last note had arrived


def test_a_torn_full_or_readonly_disk_loses_nothing_and_is_said(tmp_path: Path) -> None:
    """P2, P12: killed by the kernel inside a write; then no room, then no writing, until there is again."""
    with stage(tmp_path) as here:
        washington, bern, tehran = here.desks
        for actor, cut in (
            (bern, 100),
            (bern, 9000),
            (tehran, 4096 + 56),
            (washington, 20_001),
            (here.relay, 5000),
        ):
            ends_inside_a_write(here, actor, cut)
        for fault in ("full:0", "readonly"):
            bern.again(0, fault)
            bern.go()
            note = here.release()
            assert note is not None
            until("the fault on the page", lambda: says_so(bern))
            assert here.desks[2].page(note) is None
            bern.again()
            here.arrives(note, bern)
            here.released.append(note)
        for fault in ("full:0", "readonly"):
            here.relay.again(0, fault)
            here.relay.go()
            note = here.release()
            assert note is not None
            until("a note that waits for its relay", lambda: waits(washington))
            assert here.desks[2].page(note) is None
            here.relay.again()
            here.arrives(note, here.relay)
            here.released.append(note)
        here.verdict()


def test_a_vault_copied_while_it_was_in_use_goes_on_in_a_new_incarnation(tmp_path: Path) -> None:
    """P2, P8: an old copy put back is noticed, never forks, and gets back what it lacks."""
    with stage(tmp_path) as here:
        tehran = here.desks[2]
        vault, copy = tmp_path / "tehran", tmp_path / "copy"
        here.passage(tehran)
        note = here.release()
        shutil.copytree(vault, copy)  # file after file, while the note comes in
        assert note is not None
        here.arrives(note, tehran)
        here.released.append(note)
        here.passage(tehran)
        tehran.kill()
        shutil.rmtree(vault)
        copy.rename(vault)
        tehran.start()
        for each in here.released:
            until("what the lost vault had", partial(tehran.page, each))
        here.passage(tehran)
        here.verdict(restored="Tehran")

# SPDX-License-Identifier: Apache-2.0
"""``goodoffices courier``: two desks whose only route is a stick, or a folder of pictures."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from tests.cli.conftest import Office
from tests.cli.test_pairing_by_files import INVITE

TREE = Path(__file__).parents[2]
pytestmark = pytest.mark.slow  # every test starts processes


@pytest.fixture
def paired(washington: Office, bern: Office) -> tuple[Office, Office]:
    for office in (washington, bern):
        office.does(INVITE)
    here = washington.does("line accept --name Bern", bern.path("invitation"))
    there = bern.does("line accept --name Washington", washington.path("invitation"))
    washington.does("line confirm --name Bern --digits", there.word("read"))
    bern.does("line confirm --name Washington --digits", here.word("read"))
    return washington, bern


def test_a_line_opens_by_sticks_alone(paired: tuple[Office, Office]) -> None:
    """P7: both confirmations go by hand; no relay was ever reached."""
    washington, bern = paired
    out = washington.does("courier out vault Bern --to stick")
    assert stat.S_IMODE((washington.folder / "stick").stat().st_mode) == 0o600
    assert out.word("bundle").startswith("stick")
    assert len(out.word("letters")) == 4
    taken = bern.does("courier in vault", washington.path("stick"))
    assert taken.word("line") == "Washington"
    assert "\topen\t" in bern.does("line list").out
    bern.does("courier out vault Washington --to back")
    washington.does("courier in vault", bern.path("back"))
    assert "\topen\t" in washington.does("line list").out


def killed_at_each_point(office: Office, words: str) -> int:
    """Try a command again and again, killed three points further each time, until it ends by itself."""
    for at in count(1, 3):
        command = ["-m", "tests.crash.points", str(office.folder / "log"), str(-at), "none", "--"]
        command += [each.format(folder=office.folder, at=at) for each in words.split()]
        done = subprocess.run(
            [sys.executable, *command], cwd=TREE, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return at
        assert done.returncode == -signal.SIGKILL, done.stderr
    raise AssertionError("a command has no end of points")


def test_a_command_killed_at_any_commit_carries_all_at_the_next_try(paired: tuple[Office, Office]) -> None:
    """P2, P7: out and in; what was carried by half is carried again, and taken in once."""
    washington, bern = paired
    last = killed_at_each_point(washington, "courier out {folder}/vault Bern --to {folder}/stick{at}")
    assert last > 2
    stick = washington.folder / f"stick{last}"
    assert killed_at_each_point(bern, f"courier in {{folder}}/vault {stick}") > 2
    assert "\topen\t" in bern.does("line list").out
    bern.does("courier out vault Washington --to back")
    washington.does("courier in vault", bern.path("back"))
    assert "\topen\t" in washington.does("line list").out
    for office in paired:
        office.does("record export vault record --sealed")
        assert "VERIFIED" in office.does("verify record").out


def test_pictures_do_the_same(paired: tuple[Office, Office]) -> None:
    """P7: three in ten of them lost."""
    washington, bern = paired
    washington.does("courier out vault Bern --pictures sheets")
    pictures = sorted((washington.folder / "sheets").glob("*.png"))
    kept = [str(path) for at, path in enumerate(pictures) if at % 10 not in (1, 4, 8)]
    assert len(kept) < len(pictures)
    bern.does("courier in vault", *kept)
    assert "\topen\t" in bern.does("line list").out


def test_refusals_say_what_to_do(paired: tuple[Office, Office]) -> None:
    """P12"""
    washington, bern = paired
    assert "--to FILE" in washington.is_refused("courier out vault Bern")
    assert "no line named" in washington.is_refused("courier out vault Nowhere --to stick")
    assert "cannot be read" in washington.is_refused("courier in vault missing")
    washington.does("courier out vault Bern --to stick")
    assert "for another office" in washington.is_refused("courier in vault stick")
    assert "no part of a courier" in bern.is_refused("courier in vault passphrase")


def test_somebody_elses_stick_beside_ones_own_is_named_and_costs_it_nothing(
    paired: tuple[Office, Office],
) -> None:
    """P2, P12: the first that nobody here opens ended it all"""
    washington, bern = paired
    washington.does("courier out vault Bern --to stick")
    bern.does("courier out vault Washington --to back")
    taken = bern.does("courier in vault", bern.path("back"), washington.path("stick"))
    assert taken.word("line") == "Washington"
    assert "unused    back: None of this desk's keys opens this bundle" in taken.err
    assert "\topen\t" in bern.does("line list").out

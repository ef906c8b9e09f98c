# SPDX-License-Identifier: Apache-2.0
"""A relay over the file of an older version: copied first, brought up by itself, and a newer one refused."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from goodoffices.db.migrate import migrate, schema_of, steps_in, version_of
from goodoffices.db.sqlite import open_database
from goodoffices.relay.store_sqlite import SCHEMA
from tests.relay.conftest import COMMAND, Box, RelayProcess, Start, unpack
from tests.relay.test_process import ask

BOX = Box()
ENVELOPE = bytes(65536)
NEWEST = len(steps_in(SCHEMA))
TREE = Path(__file__).parents[2]
# As test_full_disk: no file of this process may grow past a size, which SQLite meets as a full disk.
FULL = (
    "import resource, signal\n"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (40 << 10, 40 << 10))\n"
    "from goodoffices.cli.relay import relay\n"
    "relay()"
)


def _id_of(envelope: bytes) -> bytes:
    return hashlib.sha256(envelope).digest()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of the first version, with one mailbox and an envelope in it."""
    path = tmp_path / "relay.db"
    with contextlib.closing(open_database(path)) as db:
        migrate(db, steps_in(SCHEMA)[:1])
        rights = [bytes.fromhex(BOX.rights[name]) for name in ("put", "collect", "delete")]
        db.execute(
            "INSERT INTO mailbox (no, box, may_put, may_collect, may_delete, last_seq, waiting, bytes)"
            " VALUES (1, ?, ?, ?, ?, 1, 1, 65536)",
            (bytes.fromhex(BOX.id), *rights),
        )
        db.execute(
            "INSERT INTO envelope VALUES (1, 1, ?, ?, ?)",
            (_id_of(ENVELOPE), time.time_ns() // 1_000_000, ENVELOPE),
        )
    return path


def what_waits(relay: RelayProcess) -> list[tuple[int, bytes]]:
    return unpack(ask(relay, "GET", f"{BOX.url}/envelopes", right="collect"))


def holds_what_was(path: Path) -> None:
    """A copy of the old file: its owner's alone, of the old version, with the envelope."""
    assert path.stat().st_mode & 0o077 == 0
    with contextlib.closing(open_database(path)) as db:
        assert version_of(db) == 1
        assert db.execute("SELECT body FROM envelope").fetchall() == [(ENVELOPE,)]


def test_an_older_file_is_copied_then_brought_up_and_keeps_what_waits(old: Path, start: Start) -> None:
    """P2: what was answered as stored before the upgrade is there after it, in the file and in the copy."""
    relay = start()
    assert what_waits(relay) == [(1, ENVELOPE)]
    assert relay.stop() == 0
    holds_what_was(old.with_name("relay.db.before-v2"))
    with (
        contextlib.closing(open_database(old)) as upgraded,
        contextlib.closing(open_database(old.with_name("fresh.db"))) as fresh,
    ):
        migrate(fresh, steps_in(SCHEMA))
        assert schema_of(upgraded) == schema_of(fresh)


@pytest.mark.parametrize("left", ["relay.db.before-v2", "relay.db.before-v2.part"])
def test_an_upgrade_that_was_cut_off_begins_anew_by_itself(old: Path, start: Start, left: str) -> None:
    """P2, P13: nobody is there at night to move half a copy away."""
    old.with_name(left).write_bytes(b"half of a copy")
    old.with_name(left).chmod(0o600)
    relay = start()
    assert what_waits(relay) == [(1, ENVELOPE)]
    assert relay.stop() == 0
    holds_what_was(old.with_name("relay.db.before-v2"))
    assert not old.with_name("relay.db.before-v2.part").exists()


@pytest.mark.slow
def test_a_relay_killed_at_each_commit_of_its_upgrade_goes_on_where_it_was(old: Path, start: Start) -> None:
    """P2: each step is whole or was not begun."""
    codes = []
    for at in range(1, 2 * NEWEST):
        words = ["-m", "tests.crash.points", str(old.with_name("log")), str(-at), "none", "--"]
        words += ["relay", "serve", "--db", str(old)]
        with subprocess.Popen(
            [sys.executable, *words], cwd=TREE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            if process.stdout.readline():
                process.kill()
        codes.append((at, process.returncode))
    assert codes[0] == (1, -signal.SIGKILL)
    assert old.with_name("log").read_text().split("\n")[:2] == ["before a commit", "after a commit"]
    relay = start()
    assert what_waits(relay) == [(1, ENVELOPE)]


def refused(command: list[str], path: Path) -> str:
    done = subprocess.run(
        [*command, "--db", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_full_disk_before_an_upgrade_is_called_that_and_changes_nothing(old: Path, start: Start) -> None:
    """P12: no room for the copy; it is not the file's fault, and with room the relay starts."""
    said = refused([sys.executable, "-c", FULL, *COMMAND[3:]], old)
    assert "brought to this version" in said
    assert "Make room" in said
    assert not [*old.parent.glob("*.before-*")]
    with contextlib.closing(open_database(old)) as db:
        assert version_of(db) == 1
    assert what_waits(start()) == [(1, ENVELOPE)]


def test_a_file_that_is_no_database_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    """P12"""
    path = tmp_path / "relay.db"
    path.write_bytes(os.urandom(9000))
    path.chmod(0o600)
    before = path.read_bytes()
    assert "is not a database of a relay" in refused(COMMAND, path)
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    """P12"""
    path = tmp_path / "relay.db"
    with contextlib.closing(open_database(path)) as db:
        migrate(db, steps_in(SCHEMA))
        db.execute(f"PRAGMA user_version={NEWEST + 1}")
    before = path.read_bytes()
    assert f"is of version {NEWEST + 1}" in refused(COMMAND, path)
    assert path.read_bytes() == before
    assert not [*tmp_path.glob("*.before-*")]

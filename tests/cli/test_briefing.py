# SPDX-License-Identifier: Apache-2.0
"""``goodoffices briefing`` as an officer types it, on a vault with a record (P8, P4)."""

import os
from pathlib import Path

import pytest

from goodoffices.core.mandate import RecordUse
from goodoffices.desk.vault.keys import Cost
from goodoffices.desk.vault.vault import create_vault
from tests.cli.conftest import ended, start
from tests.verify.channel import Channel, Node
from tests.verify.test_briefing import SECRET, WORDS, made_channel

pytestmark = pytest.mark.slow  # whole folders, processes or many runs

SECRET_WORDS = "four words of showing"


def in_a_vault(node: Node, folder: Path, now: int) -> None:
    """What a desk of the tests holds in memory, as a vault that the commands open."""
    with create_vault(folder, rng=os.urandom, cost=Cost(256, 1, 1)) as vault:
        founding = node.founding
        vault.add_officer(
            "duty",
            SECRET_WORDS,
            founding.officer_seeds["duty"],
            founding.reading_key,
            os.urandom,
            now,
        )
        vault.db.execute("PRAGMA foreign_keys=OFF")
        own = {"secret", "officer"}
        tables = [
            name
            for (name,) in node.db.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
            if name not in own and not name.startswith("sqlite_")
        ]
        for table in tables:
            for row in node.db.execute(f"SELECT * FROM {table}").fetchall():
                marks = ",".join("?" * len(row))
                vault.db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", tuple(row))
        for name, value in node.db.execute("SELECT name, value FROM secret").fetchall():
            vault.db.execute("INSERT OR REPLACE INTO secret VALUES (?, ?)", (name, value))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    channel: Channel
    channel, _ = made_channel(RecordUse.WITH_CONSENT_OF_ALL)
    in_a_vault(channel.east, tmp_path / "vault", channel.now)
    (tmp_path / "passphrase").write_text(f"{SECRET_WORDS}\n", encoding="utf-8")
    return tmp_path


AS_DUTY = ("--officer", "duty", "--passphrase-file", "passphrase", "--channel", "The Swiss channel")


def test_parts_are_listed_chosen_shown_and_verified(place: Path) -> None:
    listed = ended(start(place, "briefing", "parts", "vault", *AS_DUTY))
    assert (listed.code, "Washington 1" in listed.out) == (0, True)
    number = next(line.split(":")[0].split()[1] for line in listed.out.splitlines() if WORDS[:20] in line)
    words = ("--note", f"Washington 1: {number}", "--for", "The Tribunal", "--mark", "AMBER+STRICT")
    refused = ended(start(place, "briefing", "make", "vault", "out", *AS_DUTY, *words, "--along"))
    assert refused.code == 1
    assert "consent" in refused.err
    more = ("--along", "--consent", "By the notes of 3 January.")
    made = ended(start(place, "briefing", "make", "vault", "out", *AS_DUTY, *words, *more))
    assert made.code == 0, made.err
    told = ended(start(place, "briefing", "verify", "out"))
    assert (told.code, WORDS in told.out, SECRET in told.out) == (0, True, False)
    assert "TLP:AMBER+STRICT" in told.out


@pytest.mark.parametrize("note", ["Washington", "Nowhere 1", "Washington 99"])
def test_a_note_that_is_not_there_is_named(place: Path, note: str) -> None:
    """P12."""
    words = ("--note", note, "--for", "The Tribunal", "--mark", "CLEAR", "--consent", "Yes.")
    said = ended(start(place, "briefing", "make", "vault", "out", *AS_DUTY, *words))
    assert said.code == 1
    assert not (place / "out").exists()

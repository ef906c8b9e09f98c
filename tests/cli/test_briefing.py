# SPDX-License-Identifier: Apache-2.0
"""``goodoffices briefing`` as an officer types it, on a vault with a record (P8, P4)."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from goodoffices.cli.main import main
from goodoffices.core.act import CHANNEL_LANE
from goodoffices.core.briefing import Sharing
from goodoffices.core.consent import Question
from goodoffices.core.mandate import RecordUse
from goodoffices.desk.consent import ask
from goodoffices.desk.vault.keys import Cost
from goodoffices.desk.vault.vault import create_vault
from tests.cli.conftest import ended, start
from tests.verify.channel import Channel, Node
from tests.verify.test_briefed_reports import let_out
from tests.verify.test_briefing import SECRET, WORDS, made_channel
from tests.verify.test_consent import agreed

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
    channel, note = made_channel(RecordUse.WITH_CONSENT_OF_ALL)
    agreed(channel, note)
    bern = channel.middle
    other = Question("The press", Sharing.CLEAR, (note,))
    ask(bern.desk, bern.officer, channel.mandate, CHANNEL_LANE, other, channel.tick())
    channel.pump()
    let_out(channel.east, channel.now)
    in_a_vault(channel.east, tmp_path / "vault", channel.now)
    (tmp_path / "passphrase").write_text(f"{SECRET_WORDS}\n", encoding="utf-8")
    return tmp_path


AS_DUTY = ("--officer", "duty", "--passphrase-file", "passphrase", "--channel", "The Swiss channel")


def test_parts_are_listed_chosen_shown_and_verified(place: Path) -> None:
    listed = ended(start(place, "briefing", "parts", "vault", *AS_DUTY))
    assert (listed.code, "Washington 1" in listed.out) == (0, True)
    assert "On the authority of: " in listed.out
    assert re.search(r"act [0-9a-f]{16}: forwarded, Bern, [0-9-]+ [0-9:.]+Z", listed.out)
    number = next(line.split(":")[0].split()[1] for line in listed.out.splitlines() if WORDS[:20] in line)
    words = ("--note", f"Washington 1: {number}", "--for", "The Tribunal", "--mark", "AMBER+STRICT")
    wider = ("--purpose", "For the press too.", "--along")
    refused = ended(start(place, "briefing", "make", "vault", "out", *AS_DUTY, *words, *wider))
    assert refused.code == 1
    assert "the consent of Washington" in refused.err
    report = re.findall("report ([0-9a-f]{16}): TLP:GREEN It stayed.", listed.out)
    out = ("--report", *report, "--along")
    made = ended(start(place, "briefing", "make", "vault", "out", *AS_DUTY, *words, *out))
    assert made.code == 0, made.err
    told = ended(start(place, "briefing", "verify", "out"))
    assert (told.code, WORDS in told.out, SECRET in told.out) == (0, True, False)
    assert "| It stayed." in told.out
    assert "TLP:AMBER+STRICT" in told.out


def test_consent_is_asked_listed_and_answered(place: Path) -> None:
    """P4"""
    words = ("--note", "Washington 1", "--for", "The Library", "--mark", "GREEN")
    made = ended(start(place, "briefing", "ask", "vault", *AS_DUTY, *words))
    assert (made.code, made.out.startswith("asked ")) == (0, True), made.err
    listed = ended(start(place, "briefing", "consents", "vault", *AS_DUTY)).out
    assert listed.index("Tehran asks, for The Library") < listed.index("Bern asks, for The press")
    assert "Washington consents" in listed
    nowhere = ended(start(place, "briefing", "consents", "vault", *AS_DUTY[:-1], "Nowhere"))
    channel = re.findall("([0-9a-f]{16}) 'The Swiss channel'", nowhere.err)
    assert ended(start(place, "briefing", "consents", "vault", *AS_DUTY[:-1], *channel)).out == listed
    question = next(line.split()[0] for line in listed.splitlines() if "Bern asks" in line)
    said = ended(start(place, "briefing", "answer", "vault", question, *AS_DUTY, "--refuse", "--why", "No."))
    assert said.code == 0, said.err
    assert "Tehran refuses: No." in ended(start(place, "briefing", "consents", "vault", *AS_DUTY)).out


@pytest.mark.parametrize("note", ["Washington", "Nowhere 1", "Washington 99"])
def test_a_note_that_is_not_there_is_named(place: Path, note: str) -> None:
    """P12."""
    words = ("--note", note, "--for", "The Tribunal", "--mark", "CLEAR", "--consent", "Yes.")
    said = ended(start(place, "briefing", "make", "vault", "out", *AS_DUTY, *words))
    assert said.code == 1
    assert not (place / "out").exists()


def test_a_folder_that_is_no_briefing_is_named_as_such(tmp_path: Path) -> None:
    """P12: by the command that was given, and a path that is not there is said to be so."""
    done = CliRunner().invoke(main, ["briefing", "verify", str(tmp_path)])
    assert (done.exit_code, "is no briefing" in done.stderr) == (2, True)
    for command in (["briefing", "verify"], ["verify"]):
        done = CliRunner().invoke(main, [*command, str(tmp_path / "nowhere")])
        assert (done.exit_code, "nowhere is not there" in done.stderr) == (2, True)

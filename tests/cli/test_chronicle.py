# SPDX-License-Identifier: Apache-2.0
"""``goodoffices chronicle`` as an officer types it, on a vault with a record."""

import csv
import json
from pathlib import Path

import pytest

from goodoffices.core.mandate import RecordUse
from goodoffices.desk.chronicle.statements import NewStatement, PublicStatements
from tests.cli.conftest import Said, ended, start
from tests.cli.test_briefing import AS_DUTY, SECRET_WORDS, in_a_vault
from tests.verify.test_briefing import WORDS, made_channel

pytestmark = pytest.mark.slow

SAID = "We also said this at the UN."


def test_a_stopped_desk_is_searched_and_its_chronicle_taken_along(tmp_path: Path) -> None:
    """P8"""
    channel, note = made_channel(RecordUse.AS_EVIDENCE)
    in_a_vault(channel.west, tmp_path / "vault", channel.now)
    (tmp_path / "passphrase").write_text(f"{SECRET_WORDS}\n", encoding="utf-8")

    def run(*words: str) -> Said:
        return ended(start(tmp_path, "chronicle", *words, *AS_DUTY))

    found = run("list", "vault", "--words", WORDS.split()[1], "--zone", "Asia/Tehran")
    assert (found.code, WORDS in found.out, "Asia/Tehran" in found.out) == (0, True, True), found.err
    marked = ("--mark", "TLP:RED")
    made = run("export", "vault", "all.csv", "--as", "csv", *marked)
    assert made.code == 0, made.err
    rows = list(csv.DictReader((tmp_path / "all.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert any(row["id"] == note.hex() and row["entry"] for row in rows)
    again = run("export", "vault", "all.csv", "--as", "csv", *marked)
    assert (again.code, "is there already" in again.err) == (1, True)
    made = run("export", "vault", "all.json", "--as", "json", *marked, "--kind", "note")
    assert (made.code, len(json.loads((tmp_path / "all.json").read_bytes())["events"])) == (0, 1), made.err
    own = ("--item", note.hex(), "--for", "An ally", *marked)
    refused = run("not-proved", "vault", "beside.txt", *own)
    assert (refused.code, "no such report" in refused.err) == (1, True)
    nobody = run("list", "vault", "--caucus", "Nobody")
    assert (nobody.code, "no caucus lane" in nobody.err) == (1, True)


def test_a_briefing_takes_a_public_statement_beside_it_and_says_that_it_is_not_proved(tmp_path: Path) -> None:
    """P8"""
    channel, _ = made_channel(RecordUse.AS_EVIDENCE)
    there = channel.west
    new = NewStatement(SAID, "the envoy", channel.now, channel.now, "a wire", grade=(2, 3), mark=3)
    said = PublicStatements(there.desk.context).log(there.officer, new, channel.now)
    in_a_vault(there, tmp_path / "vault", channel.now)
    (tmp_path / "passphrase").write_text(f"{SECRET_WORDS}\n", encoding="utf-8")

    def make(mark: str, paper: str) -> Said:
        words = ("--note", "Washington 1", "--along", "--for", "An ally", "--mark", mark, "--beside", paper)
        return ended(start(tmp_path, "briefing", "make", "vault", "out", *words, *AS_DUTY))

    for mark, paper, why in (
        ("GREEN", said.hex(), "marked TLP:AMBER"),
        ("AMBER", "ab" * 32, "no such"),
        ("AMBER", "12", "beside"),
    ):
        refused = make(mark, paper)
        assert (refused.code, why in refused.err, (tmp_path / "out").exists()) == (1, True, False)
    made = make("AMBER", said.hex())
    assert made.code == 0, made.err
    told = (tmp_path / "out" / "not-proved.txt").read_text(encoding="utf-8")
    assert told.startswith("TLP:AMBER\nNOT PROVED.")
    assert all(words in told for words in (SAID, "grade: B3", said.hex()))
    verified = ended(start(tmp_path, "briefing", "verify", "out/briefing"))
    assert (verified.code, WORDS in verified.out, SAID in verified.out) == (0, True, False)

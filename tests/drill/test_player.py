# SPDX-License-Identifier: Apache-2.0
"""A case played from nothing: two relays, a desk for each office, everything through their doors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from goodoffices.drill.scene.processes import verdict
from goodoffices.drill.scene.records import told_of_line

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GOODOFFICES = (sys.executable, "-m", "goodoffices")

TWO_POSTS = """
[case]
name = "two-posts"
title = "A second post of the intermediary"
start = 2026-01-01T00:00:00Z
[[office]]
name = "Alpha"
role = "party"
timezone = "Europe/Paris"
[[office]]
name = "Geneva"
role = "intermediary"
timezone = "Europe/Zurich"
[[office]]
name = "Field Post"
role = "intermediary"
timezone = "Asia/Amman"
[[office]]
name = "Beta"
role = "party"
timezone = "Asia/Tehran"
[channel]
reading = "sealed"
forwarding = "automatic"
path = ["Alpha", "Geneva", "Field Post", "Beta"]
[[note]]
id = "one"
from = "Alpha"
to = "Beta"
at = 2026-01-01T01:00:00Z
text = "Nothing more from us.\\n\\nسلام"
precedence = "FLASH"
authority = "minister"
language = "en"
open_after = "10s"
acknowledge_after = "1m"
[[note]]
id = "two"
from = "Beta"
to = "Alpha"
at = 2026-01-01T01:00:05Z
text = "Written before we read yours."
precedence = "ROUTINE"
language = "en"
open_after = "20s"
acknowledge_after = "1m"
"""

STOPPED = """
[case]
name = "stopped"
title = "Refused, withdrawn, expired"
start = 2026-01-01T00:00:00Z
[[office]]
name = "Alpha"
role = "party"
timezone = "Europe/Paris"
[[office]]
name = "Mid"
role = "intermediary"
timezone = "Europe/Zurich"
[[office]]
name = "Beta"
role = "party"
timezone = "Asia/Tehran"
[channel]
reading = "open"
forwarding = "by hand"
path = ["Alpha", "Mid", "Beta"]
[[note]]
id = "refused"
from = "Alpha"
to = "Beta"
at = 2026-01-01T01:00:00Z
text = "First."
precedence = "FLASH"
refuse = "It names a person."
refuse_after = "2m"
[[note]]
id = "taken-back"
from = "Alpha"
to = "Beta"
at = 2026-01-01T02:00:00Z
text = "Second."
precedence = "IMMEDIATE"
forward_after = "10m"
[[note]]
id = "instead"
from = "Alpha"
to = "Beta"
at = 2026-01-01T02:05:00Z
text = "Third instead."
withdraws = "taken-back"
precedence = "IMMEDIATE"
forward_after = "2m"
open_after = "1m"
[[note]]
id = "too-late"
from = "Beta"
to = "Alpha"
at = 2026-01-01T03:00:00Z
valid_until = 2026-01-01T03:10:00Z
text = "Short lived."
precedence = "IMMEDIATE"
forward_after = "12m"
[[note]]
id = "own-words"
from = "Mid"
to = "Alpha"
at = 2026-01-01T04:00:00Z
text = "From the messenger itself."
precedence = "ROUTINE"
open_after = "1m"
"""


@dataclass(frozen=True)
class Played:
    """What one run left."""

    result: dict[str, Any]
    folder: Path
    told: str

    def note(self, note_id: str) -> dict[str, Any]:
        return next(note for note in self.result["notes"] if note["id"] == note_id)

    def ids(self) -> tuple[dict[str, str], Path]:
        """The offices' ids, as their exports' verdicts call them, and a file that trusts them all."""
        trust = self.folder.parent / "trust.txt"
        trust.touch()
        found = {}
        for office in sorted(each.stem for each in self.folder.glob("*.export")):
            found[office] = str(verdict(self.folder / f"{office}.export", trust=trust)["office"])
        trust.write_text("".join(f"{key} {name}\n" for name, key in found.items()), encoding="utf-8")
        return found, trust

    def rungs(self, note_id: str) -> list[tuple[str, str]]:
        return [(step["rung"], step["office"]) for step in self.note(note_id)["steps"]]


def play(case: str, folder: Path) -> Played:
    out, result = folder / "out", folder / "result.json"
    done = subprocess.run(
        [*GOODOFFICES, "drill", "run", case, "--out", str(out), "--json", str(result)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Played(json.loads(result.read_text("utf-8")), out, done.stdout)


def play_text(text: str, folder: Path) -> Played:
    case = folder / "case.toml"
    case.write_text(text, encoding="utf-8")
    return play(str(case), folder)


@pytest.fixture(scope="module")
def seven_days(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play("seven-days", tmp_path_factory.mktemp("seven-days"))


@pytest.fixture(scope="module")
def two_posts(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play_text(TWO_POSTS, tmp_path_factory.mktemp("two-posts"))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play_text(STOPPED, tmp_path_factory.mktemp("stopped"))


def test_every_note_of_the_week_arrives_verbatim_and_once(seven_days: Played) -> None:
    """P1, P2."""
    assert len(seven_days.result["notes"]) == 7
    assert all(note["verbatim"] for note in seven_days.result["notes"])
    assert (seven_days.result["lost"], seven_days.result["doubled"]) == (0, 0)


def test_the_final_note_is_forwarded_within_five_minutes_of_its_receipt(seven_days: Played) -> None:
    """P5, in the time of the case."""
    steps = {step["rung"]: step["case_at"] for step in seven_days.note("the-end-for-now")["steps"]}
    assert steps["at the desk"] < steps["forwarded"] < "2020-01-07T23:45:00.000Z"


def test_notes_that_crossed_name_each_other(seven_days: Played) -> None:
    """P9."""
    assert seven_days.note("a-measured-step")["crossed"] == ["who-speaks"]
    assert seven_days.note("who-speaks")["crossed"] == ["a-measured-step"]


def test_both_lines_verify_and_their_two_records_agree(seven_days: Played) -> None:
    """P8."""
    assert [line["name"] for line in seven_days.result["lines"]] == ["Washington–Bern", "Bern–Tehran"]
    assert all(line["verified"] and line["entries"] > 0 for line in seven_days.result["lines"])


def test_a_receipt_signed_while_the_other_desk_stopped_is_no_fault_of_the_line(
    stopped: Played, tmp_path: Path
) -> None:
    """P8, P12: records of unlike length are held against each other before anybody says that they part."""
    ids, trust = stopped.ids()
    line = {office: ids[office] for office in ("Alpha", "Mid")}
    folders = {office: stopped.folder / f"{office}.export" for office in ("Alpha", "Mid")}
    verdicts = {office: verdict(folder, trust=trust) for office, folder in folders.items()}
    whole = told_of_line(line, verdicts, folders, trust)
    assert (whole.verified, whole.findings) == (True, ())
    own = next(each for each in verdicts["Mid"]["lines"] if set(each["offices"]) == set(line.values()))
    own["entries"] += 1
    later = told_of_line(line, verdicts, folders, trust)
    assert (later.verified, later.entries, later.findings) == (True, own["entries"], ())
    # What is held against the other does not stand by itself: nor does the line.
    broken = shutil.copytree(folders["Mid"], tmp_path / "Mid.export")
    min((broken / "lines").rglob("*.cbor")).write_bytes(b"")
    assert not told_of_line(line, verdicts, {**folders, "Mid": broken}, trust).verified


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GOODOFFICES, "verify", str(folder)], capture_output=True, text=True, timeout=60, check=False
    )


def test_each_office_leaves_an_export_that_a_stranger_verifies(seven_days: Played) -> None:
    """P8: and one flipped byte in the readable text is told."""
    for office in ("Washington", "Bern", "Tehran"):
        assert verify(seven_days.folder / f"{office}.export").returncode == 0
    text = min((seven_days.folder / "Tehran.export").rglob("text.txt"))
    text.write_bytes(bytes([text.read_bytes()[0] ^ 1]) + text.read_bytes()[1:])
    told = verify(seven_days.folder / "Tehran.export")
    assert told.returncode == 1
    assert "text.txt" in told.stdout


def test_the_drill_tells_the_flight_reports_side_by_side_and_marks_made_up_wording(
    seven_days: Played,
) -> None:
    assert "It has departed." in seven_days.told
    assert "It is still on the ground." in seven_days.told
    assert "[made up: handling, steps, time, wording]" in seven_days.told
    page = (seven_days.folder / "seven-days.html").read_text("utf-8")
    assert "<svg" in page
    assert "Washington" in page


def test_case_time_never_runs_backwards_along_a_note(seven_days: Played) -> None:
    for note in seven_days.result["notes"]:
        in_real_order = sorted(note["steps"], key=lambda step: step["at"])
        assert [step["case_at"] for step in in_real_order] == sorted(
            step["case_at"] for step in note["steps"]
        )


def test_a_sealed_note_passes_two_posts_by_the_desks_signature_and_nobody_claims_to_have_seen_it(
    two_posts: Played,
) -> None:
    """P3, P10."""
    rungs = two_posts.rungs("one")
    assert ("forwarded", "Geneva") in rungs
    assert ("forwarded", "Field Post") in rungs
    assert not [rung for rung, _ in rungs if rung == "seen"]
    assert two_posts.note("one")["verbatim"]
    assert two_posts.note("one")["crossed"] == ["two"]


def test_an_intermediarys_export_of_a_sealed_channel_holds_no_words(two_posts: Played) -> None:
    """P3."""
    for post in ("Geneva", "Field Post"):
        files = (two_posts.folder / f"{post}.export").rglob("*")
        held = b"".join(path.read_bytes() for path in files if path.is_file())
        assert b"Nothing more from us" not in held
        assert b"Written before we read yours" not in held


def test_a_refused_note_shows_its_refusal_and_never_reaches_the_far_desk(stopped: Played) -> None:
    """P1, P6."""
    assert stopped.rungs("refused")[-1] == ("refused", "Mid")
    assert not stopped.note("refused")["verbatim"]


def test_a_withdrawn_and_an_expired_note_are_not_forwarded(stopped: Played) -> None:
    """P9."""
    for note in ("taken-back", "too-late"):
        assert "forwarded" not in [rung for rung, _ in stopped.rungs(note)]
    assert ("withdrawn", "Alpha") in stopped.rungs("taken-back")
    assert stopped.note("instead")["verbatim"]


def test_the_intermediarys_own_words_arrive_as_its_own(stopped: Played) -> None:
    """P1."""
    assert stopped.note("own-words")["from"] == "Mid"
    assert stopped.note("own-words")["verbatim"]


def test_a_faulty_case_is_refused_with_line_and_field(tmp_path: Path) -> None:
    """P12."""
    case = tmp_path / "case.toml"
    case.write_text(STOPPED.replace('to = "Beta"', 'to = "Bonn"', 1), encoding="utf-8")
    done = subprocess.run(
        [*GOODOFFICES, "drill", "run", str(case)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    line = STOPPED.replace('to = "Beta"', 'to = "Bonn"', 1).splitlines().index('to = "Bonn"') + 1
    assert f"case.toml:{line}: " in done.stderr
    assert "'to'" in done.stderr
    assert "Bonn" in done.stderr

# SPDX-License-Identifier: Apache-2.0
"""What would fail when it is needed is said before, in words with a next step (P13)."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from goodoffices.core import certificates
from goodoffices.core.errors import YourError
from goodoffices.desk import readiness
from goodoffices.desk.backup.running import BackupState, PlaceState
from goodoffices.desk.backup.setup import DAY, Setup
from goodoffices.desk.readiness import (
    GIB,
    Machine,
    backup_checks,
    clock_checks,
    line_checks,
    machine,
    machine_checks,
    office_checks,
)
from goodoffices.desk.views.lines import line_cards
from goodoffices.web.readiness import WORDS, in_words
from tests.verify.channel import Channel
from tests.web.offices import Browser, Offices

NOW = 1_700_000_000_000
SOUND = Machine(free=900 * GIB, total=1000 * GIB, clock="chrony", tls_ends=None)
PLACE = Setup("/media/backup", None, (), 0, None, made=NOW)


def backed_up(last: int | None, *, failure: str = "", tried: int | None = None) -> BackupState:
    return BackupState(PLACE, (PlaceState("/media/backup", last, last is None, failure),), tried)


def codes(checks: list[readiness.Check]) -> set[str]:
    return {each.code for each in checks}


@pytest.mark.parametrize(
    ("ends", "code", "state"),
    [
        (NOW + 60 * DAY, "tls good", "good"),
        (NOW + 20 * DAY, "tls soon", "soon"),
        (NOW - 1, "tls over", "bad"),
    ],
)
def test_a_certificate_is_named_weeks_before_it_ends(ends: int, code: str, state: str) -> None:
    """P13"""
    checks = machine_checks(Machine(SOUND.free, SOUND.total, None, ends), NOW)
    (found,) = (each for each in checks if each.code.startswith("tls"))
    assert (found.code, found.state, found.rings) == (code, state, state != "good")


def test_a_disk_that_fills_up_and_a_clock_that_nobody_keeps_are_named() -> None:
    """P13"""
    assert {"disk good", "clock good"} <= codes(machine_checks(SOUND, NOW))
    assert {"disk soon", "clock unknown"} <= codes(machine_checks(Machine(GIB, 1000 * GIB, None, None), NOW))
    assert "disk full" in codes(machine_checks(Machine(GIB // 8, 1000 * GIB, None, None), NOW))
    kept = Machine(SOUND.free, SOUND.total, "systemd-timesyncd", None, clock_set=NOW - 4 * readiness.HOUR)
    assert "clock stale" in codes(machine_checks(kept, NOW))


def test_a_wrong_clock_is_told_from_a_slow_line_and_whose_it_is_from_several_counterparts() -> None:
    """P12, P13: no delay makes a time of the future, or an answer from before its call."""
    channel = Channel()
    middle = channel.middle
    cards = line_cards(middle.desk, channel.now, ())
    apart, (west, east) = middle.desk.lines.apart, channel.lines
    apart.stated(west, NOW, NOW - DAY)  # it lay at a relay for a day
    apart.answered(west, NOW, NOW + DAY)
    assert clock_checks(middle.desk, cards) == []
    apart.stated(west, NOW, NOW + 90_000)
    (found,) = clock_checks(middle.desk, cards)
    assert (found.code, found.about, found.number, found.rings) == ("clock apart", "Washington", 90, False)
    apart.answered(east, NOW, NOW - 300_000)
    assert codes(clock_checks(middle.desk, cards)) == {"clock apart"}
    apart.answered(east, NOW, NOW)
    apart.stated(east, NOW, NOW + 95_000)
    (found,) = clock_checks(middle.desk, cards)
    assert (found.code, found.state, found.rings) == ("clock wrong", "bad", True)
    for line in (west, east):
        apart.stated(line, NOW, NOW)
    assert clock_checks(middle.desk, cards) == []


def test_a_line_test_tells_a_desk_whose_clock_is_behind() -> None:
    """P12: by what the other desk states in its answer."""
    channel = Channel()
    west, line = channel.west, channel.lines[0]
    west.desk.service_traffic.call_now(west.officer, line, channel.now + 200_000, person=False)
    channel.pump()
    ahead = west.desk.lines.apart.of(line)
    assert ahead is not None
    assert ahead < -100_000


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (BackupState(None, (), None), "backup none"),
        (backed_up(NOW, failure="The folder is gone."), "backup failing"),
        (backed_up(None), "backup first"),
        (backed_up(NOW), "try none"),
        (backed_up(NOW, tried=NOW - 91 * DAY), "try old"),
        (backed_up(NOW, tried=NOW - DAY), "try good"),
    ],
)
def test_a_backup_counts_once_it_was_tried(state: BackupState, code: str) -> None:
    """P13: none, failing, never tried, tried too long ago."""
    assert code in codes(backup_checks(state, NOW))


def test_a_try_that_was_never_made_rings_after_a_week() -> None:
    """P13: by the same alarms as everything else."""
    state = backed_up(NOW)
    assert readiness.steps(backup_checks(state, NOW + DAY)) == []
    (step,) = readiness.steps(backup_checks(state, NOW + 8 * DAY))
    assert (step.key, step.loud) == ("ready try none", False)


def test_sealing_keys_and_a_single_keeper_are_named() -> None:
    """P13: eight weeks before the last key ends."""
    channel = Channel()
    desk = channel.west.desk
    assert {"keys good", "keepers few"} <= codes(office_checks(desk, channel.now))
    assert "keys soon" in codes(office_checks(desk, channel.now + 320 * DAY))
    assert "keys over" in codes(office_checks(desk, channel.now + 365 * DAY))
    desk.rosters.renew(channel.west.officer, channel.tick())
    assert "request waits" in codes(office_checks(desk, channel.now))


def test_each_side_knows_when_the_other_was_last_well_and_what_it_runs() -> None:
    """P6: by what the other's desk signed; a counterpart that is silent for hours is named."""
    channel = Channel()
    desk = channel.west.desk
    channel.restart(channel.middle)
    channel.pump()

    def checks(now: int) -> set[str]:
        return codes(line_checks(desk, line_cards(desk, now, ()), now))

    assert {"peer well", "version same"} <= checks(channel.now)
    assert "peer silent" in checks(channel.now + 4 * readiness.HOUR)


def test_every_check_has_words_and_a_next_step_unless_it_is_in_order() -> None:
    """P13: nobody has to look a code up."""
    source = Path(readiness.__file__).read_text(encoding="utf-8")
    topics = "tls|disk|clock|keys|request|keepers|watch|device|backup|try|line|relay|peer|roster|version"
    named = set(
        re.findall(
            rf'"((?:{topics}) \w+)"',
            source,
        )
    )
    assert named == set(WORDS)
    for code in named:
        what, step = in_words(readiness.Check(code, "soon", about="x", number=3))
        assert what
        assert bool(step) != code.endswith(("good", "well", "same", "tls none"))


def test_an_offices_own_authority_signs_for_names_and_addresses(tmp_path: Path) -> None:
    """P13: a local authority, whose certificates end when browsers want them to."""
    now = time.time_ns() // 1_000_000
    authority, key = certificates.make_authority("Åland's machines", now)
    chain, _ = certificates.make_server(authority, key, ["desk.aland.example", "192.0.2.7"], now)
    (tmp_path / "chain.pem").write_bytes(chain)
    found = machine(tmp_path, tmp_path / "chain.pem")
    assert found.tls_ends is not None
    assert 395 * DAY < found.tls_ends - now < 398 * DAY
    assert "tls unreadable" in codes(machine_checks(machine(tmp_path, tmp_path / "none"), now))
    with pytest.raises(YourError):
        certificates.ends(b"nothing of the kind")


def test_the_page_shows_the_worst_first_and_takes_the_digits_of_a_try() -> None:
    """P13"""
    browser = Browser(Offices().bern)
    browser.sign_in()
    shown = browser.get("/ready").text
    assert shown.index("No backup is set up") < shown.index("The disk has room")
    refused = browser.post("/ready/tried", digits="1" * 15)
    assert refused.status_code == 409

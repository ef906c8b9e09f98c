# SPDX-License-Identifier: Apache-2.0
"""The roster of watches: who stands when, through midnight, week ends and changes of the clocks."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from goodoffices.core.errors import YourError
from goodoffices.desk.watch.plan import DAY, WEEK, Gap, Watch, check, gaps, ladder, next_start

ZONE = "Europe/Zurich"
NIGHT = Watch("night", 0b1111111, 22 * 60, 6 * 60, (("anna",), ("bruno", "clara")))
DAYS = Watch("day", 0b0011111, 6 * 60, 22 * 60, (("dora",),))


def at(text: str, fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE), fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-11-23 03:00", ("anna",)),
        ("2026-11-23 05:59", ("anna",)),
        ("2026-11-23 06:00", ("dora",)),
        ("2026-11-23 21:59", ("dora",)),
        ("2026-11-23 22:00", ("anna",)),
        ("2026-11-30 00:00", ("anna",)),  # Sunday's night, on Monday
    ],
)
def test_who_is_on_watch(when: str, who: tuple[str, ...]) -> None:
    """P5"""
    assert ladder((NIGHT, DAYS), at(when), ZONE)[0] == who


def test_a_gap_is_nobody_and_is_shown() -> None:
    """P5"""
    assert ladder((NIGHT, DAYS), at("2026-11-28 12:00"), ZONE) == ()
    assert gaps((NIGHT, DAYS)) == (
        Gap(5 * DAY + 6 * 60, 5 * DAY + 22 * 60),
        Gap(6 * DAY + 6 * 60, 6 * DAY + 22 * 60),
    )
    assert gaps(()) == (Gap(0, WEEK),)
    assert gaps((Watch("always", 127, 0, 0, (("anna",),)),)) == ()


@pytest.mark.parametrize("fold", [0, 1])
def test_nobody_falls_out_when_the_clocks_change(fold: int) -> None:
    """P5: the hour that comes twice, and the one that does not come."""
    assert ladder((NIGHT, DAYS), at("2026-10-25 02:30", fold), ZONE)[0] == ("anna",)
    spring = at("2026-03-29 01:59")
    for minute in range(5):
        assert ladder((NIGHT, DAYS), spring + minute * 60_000, ZONE)[0] == ("anna",)


def test_watches_that_overlap_wake_both_level_by_level() -> None:
    other = Watch("language", 127, 0, 0, (("emil",), ("fatima",)))
    assert ladder((NIGHT, other), at("2026-11-23 03:00"), ZONE) == (
        ("anna", "emil"),
        ("bruno", "clara", "fatima"),
    )


@pytest.mark.parametrize(
    "watch",
    [
        Watch("", 127, 0, 0, (("anna",),)),
        Watch("never", 0, 0, 0, (("anna",),)),
        Watch("late", 127, 0, 1440, (("anna",),)),
        Watch("nobody", 127, 0, 0, ()),
        Watch("hole", 127, 0, 0, (("anna",), ())),
        Watch("some day", 0, 0, 0, (("anna",),), date="2026-13-01"),
    ],
)
def test_what_makes_no_watch_is_refused(watch: Watch) -> None:
    """P12"""
    with pytest.raises(YourError):
        check(watch)


HOLIDAY = Watch("holiday", 0, 20 * 60, 8 * 60, (("hana",),), date="2026-12-31")


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-12-31 19:59", "dora"),
        ("2026-12-31 20:00", "hana"),
        ("2027-01-01 07:59", "hana"),
        ("2027-01-01 08:00", "dora"),
        ("2026-12-30 23:00", "anna"),
    ],
)
def test_a_watch_of_one_date_stands_instead_of_those_of_the_week(when: str, who: str) -> None:
    """P5"""
    assert ladder((NIGHT, DAYS, HOLIDAY), at(when), ZONE)[0] == (who,)


def test_a_watch_of_one_date_fills_no_gap_of_the_week() -> None:
    """P5: next week nobody is there again."""
    assert gaps((HOLIDAY,)) == (Gap(0, WEEK),)


def test_when_the_next_watch_begins() -> None:
    """P5, P6: whoever comes on watch is asked for by the line test; through a change of the clocks too."""
    watches = (NIGHT, DAYS, HOLIDAY)
    assert next_start(watches, at("2026-12-31 06:00"), ZONE) == at("2026-12-31 20:00")
    assert next_start(watches, at("2026-12-31 20:00"), ZONE) == at("2026-12-31 22:00")
    assert next_start((NIGHT,), at("2026-10-24 23:00"), ZONE) == at("2026-10-25 22:00")
    assert next_start((), at("2026-12-31 06:00"), ZONE) is None

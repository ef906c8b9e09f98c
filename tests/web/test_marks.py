# SPDX-License-Identifier: Apache-2.0
"""Counterparts differ in colour, shape, place and name wherever something is written to them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from goodoffices.desk.views.marks import COLOURS, SHAPES, mark_of
from tests.web.offices import Browser, DeskInMemory, Offices
from tests.web.test_pages import release
from tests.web.test_paper import propose

STYLE = (Path(__file__).resolve().parents[2] / "src/goodoffices/web/static/desk.css").read_text(
    encoding="utf-8"
)
MARK = re.compile(r'<svg class="mark (k\d)"[^>]*><path d="([^"]+)"')
Looks = tuple[str, str]


def browse(desk: DeskInMemory) -> Browser:
    browser = Browser(desk)
    browser.sign_in()
    return browser


def looks(html: str) -> list[Looks]:
    """(colour, shape) of every mark of a page, in its order."""
    return [(found[1], found[2]) for found in MARK.finditer(html)]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of ``#rrggbb``."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_an_intermediarys_two_walled_off_lanes_differ_in_colour_shape_place_and_name() -> None:
    """P4: the wrong window is seen before a word of it is read."""
    offices = Offices()
    mandate = offices.agree().hex()
    html = browse(offices.bern).get(f"/channels/{mandate}").text
    lanes = re.findall(r'<section class="lane caucus (at\d) marked (k\d)".*?</h2>', html, re.DOTALL)
    (one_at, one), (other_at, other) = lanes
    assert one_at != other_at
    assert one != other
    (first, second) = looks(html)
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert "To Washington alone" in html
    assert "To Tehran alone" in html


def test_a_counterpart_looks_the_same_wherever_something_is_written_to_it() -> None:
    """P4: lane, write page, service chat, line status, and the notes from it and to it."""
    offices = Offices()
    mandate = offices.agree()
    note = release(offices.tehran, mandate, offices.washington.me, "Good evening.")
    bern = browse(offices.bern)
    mine = {
        name: looks(bern.get(f"/channels/{mandate.hex()}/write?to={offices.desks[name].me.hex()}").text)[0]
        for name in ("Washington", "Tehran")
    }
    assert len(set(mine.values())) == 2
    assert looks(bern.get(f"/notes/{note.hex()}").text) == [mine["Tehran"], mine["Washington"]]
    assert sorted(looks(bern.get("/status").text)) == sorted(mine.values())
    for name, look in mine.items():
        line = offices.bern.desk.line_named(name).id.hex()
        assert looks(bern.get(f"/status/{line}/chat").text) == [look]


def test_a_mark_stays_when_others_become_known_and_nobody_has_two() -> None:
    """P4: what an officer has learnt to see goes on being true."""
    offices = Offices()
    for each in offices.desks.values():
        each.unlock()
    desk = offices.bern.desk
    offices.pair(offices.bern, offices.tehran)
    before = mark_of(desk, offices.tehran.me)
    assert mark_of(desk, offices.washington.me) is None
    offices.pair(offices.washington, offices.bern)
    assert mark_of(desk, offices.tehran.me) == before is not None
    assert mark_of(desk, offices.washington.me) not in (None, before)
    assert mark_of(desk, desk.me) is None
    assert mark_of(desk, bytes(32)) is None
    numbers = range(COLOURS * SHAPES)
    assert len({(each % COLOURS, each % SHAPES) for each in numbers}) == len(numbers)
    assert all(
        a % COLOURS != b % COLOURS and a % SHAPES != b % SHAPES for a, b in itertools.pairwise(numbers)
    )


def test_a_party_on_paper_has_a_mark_too() -> None:
    """P14"""
    offices = Offices()
    for each in offices.desks.values():
        each.unlock()
    offices.pair(offices.washington, offices.bern)
    mandate = offices.bern.desk.ledger.agreement(bytes.fromhex(propose(offices).json()["id"])).mandate
    (paper,) = [each for each in mandate.path if mandate.on_paper(each)]
    marks = [mark_of(offices.bern.desk, each) for each in (paper, offices.washington.me)]
    assert None not in marks
    assert marks[0] != marks[1]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_of_marks_differ_and_stand_out_from_the_page(scheme: int) -> None:
    """P4: 3:1 against paper and sheet (WCAG 2.2, 1.4.11), by day and by night."""
    colours = [re.findall(rf"\.k{number} {{ --mark: (#\w{{6}})", STYLE)[scheme] for number in range(COLOURS)]
    grounds = [re.findall(rf"--{name}: (#\w{{6}});", STYLE)[scheme] for name in ("paper", "sheet")]
    assert len(set(colours)) == COLOURS
    assert min(contrast(*pair) for pair in itertools.product(colours, grounds)) >= 3

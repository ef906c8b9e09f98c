# SPDX-License-Identifier: Apache-2.0
"""The space–time picture, whoever draws it."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from goodoffices.picture.scale import PER_MINUTE, Scale
from goodoffices.picture.spacetime import draw
from goodoffices.picture.svg import Canvas
from goodoffices.picture.tracks import Lane, Reached, Track, Words

SVG = "{http://www.w3.org/2000/svg}"
MINUTE = 60_000
LANES = [
    Lane("Washington", "party", "party"),
    Lane("Bern", "intermediary", "intermediary"),
    Lane("Tehran", "party", "party"),
]
WORDS = Words(say=str, span=lambda ms: f"{ms // 1000} s", stamp=str, title="T", description="D")


def track(number: int, start: int, *, back: bool = False, late: int = 0) -> Track:
    author, reader = ("Tehran", "Washington") if back else ("Washington", "Tehran")
    reached = (
        Reached("released", author, start),
        Reached("at the desk", "Bern", start + MINUTE),
        Reached("forwarded", "Bern", start + 5 * MINUTE, 4 * MINUTE, late),
        Reached("at the far desk", reader, start + 6 * MINUTE),
        Reached("opened", reader, start + 7 * MINUTE),
    )
    return Track(f"id{number}", f"{author} {number}", author, reader, ("Bern",), False, reached)


def drawn(*tracks: Track, words: Words = WORDS) -> ET.Element:
    return ET.fromstring(draw(LANES, tracks, words))


def words_of(svg: ET.Element) -> list[str]:
    return [str(each.text) for each in svg.iter(f"{SVG}text")]


def test_two_notes_that_crossed_cross_on_the_paper() -> None:
    """P9"""
    one, other = track(1, 0), track(2, MINUTE, back=True)
    crossed = replace(one, crossed=("id2",))
    assert [each.get("class") for each in drawn(crossed, other).iter(f"{SVG}circle")] == ["crossing"]
    assert not list(drawn(one, other).iter(f"{SVG}circle"))


def test_a_late_step_has_a_shape_and_words_of_its_own() -> None:
    """P5: nothing by colour alone."""
    svg = drawn(track(1, 0, late=2 * MINUTE))
    assert any("LATE by 120 s" in each for each in words_of(svg))
    assert any("diamond" in each.get("class", "") for each in svg.iter(f"{SVG}path"))


def test_a_note_that_waits_past_its_time_is_late_where_it_is() -> None:
    """P5"""
    whole = track(1, 0)
    waiting = replace(whole, reached=whole.reached[:2], waits_at="Bern", late_by=MINUTE)
    assert any("LATE by 60 s" in each and "not forwarded" in each for each in words_of(drawn(waiting)))
    assert any(each == "not forwarded" for each in words_of(drawn(replace(waiting, late_by=0))))


def test_a_note_that_waits_in_its_time_is_not_drawn_like_one_that_ended() -> None:
    """P6: an hourglass and words of its own; the cross is for what will not go on."""
    whole = track(1, 0)
    waiting = drawn(replace(whole, reached=whole.reached[:2], in_time=True))
    assert "not forwarded yet" in words_of(waiting)
    shapes = [each.get("class", "").split() for each in waiting.iter(f"{SVG}path")]
    assert any("waits" in each for each in shapes)
    assert not any("cross" in each for each in shapes)


def test_a_line_ends_where_nobody_reported_and_says_so() -> None:
    """P6: what is not known is not drawn."""
    whole = track(1, 0)
    ended = replace(whole, reached=whole.reached[:4], not_known="?")
    assert "?" in words_of(drawn(ended))
    assert "?" not in words_of(drawn(whole))
    refused = (*whole.reached[:2], Reached("refused", "Bern", 3 * MINUTE, 2 * MINUTE))
    assert any(each.startswith("refused") for each in words_of(drawn(replace(whole, reached=refused))))


def test_a_release_that_is_sealed_from_us_begins_at_the_door() -> None:
    """P3: the intermediary of a sealed channel knows when a note came, not when it was written."""
    whole = track(1, 0)
    sealed = replace(whole, reached=whole.reached[1:])
    svg = drawn(sealed)
    assert any("ring" in each.get("class", "") for each in svg.iter(f"{SVG}path"))
    assert "Washington 1" in words_of(svg)


def test_what_stands_in_names_is_escaped() -> None:
    """P12"""
    svg = draw([Lane('<b a="1">', "party", "p"), *LANES[1:]], [track(1, 0, back=False)], WORDS)
    assert "<b" not in svg
    hostile = replace(track(1, 0), name='<script>"', href='"><x')
    assert "<script" not in draw(LANES, [hostile], WORDS)
    ET.fromstring(draw(LANES, [hostile], WORDS))


def test_a_page_read_from_the_right_has_its_first_office_on_the_right() -> None:
    straight, mirrored = drawn(track(1, 0)), drawn(track(1, 0), words=replace(WORDS, mirrored=True))
    place = {
        svg is mirrored: [
            float(each.get("x", "0")) for each in svg.iter(f"{SVG}text") if each.get("class") == "office"
        ]
        for svg in (straight, mirrored)
    }
    assert place[False] == sorted(place[False])
    assert place[True] == sorted(place[True], reverse=True)
    width = float(str(straight.get("viewBox")).split()[2])
    assert [round(width - each, 1) for each in place[True]] == place[False]


def test_mirrored_words_keep_to_their_side() -> None:
    canvas = Canvas(100.0, mirrored=True)
    assert 'x="90" y="5" text-anchor="start" direction="rtl"' in canvas.text("a", 10, 5)
    assert 'x="80"' in canvas.rect(0, 0, 20, 5)


@pytest.mark.parametrize("closer", [PER_MINUTE, 240.0])
def test_a_closer_look_is_to_scale_too(closer: float) -> None:
    scale = Scale.of([0, 4 * MINUTE], [], 0.0, 15.0, per_minute=closer)
    assert scale.bottom == pytest.approx(4 * closer)


def test_no_tracks_no_picture() -> None:
    assert draw(LANES, [], WORDS) == ""
    assert not re.search("<svg", draw(LANES, [replace(track(1, 0), author="Nobody")], WORDS))

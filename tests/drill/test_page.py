# SPDX-License-Identifier: Apache-2.0
"""The page that a drill leaves: it stands alone, escapes everything, and its picture tells the truth."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Literal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from goodoffices.drill.form.case import find, parse
from goodoffices.drill.told import page
from goodoffices.drill.told.chronicle import build
from goodoffices.drill.told.observed import Observed
from goodoffices.drill.told.picture import draw
from goodoffices.picture.scale import Scale
from tests.drill.played import SMALL, observe

SEVEN = find("seven-days")
HTML = page.render(build(SEVEN, observe(SEVEN)))
SVG = "{http://www.w3.org/2000/svg}"


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_stands_alone() -> None:
    for tag, attributes in Elements(HTML).found:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
        assert not {name for name in attributes if name.startswith("on") or name in {"src", "style"}}
        assert (attributes.get("href") or "#").startswith("#")
    assert "default-src 'none'" in HTML
    assert not re.search(r"url\((?!#)|@import", HTML)


def test_every_link_leads_somewhere_and_no_id_stands_twice() -> None:
    found = Elements(HTML).found
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(attributes["href"] or "")[1:] for _, attributes in found if "href" in attributes}
    assert targets <= set(ids)


def test_a_persian_text_runs_from_right_to_left_in_its_own_language() -> None:
    assert '<div class="text invented" lang="fa" dir="rtl">یادداشت شما' in HTML


def test_made_up_wording_and_grades_are_marked() -> None:
    assert HTML.count('class="text invented"') == len(SEVEN.notes)
    assert "made up: grade" in HTML


def test_a_late_forward_has_a_shape_and_a_word() -> None:
    """P5: not colour alone."""
    assert "LATE by 1 min 5 s" in HTML
    assert 'class="sign diamond leftward late"' in HTML


EVIL = "</div><script>alert(1)</script>\"'&{{ 7*7 }}\u202e"


def test_hostile_words_stay_words() -> None:
    """P12"""
    case = parse(
        SMALL.replace("One word.", "</div><script>x</script>{{ 7*7 }}\u202eabc").replace("A small", "<b>")
    )
    played = observe(case)
    steps = tuple(replace(s, signer=EVIL, detail=EVIL, rung=EVIL) for s in played.notes[0].steps)
    hostile = replace(played.notes[0], steps=steps, digits=EVIL)
    evil = replace(played, notes=(hostile,), remarks=(EVIL,), exports={EVIL: EVIL})
    html = page.render(build(case, evil))
    assert "<script" not in html
    assert "49" not in html.replace("U+", "")[html.index("<body") :].replace("449", "")
    assert "\u202e" not in html
    assert '<span class="hidden-char" title="a character that is not seen">U+202E</span>' in html


class Shown(HTMLParser):
    """The characters that a page shows, the made-visible ones turned back into themselves."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.hidden = "", False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden = dict(attrs).get("class") == "hidden-char"

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        self.text += chr(int(f"0x{data[2:]}", 0)) if self.hidden else data


@given(st.text())
def test_a_text_can_be_read_back_from_what_is_shown(text: str) -> None:
    """P1: every character of the author's, and no other."""
    assert Shown(f"<div>{page.visible(text)}</div>").text == text


@pytest.mark.parametrize("observed", [Observed(), Observed(lost=2, doubled=1)])
def test_a_run_that_broke_off_still_gives_a_page(observed: Observed) -> None:
    html = page.render(build(SEVEN, observed))
    assert "Not played." in html
    assert "No line was verified." in html


def picture() -> ET.Element:
    return ET.fromstring(draw(build(SEVEN, observe(SEVEN))))


def test_the_picture_has_a_lane_per_office_and_a_line_per_note() -> None:
    drawn = picture()
    assert [text.text for text in drawn.iter(f"{SVG}text") if text.get("class") == "office"] == [
        "Washington",
        "Bern",
        "Tehran",
    ]
    notes = [group for group in drawn.iter(f"{SVG}g") if (group.get("class") or "").startswith("note ")]
    assert len(notes) == len(SEVEN.notes)


def test_notes_that_crossed_cross_on_the_paper() -> None:
    """P9"""
    crossings = [circle for circle in picture().iter(f"{SVG}circle") if circle.get("class") == "crossing"]
    assert len(crossings) == 1


def test_nothing_is_drawn_outside_the_picture() -> None:
    drawn = picture()
    _, _, width, height = (float(number) for number in (drawn.get("viewBox") or "").split())
    for text in drawn.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x") or -1) <= width
        assert 0 <= float(text.get("y") or -1) <= height


def test_a_refused_note_ends_in_the_intermediary_s_room() -> None:
    case = parse(SMALL.replace('forward_after = "6m"', 'refuse = "Not legible."'))
    drawn = ET.fromstring(draw(build(case, observe(case))))
    assert "refused, +1 min" in [text.text for text in drawn.iter(f"{SVG}text")]
    assert (
        len([group for group in drawn.iter(f"{SVG}g") if group.get("class") == "note leftward channel"]) == 1
    )


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_the_axis_keeps_the_order_of_time(times: list[int]) -> None:
    scale = Scale.of(times, [(0, time) for time in times], 0.0, 15.0)
    places = [scale.y(time) for time in sorted(times)]
    assert places == sorted(places)
    assert len(scale.breaks()) == len(scale.stretches) - 1


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_can_be_read(
    browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    window = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    try:
        window.set_content(HTML)
        wide = window.locator("html").evaluate("e => e.scrollWidth")
        assert wide <= width
        worst = window.locator("body").evaluate(CONTRAST)
        assert worst >= 4.5, "WCAG AA for text"
    finally:
        window.close()


# the lowest contrast of any text on the page with the nearest painted background behind it
CONTRAST = """body => {
  const parts = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = parts(c).slice(0, 3).map(v => { v /= 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    const p = parts(c); if (p.length < 4 || p[3] > 0) return c; } return 'rgb(255, 255, 255)'; };
  let worst = 21;
  for (const e of body.querySelectorAll('*')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    if (e.closest('defs, title, desc')) continue;
    const style = getComputedStyle(e);
    const ink = e instanceof SVGElement ? style.fill : style.color;
    const a = light(ink), b = light(behind(e));
    worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return worst;
}"""

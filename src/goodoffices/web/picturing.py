# SPDX-License-Identifier: Apache-2.0
"""The space–time picture as a page: drawn here, looked at closer by links, and told in a table beside it."""

from __future__ import annotations

from markupsafe import Markup

from goodoffices.desk.views.spacetime import PicturePage
from goodoffices.picture.scale import PER_MINUTE
from goodoffices.picture.spacetime import draw
from goodoffices.picture.tracks import Lane, Words
from goodoffices.web.language import Language
from goodoffices.web.pages import Ask, Page, Route
from goodoffices.web.render import span, zulu
from goodoffices.web.rights import READ
from goodoffices.web.words import N_

PARTS = {"party": N_("party"), "intermediary": N_("intermediary")}
SPOKEN = (
    N_("forwarded"),
    N_("handed over"),
    N_("refused"),
    N_("opened"),
    N_("with the principal"),
    N_("acknowledged"),
    N_("not forwarded"),
    N_("not forwarded yet"),
    N_("LATE by"),
    N_("crossed"),
    N_("not drawn"),
    N_("Zulu (UTC)"),
)
"""What the picture says beside names, times and durations."""
TITLE = N_("Space–time picture of the notes")
DESCRIPTION = N_(
    "One lane per office, time running down, one line per note. The table after the picture holds the same in words."
)
CLOSEST = 300.0
"""Height of a minute at the closest look."""


def _words(language: Language) -> Words:
    return Words(
        say=language.say,
        span=lambda ms: span(ms, language.say),
        stamp=zulu,
        title=language.say(TITLE),
        description=language.say(DESCRIPTION),
        mirrored=language.direction == "rtl",
    )


def drawing(page: PicturePage, language: Language) -> Markup:
    """The picture in a language, as markup; empty where there is nothing to draw."""
    lanes = []
    for place in page.places:
        role = "party" if place.party else "intermediary"
        lanes.append(Lane(place.name, role, language.say(PARTS[role])))
    minutes = max(1.0, (page.window.last - page.window.first) / 60_000)
    closer = min(CLOSEST, max(PER_MINUTE, 1800 / minutes)) if page.chosen else None
    svg = draw(lanes, page.tracks, _words(language), per_minute=closer)
    return Markup(svg)  # noqa: S704 - every word in it was escaped where it was drawn


def _moment(ask: Ask, name: str) -> int | None:
    word = ask.request.query_params.get(name, "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 15 else None


async def picture(ask: Ask) -> Page:
    """Who had what, when: of a time that the address names, or of the newest notes."""
    here, page = ask.views.picture(
        ask.who.officer, ask.id("mandate"), ask.now, _moment(ask, "from"), _moment(ask, "to")
    )
    more = {"drawing": drawing(page, ask.language) if not ask.json else ""}
    return Page("picture.html", here, page, more)


ROUTES = (Route("/channels/{mandate}/picture", picture, needs=READ),)

# SPDX-License-Identifier: Apache-2.0
"""By hand: the page on which a running desk writes a courier's bundle, shows it as pictures, and takes one in."""

from __future__ import annotations

import asyncio

from goodoffices.core.courier import MAX_BUNDLE, letters
from goodoffices.core.errors import GoodOfficesError, NotFound, OtherOfficeError, Oversized, YourError
from goodoffices.core.office import Right
from goodoffices.core.record.layout import stamp
from goodoffices.desk.courier.carrying import TakenIn, Taking, carry_out
from goodoffices.desk.courier.frames import frames_of
from goodoffices.desk.courier.gathering import gather
from goodoffices.desk.courier.pictures import drawn
from goodoffices.desk.views.here import Here
from goodoffices.desk.views.lines import LineCard
from goodoffices.web.pages import Ask, File, Page, Route

MAX_FILES = 200
"""Photographs in one go."""


def _card(ask: Ask) -> tuple[Here, LineCard]:
    here, page = ask.views.lines(ask.who.officer, ask.now, ask.service.relays())
    line = ask.id("line")
    for card in page.lines:
        if card.id == line:
            return here, card
    raise NotFound("There is no such line at this desk.")


async def by_hand(ask: Ask) -> Page:
    """What a line owes, and the two ways to carry it."""
    here, card = _card(ask)
    return _page(ask, here, card)


def _page(ask: Ask, here: Here, card: LineCard, **more: object) -> Page:
    signs = letters(card.id, card.peer), letters(card.id, ask.desk.me)
    return Page(
        "courier.html", here, {"line": card, "signs": signs, "taken": (), "unused": (), "frames": (), **more}
    )


async def out(ask: Ask) -> File:
    """The bundle, to be put on a stick."""
    line, officer = ask.id("line"), ask.who.officer
    bundle = ask.service.act(lambda desk, now: carry_out(desk, officer, line, now))
    _, card = _card(ask)
    name = f"{letters(card.id, card.peer)}-{stamp(ask.now)}.courier"  # it tells a finder no office
    return File(name, bundle, "application/octet-stream")


async def pictures(ask: Ask) -> Page:
    """The bundle as pictures, to print or to photograph from the screen."""
    line, officer = ask.id("line"), ask.who.officer
    bundle = ask.service.act(lambda desk, now: carry_out(desk, officer, line, now, pictures=True))
    here, card = _card(ask)
    frames = tuple(map(drawn, frames_of(bundle)))
    return _page(ask, here, card, frames=frames)


async def _take(ask: Ask, bundle: bytes) -> TakenIn:
    """Some envelopes at a time: notes and alarms do not wait for a stick."""
    officer = ask.who.officer
    taking = ask.service.act(lambda desk, now: Taking(desk, officer, bundle, now))
    while ask.service.act(lambda desk, now: taking.more(now)):  # noqa: ASYNC110 # it waits for nothing
        await asyncio.sleep(0)
    return taking.taken


async def take_in(ask: Ask) -> Page:
    """A bundle, or pictures of one, from what the officer chose."""
    files: list[tuple[str, bytes]] = []
    room = MAX_BUNDLE
    for upload in ask.files:
        content = await upload.read(room + 1)
        room -= len(content)
        if room < 0:
            raise Oversized("More than can be taken in at once.", "Take in fewer pictures at a time.")
        if content:
            files.append((upload.filename or "?", content))
    if not files:
        raise YourError("No file was chosen.", "Choose the bundle, or the pictures of it.")
    # A picture of few bytes takes a second to look through, and two hundred may come: not on the desk's only loop.
    bundles, useless = await asyncio.to_thread(_gathered, files)
    taken = []
    for name, bundle in bundles:
        try:
            taken.append(await _take(ask, bundle))
        except (YourError, OtherOfficeError) as error:  # somebody else's, beside this office's own
            useless.append((name, error))
    if not taken:
        raise useless[-1][1]
    here, card = _card(ask)
    unused = tuple({"name": name, "what": error.what, "next": error.next_step} for name, error in useless)
    return _page(ask, here, card, taken=tuple(taken), unused=unused)


def _gathered(
    files: list[tuple[str, bytes]],
) -> tuple[list[tuple[str, bytes]], list[tuple[str, GoodOfficesError]]]:
    """(bundles, what came to nothing), each with its file."""
    gathered = gather(files)
    return gathered.bundles(), gathered.useless


ROUTES = (
    Route("/lines/{line}/courier", by_hand, needs=Right.DUTY),
    Route("/lines/{line}/courier/out", out, "POST", back=by_hand, needs=Right.DUTY),
    Route("/lines/{line}/courier/pictures", pictures, "POST", back=by_hand, needs=Right.DUTY),
    Route("/lines/{line}/courier/in", take_in, "POST", back=by_hand, needs=Right.DUTY, files=MAX_FILES),
)

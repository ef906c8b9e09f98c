# SPDX-License-Identifier: Apache-2.0
"""The checkpoints page, and the button that makes one at once."""

from __future__ import annotations

from goodoffices.desk.views.checkpoints import checkpoints_page
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.rights import ANYBODY, TAKE_ALONG


async def checkpoints(ask: Ask) -> Page:
    """Which entries stand under a checkpoint, and which still wait for what."""
    here = ask.views.here(ask.who.officer, ask.now)
    return Page("checkpoints.html", here, checkpoints_page(ask.desk))


async def make(ask: Ask) -> Done:
    """Over every own entry of every line, now."""
    officer = ask.who.officer
    ask.service.act(lambda desk, now: desk.checkpoints.on_demand(officer, now))
    return Done("/checkpoints")


ROUTES = (
    Route("/checkpoints", checkpoints, needs=ANYBODY),
    Route("/checkpoints", make, "POST", back=checkpoints, needs=TAKE_ALONG),
)

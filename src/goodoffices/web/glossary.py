# SPDX-License-Identifier: Apache-2.0
"""The glossary's page: forms of address and words that want care, to be read before a release."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.desk.officers.glossary import Glossary, Term
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.rights import ANYBODY, WRITE


@dataclass(frozen=True)
class GlossaryPage:
    """Every term."""

    terms: tuple[Term, ...]


async def glossary(ask: Ask) -> Page:
    """Every term with its advice."""
    here = ask.views.here(ask.who.officer, ask.now)
    return Page("glossary.html", here, GlossaryPage(Glossary(ask.desk.context).terms()))


async def add(ask: Ask) -> Done:
    """Keep a term."""
    officer, term, advice = ask.who.officer, ask.form.text("term"), ask.form.text("advice")
    ask.service.act(lambda desk, now: Glossary(desk.context).add(officer, term, advice, now))
    return Done("/glossary")


async def drop(ask: Ask) -> Done:
    """Take a term out."""
    officer, number = ask.who.officer, ask.form.number("id", 0) or 0
    ask.service.act(lambda desk, now: Glossary(desk.context).drop(officer, number, now))
    return Done("/glossary")


ROUTES = (
    Route("/glossary", glossary, needs=ANYBODY),
    Route("/glossary/add", add, "POST", back=glossary, needs=WRITE),
    Route("/glossary/drop", drop, "POST", back=glossary, needs=WRITE),
)

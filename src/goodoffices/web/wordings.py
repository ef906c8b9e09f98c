# SPDX-License-Identifier: Apache-2.0
"""The forms and code books of an office, as pages: looked at in every language, added from a file, taken out."""

from __future__ import annotations

from goodoffices.core.errors import YourError
from goodoffices.core.office import Right
from goodoffices.desk.forms.library import Library
from goodoffices.desk.forms.reading import LARGEST_FILE
from goodoffices.desk.views.agreed import form_page, forms_page
from goodoffices.web.pages import Ask, Done, File, Page, Route
from goodoffices.web.rights import ANYBODY


async def forms(ask: Ask) -> Page:
    """Every form and code book, and where it is in use."""
    officer = ask.who.officer
    return Page("forms.html", ask.views.here(officer, ask.now), forms_page(ask.desk.context, officer))


async def form(ask: Ask) -> Page:
    """One of them, in all its languages."""
    officer = ask.who.officer
    page = form_page(ask.desk.context, officer, ask.id("form"))
    return Page("form.html", ask.views.here(officer, ask.now), page)


async def source(ask: Ask) -> File:
    """The file from which one was made: the beginning of an office's own."""
    found = Library(ask.desk.context).one(ask.id("form"))
    name = form_page(ask.desk.context, ask.who.officer, found.id).card.called
    return File(f"{name.lower()}.toml", found.source.encode(), "application/toml")


async def add(ask: Ask) -> Done:
    """Add one from a file, or from what was typed."""
    officer, name, data = (
        ask.who.officer,
        "form.toml",
        ask.form.long_text("source").encode("utf-8", "replace"),
    )
    for upload in ask.files:
        if upload.filename:
            name, data = upload.filename[:80], await upload.read(LARGEST_FILE + 1)
    if not data.strip():
        raise YourError("No form was given.", "Choose a file, or paste its text.")
    made = ask.service.act(lambda desk, now: Library(desk.context).add(officer, data, name, now))
    return Done(f"/forms/{made.hex()}", made)


async def drop(ask: Ask) -> Done:
    """Take one of the office's own out."""
    officer, wording = ask.who.officer, ask.id("form")
    ask.service.act(lambda desk, now: Library(desk.context).drop(officer, wording, now))
    return Done("/forms")


ROUTES = (
    Route("/forms", forms, needs=ANYBODY),
    Route("/forms", add, "POST", back=forms, needs=Right.KEYS, files=1),
    Route("/forms/{form}", form, needs=ANYBODY),
    Route("/forms/{form}/file", source, needs=ANYBODY),
    Route("/forms/{form}/drop", drop, "POST", back=form, needs=Right.KEYS),
)

# SPDX-License-Identifier: Apache-2.0
"""Checking a signed note that came on paper or as text: its codes verified and its words shown, nothing kept."""

from __future__ import annotations

import asyncio

from goodoffices.core.errors import NotFound, Oversized, YourError
from goodoffices.core.record.layout import slug
from goodoffices.core.sheet import as_text
from goodoffices.desk.courier.pictures import MAX_FILE
from goodoffices.desk.sheet_check import CheckedNote, brought, check
from goodoffices.web.pages import Ask, File, Page, Route
from goodoffices.web.rights import READ
from goodoffices.web.sheets import codes_shown

MAX_FILES = 24
"""Pictures of one note, some of them taken twice, and a credential."""


def _page(ask: Ask, found: CheckedNote | None, unused: tuple[dict[str, str], ...] = ()) -> Page:
    here = ask.views.here(ask.who.officer, ask.now)
    return Page("note_check.html", here, {"note": found, "unused": unused})


async def page(ask: Ask) -> Page:
    """What can be brought here."""
    return _page(ask, None)


async def look(ask: Ask) -> Page:
    """Rebuild and verify; nothing is kept, and nothing is done."""
    files: list[tuple[str, bytes]] = []
    room = MAX_FILE
    for upload in ask.files:
        content = await upload.read(room + 1)
        room -= len(content)
        if room < 0:
            raise Oversized("More than can be looked through at once.", "Bring fewer or smaller pictures.")
        if content:
            files.append((upload.filename or "?", content))
    typed = ask.form.long_text("codes")
    if not files and not typed.strip():
        raise YourError("Nothing was brought.", "Choose pictures or a file, or paste the codes as text.")
    found = await asyncio.to_thread(brought, files, typed)
    unused = tuple(
        {"name": name, "what": error.what, "next": error.next_step} for name, error in found.unused
    )
    return _page(ask, check(ask.desk, found), unused)


async def text(ask: Ask) -> File:
    """The codes of a signed note as text."""
    note, codes = codes_shown(ask)
    if not codes:
        raise NotFound("There are no codes on this sheet.")
    return File(f"{slug(note.author_name)}-{note.number}.txt", as_text(codes).encode(), "text/plain")


ROUTES = (
    Route("/check", page, needs=READ),
    Route("/check", look, "POST", back=page, needs=READ, files=MAX_FILES),
    Route("/notes/{note}/codes.txt", text, needs=READ),
)

# SPDX-License-Identifier: Apache-2.0
"""Paper: the sheet of a note to print, handing it over, and writing down what was answered without a desk."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
from dataclasses import replace

import segno
from markupsafe import Markup

from goodoffices.core.errors import NotFound, Oversized, YourError
from goodoffices.core.handing import Hand
from goodoffices.core.office import Right
from goodoffices.core.sheet import codes_of
from goodoffices.desk.courier.pictures import drawn, png
from goodoffices.desk.views.note import NoteCard, NotePage
from goodoffices.web import pdf
from goodoffices.web.forms import Form
from goodoffices.web.pages import Ask, Done, File, Page, Route, html_of
from goodoffices.web.rights import READ
from goodoffices.web.showing import note

MAX_SCAN = 32 << 20
"""Bytes of a scan whose hash is asked for."""


def qr_of(page: NotePage) -> Markup:
    """The note's ID and check digits as a QR code: what a camera reads is held against a desk or a record."""
    text = f"GO1 NOTE {page.card.id.hex().upper()} {page.card.digits}"
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        border=4,
        omitsize=True,
        nl=False,
        svgclass=None,
        lineclass=None,
    )
    return Markup(out.getvalue().decode("ascii"))  # noqa: S704 - made here from hexadecimal digits alone


async def sheet(ask: Ask) -> Page:
    """A note as a sheet: text, check digits, code, custody so far, and the lines to fill in by hand."""
    here, page = ask.views.note(ask.who.officer, ask.id("note"), ask.now)
    beside = ask.views.beside_of(ask.who.officer, page.card.id)
    codes = [None] * len(_codes(ask, page))
    return Page(
        "sheet.html",
        here,
        page,
        {"qr": qr_of(page), "pdf": pdf.available(), "beside": beside, "codes": codes},
    )


def _codes(ask: Ask, page: NotePage) -> tuple[bytes, ...]:
    """The codes of the signed note: where its text is before this office, and not too long for paper."""
    opened = ask.views.signed_note(page.card.id) if page.card.text is not None else None
    return codes_of(opened) if opened is not None else ()


def codes_shown(ask: Ask) -> tuple[NoteCard, tuple[bytes, ...]]:
    """A note and the codes that stand on its sheet."""
    _, page = ask.views.note(ask.who.officer, ask.id("note"), ask.now)
    return page.card, _codes(ask, page)


async def code(ask: Ask) -> File:
    """One code of the signed note as a picture: a page that bore all of them would be slow at night."""
    (card, codes), word = codes_shown(ask), ask.request.path_params["place"]
    if word not in {str(place) for place in range(1, len(codes) + 1)}:
        raise NotFound("There is no such code on this sheet.")
    return File(f"{card.id.hex()[:8]}-{word}.png", png(codes[int(word) - 1]), "image/png")


async def sheet_pdf(ask: Ask) -> File:
    """The same sheet as PDF, laid out beside the desk's own work."""
    page = await sheet(ask)
    drawings = [Markup(drawn(each)) for each in _codes(ask, page.data)]  # noqa: S704 - made here from points alone
    page = replace(page, more={**page.more, "codes": drawings})
    name = f"{page.data.card.author_name} {page.data.card.number}.pdf".replace("/", "-")
    return File(name, await asyncio.to_thread(pdf.made_of, html_of(ask, page)), "application/pdf")


def _hand(ask: Ask) -> Hand:
    at = ask.form.time("when")
    if at is None:
        raise YourError("When it was is not said.", "Write it as 2026-01-31T06:00Z.")
    who, where, by = (" ".join(ask.form.text(name).split()) for name in ("who", "where", "by"))
    return Hand(who, where, at, by)


async def hand_over(ask: Ask) -> Done:
    """Sign to whom, where, when and by whom the sheet was given; what was said stands apart."""
    note_id, officer, hand = ask.id("note"), ask.who.officer, _hand(ask)
    remark = ask.form.long_text("remark").strip()
    if len(remark.encode()) > 8000:
        raise YourError("A covering remark has at most 8,000 bytes.", "Shorten it.")
    ask.service.act(lambda desk, now: desk.acts.hand_over(officer, note_id, hand, now, remark=remark))
    return Done(f"/notes/{note_id.hex()}", note_id)


async def _scan(ask: Ask) -> bytes | None:
    """The SHA-256 of a scan: of the file that was chosen, of which nothing is kept, or as it was typed."""
    for upload in ask.files:
        content = await upload.read(MAX_SCAN + 1)
        if len(content) > MAX_SCAN:
            raise Oversized("The scan has more than 32 MiB.", "Choose a smaller one, or type its SHA-256.")
        if content:
            ask.form = Form({**ask.form.fields, "scan": hashlib.sha256(content).hexdigest()})
    word = "".join((ask.form.word("scan") or "").split()).lower()
    if word and not re.fullmatch(r"[0-9a-f]{64}", word):
        raise YourError(
            "A SHA-256 has 64 digits, 0 to 9 and a to f.", "Choose the scan itself, or leave it out."
        )
    return bytes.fromhex(word) if word else None


async def transcribe(ask: Ask) -> Done:
    """Write down a reply on paper or by word of mouth, as this office's transcript."""
    note_id, officer, hand = ask.id("note"), ask.who.officer, _hand(ask)
    text, scan = ask.form.long_text("transcript"), await _scan(ask)
    spoken, instead = ask.form.number("kind", 1) == 2, ask.form.identifier("instead")
    stands = ask.service.act(
        lambda desk, now: desk.acts.transcribe(
            officer, note_id, hand, text, now, spoken=spoken, scan=scan, instead=instead
        )
    )
    return Done(f"/notes/{note_id.hex()}", note_id, {"stands": stands})


ROUTES = (
    Route("/notes/{note}/sheet", sheet, needs=READ),
    Route("/notes/{note}/code/{place}", code, needs=READ),
    Route("/notes/{note}/sheet.pdf", sheet_pdf, back=sheet, needs=READ),
    Route("/notes/{note}/hand-over", hand_over, "POST", back=note, needs=Right.DUTY),
    Route("/notes/{note}/transcript", transcribe, "POST", back=note, needs=Right.DUTY, files=1),
)

# SPDX-License-Identifier: Apache-2.0
"""The chronicle of a channel as a page: asked, searched, added to, and taken along as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from goodoffices.core.act import CHANNEL_LANE
from goodoffices.core.errors import YourError
from goodoffices.core.record.layout import slug
from goodoffices.core.statement import LIVE
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.briefing_beside import require_mark
from goodoffices.desk.chronicle.index import Asked, Kind
from goodoffices.desk.chronicle.statements import NewStatement, PublicStatements
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.chronicle import TAKES_ALONG, ItemCard, cards, caucuses, chronicle_page
from goodoffices.desk.views.chronicle_export import MARKS, as_csv, as_timeline
from goodoffices.desk.watch.book import check_zone
from goodoffices.web import pdf
from goodoffices.web.forms import Form, once
from goodoffices.web.incidents import evidence_of, within
from goodoffices.web.language import Language, load
from goodoffices.web.pages import Ask, Done, File, Page, Route
from goodoffices.web.render import environment
from goodoffices.web.rights import JUDGE, READ

MAX_ZONES = 8
MAX_WORDS = 300
"""Characters of a question."""
FORMATS = {"html": 5_000, "pdf": 1_000, "csv": 20_000, "json": 20_000}
"""How many items each takes along at once."""
BATCH = 500
MEDIA = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


@dataclass(frozen=True)
class Wanted:
    """What a request asks for."""

    asked: Asked
    zones: tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    """What is taken along, oldest first."""

    name: str
    items: tuple[ItemCard, ...]
    mark: int
    zones: tuple[str, ...]
    words: str


def wanted(form: Form, desk: Desk, mandate: bytes) -> Wanted:
    """From the fields of a request; every fault names its field. No lane named: the one between the parties."""
    agreement = desk.ledger.agreement(mandate)
    lanes = {CHANNEL_LANE: "between"} | {each: each.hex() for each in caucuses(desk, agreement)}
    named = _listed(form, "lane") or ["between"]
    unknown = set(named) - set(lanes.values())
    if unknown:
        raise YourError("There is no such lane in this channel.", "Choose one of the list.")
    kinds = {each.name.lower(): each for each in Kind}
    if set(_listed(form, "kind")) - set(kinds):
        raise YourError("There is no such kind of item.", "Choose one of the list.")
    words, source = form.text("q").strip(), form.text("source").strip()
    if max(len(words), len(source)) > MAX_WORDS:
        raise YourError(f"A question has at most {MAX_WORDS} characters.", "Ask for fewer words.")
    since, until = form.time("since"), form.time("until", "To (Zulu)")
    if since is not None and until is not None and since > until:
        raise YourError("It would end before it begins.", "Exchange the two times.")
    return Wanted(
        Asked(
            mandate,
            tuple(lane for lane, name in lanes.items() if name in named),
            tuple(kinds[each] for each in _listed(form, "kind")),
            form.identifier("office"),
            since,
            until,
            within(form, "grade_source", 6) or None,
            within(form, "grade_item", 6) or None,
            words,
            source,
        ),
        _zones(form),
    )


def _listed(form: Form, name: str) -> list[str]:
    return [each.strip() for each in form.text(name).split(",") if each.strip()]


def _zones(form: Form) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(_listed(form, "zone") + _listed(form, "zones")))
    if len(named) > MAX_ZONES:
        raise YourError(f"At most {MAX_ZONES} zones stand beside Zulu.", "Leave some of them out.")
    for each in named:
        check_zone(each)
    return named


def _place(form: Form) -> int | None:
    word = form.word("before")
    if word is None:
        return None
    if not (word.isascii() and word.isdecimal() and len(word) <= 18):  # below 2^63
        raise YourError("There is no such page of the chronicle.", "Use the links of the desk's own pages.")
    return int(word)


def query(ask: Ask) -> Form:
    """The fields of the address; of a form that was refused, its own."""
    if ask.request.method == "POST":
        return ask.form
    params = ask.request.query_params
    return Form({name: ",".join(params.getlist(name)) for name in params})


async def chronicle(ask: Ask) -> Page:
    """One page, newest first."""
    officer, mandate, form = ask.who.officer, ask.id("mandate"), query(ask)
    agreement = ask.views.agreement(mandate)
    want = wanted(form, ask.desk, mandate)
    page = chronicle_page(ask.desk, officer, agreement, want.asked, want.zones, before=_place(form))
    more = {"asked": form, "once": ask.desk.context.rng(8).hex(), "pdf": pdf.available()}
    return Page("chronicle.html", ask.views.here(officer, ask.now), page, more)


async def log(ask: Ask) -> Done:
    """Log a public statement."""
    officer, mandate, form = ask.who.officer, ask.id("mandate"), ask.form
    ask.views.agreement(mandate)
    said, known = form.time("said"), form.time("known", "When it became known (Zulu; empty: now)")
    if said is None:
        raise YourError("When it was said is not filled in.", "Write it as 2026-01-31T06:00Z.")
    new = NewStatement(
        what=form.long_text("what"),
        by=form.text("by"),
        said=said,
        known=ask.now if known is None else known,
        source=form.text("heard"),
        where=form.text("where"),
        grade=(within(form, "said_source", 6), within(form, "said_item", 6)),
        mark=within(form, "mark", 5),
        note=form.identifier("note"),
        corrects=form.identifier("corrects"),
        evidence=evidence_of(form),
    )
    sent = once(form, officer)
    made = ask.service.act(lambda desk, now: PublicStatements(desk.context).log(officer, new, now, once=sent))
    return Done(f"/channels/{mandate.hex()}/chronicle#i{made.hex()[:16]}", made)


def pieces(desk: Desk, mandate: bytes, want: Wanted, most: int) -> Iterator[tuple[ItemCard, ...]]:
    """Everything that fits, newest first, in pieces between which the desk can do other things.

    Raises YourError where more than ``most`` items fit.
    """
    while not desk.chronicle.catch_up():
        yield ()
    before, count = None, 0
    while True:
        found = desk.chronicle.found(want.asked, BATCH, before=before)
        count += len(found)
        if count > most:
            raise YourError(
                f"More than {most:,} items fit, which is too many for one file.",
                "Take a shorter time along, or fewer kinds.",
            )
        yield cards(desk, desk.ledger.agreement(mandate), found, want.zones)
        if len(found) < BATCH:
            return
        before = found[-1].place


def file_of(
    desk: Desk,
    name: str,
    items: Sequence[ItemCard],
    mark: int,
    want: Wanted,
    kind: str,
    now: int,
    language: Language | None = None,
) -> bytes:
    """The items as a file of one kind; HTML and PDF in a language, English where none is given."""
    office = desk.context.my_office()
    drill = office.realm != LIVE
    if kind == "csv":
        return as_csv(items, mark, drill=drill)
    if kind == "json":
        return as_timeline(name, office.name, items, mark, drill=drill)
    template = environment(language or load()["en"]).get_template("chronicle_export.html")
    whole = Taken(name, tuple(items), mark, want.zones, want.asked.words)
    text = template.render(page=whole, now=now, office_name=office.name, drill=drill)
    return pdf.made_of(text) if kind == "pdf" else text.encode()


async def take_along(ask: Ask) -> File:
    """What fits, as a file under a sharing mark. It is written into the audit log."""
    officer, mandate = ask.who.officer, ask.id("mandate")
    agreement = ask.views.agreement(mandate)
    kind, mark = ask.form.text("format"), within(ask.form, "mark", 5)
    if kind not in FORMATS:
        raise YourError("There is no such kind of file.", "Choose HTML, PDF, CSV or JSON.")
    if not mark:
        raise YourError("No sharing mark was chosen.", "Say who may pass the chronicle on.")
    want = wanted(ask.form, ask.desk, mandate)
    items: list[ItemCard] = []
    for piece in pieces(ask.desk, mandate, want, FORMATS[kind]):
        items += piece
        await asyncio.sleep(0)
    items.reverse()
    require_mark(items, mark)
    deed = f"took the chronicle along as {kind.upper()}, {MARKS[mark]}"
    name = f"chronicle-{slug(agreement.mandate.name)}.{kind}"
    make = partial(file_of, ask.desk, agreement.mandate.name, items, mark, want, kind, ask.now, ask.language)
    made = await asyncio.to_thread(make) if kind == "pdf" else make()
    ask.service.act(lambda desk, now: desk.note_down(officer.name, deed, AuditKind.EXPORT, now))
    return File(name, made, MEDIA[kind])


ROUTES = (
    Route("/channels/{mandate}/chronicle", chronicle, needs=READ),
    Route("/channels/{mandate}/chronicle/statements", log, "POST", back=chronicle, needs=JUDGE),
    Route("/channels/{mandate}/chronicle/file", take_along, "POST", back=chronicle, needs=TAKES_ALONG),
)

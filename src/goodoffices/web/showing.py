# SPDX-License-Identifier: Apache-2.0
"""The pages that are looked at: each asks the desk's read models and names its template."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from goodoffices.core.errors import NotFound
from goodoffices.core.extract import read_extract
from goodoffices.core.mandate import Mandate
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.officers.glossary import Glossary
from goodoffices.desk.views.draft import up_for_release
from goodoffices.desk.views.views import Views
from goodoffices.desk.views.waiting import Waiting
from goodoffices.web.by_form import By, by_of, fields_of_words
from goodoffices.web.connections import known
from goodoffices.web.forms import Form, identifier
from goodoffices.web.pages import Ask, Done, Page, Site
from goodoffices.web.render import form_time
from goodoffices.web.security import bound, host_name, lane_purpose

MAX_STREAMS = 64
HEARTBEAT = 15.0


def local_path(path: str | None) -> str:
    """Where to go after signing in: a path of this desk, or the first page. Never another host."""
    if not path or not path.startswith("/") or path.startswith("//") or "\\" in path or len(path) > 300:
        return "/"
    return path if path.isprintable() and " " not in path else "/"


def first_waiting(waiting: tuple[Waiting, ...]) -> Waiting | None:
    """The note that presses most."""
    return waiting[0] if waiting else None


async def sign_in_page(ask: Ask) -> Page | Done:
    """Sign in. Says how many notes wait and since when, but neither whose nor what they say."""
    target = local_path(ask.form.text("next") or ask.request.query_params.get("next"))
    if ask.session is not None and ask.request.method == "GET":
        return Done(target)
    waiting = ask.views.waiting(ask.now)
    to_forward = [each for each in waiting if each.what == "forward"]
    press = to_forward or list(waiting)
    data = {
        "waiting": len(press),
        "forward": len(to_forward),
        "since": min((each.since for each in press), default=None),
        "due": min((each.due for each in press if each.due is not None), default=None),
        "late": any(each.late for each in press),
        "locked": ask.desk.context.locked,
        "tokens": any(each.token for each in ask.service.people() if not each.locked_out),
        "passkeys": sorted(ask.service.passkeys.hosts()),
        "reached_as": host_name(ask.request.headers.get("host", "").strip().lower()),
    }
    return Page("sign_in.html", None, data, {"target": target})


async def home(ask: Ask) -> Page:
    """Channels, lines, what waits."""
    page = ask.views.home(ask.who.officer, ask.now, ask.service.relays())
    return Page("home.html", page.here, page)


def asked_number(ask: Ask, name: str) -> int | None:
    """A number in the address; what is none is as if it were not there."""
    word = ask.request.query_params.get(name, "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 16 else None


async def channel(ask: Ask) -> Page:
    """A channel with its lanes."""
    here, page = ask.views.channel(
        ask.who.officer, ask.id("mandate"), ask.now, before=asked_number(ask, "before")
    )
    waiting = up_for_release(ask.desk, ask.who.officer, ask.views.agreement(page.id)) if page.newest else ()
    return Page("channel.html", here, page, {"up": waiting})


def _asked_id(ask: Ask, name: str) -> bytes | None:
    word = ask.form.word(name) or ask.request.query_params.get(name)
    return identifier(word, name) if word else None


async def write(ask: Ask) -> Page:
    """The write page; after a refused release it holds everything that was typed."""
    to = _asked_id(ask, "to")
    if to is None:
        raise NotFound(
            "To whom the note goes is chosen before it is written.", "Choose a lane of the channel."
        )
    mandate, of, beside = ask.id("mandate"), _asked_id(ask, "draft"), _asked_id(ask, "beside")
    terms = ask.views.terms(mandate)
    kept_at, base, began = None, 0, ask.form.number("kept")
    if of is not None:
        draft = ask.desk.clearing.open_draft(of)
        newest = ask.desk.clearing.tables.versions(draft.id)[-1]
        base = newest.version
        if not ask.form.fields:
            ask.form = Form(fields_of(ask.desk.clearing.words(newest), terms))
    by = _written_by(ask, terms)
    kept = ask.desk.clearing.unfinished(ask.who.officer, mandate, to, of)
    if kept is not None and not ask.form.text("csrf"):
        began, once_typed = kept[0], Form(kept[1])
        if "fresh" not in ask.request.query_params and by in (By(), by_of(once_typed, terms)):
            kept_at, ask.form, by = kept[0], once_typed, by_of(once_typed, terms)
            base = ask.form.number("base") or base
    here, page = ask.views.write(
        ask.who.officer,
        mandate,
        to,
        ask.now,
        replaces=_asked_id(ask, "replaces"),
        in_reply_to=_asked_id(ask, "in_reply_to"),
        rewords=_asked_id(ask, "rewords"),
    )
    once = ask.form.word("once") or ask.desk.context.rng(16).hex()
    more = {
        "thin": ask.desk.acts.thin_to(mandate, to),
        "bound": bound(ask.who, lane_purpose(mandate, to)),
        "once": once,
        "of": of,
        "beside": beside,
        "base": base,
        "kept_at": kept_at,
        "began": began,
        "by": by,
        "tongue_at": by.tongue_at(ask.language.code),
    }
    return Page("write.html", here, page, more)


def _written_by(ask: Ask, terms: Mandate) -> By:
    """By what the note is written, as the form says or, for a page that is just opened, the address."""
    if ask.form.fields:
        return by_of(ask.form, terms)
    return by_of(Form({name: ask.request.query_params.get(name, "") for name in ("form", "codes")}), terms)


def fields_of(draft: Draft, terms: Mandate) -> dict[str, str]:
    """A draft as the write page's form holds it."""
    words = draft.words
    ids = {
        "in_reply_to": words.in_reply_to,
        "replaces": words.replaces,
        "withdraws": words.withdraws,
        "rewords": words.rewords,
    }
    fields = {
        "text": words.text,
        "precedence": str(draft.precedence),
        "authority": str(words.authority),
        "language": words.language,
        "valid_until": form_time(draft.valid_until),
        "reply_by": form_time(words.reply_by),
        "reason": words.reason or "",
        "confidential": "1" if words.confidential else "",
        "consent": "1" if words.rewords else "",
    }
    fields |= fields_of_words(words, terms, form_time)
    fields["reports"] = ",".join(read_extract(each).signed.id.hex() for each in words.reports)
    return fields | {name: value.hex() for name, value in ids.items() if value is not None}


async def note(ask: Ask) -> Page:
    """A note with its custody strip."""
    here, page = ask.views.note(ask.who.officer, ask.id("note"), ask.now)
    beside = ask.views.beside_of(ask.who.officer, page.card.id)
    glossary = Glossary(ask.desk.context)
    more = {
        "beside": beside,
        "advised": {each.act: glossary.advise(each.text) for each in beside.waiting},
        "words_advice": {each.digest: glossary.advise(each.words) for each in page.open_words},
    }
    return Page("note.html", here, page, more)


async def audit(ask: Ask) -> Page:
    """The audit log, filtered by what the address says."""
    asked = ask.request.query_params

    here, page = ask.views.audit(
        ask.who.officer,
        ask.now,
        kind=asked.get("kind") or None,
        who=asked.get("officer") or None,
        before=asked_number(ask, "before"),
        number=asked_number(ask, "number"),
        whole=asked.get("whole") == "1",
    )
    return Page("audit.html", here, page)


async def mandate(ask: Ask) -> Page:
    """A mandate's terms, signatures and digits."""
    here, page = ask.views.mandate(ask.who.officer, ask.id("mandate"), ask.now)
    return Page("mandate.html", here, page)


async def new_mandate(ask: Ask) -> Page:
    """Propose a mandate."""
    follows = _asked_id(ask, "predecessor")
    here, page = ask.views.new_mandate(ask.who.officer, ask.now, follows)
    if page.follows is not None and not ask.form.fields:
        ask.form = Form(page.follows.fields)
    return Page("mandate_new.html", here, page)


async def lines(ask: Ask) -> Page:
    """Lines, relays, known offices."""
    here, page = ask.views.lines(ask.who.officer, ask.now, ask.service.relays())
    return Page("lines.html", here, page)


async def findings(ask: Ask) -> Page:
    """What was refused or does not hold."""
    page = ask.views.findings(ask.who.officer, ask.now, before=asked_number(ask, "before"))
    return Page("findings.html", page.here, page)


def health_of(site: Site) -> Response:
    """Whether the desk answers, and whether somebody is signed in."""
    if site.service.leaving.left is not None:
        return JSONResponse({"ok": False, "left": True}, 410)
    fault = site.service.fault
    body = {"ok": fault is None, "locked": site.service.desk.context.locked}
    return JSONResponse(body, 200 if fault is None else 503)


def events_of(site: Site, request: Request) -> Response:
    """A line per change, for as long as the session lives; the page then asks for itself again."""
    session = site.sessions.find(request.cookies.get(site.cookie), use=False)
    if session is None:
        return Response(status_code=401)
    known(request, session)
    if site.streams >= MAX_STREAMS:
        return Response(status_code=429, headers={"retry-after": "30"})

    async def stream() -> AsyncIterator[str]:
        site.streams += 1
        changes = site.service.changes()
        change = asyncio.ensure_future(anext(changes))
        try:
            await asyncio.sleep(0)  # the task above subscribes first, so that nothing falls between
            # The page says what it has seen; what changed before this stream began is told at once.
            yield f"retry: 2000\nevent: here\ndata: {Views(site.service.desk).version}\n\n"
            while site.sessions.alive(session):
                done, _ = await asyncio.wait({change}, timeout=HEARTBEAT)
                if done:
                    try:
                        change.result()
                    except StopAsyncIteration:
                        break  # the desk stops
                    change = asyncio.ensure_future(anext(changes))
                yield "event: change\ndata: {}\n\n" if done else ": still here\n\n"
            yield "event: ended\ndata: {}\n\n"
        finally:
            site.streams -= 1
            change.cancel()

    return StreamingResponse(stream(), media_type="text/event-stream")

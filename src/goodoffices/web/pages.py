# SPDX-License-Identifier: Apache-2.0
"""How a request becomes an answer: session, language and token first, then the page, as HTML or JSON.

Every route goes through ``guarded``; what is not declared open needs a session (deny by default).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from goodoffices.core.errors import GoodOfficesError, NotAllowed, NotFound, YourError
from goodoffices.core.office import Right
from goodoffices.desk.asking import SESSION, AuditKind
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.here import Here
from goodoffices.desk.views.note import NoteCard
from goodoffices.desk.views.views import Views
from goodoffices.web.ceremonies import Ceremonies
from goodoffices.web.connections import known
from goodoffices.web.door import Service
from goodoffices.web.forms import Form, identifier, require_form
from goodoffices.web.language import COOKIE, Language, asked_for, same_page
from goodoffices.web.presses import AGAIN, NUMBER, key_of, said_again, stamped
from goodoffices.web.refusals import as_json, status_of, told
from goodoffices.web.render import plain
from goodoffices.web.rights import NOBODY
from goodoffices.web.security import MAX_BODY, Session, Sessions, Throttle, bound, csrf_fits, same_origin

MAX_FIELDS = 64


@dataclass
class Site:
    """What every request shares."""

    service: Service
    sessions: Sessions
    throttle: Throttle
    languages: Mapping[str, Language]
    environments: Mapping[str, Environment]
    ceremonies: Ceremonies
    secure: bool
    farewell: Callable[[Ask], Response]
    """What is answered once this desk has left: nothing of it can be asked any more."""
    pages: Mapping[Handler, str] = field(default_factory=dict)  # where each stands, with its IDs as {names}
    streams: int = 0

    @property
    def cookie(self) -> str:
        """The session cookie's name. Cookies do not know ports: desks on one machine must not share one."""
        name = f"go-session-{self.service.desk.me.hex()[:8]}"
        return f"__Host-{name}" if self.secure else name

    @property
    def bell_cookie(self) -> str:
        """The name of what a browser keeps that may ring."""
        return self.cookie.replace("go-session-", "go-bell-")


@dataclass
class Ask:
    """One request, with who asks and in which language."""

    request: Request
    site: Site
    session: Session | None
    language: Language
    now: int
    form: Form = field(default_factory=lambda: Form({}))
    bell: str | None = None
    """Whose bell this browser is: it may ring without a sign-in."""
    files: list[UploadFile] = field(default_factory=list)
    stands_at: str = ""  # where the page that is shown stands, if not at the address of the request
    written_elsewhere: str = ""
    """Words that came from another page than the one that would send them."""

    @property
    def service(self) -> Service:
        return self.site.service

    @property
    def desk(self) -> Desk:
        return self.site.service.desk

    @property
    def views(self) -> Views:
        return Views(self.desk)

    @property
    def who(self) -> Session:
        """The session; only asked for behind a guarded route."""
        if self.session is None:
            raise NotAllowed("Nobody is signed in.", "Sign in first.")
        return self.session

    @property
    def json(self) -> bool:
        """Whether the asker is a program."""
        return "application/json" in self.request.headers.get("accept", "")

    def require_bound(self, purpose: str) -> None:
        """Raise unless the form was made by this very page for this very purpose (P4).

        Programs name what they mean in each request and need none; one that gives a token gives the right one.
        """
        given = self.form.word("bound")
        if given is None and self.json:
            return
        fits = given is not None and hmac.compare_digest(given.encode(), bound(self.who, purpose).encode())
        if not fits:
            # The words are shown to be copied, and stand in no field from which the next press would send them.
            self.written_elsewhere = self.form.long_text("text") or self.form.long_text("chat_words")
            self.form = Form({name: self.form.text(name) for name in ("to", "csrf") if self.form.text(name)})
            raise NotAllowed(
                "This text was written on another page than the one that would send it. Nothing was sent.",
                "Read to whom it goes, at the top of this page, then send it from here.",
            )

    def id(self, name: str) -> bytes:
        """An ID in the address; what is none is simply not found."""
        try:
            return identifier(self.request.path_params[name], name)
        except GoodOfficesError:
            raise NotFound("There is no such page at this desk.") from None


@dataclass(frozen=True)
class Page:
    """A page to show. ``data`` becomes JSON; ``more`` is for the template alone."""

    template: str
    here: Here | None
    data: Any
    more: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Done:
    """Something was done; the browser goes on to ``location``."""

    location: str
    id: bytes | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    session: Session | None = None
    sign_out: bool = False
    bell: str | None = None
    """What a browser keeps that may ring from now on."""
    again: bool = False
    """Whether this was done before, by the same press or page: the next page says so."""


@dataclass(frozen=True)
class File:
    """Something to keep: the browser offers to save it."""

    name: str
    data: bytes
    media_type: str


Handler = Callable[[Ask], Awaitable[Page | Done | File]]


@dataclass(frozen=True)
class Route:
    """One route of the table. ``back``: the page on which a refused POST is shown again, text and all.

    ``needs``: the rights of which an officer must hold one. A route that does not say so answers nobody.
    """

    path: str
    handler: Handler
    method: str = "GET"
    open: bool = False
    back: Handler | None = None
    chat: bool = False
    """Whether words of service chat are taken here; everywhere else they are refused (P4)."""
    needs: Right = NOBODY
    bell: bool = False
    """Whether a browser that may ring gets in without a sign-in."""
    files: int = 0
    """How many files a form may bring here."""


def guarded(site: Site, route: Route) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a route, behind session, origin and token."""

    async def endpoint(request: Request) -> Response:
        posting = request.method == "POST"
        # Live updates are the page's doing, not the officer's: they do not keep a session alive.
        use = "x-live" not in request.headers
        gone = site.service.leaving.left is not None
        session = None if gone else site.sessions.find(request.cookies.get(site.cookie), use=use)
        language = asked_for(request, site.languages)
        ask = Ask(request, site, session, language, site.service.now())
        if gone:
            return site.farewell(ask)
        SESSION.set(session.mark if session is not None else "")
        if route.bell:
            ask.bell = site.service.ringing.alarms.bell(request.cookies.get(site.bell_cookie))
        known(request, session or ask.bell)
        try:
            if posting:
                await _admit_post(ask, route)
            elif session is None and not route.open and ask.bell is None:
                return _sign_in_first(ask)
            _admit_officer(ask, route)
            answer = await _handled(ask, route)
            if site.service.leaving.left is not None:  # a next page would find no desk any more
                await site.service.leaving.heard()
                return site.farewell(ask)
        except GoodOfficesError as error:
            if site.service.leaving.left is not None:
                return site.farewell(ask)
            return await _refused(ask, route, error)
        finally:
            for upload in ask.files:
                await upload.close()
        return _answered(ask, answer)

    return endpoint


async def _handled(ask: Ask, route: Route) -> Page | Done | File:
    """What a route answers; a form that a browser sends again is answered as before, and does nothing twice."""
    key = None if ask.json or ask.files else key_of(ask.request.url.path, dict(ask.form.fields))
    if key is None or ask.session is None:
        return await route.handler(ask)
    answer: Page | Done | File
    answer, again = await ask.session.presses.once(key, lambda: route.handler(ask), _lasts)
    return replace(answer, again=True) if again and isinstance(answer, Done) else answer


def _lasts(answer: Page | Done | File) -> bool:
    return isinstance(answer, Done) and not answer.sign_out and answer.session is None and answer.bell is None


def _may(ask: Ask, route: Route) -> bool:
    if route.open or (ask.session is None and ask.bell is not None):
        return True
    rights = ask.desk.context.my_office().roster.rights(ask.who.officer.public)
    return bool(rights & route.needs)


def _admit_officer(ask: Ask, route: Route) -> None:
    """Raise NotAllowed unless the route is open, or the officer holds one of the rights that it names."""
    if not _may(ask, route):
        officer = ask.who.officer
        right = " / ".join((each.name or "").lower() for each in Right if each & route.needs)
        if route.method == "POST":
            what = f"had no right to {route.path}"
            ask.service.act(lambda desk, now: desk.note_down(officer.name, what, AuditKind.REFUSED, now))
        raise NotAllowed(f"This takes the right '{right}', which you do not hold here.")


async def _admit_post(ask: Ask, route: Route) -> None:
    if not same_origin(ask.request.headers, secure=ask.site.secure):
        raise NotAllowed("This was not sent by a page of this desk.", "Use the desk's own pages.")
    if ask.session is None and not route.open and ask.bell is None:
        raise NotAllowed("Nobody is signed in.", "Sign in, then do it again.")
    require_form(ask.request.headers.get("content-type", ""))
    fields = await ask.request.form(max_files=route.files, max_fields=MAX_FIELDS, max_part_size=MAX_BODY)
    # A list field (such as a path of offices) is read as its values joined by commas.
    names = list(dict.fromkeys(fields.keys()))
    texts = {name: [each for each in fields.getlist(name) if isinstance(each, str)] for name in names}
    ask.form = Form({name: ",".join(each) for name, each in texts.items()})
    ask.files = [each for _, each in fields.multi_items() if isinstance(each, UploadFile)]
    if ask.form.text("chat_words") and not route.chat:
        raise YourError("This was written as service chat; nothing else is made of it.", "Nothing was sent.")
    token = ask.request.headers.get("x-csrf-token") or ask.form.text("csrf")
    if ask.bell is not None:
        return  # a page that rings outlives its session; what it may do without one changes no record
    if not route.open and not csrf_fits(ask.who, token):
        older = "This form is of an older session."
        raise NotAllowed(older, "Load the page again; what you typed is still there.")


def _sign_in_first(ask: Ask) -> Response:
    if ask.json:
        return as_json(told(NotAllowed("Nobody is signed in.", "Sign in first."), ask.language), 401)
    target = ask.request.url.path + (f"?{ask.request.url.query}" if ask.request.url.query else "")
    lang = f"lang={ask.language.code}&" if "lang" in ask.request.query_params else ""  # as asked for
    where = "/sign-in" if target == "/" else f"/sign-in?{lang}next={quote(target, safe='')}"
    return RedirectResponse(where, 303)


async def _refused(ask: Ask, route: Route, error: GoodOfficesError) -> Response:
    status = 401 if ask.session is None and not route.open else status_of(error)
    if ask.json:
        return as_json(told(error, ask.language), status)
    if route.back is not None and (ask.session is not None or route.open) and _may(ask, route):
        try:
            page = await route.back(ask)
        except GoodOfficesError:
            page = None
        if isinstance(page, Page):
            # The browser is at an address that only takes forms now.
            ask.stands_at = ask.site.pages.get(route.back, "").format_map(ask.request.path_params)
            return _html(ask, page, status, error)
    here = ask.views.here(ask.session.officer, ask.now) if ask.session is not None else None
    return _html(ask, Page("error.html", here, None), status, error)


def _answered(ask: Ask, answer: Page | Done | File) -> Response:
    response: Response
    if isinstance(answer, File):
        how = f"attachment; filename*=UTF-8''{quote(answer.name, safe='')}"
        return Response(answer.data, media_type=answer.media_type, headers={"Content-Disposition": how})
    if isinstance(answer, Page):
        if ask.json:
            response = as_json(_page_json(ask, answer), answer.status)
        else:
            response = _html(ask, answer, answer.status, None)
    elif ask.json:
        response = as_json({"location": answer.location, "id": plain(answer.id), **plain(dict(answer.more))})
    else:
        response = RedirectResponse(said_again(answer.location) if answer.again else answer.location, 303)
    if isinstance(answer, Done):
        token = answer.session.token if answer.session is not None else None
        for name, value, age in (
            (ask.site.cookie, token, None),
            (ask.site.bell_cookie, answer.bell, 180 * 86_400),
        ):
            if value is not None:
                response.set_cookie(
                    name, value, age, path="/", httponly=True, samesite="strict", secure=ask.site.secure
                )
    if isinstance(answer, Done) and answer.sign_out:
        response.delete_cookie(
            ask.site.cookie, path="/", httponly=True, samesite="strict", secure=ask.site.secure
        )
    return response


def _page_json(ask: Ask, page: Page) -> dict[str, Any]:
    content = plain(page.data) if page.data is not None else {}
    if page.here is not None:
        content["here"] = plain(page.here)
    if ask.session is not None:
        content["csrf"] = ask.session.csrf
    return dict(content)


def html_of(ask: Ask, page: Page, error: GoodOfficesError | None = None) -> str:
    """A page as HTML, in the language that was asked for."""
    templates = ask.site.environments[ask.language.code]
    template = templates.get_template(page.template)
    service = ask.service

    def card(item: NoteCard) -> Markup:
        """A note of a list; it is drawn once for all officers who look at it in one language."""
        draw = templates.get_template("_card.html").render
        return ask.views.drawn((ask.language.code, item), lambda: Markup(draw(item=item)))  # noqa: S704

    return template.render(
        here=page.here,
        page=page.data,
        card=card,
        mark=ask.views.mark,
        csrf=stamped(ask.session.csrf if ask.session is not None else "", ask.desk.context.rng(NUMBER)),
        error=error,
        form=ask.form,
        written_elsewhere=ask.written_elsewhere,
        now=ask.now,
        seen=ask.views.version,
        stands_at=ask.stands_at,
        posted=ask.request.method == "POST",
        again=error is None and ask.request.query_params.get(AGAIN) == "1",
        office_name=service.office_name,
        drill=service.realm != bytes(len(service.realm)),
        fault=service.fault,
        alarms_ring=service.ringing.alarms.book.ringing,
        languages=same_page(ask.request, ask.site.languages),
        url=ask.request.url.path,
        strip=ask.views.strip(ask.now, service.relays()) if page.here is not None else None,
        **page.more,
    )


def _html(ask: Ask, page: Page, status: int, error: GoodOfficesError | None) -> Response:
    response = HTMLResponse(html_of(ask, page, error), status)
    asked = ask.request.query_params.get("lang")
    if asked in ask.site.languages:
        response.set_cookie(
            COOKIE, str(asked), 31_536_000, secure=ask.site.secure, httponly=True, samesite="strict"
        )
    return response

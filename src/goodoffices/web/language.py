# SPDX-License-Identifier: Apache-2.0
"""The languages of the pages: which there are, who reviewed them, and which one a request gets.

Translations are made with Babel (script/messages); here only the standard library's gettext reads them.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from starlette.requests import Request
from starlette.routing import Match

from goodoffices.web.presses import AGAIN

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "goodoffices"
COOKIE = "go-lang"
NOT_KEPT = ("lang", AGAIN, "fresh")
"""What an address says once: the language before, that something was pressed twice, that what was typed is left."""


@dataclass(frozen=True)
class Language:
    """One language of the pages."""

    code: str
    own_name: str
    direction: str
    reviewed_by: str | None
    texts: gettext.NullTranslations

    def say(self, text: str) -> str:
        """A text in this language."""
        return self.texts.gettext(text)

    def knows(self, text: str) -> bool:
        """Whether there is a translation; English is its own."""
        return self.code == "en" or (bool(text) and self.texts.gettext(text) != text)


@cache
def _language(code: str, own_name: str, direction: str, reviewed_by: str | None) -> Language:
    texts = gettext.translation(DOMAIN, LOCALE, [code], fallback=True)
    return Language(code, own_name, direction, reviewed_by, texts)


def load() -> dict[str, Language]:
    """Every language by its code, English first."""
    languages = (
        _language("en", "English", "ltr", "its authors"),
        _language("fa", "فارسی", "rtl", None),
        _language("ar", "العربية", "rtl", None),
        _language("fr", "Français", "ltr", None),
    )
    return {each.code: each for each in languages}


def asked_for(request: Request, languages: Mapping[str, Language]) -> Language:
    """The language in which a request is answered."""
    return choose(
        languages,
        request.query_params.get("lang"),
        request.cookies.get(COOKIE),
        request.headers.get("accept-language", ""),
    )


def same_page(request: Request, languages: Mapping[str, Language]) -> list[tuple[Language, str]]:
    """Each language, and where the page that answers a request is read in it: the same page, its question and all.

    What answers a sent form has no address of its own. There it is the page on which the form lay, or the one above.
    """
    path, query = _address(request)
    # Two slashes in front would name another host, and so do a slash and a backslash.
    path = "/" + quote(path.lstrip("/"))
    kept = [(name, value) for name, value in parse_qsl(query, True) if name not in NOT_KEPT]
    return [(each, f"{path}?{urlencode([*kept, ('lang', each.code)])}") for each in languages.values()]


def _address(request: Request) -> tuple[str, str]:
    own = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if request.method == "GET":
        return own
    wanted = [own]
    with suppress(ValueError):  # what no browser sends
        came = urlsplit(request.headers.get("referer", ""))
        if came.netloc == request.headers.get("host", ""):
            wanted.append((unquote(came.path), came.query))
    steps = own[0].split("/")
    wanted += [("/".join(steps[:upto]), "") for upto in range(len(steps) - 1, 1, -1)]
    return next((each for each in wanted if _can_be_read(request, each[0])), ("/", ""))


def _can_be_read(request: Request, path: str) -> bool:
    asked = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(each.matches(asked)[0] is Match.FULL for each in request.app.routes)


def choose(languages: Mapping[str, Language], asked: str | None, kept: str | None, accepted: str) -> Language:
    """The language asked for in the address, else the one chosen before, else the browser's wish."""
    for code in (asked, kept, *_wishes(accepted)):
        if code is not None and code in languages:
            return languages[code]
    return next(iter(languages.values()))


def _wishes(accepted: str) -> list[str]:
    wishes: list[tuple[float, int, str]] = []
    for at, part in enumerate(accepted[:500].split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if weight > 0:
            wishes.append((-weight, at, name.partition("-")[0].lower()))
    return [code for _, _, code in sorted(wishes)]

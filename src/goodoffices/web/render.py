# SPDX-License-Identifier: Apache-2.0
"""From page dataclasses to HTML and JSON: the template environments, and how times and IDs are written.

Times stand in Zulu, so that all offices speak of the same minute, with the local time of this desk's
machine beside them. Digits are the same in every language, because they are read aloud.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from goodoffices.core.digits import grouped
from goodoffices.core.fields import shown_name
from goodoffices.core.handing import read_words
from goodoffices.web import silence, words
from goodoffices.web.deeds import told
from goodoffices.web.diff import changes
from goodoffices.web.language import Language
from goodoffices.web.prose import has_alike, has_unseen, lines, visible
from goodoffices.web.retold import retold

HERE = Path(__file__).parent
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def plain(value: Any) -> Any:
    """A page as JSON can carry it: bytes as hexadecimal, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def moment(ms: int, zone: tzinfo | None = UTC) -> datetime:
    """The instant in a zone; None: this machine's own."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)


def iso(ms: int) -> str:
    """RFC 3339, for machines."""
    return moment(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def zulu(ms: int) -> str:
    """2026-01-08 01:32:07Z."""
    return moment(ms).strftime("%Y-%m-%d %H:%M:%SZ")


def zulu_time(ms: int) -> str:
    """01:32:07Z."""
    return moment(ms).strftime("%H:%M:%SZ")


def local(ms: int) -> str:
    """02:32 +01:00, by the zone that this machine is set to; empty where that is Zulu itself."""
    here = moment(ms, None)
    offset = here.strftime("%z")
    return "" if offset == "+0000" else f"{here.strftime('%H:%M')} {offset[:3]}:{offset[3:]}"


def dtg(ms: int) -> str:
    """The date-time group DDHHMMZ MON YY (ACP 121), with English months whatever the language."""
    at = moment(ms)
    return f"{at:%d%H%M}Z {MONTHS[at.month - 1]} {at:%y}"


def form_time(ms: int | None) -> str:
    """A time as a form's field takes it."""
    return "" if ms is None else moment(ms).strftime("%Y-%m-%dT%H:%M")


def span(ms: int, say: Callable[[str], str] = str) -> str:
    """A duration: 0.4 s, 42 s, 4:10 min, 3:05 h, 2 d 4 h, with its units as ``say`` has them."""
    second, minute, hour, day = (say(each) for each in words.UNITS)
    seconds = abs(ms) / 1000
    if seconds < 10:
        return f"{seconds:.1f} {second}"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} {second}"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} {minute}"
    if whole < 86_400:
        return f"{whole // 3600}:{whole % 3600 // 60:02d} {hour}"
    return f"{whole // 86_400} {day} {whole % 86_400 // 3600} {hour}"


@cache
def environment(language: Language) -> Environment:
    """The templates in one language, compiled once a process. Undefined names are faults, everything is escaped."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_translations(language.texts, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(
        iso=iso, zulu=zulu, zulu_time=zulu_time, local=local, form_time=form_time, dtg=dtg,
        span=lambda ms: span(ms, language.say),
        grouped=grouped, visible=visible, shown=shown_name, lines=lines, has_unseen=has_unseen, has_alike=has_alike,
        hex=bytes.hex, changes=changes,
    )  # fmt: skip
    env.filters["hand"] = read_words
    env.globals.update(
        units="|".join(map(language.say, words.UNITS)),
        lang=language,
        words=words,
        silence=silence,
        say=language.say,
    )
    env.globals.update(told=lambda what: told(what, language), retold=lambda text: retold(text, language))
    return env

# SPDX-License-Identifier: Apache-2.0
"""Chronicle and after-action report as HTML pages that stand alone: no script, nothing fetched, all escaped."""

from __future__ import annotations

import unicodedata
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from goodoffices import __version__
from goodoffices.drill.form.clocks import dtg, duration, local, local_full, rfc3339
from goodoffices.drill.form.forms import ITEM_GRADES, SOURCE_GRADES, Office
from goodoffices.drill.told.after_action import AfterAction
from goodoffices.drill.told.chronicle import Chronicle, until
from goodoffices.drill.told.picture import draw

_RIGHT_TO_LEFT = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi", "ku-arab")
)


def direction(language: str) -> str:
    """The writing direction of a language; ``auto`` for one not known to run from right to left."""
    tag = language.casefold()
    return "rtl" if tag in _RIGHT_TO_LEFT or tag.split("-")[0] in _RIGHT_TO_LEFT else "auto"


def visible(text: str) -> Markup:
    """A note's text, escaped, with characters that nobody sees but that change the reading made visible."""
    parts: list[Markup] = []
    plain: list[str] = []
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in "\n\t\r\u200c\u200d":
            parts.append(escape("".join(plain)))
            plain.clear()
            parts.append(
                Markup('<span class="hidden-char" title="a character that is not seen">U+{}</span>').format(
                    f"{ord(char):04X}"
                )
            )
        else:
            plain.append(char)
    parts.append(escape("".join(plain)))
    return Markup("").join(parts)


def steady(text: str) -> str:
    """Short text of the case with every character that turns the reading direction taken out of it."""
    return "".join(
        c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c in "\n\t\u200c\u200d"
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("goodoffices.drill.told", "templates"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(
        dtg=dtg, rfc3339=rfc3339, local=local, local_full=local_full, duration=duration, until=until
    )
    environment.globals.update(
        direction=direction, source_grades=SOURCE_GRADES, item_grades=ITEM_GRADES, version=__version__
    )
    environment.filters.update(visible=visible, steady=steady)
    return environment


def render(chronicle: Chronicle) -> str:
    """The whole page as text; write it as UTF-8."""
    case = chronicle.case
    zones: dict[str, Office] = {office.name: office for office in case.offices}
    template = _environment().get_template("chronicle.html")
    # lone surrogates cannot stand in a case (TOML refuses them), but findings may quote a file's name
    picture = Markup(draw(chronicle))  # noqa: S704 - every word in it was escaped where it was drawn
    html = template.render(
        c=chronicle, case=case, observed=chronicle.observed, offices=zones, picture=picture
    )
    return html.encode("utf-8", "replace").decode("utf-8")


def render_after_action(report: AfterAction) -> str:
    """The after-action report as a page of its own; write it as UTF-8."""
    case = report.chronicle.case
    zones = {office.name: office for office in case.offices}
    template = _environment().get_template("after_action.html")
    html = template.render(a=report, case=case, observed=report.chronicle.observed, offices=zones)
    return html.encode("utf-8", "replace").decode("utf-8")

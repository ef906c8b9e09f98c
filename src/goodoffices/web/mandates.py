# SPDX-License-Identifier: Apache-2.0
"""What officers do with mandates through the pages: propose, sign, put out of the way, compare."""

from __future__ import annotations

import re
from typing import Any

from goodoffices.core.errors import YourError
from goodoffices.core.mandate import DEFAULT_CLOCKS, MAX_PURPOSE, MINUTE, Precedence
from goodoffices.desk.officers.acts import Terms
from goodoffices.web.forms import Form, identifier, label_of, listed
from goodoffices.web.pages import Ask, Done

_CLOCKS = {
    Precedence.ROUTINE: "clock_routine",
    Precedence.PRIORITY: "clock_priority",
    Precedence.IMMEDIATE: "clock_immediate",
    Precedence.FLASH: "clock_flash",
}


def _one_of(form: Form, name: str, default: int, codes: tuple[int, ...]) -> int:
    value = form.number(name, default)
    if value not in codes:
        field_label = label_of(name)
        raise YourError(f"'{field_label}' takes none but what it offers.", "Choose one of the list.")
    return value


def _flash_budget(form: Form) -> tuple[int, int] | None:
    most, hours = form.number("flash_most"), form.number("flash_hours", 24)
    if most is None:
        return None
    if hours is None or not 1 <= most <= 100 or not 1 <= hours <= 30 * 24:
        raise YourError("The budget for FLASH takes 1 to 100 notes in 1 to 720 hours.", "Correct it.")
    return most, hours * 60 * MINUTE


def terms_of(form: Form) -> Terms:
    """The terms that a form proposes."""
    clocks = {}
    for precedence, field in _CLOCKS.items():
        minutes = form.number(field, DEFAULT_CLOCKS[precedence] // MINUTE)
        if minutes is None or not 0 < minutes <= 30 * 24 * 60:
            label = precedence.name
            raise YourError(
                f"The time allowed for {label} takes whole minutes, at most 30 days.", "Correct it."
            )
        clocks[int(precedence)] = minutes * MINUTE
    kinds = listed(form.text("acknowledgements"))
    path = tuple(identifier(each, "path") for each in listed(form.text("path")))
    name = form.word("name")
    if name is None or len(name.encode()) > 120:
        raise YourError("A mandate needs a name of at most 120 bytes.", "Name it.")
    paper = form.word("paper_name")
    if not 3 <= len(path) + (paper is not None) <= 6 or len(set(path)) != len(path):
        raise YourError("A path has three to six offices, each once.", "Choose them in their order.")
    if not all(each.isascii() and each.isdigit() and len(each) < 3 for each in kinds):
        raise YourError("What its author is told is none of those offered.", "Tick those that shall travel.")
    fields: dict[str, Any] = {}
    if kinds or form.flag("acknowledgements_chosen"):
        fields["acknowledgements"] = tuple(int(each) for each in kinds)
    return Terms(
        name=name,
        path=path,
        reading=_one_of(form, "reading", 2, (1, 2)),
        forwarding=_one_of(form, "forwarding", 1, (1, 2)),
        clocks=clocks,
        languages=_languages(form),
        disclosure=_one_of(form, "disclosure", 1, (1, 2)),
        record_use=_one_of(form, "record_use", 1, (1, 2, 3)),
        ends=form.time("ends"),
        officers_to_add_words=_one_of(form, "officers_to_add_words", 1, (1, 2)),
        predecessor=form.identifier("predecessor"),
        flash_budget=_flash_budget(form),
        purpose=_purpose(form),
        paper_name=paper,
        paper_consent=form.long_text("paper_consent").strip() or None,
        wordings=tuple(identifier(each, "wordings") for each in listed(form.text("wordings"))),
        **fields,
    )


def _purpose(form: Form) -> str | None:
    text = form.long_text("purpose").strip()
    if (size := len(text.encode())) > MAX_PURPOSE:
        raise YourError(
            f"What the mandate is for has {size} bytes; at most {MAX_PURPOSE} fit.",
            "Shorten it; it still stands on the page as you typed it.",
        )
    return text or None


def _languages(form: Form) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(listed(form.text("languages"))))
    if len(found) > 16 or not all(_TONGUE.fullmatch(each) for each in found):
        raise YourError("Languages are written as codes, at most 16.", "Write them as en, fa or zh-Hant.")
    return found or ("en",)


_TONGUE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
"""A language tag as RFC 5646 §2.1 builds it; whether anybody speaks it no list here knows."""


async def propose(ask: Ask) -> Done:
    """Propose a mandate, signed by this office."""
    terms, officer = terms_of(ask.form), ask.who.officer
    mandate = ask.service.act(lambda desk, now: desk.acts.propose(officer, terms, now))
    return Done(f"/mandates/{mandate.hex()}", mandate)


async def sign_mandate(ask: Ask) -> Done:
    """Sign a proposed mandate."""
    mandate, officer = ask.id("mandate"), ask.who.officer
    ask.service.act(lambda desk, now: desk.acts.sign_mandate(officer, mandate, now))
    return Done(f"/mandates/{mandate.hex()}", mandate)


async def set_aside(ask: Ask) -> Done:
    """Put a mandate that is not in force out of the way."""
    mandate, officer = ask.id("mandate"), ask.who.officer
    ask.service.act(lambda desk, now: desk.acts.set_aside(officer, mandate, True, now))
    return Done("/", mandate)


async def take_up(ask: Ask) -> Done:
    """Take a mandate up again that was set aside."""
    mandate, officer = ask.id("mandate"), ask.who.officer
    ask.service.act(lambda desk, now: desk.acts.set_aside(officer, mandate, False, now))
    return Done(f"/mandates/{mandate.hex()}", mandate)


async def compare(ask: Ask) -> Done:
    """The other party's half of the digits, as it was heard."""
    mandate, officer, heard = ask.id("mandate"), ask.who.officer, ask.form.text("digits")
    ask.service.act(lambda desk, now: desk.acts.compare_mandate(officer, mandate, heard, now))
    return Done(f"/mandates/{mandate.hex()}", mandate)

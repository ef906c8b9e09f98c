# SPDX-License-Identifier: Apache-2.0
"""What a desk says in English, told in the language of the page: refusals, findings, reasons (ADR 0054).

Errors and findings are English where they are raised, kept and sent. script/messages reads out of the sources what
they can say; here a text is recognised by that, and what varies in it is put into the translation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache

from goodoffices.web import words
from goodoffices.web.language import LOCALE, Language
from goodoffices.web.words import N_

MAX_TEXT = 2000
"""Characters. Something longer is shown as it was written: nobody's text may cost much to recognise."""
MAX_SENTENCES = 6
FIRST_ISOLATE, END_ISOLATE = "\u2068", "\u2069"
"""What varies keeps its own direction of writing, and does not disturb that of the sentence."""
RIGHTS = {**words.RIGHTS, "no rights": N_("no rights")}
_RIGHT = re.compile(r"right(_\d)?")
_AFTER_A_SENTENCE = re.compile(r"(?<=[.:?!…]) ")


class Patterns:
    """Texts with {names} in them, and which of them a text is made by."""

    def __init__(self, patterns: Iterable[str]) -> None:
        # The longer the text that is fixed, the earlier: what a name brings along never decides what was said.
        ordered = sorted(patterns, key=lambda each: (-len(re.sub(r"\{\w+\}", "", each)), each))
        self._known = tuple((each, self._compiled(each)) for each in ordered)

    @staticmethod
    def _compiled(pattern: str) -> re.Pattern[str]:
        parts: list[str] = []
        named: set[str] = set()
        for fixed, name in re.findall(r"([^{]*)(?:\{(\w+)\})?", pattern):
            parts.append(re.escape(fixed))
            if name:
                parts.append(f"(?P={name})" if name in named else f"(?P<{name}>.+)")
                named.add(name)
        return re.compile("".join(parts), re.DOTALL)

    def find(self, text: str) -> tuple[str, dict[str, str]] | None:
        """(pattern, what stands for its names), or None if no pattern makes this text."""
        for pattern, compiled in self._known:
            found = compiled.fullmatch(text)
            if found is not None:
                return pattern, found.groupdict()
        return None


SAID = Patterns(json.loads((LOCALE / "patterns.json").read_text(encoding="utf-8")))


@lru_cache(maxsize=4096)  # the same few refusals, and every row of a page of findings
def retold(text: str, language: Language) -> str | None:
    """A text of the desk in a language; None where it is shown in English, as it was written."""
    if language.knows(text):
        return language.say(text)
    if len(text) > MAX_TEXT:
        return None
    found = SAID.find(text)
    if found is not None:
        pattern, values = found
        if not language.knows(pattern):
            return None
        return language.say(pattern).format_map(
            {name: _value(name, value, language) for name, value in values.items()}
        )
    return _sentence_by_sentence(text, language)


def _value(name: str, value: str, language: Language) -> str:
    if _RIGHT.fullmatch(name):
        return re.sub("no rights|[a-z]+", lambda each: language.say(RIGHTS.get(each[0], each[0])), value)
    if name == "field_label":  # what the page itself calls it
        return language.say(value)
    # A reason inside a text is told as well; a name that happens to be a word of the pages stays a name.
    inner = retold(value, language) if name == "reason" or value.endswith(".") else None
    return inner if inner is not None else f"{FIRST_ISOLATE}{value}{END_ISOLATE}"


def _sentence_by_sentence(text: str, language: Language) -> str | None:
    """What happened and what to do, where both were kept as one text."""
    for cut in list(_AFTER_A_SENTENCE.finditer(text))[:MAX_SENTENCES]:
        first, rest = retold(text[: cut.start()], language), None
        if first is not None:
            rest = retold(text[cut.end() :], language)
        if first is not None and rest is not None:
            return f"{first} {rest}"
    return None

# SPDX-License-Identifier: Apache-2.0
"""From a TOML file to a form or a code book, or to a ``BadForm`` that names line and field (docs/how-to/forms.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goodoffices.core import cbor, codebook
from goodoffices.core.codebook import MAX_BOOK, CodeBook, read_book
from goodoffices.core.errors import BadForm, OtherOfficeError
from goodoffices.core.forms import (
    MAX_FIELDS,
    MAX_FORM,
    MAX_ITEMS,
    MAX_LANGUAGES,
    MAX_LINE,
    MAX_LINES,
    MAX_NUMBER,
    FormKind,
    Means,
    NoteForm,
    Sort,
    Tense,
    read_form,
)
from goodoffices.datafile.tables import Faults, Table, kind_of, load, nearest, quoted
from goodoffices.datafile.toml_lines import Lines, Path

LARGEST_FILE = 256 * 1024
MOST_WORDS = 1000
"""Characters of one text in one language."""

KINDS = {
    "clarification": FormKind.CLARIFICATION,
    "advance notice": FormKind.ADVANCE_NOTICE,
    "request": FormKind.REQUEST,
    "assurance": FormKind.ASSURANCE,
    "cease": FormKind.CEASE,
    "other": FormKind.OTHER,
}
SORTS = {each.name.lower(): each for each in Sort}
TENSES = {each.name.lower(): each for each in Tense}
MEANINGS = {each.name.lower(): each for each in Means}

Agreed = NoteForm | CodeBook
_BOOK = cbor.encode(codebook.MARK)


def read_file(data: bytes, name: str = "form.toml") -> Agreed:
    """The form or code book in a file; ``name`` is what faults call it. Raises BadForm."""
    tree, text = load(data, name, LARGEST_FILE, BadForm)
    faults = Faults(name, Lines(text), BadForm)
    top = Table(tree, (), "the file", faults)
    found = _book(top) if "word" in tree or "text" in tree else _form(top)
    top.refuse_unknown()
    faults.raise_any()
    try:
        raw = found.raw
        return read_form(raw) if isinstance(found, NoteForm) else read_book(raw)
    except (OtherOfficeError, ValueError) as error:
        most = MAX_FORM if isinstance(found, NoteForm) else MAX_BOOK
        what = getattr(error, "what", f"It holds half a character, or is larger than {most} bytes.")
        raise BadForm(f"{name}:1: {what}") from None


def read_agreed(raw: bytes) -> Agreed:
    """A form or code book from the bytes that a mandate would hold; raises Malformed."""
    return read_book(raw) if raw[1:].startswith(_BOOK) else read_form(raw)


def _languages(top: Table) -> tuple[str, ...]:
    found = top.texts("languages", limit=35, most=MAX_LANGUAGES)
    if not found and not top.faults.found:
        top.fault(None, 'the field \'languages\' is missing; it takes a list such as ["en", "fa"]')
    for each in found:
        if not each.isascii() or not each.replace("-", "").isalnum():
            top.fault("languages", f"{quoted(each)} is not a language tag such as 'fa'")
    if len(set(found)) != len(found):
        top.fault("languages", "names one language twice")
    return found


def _words(
    table: Table,
    key: str,
    tongues: tuple[str, ...],
    *,
    needed: bool = True,
    limit: int = 160,
    lines: bool = False,
) -> tuple[str, ...] | None:
    """A table with one text for each language; a stand-in after a fault."""
    given = table.raw(
        key, dict, 'one text for each language, such as { en = "…", fa = "…" }', required=needed
    )
    if given is None:
        return None
    return _each(
        given, (*table.path, key), f"{table.label}, field '{key}'", table.faults, tongues, limit, lines
    )


def _each(
    given: Mapping[str, Any],
    path: Path,
    label: str,
    faults: Faults,
    tongues: tuple[str, ...],
    limit: int,
    lines: bool,
) -> tuple[str, ...]:
    inner = Table(given, path, label, faults)
    found = tuple(inner.text(each, "?", required=True, limit=limit, lines=lines) for each in tongues)
    for key in given:
        if key not in tongues:
            known = ", ".join(tongues)
            faults.add(
                (*path, key),
                label,
                f"{quoted(key)} is not a language of the file{nearest(key, tongues)}: {known}",
            )
    return found


def _form(top: Table) -> NoteForm:
    kind = KINDS[top.choice("kind", tuple(KINDS))]
    code = top.text("code", required=True, limit=12)
    tongues = _languages(top)
    title = _words(top, "title", tongues) or ()
    about = _words(top, "about", tongues, needed=False, limit=MOST_WORDS, lines=True)
    rows = []
    for at, given in enumerate(_tables(top, "field", MAX_FIELDS)):
        name = given.get("name")
        label = f"field {quoted(name)}" if isinstance(name, str) else f"field {at + 1}"
        table = Table(given, ("field", at), label, top.faults)
        rows.append(_field(table, tongues))
        table.refuse_unknown()
    return NoteForm(kind=int(kind), code=code, languages=tongues, title=title, about=about, rows=tuple(rows))


def _tables(top: Table, key: str, most: int) -> list[Mapping[str, Any]]:
    given = top.raw(key, list, f"tables, each headed [[{key}]]", required=True)
    if given is None:
        return []
    if len(given) > most:
        top.fault(key, f"there are {len(given)}; at most {most} are allowed")
        return []
    wrong = next((each for each in given if not isinstance(each, dict)), None)
    if wrong is not None:
        top.fault(key, f"takes tables, each headed [[{key}]], not {kind_of(wrong)}")
        return []
    return list(given)


_MOST = {
    Sort.LINE: (200, MAX_LINE),
    Sort.TEXT: (2000, MAX_LINES),
    Sort.LIST: (8, MAX_ITEMS),
    Sort.NUMBER: (MAX_NUMBER,) * 2,
}


def _field(table: Table, tongues: tuple[str, ...]) -> tuple[Any, ...]:
    name = table.text("name", required=True, limit=30)
    faults = len(table.faults.found)
    sort = SORTS[table.choice("sort", tuple(SORTS))]
    unsorted = len(table.faults.found) > faults
    needed = table.flag("needed", False)
    means = MEANINGS[table.choice("means", tuple(MEANINGS), "nothing")]
    label = _words(table, "label", tongues) or ()
    hint = _words(table, "hint", tongues, needed=False)
    least, most, choices = 0, 0, ()
    if unsorted:
        for key in ("tense", "open_end", "least", "most", "choices"):
            table.raw(key, object, "")  # what they may be hangs on the sort: one fault is enough
        return name, int(sort), int(means), needed, label, hint, least, most, choices
    if sort in (Sort.TIME, Sort.SPAN):
        least = int(TENSES[table.choice("tense", tuple(TENSES), "any")])
    if sort == Sort.SPAN:
        most = int(table.flag("open_end", False))
    if sort == Sort.NUMBER:
        least = int(table.number("least", 0, 0, MAX_NUMBER))
    if sort in _MOST:
        usual, largest = _MOST[sort]
        most = int(table.number("most", usual, 1, largest))
    if sort == Sort.NUMBER and least > most:
        table.fault("least", f"is larger than 'most', {most}")
    if sort == Sort.CHOICE:
        choices = _choices(table, tongues)
    return name, int(sort), int(means), needed, label, hint, least, most, choices


def _choices(table: Table, tongues: tuple[str, ...]) -> tuple[Any, ...]:
    wanted = "a list of choices, each with one text for each language"
    given = table.raw("choices", list, wanted, required=True)
    if given is None:
        return ()
    if not 2 <= len(given) <= 20 or not all(isinstance(each, dict) for each in given):
        table.fault("choices", f"takes {wanted}: 2 to 20 of them")
        return ()
    path, label = (*table.path, "choices"), f"{table.label}, field 'choices'"
    return tuple(_each(each, path, label, table.faults, tongues, 160, False) for each in given)


def _book(top: Table) -> CodeBook:
    word = top.text("word", required=True, limit=20)
    tongues = _languages(top)
    title = _words(top, "title", tongues) or ()
    texts: list[tuple[int, tuple[str, ...]]] = []
    for at, given in enumerate(_tables(top, "text", 100)):
        table = Table(given, ("text", at), f"text {at + 1}", top.faults)
        number = int(table.number("number", 0, 1, 999))
        if not table.has("number"):
            table.fault(None, "the field 'number' is missing; it takes a whole number from 1 to 999")
        elif texts and number <= texts[-1][0]:
            table.fault("number", f"{number} does not follow {texts[-1][0]}; numbers ascend, each once")
        texts.append((number, _words(table, "says", tongues, limit=MOST_WORDS, lines=True) or ()))
        table.refuse_unknown()
    return CodeBook(word=word, languages=tongues, title=title, texts=tuple(texts))

# SPDX-License-Identifier: Apache-2.0
"""Forms and code books as files from strangers: bounded, checked, every fault named by line and field (P12)."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.errors import BadForm
from goodoffices.core.forms import MAX_FORM, NoteForm
from goodoffices.core.mandate import MAX_AGREED
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.forms.library import shipped
from goodoffices.desk.forms.reading import LARGEST_FILE, read_agreed, read_file

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "forms.md"
FORM = """kind = "other"
code = "T-1"
languages = ["en", "fa"]
[title]
en = "A"
fa = "الف"
[[field]]
name = "what"
sort = "line"
label = { en = "What", fa = "چه" }
"""
BOOK = """word = "ANCHOR"
languages = ["en"]
[title]
en = "Short"
[[text]]
number = 1
says = { en = "One." }
[[text]]
number = 2
says = { en = "Two." }
"""


def refused(text: str | bytes) -> str:
    with pytest.raises(BadForm) as found:
        read_file(text if isinstance(text, bytes) else text.encode())
    return found.value.what


def test_what_comes_with_the_program_fits_into_one_mandate() -> None:
    assert [getattr(each.agreed, "code", "") for each in shipped() if isinstance(each.agreed, NoteForm)] == [
        "CL-1", "AN-1", "RQ-1", "AS-1", "CE-1",
    ]  # fmt: skip
    assert sum(len(each.agreed.raw) for each in shipped()) < MAX_AGREED / 4
    for each in shipped():
        assert each.agreed.languages == ("en", "fr", "fa", "ar")
        assert read_agreed(each.agreed.raw) == each.agreed


def test_the_files_of_the_how_to_are_read() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    form, book = (read_file(each.encode()) for each in blocks)
    assert isinstance(form, NoteForm)
    assert form.fields[1].most == 1
    assert getattr(book, "numbers", ()) == (1,)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('code = "T-1"', 'kode = "T-1"', "form.toml:2: the file, field 'kode': there is no such field (did"),
        ('kind = "other"', 'kind = "asurance"', "form.toml:1: the file, field 'kind': 'asurance' is not one of"),
        ('kind = "other"', 'kind = "asurance"', "(did you mean 'assurance'?)"),
        ('fa = "الف"\n', "", "form.toml:4: the file, field 'title': the field 'fa' is missing"),
        ('fa = "الف"', 'fr = "A"', "'fr' is not a language of the file"),
        ('name = "what"\n', "", "form.toml:7: field 1: the field 'name' is missing"),
        ('sort = "line"', "sort = 1", "form.toml:9: field 'what', field 'sort': takes one of: line, text"),
        ('sort = "line"', 'sort = "line"\nmost = 501', "field 'most': is '501'; it must lie between 1 and 500"),
        ('sort = "line"', 'sort = "line"\nmosd = 50', "there is no such field (did you mean 'most'?)"),
        ('sort = "line"', 'sort = "time"\nmost = 50', "there is no such field"),
        ('sort = "line"', 'sort = "choice"', "the field 'choices' is missing"),
        ('sort = "line"', 'sort = "line"\nneeded = "yes"', "field 'needed': takes true or false, not text"),
        ('sort = "line"', 'sort = "number"\nleast = 5\nmost = 4', "is larger than 'most', 4"),
        ('["en", "fa"]', '["en", "en"]', "names one language twice"),
        ('["en", "fa"]', '["en", "f a"]', "'f a' is not a language tag"),
        ('code = "T-1"', 'code = "t 1"', "not a code of capital letters"),
        ('en = "A"', 'en = ""', "field 'en': is empty"),
        ('en = "A"', 'en = "a\\u202eb"', "form.toml:1: Field 'title'"),
        ('en = "A"', 'en = "A" "B"', "form.toml:5: this is not TOML"),
        ("[[field]]", "[field]", "takes tables, each headed [[field]], not a table"),
        ('kind = "other"', 'kind = "assurance"', "An assurance has a field for what is promised"),
    ],
)  # fmt: skip
def test_a_fault_names_line_and_field(before: str, after: str, fault: str) -> None:
    assert before in FORM
    assert fault in refused(FORM.replace(before, after, 1))


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("number = 2", "number = 1", "form.toml:9: text 2, field 'number': 1 does not follow 1"),
        ("number = 2\n", "", "the field 'number' is missing"),
        ("number = 2", "number = 1000", "must lie between 1 and 999"),
        ("says", "sais", "there is no such field (did you mean 'says'?)"),
        ('"ANCHOR"', '"Anchor"', "capital letters"),
        ('"ANCHOR"\n', '"ANCHOR"\nkind = "other"\n', "field 'kind': there is no such field"),
    ],
)
def test_a_fault_in_a_code_book_is_named_too(before: str, after: str, fault: str) -> None:
    assert fault in refused(BOOK.replace(before, after, 1))


def test_no_file_is_read_without_end() -> None:
    assert "larger than 256 KiB" in refused(b"#" * (LARGEST_FILE + 1))
    assert "not UTF-8" in refused(b"code = '\xff'")
    assert "not TOML that can be read" in refused("a = " + "[" * 20_000)
    many = "".join(
        f"[[field]]\nname = 'f{at}'\nsort = 'line'\nlabel = {{ en = 'x', fa = 'y' }}\n" for at in range(25)
    )
    assert "there are 26; at most 24 are allowed" in refused(FORM + many)
    label = "x" * 160
    choices = ", ".join(f"{{ en = '{label}', fa = '{label}' }}" for _ in range(20))
    fields = "".join(
        f"[[field]]\nname = 'f{at}'\nsort = 'choice'\nlabel = {{ en = 'x', fa = 'y' }}\nchoices = [{choices}]\n"
        for at in range(10)
    )
    assert f"{MAX_FORM}" in refused(FORM + fields)


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_whatever_a_stranger_sends_is_read_or_refused(found: str | bytes) -> None:
    data = found if isinstance(found, bytes) else found.encode("utf-8", "replace")
    with suppress(BadForm):
        assert read_file(data).raw


def test_the_step_that_keeps_an_offices_own_forms_leaves_the_rest() -> None:
    """P13"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if step.name == "wordings")
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO glossary (term, advice) VALUES ('Comrade', 'Do not.')")
    migrate(db, steps)
    assert db.execute("SELECT count(*) FROM wording").fetchone() == (0,)
    assert db.execute("SELECT term FROM glossary").fetchone() == ("Comrade",)

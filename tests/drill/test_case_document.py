# SPDX-License-Identifier: Apache-2.0
"""docs/case-format.md says what the program does."""

import re
from pathlib import Path

import pytest

from goodoffices.core.errors import BadCase
from goodoffices.drill.form import forms, reading
from goodoffices.drill.form.case import SECTIONS, parse
from goodoffices.drill.told.observed import RUNGS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "case-format.md").read_text(encoding="utf-8")


def test_the_document_s_own_case_is_a_case() -> None:
    found = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert found
    assert parse(found.group(1)).name == "small"


def test_every_section_and_every_choice_is_named() -> None:
    for section in SECTIONS:
        assert f"[{section}]" in TEXT
    for word in (*forms.PRECEDENCES, *forms.AUTHORITIES, *forms.STATES, *forms.DISCLOSURES, *forms.ROLES):
        assert word in TEXT
    for word in (*reading.ASPECTS, *RUNGS):
        assert f"`{word}`" in TEXT


def test_every_field_of_a_section_is_named() -> None:
    """The program tells the fields that it knows when it meets one that it does not."""
    for section in ("office", "officer", "clock", "note", "report", "assurance", "event"):
        told = refused(f"[[{section}]]\nzzz = 1\n")
        for field in fields(told, f"[[{section}]]"):
            assert f"`{field}`" in TEXT, (section, field)
    for section in ("case", "channel"):
        for field in fields(refused(f"[{section}]\nzzz = 1\n"), f"[{section}]"):
            assert f"`{field}`" in TEXT, (section, field)


def refused(text: str) -> str:
    with pytest.raises(BadCase) as caught:
        parse(text)
    return caught.value.what


def fields(told: str, table: str) -> list[str]:
    lines = [line for line in told.splitlines() if table in line and "fields are" in line]
    assert lines, told
    return lines[0].partition("fields are ")[2].split(", ")

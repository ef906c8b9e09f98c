# SPDX-License-Identifier: Apache-2.0
"""The sheet of a note as PDF: the letters in their order and form, the same bytes each time, nothing fetched."""

from __future__ import annotations

import pypdfium2
import pytest

from goodoffices.core.errors import MachineError
from goodoffices.web import pdf
from goodoffices.web.prose import lines
from tests.web.offices import Offices
from tests.web.test_pages import do, release, signed_in

PERSIAN = "به نام خدا\n\nنمی‌خواهیم؛ خط تلفن ساعت ۱۸:۴۵ باز است (Article 51).\nThe second line."


@pytest.mark.slow
def test_the_sheet_is_laid_out_in_each_direction_and_twice_the_same() -> None:
    """Promise P14: what is handed over on paper is what the author signed, its digits and who had it."""
    offices = Offices()
    mandate = offices.agree()
    note = release(offices.tehran, mandate, offices.washington.me, PERSIAN, language="fa")
    do(offices.bern, "forward", note)
    do(offices.washington, "open", note)
    officer = signed_in(offices.washington, **{"accept-language": "fa"})
    address = f"/notes/{note.hex()}/sheet.pdf"
    assert address in officer.get(f"/notes/{note.hex()}/sheet").text
    first, second = officer.get(address), officer.get(address)
    assert first.headers["content-type"] == "application/pdf"
    assert "Tehran%201.pdf" in first.headers["content-disposition"]
    assert first.content == second.content
    document = pypdfium2.PdfDocument(first.content)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    for words in ("به نام خدا", "۱۸:۴۵", "The second line.", note.hex()):
        assert words in text


@pytest.mark.slow
def test_a_letter_that_no_font_has_is_an_error_and_no_gap_on_paper() -> None:
    """Promise P12: a sheet with holes in it is not handed over as if it were whole."""
    with pytest.raises(MachineError, match=r"no font for U\+0378"):
        pdf.made_of("<p>One letter: \u0378.</p>")


@pytest.mark.slow
def test_nothing_that_a_page_names_is_fetched() -> None:
    """Promise P3: laying out a sheet reads no file and asks no server."""
    named = '<p>Here.</p><img src="file:///etc/hostname"><link rel="stylesheet" href="http://127.0.0.1:9/x">'
    assert len(pypdfium2.PdfDocument(pdf.made_of(named))) == 1


def test_each_line_stands_in_its_own_direction() -> None:
    """Promise P1: a Persian line in an English sheet ends where it ends."""
    assert [direction for direction, _ in lines("۱ یک\r\nOne سلام\n\n12 (خط)")] == [
        "rtl",
        "ltr",
        "ltr",
        "rtl",
    ]

# SPDX-License-Identifier: Apache-2.0
"""The page on which a signed note from paper is checked: without a camera, a command or a network (P1, P14)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from goodoffices.cli.note import note as command
from goodoffices.core.office import Right
from goodoffices.core.sheet import as_text, from_text
from goodoffices.desk.founding import NewOfficer
from tests.web.offices import Browser, Offices
from tests.web.test_pages import do, release, signed_in

TEXT = "به نام خدا\n\nWe do not want a war. " + "The line is open at 18:45. " * 60
VECTOR = json.loads((Path(__file__).parent.parent / "vectors" / "sheets" / "note.json").read_text())


class Sheet:
    """A note that Tehran signed, on paper at Washington, and the pages of another office that knows Tehran."""

    def __init__(self) -> None:
        self.offices = Offices()
        mandate = self.offices.agree()
        self.note = release(self.offices.tehran, mandate, self.offices.washington.me, TEXT, language="fa")
        do(self.offices.bern, "forward", self.note)
        self.reader = signed_in(self.offices.washington)
        do(self.offices.washington, "open", self.note)
        self.text = self.reader.get(f"/notes/{self.note.hex()}/codes.txt").text

    def credential(self, name: str) -> bytes:
        return self.offices.desks[name].desk.context.my_office().raw

    def check(self, at: Browser, *files: tuple[str, bytes], codes: str = "") -> Any:
        return at.client.post(
            "/check",
            data={"csrf": at.csrf, "codes": codes},
            files=[("files", each) for each in files] or None,
            headers={"origin": "http://127.0.0.1:8000", "accept": "text/html"},
        )


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return Sheet()


def test_codes_as_text_or_as_pictures_show_whose_words_they_are(sheet: Sheet) -> None:
    """P1, P14: verified by the credential that this desk holds, and found where the note is here."""
    base = f"/notes/{sheet.note.hex()}"
    pictures = [
        (f"{at}.png", sheet.reader.get(f"{base}/code/{at}").content)
        for at in range(1, len(from_text(sheet.text)) + 1)
    ]
    answers = [
        sheet.check(sheet.reader, codes=sheet.text.replace("\n", "\r\n")),
        sheet.check(sheet.reader, ("mail.txt", b"Here it is:\n\n" + sheet.text.encode())),
        sheet.check(sheet.reader, *pictures, ("holiday.png", b"no picture")),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert "Verified: the words below" in answer.text
        assert "The line is open at 18:45." in answer.text
        assert f'href="{base}"' in answer.text
    assert "holiday.png" in answers[-1].text


def test_a_note_that_is_not_here_says_so_and_an_unknown_author_needs_his_credential(sheet: Sheet) -> None:
    """P1: a sheet that brings its own credential vouches for itself alone, and the page says so."""
    stranger = signed_in(Offices().bern)
    refused = sheet.check(stranger, codes=sheet.text)
    assert refused.status_code == 404
    assert "no office that this desk knows" in refused.text
    assert "R09OM" in refused.text, "what was pasted is still there"
    shown = sheet.check(stranger, ("tehran.cbor", sheet.credential("Tehran")), codes=sheet.text).text
    assert "Compare its digits" in shown
    assert "The note is not at this desk." in shown
    wrong = sheet.check(stranger, ("bern.cbor", sheet.credential("Bern")), codes=sheet.text)
    assert wrong.status_code == 404


@pytest.mark.parametrize(
    ("codes", "status"),
    [("", 400), ("What is this?", 400), ("R09OMQ", 400), ("474f4e31" + "00" * 40, 409)],
)
def test_what_holds_no_signed_note_gets_a_clear_answer(sheet: Sheet, codes: str, status: int) -> None:
    """P12"""
    answer = sheet.check(sheet.reader, codes=codes)
    assert answer.status_code == status
    assert 'id="error"' in answer.text


def test_a_byte_that_was_changed_is_found(sheet: Sheet) -> None:
    """P1"""
    codes = from_text(sheet.text)
    spoilt = [*codes[:-1], codes[-1][:-9] + bytes([codes[-1][-9] ^ 1]) + codes[-1][-8:]]
    answer = sheet.check(sheet.reader, codes=as_text(spoilt))
    assert answer.status_code >= 400
    assert "Verified" not in answer.text
    lacking = sheet.check(sheet.reader, codes=as_text(codes[1:]))
    assert "these are missing or cannot be read: 1" in lacking.text


def test_codes_survive_the_post_and_read_from_hexadecimal_too(tmp_path: Path, sheet: Sheet) -> None:
    """P14: the vector's codes as text, by the page's function and by the command."""
    codes = [bytes.fromhex(each) for each in VECTOR["codes"]]
    assert from_text(as_text(codes)) == codes
    assert from_text("\n> \n".join(each.hex().upper() for each in codes)) == codes
    assert max(map(len, as_text(codes).split("\n"))) <= 76
    mail, author = tmp_path / "mail.txt", tmp_path / "tehran.cbor"
    mail.write_text(sheet.text)
    author.write_bytes(sheet.credential("Tehran"))
    good = CliRunner().invoke(command, ["check", str(mail), "--credential", str(author)])
    assert good.exit_code == 0, good.output
    assert re.search(r"author +Tehran", good.output)


def test_a_keeper_of_keys_alone_reads_no_sheets() -> None:
    """P10"""
    people = [NewOfficer("duty", "officer 1"), NewOfficer("keeper", "officer 2", Right.KEYS)]
    browser = Browser(Offices(officers=people).bern)
    browser.sign_in("keeper")
    assert browser.get("/check").status_code == 403

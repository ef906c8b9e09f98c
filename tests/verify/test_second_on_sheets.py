# SPDX-License-Identifier: Apache-2.0
"""A signed note's codes, as text, before both: what one takes for its author's words the other does too (P1, P8)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.note import Words, note_digits, verify_release
from goodoffices.core.sheet import as_text, codes_of, from_text, rebuilt
from goodoffices.verify.page import PAGE
from tests.core.making import released, washington
from tests.verify.second import Second

pytestmark = pytest.mark.slow

OPENED = released(Words(text="We do not want a war.\nجنگ نمی‌خواهیم. " * 80, language="en"))
TEXT = as_text(codes_of(OPENED))


def put(folder: Path, text: str, credential: bytes | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "note.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
    (folder / "credential.cbor").write_bytes(credential or washington().office.raw)
    return folder


def holds(text: str) -> bool:
    """What the first program says."""
    try:
        verify_release(rebuilt(from_text(text)), washington().office)
    except GoodOfficesError:
        return False
    return True


def test_both_take_the_note_and_say_whose_words_they_are(second: Second, tmp_path: Path) -> None:
    """P1: in any order, as base64 or in hexadecimal, whatever stands between."""
    codes = codes_of(OPENED)
    for text in (
        TEXT,
        f"From: Bern\n\n> x\n{as_text(reversed(codes))}\n--\n",
        "\n\n".join(c.hex() for c in codes),
    ):
        assert holds(text)
        told = second.judge(put(tmp_path / "sheet", text))
        assert (told["verdict"], told["findings"]) == ("verified", [])
        assert told["note"]["id"] == OPENED.signed.id.hex()
        assert told["note"]["author"] == washington().office.id.hex()


def test_a_note_is_held_against_the_trust_list_and_needs_its_authors_credential(
    second: Second, tmp_path: Path
) -> None:
    """P1: what came along vouches for itself alone."""
    folder = put(tmp_path / "sheet", TEXT)
    (untrusted,) = second.judge(folder, f"{'ab' * 32} Nobody\n")["findings"]
    assert (untrusted["kind"], untrusted["where"]) == ("untrusted", "the codes")
    (folder / "credential.cbor").unlink()
    (missing,) = second.judge(folder)["findings"]
    assert (missing["kind"], missing["cause"]) == ("note", "missing")
    assert second.judge(put(tmp_path / "other", "No code."))["verdict"] == "not an export"


def changed(rng: random.Random) -> Iterator[str]:
    """Lines lost, doubled, exchanged; a letter of one changed to another."""
    lines = TEXT.split("\n")
    for _ in range(60):
        made, at = list(lines), rng.randrange(len(lines))
        match rng.randrange(5):
            case 0:
                del made[at]
            case 1:
                made.insert(at, made[at])
            case 2:
                other = rng.randrange(len(lines))
                made[at], made[other] = made[other], made[at]
            case 3:
                made[at] = made[at][:-1] + rng.choice(" =A\t.é")
            case _:
                place = rng.randrange(len(made[at]) or 1)
                made[at] = made[at][:place] + rng.choice("AbZ9+/=") + made[at][place + 1 :]
        yield "\n".join(made)


def test_both_say_the_same_of_codes_that_were_changed(second: Second, tmp_path: Path) -> None:
    """P1, P12. Seeded, so it can be repeated."""
    said = set()
    for text in changed(random.Random(15)):
        told = second.judge(put(tmp_path / "sheet", text))
        assert (told["verdict"] == "verified") == holds(text), text
        said.add(told["verdict"])
    assert {"verified", "findings"} <= said


def test_somebody_chooses_the_files_and_reads_the_words(browser: Browser, tmp_path: Path) -> None:
    """P8: opened from disk, in English and Persian."""
    folder = put(tmp_path / "sheet", TEXT)
    for language, said in (("en", "VERIFIED: these words are"), ("fa", "تأیید شد: این واژه‌ها")):
        page: Any = browser.new_context(locale=language).new_page()
        page.goto(PAGE.as_uri())
        page.locator("#note").set_input_files([folder / "note.txt", folder / "credential.cbor"])
        expect(page.locator("#verdict-title")).to_contain_text(said, timeout=60_000)
        words = page.locator("#text").inner_text()
        digits = note_digits(OPENED.signed.id)
        assert " ".join(digits[at : at + 5] for at in range(0, 20, 5)) in words
        assert "  We do not want a war." in words
        page.context.close()

# SPDX-License-Identifier: Apache-2.0
"""Words beside a note: what is sealed comes out as it was, and nothing else does (docs/format.md §6.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import crypto
from goodoffices.core.act import Act, ActType
from goodoffices.core.beside import Beside, beside_readers, open_beside, read_beside, seal_beside
from goodoffices.core.errors import Altered, Foreign, OtherOfficeError, YourError
from goodoffices.core.statement import LIVE
from tests.core import making
from tests.core.making import bern, seed, tehran, washington

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)
WORDS = Beside(language="fa", text="ما جنگ نمی‌خواهیم.", salt=seed("salt"))
NOTE = seed("a note")


def sealed(words: Beside, **fields: Any) -> Act:
    """The act that carries the words, for both parties."""
    seal = seal_beside(
        words,
        (washington().reader, tehran().reader),
        seed("content key"),
        realm=LIVE,
        mandate=making.agreement().id,
        author=bern().id,
        note=NOTE,
    )
    made = making.act(
        bern(), type=int(ActType.TRANSLATION), subject=NOTE, evidence=crypto.sha256(words.inside), sealed=seal
    )
    return replace(made, **fields)


def opened(act: Act, reader: making.Made | None = None) -> Beside:
    by = reader or tehran()
    return open_beside(act, LIVE, by.id, {1: by.reading()})


@given(text=TEXTS, corrects=st.none() | st.binary(min_size=32, max_size=32))
def test_each_reader_gets_what_was_written_letter_for_letter(text: str, corrects: bytes | None) -> None:
    """P1"""
    words = replace(WORDS, text=text, corrects=corrects)
    act = sealed(words)
    assert opened(act) == opened(act, washington()) == words
    assert set(beside_readers(act)) == {washington().id, tehran().id}


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_one_bit_of_the_seal_changed_and_nothing_comes_out_for_him(at: int, bit: int) -> None:
    """P1, P12: or what comes out is what was signed, where the bit was another reader's."""
    act = sealed(WORDS)
    raw = bytearray(act.sealed or b"")
    raw[at % len(raw)] ^= 1 << bit
    try:
        assert opened(replace(act, sealed=bytes(raw))) == WORDS
    except OtherOfficeError:
        return


@pytest.mark.parametrize("field", ["mandate", "author", "subject", "evidence"])
def test_a_seal_fits_its_own_act_alone(field: str) -> None:
    """P1: not another note, not another office's act, not other words."""
    with pytest.raises(Altered):
        opened(sealed(WORDS, **{field: seed("something else")}))


def test_who_is_no_reader_is_told_so() -> None:
    """P3"""
    with pytest.raises(Foreign):
        opened(sealed(WORDS), bern())


@pytest.mark.parametrize(
    "change", [{"text": ""}, {"text": "\ud800"}, {"language": "?"}, {"made_with": "a\nb"}]
)
def test_what_no_reader_would_take_is_not_written(change: dict[str, Any]) -> None:
    """P12"""
    with pytest.raises(YourError):
        _ = replace(WORDS, **change).inside


def test_words_are_those_of_the_hash_or_altered() -> None:
    """P1"""
    with pytest.raises(Altered):
        read_beside(replace(WORDS, text="ما جنگ می‌خواهیم.").inside, crypto.sha256(WORDS.inside))

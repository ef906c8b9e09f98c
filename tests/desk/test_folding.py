# SPDX-License-Identifier: Apache-2.0
"""Search compares words as a reader would, whichever keyboard and script they were typed with."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.desk.chronicle.folding import asked, folded, words_of


def found(text: str, question: str) -> bool:
    """Whether SQLite's full text search finds a text by a question."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(words, content='', tokenize='unicode61')")
    db.execute("INSERT INTO t (rowid, words) VALUES (1, ?)", (" ".join(words_of(text)),))
    return bool(asked(question)) and bool(
        db.execute("SELECT rowid FROM t WHERE t MATCH ?", (asked(question),)).fetchall()
    )


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("یک کشتی", "يك كشتي"),  # Persian text, Arabic yeh and kaf
        ("على", "علی"),  # alef maksura
        ("رسالة", "رساله"),  # teh marbuta
        ("أمريكا إيران آب", "امریکا ایران اب"),  # alef in its forms
        ("ٱلسلام", "السلام"),  # alef wasla
        ("مُحَمَّد", "محمد"),  # vowel signs
        ("کشـــتی", "کشتی"),  # tatweel
        ("ساعت ۱۴:۳۰", "14"),  # Persian digits
        ("١٤ صاروخا", "۱۴"),  # Arabic digits, asked in Persian ones
        ("می‌رود", "میرود"),  # the joiner left out
        ("می‌رود", "می رود"),  # or a blank in its place
        ("میرود", "می‌رود"),  # or typed where the text has none
        ("کتاب‌ها", "کتاب"),
        ("القوات", "قوات"),  # the article
        ("قوات", "القوات"),
        ("والقوات", "قوات"),
        ("ﻻ ﺳﻼﻡ", "سلام"),  # presentation forms, as a PDF gives them
        ("Straße, Café", "STRASSE cafe"),
        ("مسئول", "مسؤول"),  # hamza on another carrier
        ("مسوول", "مسئول"),  # or on none
        ("هیأت و مسأله", "هیئت مسئله"),
        ("شیء و امضاء", "شی امضا"),  # hamza by itself
        ("خانۀ ما", "خانه‌ی ما"),  # a vowel of grammar, on heh or as a letter
        ("خانه‌ی ما", "خانه ما"),
        ("می رود", "میرود"),  # a blank in the text
        ("کشتی های بزرگ", "کشتیهای"),
        ("کشتی‌ها", "کشتی ها"),  # a blank in the question
        ("کشتیها", "کشتی ها"),
        ("وتبقى القوات", "تبقی"),  # and
        ("للقوات بالقوات", "قوات"),  # the article, merged
        ("در ۱٬۰۰۰ کیلومتری", "1000"),  # thousands apart
        ("1,000 men", "۱۰۰۰"),
        ("a ceasefire", "cease fire"),
        ("missiles", "missi"),  # the beginning of a word
        ("so-called \u2068truce\u2069", "called truce"),  # marks of direction
    ],
)
def test_a_word_is_found_however_it_was_typed(text: str, question: str) -> None:
    assert found(text, question)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("الأمن", "اليمن"),  # at the beginning of a word hamza has one carrier
        ("کشتی", "کشتن"),
        ("one two", "one three"),
        ("missile", "mistake"),
        ("anything", '"" AND * OR NEAR('),
    ],
)
def test_another_word_is_not(text: str, question: str) -> None:
    assert not found(text, question)


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_question_is_read_as_anything_but_words(text: str, question: str) -> None:
    """P12"""
    found(text, question)
    if words_of(text):
        assert found(text, " ".join(folded(text).split()[:4])) or not asked(
            " ".join(folded(text).split()[:4])
        )

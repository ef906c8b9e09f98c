# SPDX-License-Identifier: Apache-2.0
"""Coded notes: a word and a number that stand for a full text agreed beforehand (docs/format.md §5.11, ADR 0061).

    book     CBOR ["GO1 codes", {1 word, 2 languages, 3 title, 4 texts: [number, [text per language]]}]
    ID       SHA-256(book)
    note     kind CODED, its text the word, a blank and the number; nothing else is sent

A mandate holds its books. Each office has the full texts beforehand, so that nothing is composed, translated or
carried at three in the morning but a word and a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Malformed
from goodoffices.core.fields import from_map, key, language, listing, one_line, row, text, to_map, uint
from goodoffices.core.forms import MAX_LANGUAGES

MARK = "GO1 codes"
MAX_BOOK = 64_000
"""Bytes of one code book."""
MAX_TEXTS = 100
MAX_NUMBER = 999

_WORD = re.compile(r"[A-Z]{3,20}")


def _word(value: Any) -> str:
    found = str(text(20, minimum=3)(value))
    if not _WORD.fullmatch(found):
        raise ValueError("not a word of 3 to 20 capital letters")
    return found


_row = row(uint(MAX_NUMBER), listing(text(1000, minimum=1), MAX_LANGUAGES, minimum=1))


@dataclass(frozen=True, kw_only=True)
class CodeBook:
    """A code book as the mandate holds it."""

    word: str = key(1, _word)
    languages: tuple[str, ...] = key(2, listing(language, MAX_LANGUAGES, minimum=1))
    title: tuple[str, ...] = key(3, listing(one_line(160), MAX_LANGUAGES, minimum=1))
    texts: tuple[tuple[int, tuple[str, ...]], ...] = key(4, listing(_row, MAX_TEXTS, minimum=1))

    @cached_property
    def raw(self) -> bytes:
        """The bytes that a mandate holds."""
        return cbor.encode([MARK, to_map(self)])

    @cached_property
    def id(self) -> bytes:
        """SHA-256 of the bytes."""
        return crypto.sha256(self.raw)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Every number that stands for something."""
        return tuple(number for number, _ in self.texts)

    def text_of(self, number: int, tongue: str) -> str | None:
        """The full text in one of its languages; None for a number that stands for nothing."""
        said = dict(self.texts).get(number)
        return None if said is None else said[self.languages.index(tongue)]

    def code(self, number: int) -> str:
        """What is sent: the word and the number."""
        return f"{self.word} {number}"


@lru_cache(maxsize=16)
def read_book(raw: bytes) -> CodeBook:
    """Decode and check a code book; raises Malformed, Oversized or NewerVersion."""
    value = cbor.decode(raw, max_size=MAX_BOOK)
    if not isinstance(value, tuple) or len(value) != 2 or value[0] != MARK:
        raise Malformed("Not a code book.")
    book = from_map(CodeBook, value[1])
    check_book(book)
    return book


def check_book(book: CodeBook) -> None:
    """Raise Malformed where the parts of a code book do not fit each other."""
    count = len(book.languages)
    if len(set(book.languages)) != count or len(book.title) != count:
        raise Malformed("A code book whose title is not there once in each of its languages.")
    numbers = book.numbers
    if 0 in numbers or list(numbers) != sorted(set(numbers)):
        raise Malformed("A code book whose numbers are not from 1 on, ascending, each once.")
    if any(len(said) != count for _, said in book.texts):
        raise Malformed("A code book with a text that is not there once in each of its languages.")


def reads_as_code(words: str, book: CodeBook) -> int | None:
    """The number, if a text says nothing but a code of this book; None otherwise."""
    found = re.fullmatch(r"([A-Za-z]+)[\s\-–—:.#]*([0-9]{1,3})\W*", words.strip())
    if found is None or found[1].upper() != book.word or int(found[2]) not in book.numbers:
        return None
    return int(found[2])

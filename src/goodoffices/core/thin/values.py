# SPDX-License-Identifier: Apache-2.0
"""Values of signed objects in few bytes, and back to the very same bytes (docs/format.md §16.2, ADR 0044).

What both ends know is named instead of written: by its place among what was named before, or by its first
bytes. Whatever does not come back byte for byte is not written this way at all (``Unfit``), so a reader gets
what was signed or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Protocol

from goodoffices.core import cbor, crypto
from goodoffices.core.act import CHANNEL_LANE, HOME_LANE, Act
from goodoffices.core.errors import NotNow
from goodoffices.core.line import Entry, Head, Receipt
from goodoffices.core.note import Note
from goodoffices.core.statement import MARK, Content, Signed, Statement
from goodoffices.core.thin import text as thin_text
from goodoffices.core.thin.text import malformed

HINT = 4
"""First bytes by which a value is named that the reader holds."""
BASE = 1_767_225_600_000
"""ms UTC from which the first time of a cell counts; each further one counts from the one before."""
CLASSES: tuple[type[Content], ...] = (Entry, Receipt, Head, Act, Note)

_BIG = 1 << 36  # from here on a number is taken for a time: a matter of length, never of meaning
_MOST = 4096
_INT, _TIME, _REF, _HINT = 0x60, 0x61, 0x80, 0xC0
_DATA, _D16, _D32, _D64, _TEXT, _LIST, _MAP = 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7
_NULL, _FALSE, _TRUE, _RUNS = 0xC8, 0xC9, 0xCA, 0xCB
_TUPLE, _SIGNED = 0xD0, 0xE0


def not_here() -> NotNow:
    """What is named is not here yet, or is here twice. Early, unless it was lost here."""
    return NotNow("Something of a thin line names what is not here yet.")


def is_not_here(error: NotNow) -> bool:
    """Whether an error is ``not_here``'s."""
    return error.what == not_here().what


class Unfit(Exception):
    """This cannot be written in the thin form: it goes the ordinary way."""


class Known(Protocol):
    """What one end knows of what the other holds."""

    def told(self, value: bytes) -> bool:
        """Whether the reader surely holds a value of 16 or 32 bytes and finds it by its first bytes."""
        ...

    def find(self, start: bytes, size: int) -> list[bytes]:
        """The values of so many bytes held here that begin so."""
        ...

    def place_of(self, note: bytes) -> tuple[bytes, int] | None:
        """(author, number) of a note that the reader surely holds and that alone has this number."""
        ...

    def at(self, author: bytes, number: int) -> bytes | None:
        """The one note of an author with a number."""
        ...


def common(*values: bytes) -> list[bytes]:
    """The values that may be named by their place from the beginning."""
    return [CHANNEL_LANE, HOME_LANE, *values]


class Writer:
    """Writes values one after the other. ``common``: what the reader knows by the same places."""

    def __init__(self, known: Known, realm: bytes, named: list[bytes]) -> None:
        self.known, self.realm = known, realm
        self.out = bytearray()
        self._named = list(named)
        self._time = BASE
        self._whole = False

    def number(self, value: int) -> None:
        """A number in base 128, the low digits first."""
        while value > 0x7F:
            self.out.append(0x80 | value & 0x7F)
            value >>= 7
        self.out.append(value)

    def put(self, value: Any) -> None:
        """Any value that CBOR has here."""
        if value is None or isinstance(value, bool):
            self.out.append(_NULL if value is None else _TRUE if value else _FALSE)
        elif isinstance(value, int):
            self._int(value)
        elif isinstance(value, str):
            self._text(value)
        elif isinstance(value, bytes):
            self._data(value)
        elif isinstance(value, Mapping):
            self.out.append(_MAP)
            self.number(len(value))
            for key, each in value.items():
                self.put(key)
                self.put(each)
        else:
            self._list(tuple(value))

    def _int(self, value: int) -> None:
        if value < 0:
            raise Unfit("a negative number")
        if value < _INT:
            self.out.append(value)
        elif value < _BIG:
            self.out.append(_INT)
            self.number(value)
        else:
            self.out.append(_TIME)
            ahead, self._time = value - self._time, value
            self.number(2 * ahead if ahead >= 0 else -2 * ahead - 1)

    def _text(self, value: str) -> None:
        code = thin_text.encode(value) if len(value) <= thin_text.MAX_LETTERS else b""
        if value and not code and len(value) > thin_text.MAX_LETTERS:
            raise Unfit("a long text")
        self.out.append(_TEXT)
        self.number(len(value))
        self.number(len(code))
        self.out += code

    def _data(self, value: bytes) -> None:
        if value in self._named and self._named.index(value) < _HINT - _REF:
            self.out.append(_REF + self._named.index(value))
            return
        if len(value) in (16, 32):
            self._named.append(value)
            if (
                not self._whole
                and self.known.told(value)
                and self.known.find(value[:HINT], len(value)) == [value]
            ):
                self.out += bytes([_HINT, len(value)]) + value[:HINT]
                return
        tag = {16: _D16, 32: _D32, 64: _D64}.get(len(value))
        if tag is None:
            self.out.append(_DATA)
            self.number(len(value))
        else:
            self.out.append(tag)
        self.out += value

    def _list(self, value: tuple[Any, ...]) -> None:
        if len(value) > 1 and all(isinstance(each, bytes) and len(each) == 32 for each in value):
            places = [self.known.place_of(each) for each in value]
            if None not in places:
                self._runs([place for place in places if place is not None])
                return
        if len(value) < 16:
            self.out.append(_TUPLE + len(value))
        else:
            self.out.append(_LIST)
            self.number(len(value))
        for each in value:
            self.put(each)

    def _runs(self, places: list[tuple[bytes, int]]) -> None:
        runs: list[tuple[bytes, int, int]] = []
        for author, number in places:
            if runs and runs[-1][0] == author and runs[-1][1] + runs[-1][2] == number:
                runs[-1] = (author, runs[-1][1], runs[-1][2] + 1)
            else:
                runs.append((author, number, 1))
        self.out.append(_RUNS)
        self.number(len(runs))
        for author, first, count in runs:
            self.put(author)
            self.number(first)
            self.number(count)

    def signed(self, signed: Signed, given: Mapping[str, Any], *, whole: bool = False) -> None:
        """A signed object of a known class without the fields that the reader is given.

        ``whole``: for a reader of whom nobody knows what its vault still holds; nothing is only hinted at.
        """
        self._whole = whole
        kind, realm, content = signed.statement.parts
        place = next((at for at, each in enumerate(CLASSES) if kind == each.KIND), None)
        if place is None or realm != self.realm:
            raise Unfit("an object of another kind or realm")
        cls = CLASSES[place]
        listed = [(field.name, field.metadata["key"]) for field in fields(cls)]
        if set(content) - {key for _, key in listed}:
            raise Unfit("a field of a newer version")
        for name, key in listed:
            if name in given and content.get(key) != given[name]:
                raise Unfit("a field that says something else than what is given")
        open_fields = [(name, key) for name, key in listed if name not in given]
        self.out.append(_SIGNED + place)
        self.number(sum(1 << at for at, (_, key) in enumerate(open_fields) if key in content))
        for _, key in open_fields:
            if key in content:
                self.put(content[key])
        self.out.append(len(signed.signatures))
        for signer, signature in signed.signatures:
            if len(signer) != 32 or len(signature) != 64:
                raise Unfit("a signature of another form")
            self.put(signer)
            self.out += signature
        self._named.append(signed.id)
        self._whole = False


class Reader:
    """Reads what ``Writer`` wrote. Raises Malformed, or NotNow where something named is not here."""

    def __init__(self, raw: bytes, known: Known, realm: bytes, named: list[bytes]) -> None:
        self.raw, self.known, self.realm = raw, known, realm
        self.at = 0
        self.by_number = False
        """Whether notes were named by their numbers, under which the writer may hold another one."""
        self._named = list(named)
        self._time = BASE

    def take(self, size: int) -> bytes:
        """So many bytes."""
        found = self.raw[self.at : self.at + size]
        if len(found) != size:
            raise malformed()
        self.at += size
        return found

    def number(self) -> int:
        """A number in base 128."""
        value = shift = 0
        while True:
            digit = self.take(1)[0]
            value |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return value
            if shift > 63:
                raise malformed()

    def get(self, depth: int = 0) -> Any:
        """The next value."""
        tag = self.take(1)[0]
        if tag < _INT:
            return tag
        if _REF <= tag < _HINT:
            if tag - _REF >= len(self._named):
                raise malformed()
            return self._named[tag - _REF]
        if depth > 8:
            raise malformed()
        if _TUPLE <= tag < _TUPLE + 16:
            return tuple(self.get(depth + 1) for _ in range(tag - _TUPLE))
        found = self._forms().get(tag)
        if found is None:
            raise malformed()
        return found(depth)

    def _forms(self) -> dict[int, Callable[[int], Any]]:
        return {
            _INT: lambda depth: self.number(),
            _TIME: lambda depth: self._moment(),
            _HINT: lambda depth: self._hinted(),
            _DATA: lambda depth: self.take(min(self.number(), _MOST)),
            _D16: lambda depth: self._new(16),
            _D32: lambda depth: self._new(32),
            _D64: lambda depth: self.take(64),
            _TEXT: lambda depth: self._text(),
            _LIST: lambda depth: tuple(self.get(depth + 1) for _ in range(self._count())),
            _MAP: lambda depth: {self.get(depth + 1): self.get(depth + 1) for _ in range(self._count())},
            _NULL: lambda depth: None,
            _FALSE: lambda depth: False,
            _TRUE: lambda depth: True,
            _RUNS: lambda depth: self._runs(),
        }

    def _count(self) -> int:
        count = self.number()
        if count > len(self.raw) - self.at:
            raise malformed()
        return count

    def _moment(self) -> int:
        ahead = self.number()
        self._time += ahead // 2 if ahead % 2 == 0 else -(ahead + 1) // 2
        if self._time < 0:
            raise malformed()
        return self._time

    def _new(self, size: int) -> bytes:
        found = self.take(size)
        self._named.append(found)
        return found

    def _hinted(self) -> bytes:
        size, start = self.take(1)[0], self.take(HINT)
        held = self.known.find(start, size)
        if len(held) != 1:
            raise not_here()
        self._named.append(held[0])
        return held[0]

    def _text(self) -> str:
        letters, size = self.number(), self.number()
        return thin_text.decode(self.take(min(size, _MOST)), letters)

    def _runs(self) -> tuple[bytes, ...]:
        found: list[bytes] = []
        for _ in range(self._count()):
            author, first, count = self.get(8), self.number(), self.number()
            if not isinstance(author, bytes) or count > 64 or len(found) + count > 64:
                raise malformed()
            for number in range(first, first + count):
                note = self.known.at(author, number)
                if note is None:
                    raise not_here()
                self.by_number = True
                found.append(note)
        return tuple(found)

    def signed(self, given: Mapping[str, Any]) -> Signed:
        """A signed object, from its fields and those that are given."""
        place = self.take(1)[0] - _SIGNED
        if not 0 <= place < len(CLASSES):
            raise malformed()
        listed = [(field.name, field.metadata["key"]) for field in fields(CLASSES[place])]
        present = self.number()
        content = {key: given[name] for name, key in listed if given.get(name) is not None}
        for at, (_, key) in enumerate(each for each in listed if each[0] not in given):
            if present >> at & 1:
                content[key] = self.get()
        pairs = tuple((self.get(), self.take(64)) for _ in range(self.take(1)[0]))
        if not all(isinstance(signer, bytes) for signer, _ in pairs):
            raise malformed()
        try:
            raw = cbor.encode([MARK, crypto.SUITE, int(CLASSES[place].KIND), self.realm, content])
        except (TypeError, ValueError, OverflowError):
            raise malformed() from None
        signed = Signed(Statement(raw), pairs)
        self._named.append(signed.id)
        return signed

    def end(self) -> None:
        """Nothing but zeros may follow."""
        if any(self.raw[self.at :]):
            raise malformed()

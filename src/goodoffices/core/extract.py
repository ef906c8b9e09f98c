# SPDX-License-Identifier: Apache-2.0
"""Extracts: chosen parts of a report of an incident file, for a note or a briefing (docs/format.md §5.7, ADR 0049).

    statement   kind EXTRACT: body root over salted leaves, how many there are, the sharing mark
    extract     CBOR ["GO1 extract", signed statement, [[label, value, salt] shown, or salted hash withheld ...]]

The leaves are the report's ID (label 0) and its fields by their numbers, in their order. What is withheld stays at
its office: its hash tells nothing of it, and shows that, and where, something is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar

from goodoffices.core import cbor, merkle
from goodoffices.core.errors import Altered, Malformed
from goodoffices.core.fields import ID, TIME, from_map, key, one_of, to_map, uint
from goodoffices.core.home_papers import check_writer
from goodoffices.core.incident import Claim, Report
from goodoffices.core.office import Office
from goodoffices.core.statement import Content, Kind, Signed, read_signed

MARK = "GO1 extract"
MAX_EXTRACT = 12_000
MAY_LEAVE = (1, 2, 3)
"""Sharing marks of what may leave the office at all: CLEAR, GREEN, AMBER."""

_NUMBERS = {each.name: int(each.metadata["key"]) for each in fields(Report)}
_FROM = _NUMBERS["incident"]
ALWAYS = frozenset(_NUMBERS[name] for name in ("claim", "what", "known", "mark"))
"""Fields that an extract never withholds; of an intent, whose claim it is neither."""
CLAIMANT = _NUMBERS["claimant"]
SOURCE = frozenset({_NUMBERS["source"]})
GRADE = frozenset({_NUMBERS["grade"]})
REST = frozenset(
    _NUMBERS[name] for name in ("where", "happened", "question", "answer", "claimant", "evidence")
)


@dataclass(frozen=True, kw_only=True)
class Extract(Content):
    """What an officer signs who lets parts of a report out."""

    KIND: ClassVar[Kind] = Kind.EXTRACT
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    body: bytes = key(4, ID)
    leaves: int = key(5, uint(32))
    mark: int = key(6, one_of(*MAY_LEAVE))


@dataclass(frozen=True)
class Shown:
    """An extract as it was read: its statement, and the report's fields that it shows, by their numbers."""

    signed: Signed
    values: tuple[tuple[int, Any], ...]
    withheld: int

    @property
    def extract(self) -> Extract:
        """The signed content."""
        return self.signed.statement.read(Extract)

    @property
    def report(self) -> Report:
        """The report with what is withheld left empty; its office, roster, time and file are the extract's own."""
        found = self.extract
        empty: dict[int, Any] = {1: found.office, 2: found.roster, 3: found.time, _FROM: bytes(32)}
        empty |= {_NUMBERS["where"]: "", _NUMBERS["question"]: "", _NUMBERS["answer"]: "", CLAIMANT: ""}
        empty |= {_NUMBERS["source"]: "?", _NUMBERS["grade"]: (0, 0), _NUMBERS["evidence"]: ()}
        empty |= {_NUMBERS["contradicts"]: ()}
        return from_map(Report, empty | dict(self.values))

    def shows(self, name: str) -> bool:
        """Whether a field of the report is shown, by its name."""
        return _NUMBERS[name] in dict(self.values)


def leaves_of(report: Report, report_id: bytes) -> tuple[tuple[int, Any], ...]:
    """The leaves of a report: its ID, then its fields from the file's on."""
    rows = sorted((number, value) for number, value in to_map(report).items() if number >= _FROM)
    return (0, report_id), *rows


def write_extract(
    signed: Signed, seed: bytes, leaves: Iterable[tuple[int, Any]], wanted: frozenset[int]
) -> bytes:
    """The bytes of an extract that shows the leaves with the labels ``wanted``. ``seed``: 32 fresh random bytes."""
    rows: list[Any] = []
    for at, (label, value) in enumerate(leaves):
        salt = merkle.leaf_salt(seed, at)
        rows.append([label, value, salt] if label in wanted else merkle.leaf_hash(salt, label, value))
    return cbor.encode([MARK, signed.raw, rows])


@lru_cache(maxsize=64)
def read_extract(raw: bytes) -> Shown:
    """Decode an extract; its signature is not yet verified. Raises Malformed, Oversized or Altered."""
    value = cbor.decode(raw, max_size=MAX_EXTRACT)
    if not isinstance(value, tuple) or len(value) != 3 or value[0] != MARK or not isinstance(value[1], bytes):
        raise Malformed("Not an extract of a report.")
    if not isinstance(value[2], tuple) or len(value[2]) > 32:
        raise Malformed("An extract whose leaves have the wrong form.")
    signed = read_signed(value[1])
    extract = signed.statement.read(Extract)
    hashes, shown = [], []
    for leaf in value[2]:
        match leaf:
            case bytes() if len(leaf) == 32:
                hashes.append(leaf)
            case (int(label), said, bytes(salt)) if len(salt) == 32 and not isinstance(label, bool):
                hashes.append(merkle.leaf_hash(salt, label, said))
                shown.append((label, said))
            case _:
                raise Malformed("An extract whose leaves have the wrong form.")
    if len(hashes) != extract.leaves or merkle.root(hashes) != extract.body:
        raise Altered("What an extract shows and withholds does not make up what was signed.")
    labels = [label for label, _ in shown]
    if labels != sorted(set(labels)) or not set(labels) <= ALWAYS | SOURCE | GRADE | REST:
        raise Malformed("An extract that shows what none may show, or one field twice.")
    if not set(labels) >= ALWAYS:
        raise Malformed("An extract that withholds what none may withhold.")
    found = Shown(signed, tuple(shown), len(hashes) - len(shown))
    report = found.report
    if report.mark != extract.mark:
        raise Malformed("An extract whose mark is not that of its report.")
    if report.claim == Claim.INTENT and not report.claimant.strip():
        raise Malformed("A claim about what somebody meant, without whose claim it is.")
    return found


def check_extracts(raws: Iterable[bytes], office: Office) -> tuple[Shown, ...]:
    """The extracts of one office, each verified. Raises Foreign, Malformed, Altered or WrongSigner."""
    found = []
    for raw in raws:
        shown = read_extract(raw)
        if shown.signed.statement.realm != office.realm:
            raise Malformed("An extract of another realm.")
        check_writer(shown.signed, office, shown.extract.office, shown.extract.roster)
        found.append(shown)
    return tuple(found)

# SPDX-License-Identifier: Apache-2.0
"""Service traffic of a line: line tests and service chat, which can never be notes (docs/format.md §8.1).

Each is a kind of statement of its own, in an entry of a kind of its own, as an item of its own. So the
signature under a test or a chat cannot stand under a note or an act, an entry of acts cannot carry
either, and neither of the two can carry anything else (P11). A test has no words at all: what is not
there is not misread at night.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from goodoffices.core import cbor
from goodoffices.core.act import CASE_AT
from goodoffices.core.errors import Foreign, GoodOfficesError, Malformed, WrongSigner
from goodoffices.core.fields import ID, MAX_TIME, TIME, data, flag, key, one_of, optional, text, uint
from goodoffices.core.line import ERASABLE, EntryKind, Item, read_items
from goodoffices.core.office import Office, Right, require_version
from goodoffices.core.statement import Content, Kind, Signed, read_signed

MAX_WORDS = 2000
"""UTF-8 bytes of one line of service chat: enough for "the cable is cut, use the second relay"."""


class Step(IntEnum):
    """The steps of a test. A call is answered once, by the same nonce."""

    CALL = 1
    """By a desk, every hour: does the line carry?"""
    ANSWER = 2
    """By the other desk, at once and unattended."""
    PERSON_CALLED = 3
    """By a desk once a watch, or by an officer: is anybody there?"""
    PERSON_ANSWERED = 4
    """By an officer on duty at the other desk, never by the desk."""


CALLS = frozenset({Step.CALL, Step.PERSON_CALLED})
ANSWERED_BY = {Step.CALL: Step.ANSWER, Step.PERSON_CALLED: Step.PERSON_ANSWERED}


@dataclass(frozen=True, kw_only=True)
class LineTest(Content):
    """One step of a line test. ``locked``: the writer's desk was up but nobody was signed in there (P6)."""

    KIND: ClassVar[Kind] = Kind.LINE_TEST
    line: bytes = key(1, ID)
    office: bytes = key(2, ID)
    nonce: bytes = key(3, data(16))
    step: int = key(4, one_of(1, 2, 3, 4))
    locked: bool = key(5, flag)
    time: tuple[int, int] = key(6, TIME)
    roster: int = key(7, uint(2**32))
    case_at: int | None = key(CASE_AT, optional(uint(MAX_TIME)), default=None)


@dataclass(frozen=True, kw_only=True)
class ServiceChat(Content):
    """What one duty officer writes to the other desk's: plain text about the line, no note."""

    KIND: ClassVar[Kind] = Kind.SERVICE_CHAT
    line: bytes = key(1, ID)
    office: bytes = key(2, ID)
    time: tuple[int, int] = key(3, TIME)
    roster: int = key(4, uint(2**32))
    words: str = key(5, text(MAX_WORDS, minimum=1))
    case_at: int | None = key(CASE_AT, optional(uint(MAX_TIME)), default=None)


Carried = LineTest | ServiceChat

_ITEMS = {EntryKind.LINE_TEST: Item.LINE_TEST, EntryKind.SERVICE_CHAT: Item.SERVICE_CHAT}


def body_of(signed: Signed) -> tuple[EntryKind, bytes]:
    """(kind of the entry, its body) that carry a signed test or chat, alone."""
    kind = EntryKind.LINE_TEST if signed.statement.kind == Kind.LINE_TEST else EntryKind.SERVICE_CHAT
    return kind, cbor.encode([[int(_ITEMS[kind]), signed.raw]])


def read_body(kind: int, body: bytes, line: bytes, office: Office) -> tuple[Signed, Carried]:
    """The test or chat in an entry of ``kind``, written by ``office``'s desk on ``line``, verified.

    Raises Malformed unless it holds exactly the one item of its kind, Foreign or WrongSigner where that
    is another line's, another office's, or signed by somebody who may not.
    """
    items = read_items(body)
    if len(items) != 1 or items[0][0] != _ITEMS[EntryKind(kind)]:
        raise Malformed("An entry of a line test or of service chat holds that alone, and nothing else.")
    signed = read_signed(items[0][1])
    content: Carried
    if kind == EntryKind.LINE_TEST:
        content = signed.statement.read(LineTest, realm=office.realm)
    else:
        content = signed.statement.read(ServiceChat, realm=office.realm)
    if content.line != line or content.office != office.id:
        raise Foreign("A line test or service chat of another line or another office.")
    roster = require_version(office, content.roster)
    signed.verify()
    desk = signed.signers == (roster.desk,)
    by_desk = isinstance(content, LineTest) and content.step in (Step.CALL, Step.ANSWER)
    if isinstance(content, LineTest) and content.step == Step.PERSON_CALLED and desk:
        by_desk = True
    if by_desk and not desk:
        raise WrongSigner(
            f"A step of a line test that {office.name}'s desk signs is signed by somebody else."
        )
    if not by_desk and not all(roster.rights(signer) & Right.DUTY for signer in signed.signers):
        raise WrongSigner(f"A line test or service chat by somebody who has no duty at {office.name}.")
    return signed, content


def fault_of(kind: int, body: bytes | None, line: bytes, office: Office) -> GoodOfficesError | None:
    """What is wrong with the body of an entry of a test or chat, if it is one and is shown."""
    if kind not in ERASABLE or body is None:
        return None
    try:
        read_body(kind, body, line, office)
    except GoodOfficesError as error:
        return error
    return None

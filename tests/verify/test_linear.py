# SPDX-License-Identifier: Apache-2.0
"""Nothing that a holder puts together makes the verifier slow: twice as much takes twice the steps (P12).

Steps are counted, not timed: lines of our own code that run. What is linear grows by as much from the second to the
third size as from the first to the second; what is not grows by more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from goodoffices.core.act import CHANNEL_LANE, Act, ActType
from goodoffices.core.checkpoint import Tree
from goodoffices.core.office import Office, Right, Root, Roster
from goodoffices.core.pairing import Pairing
from goodoffices.core.record.account import Account, Carriage, KeptAct, KeptLine, KeptNote, Passed
from goodoffices.core.record.checkpoints import KeptCheckpoint
from goodoffices.core.record.compare import compare
from goodoffices.core.record.departed import Departed
from goodoffices.core.record.findings import Finding, Flaw
from goodoffices.core.record.links import Link
from goodoffices.core.record.manifest import Manifest
from goodoffices.core.record.whole import check_whole, remark_whole
from goodoffices.core.sealed import Header
from goodoffices.verify.output import as_json
from goodoffices.verify.verifier import Verdict

ONE, OTHER, MANDATE = b"\1" * 32, b"\2" * 32, b"\3" * 32
RUN = b"\4" * 16
SIZE = 40


def numbered(kind: int, number: int, size: int = 32) -> bytes:
    return bytes([kind]) + number.to_bytes(size - 1, "big")


def empty(lines: int = 1) -> Account:
    manifest = Manifest(
        office=ONE, roster=1, time=(0, 0), list_hash=bytes(32), files=0, texts=True, chains=()
    )
    account = Account(manifest, bytes(16))
    for at in range(lines):
        line = numbered(9, at)
        pairing = Pairing(offices=(ONE, OTHER), offers=(bytes(32), bytes(32)))
        account.lines[line] = KeptLine(line, f"lines/{at:06}", pairing, files=["entries"])
    return account


def only(account: Account) -> KeptLine:
    (line,) = account.lines.values()
    return line


def cut(size: int) -> Account:
    """A chain whose first entry was taken out, and another that has seen all of it."""
    account = empty()
    ours, theirs = only(account).links[ONE], only(account).links[OTHER]
    for at in range(2, size + 2):
        ours.take(RUN, at, numbered(5, at), numbered(5, at - 1), 1, at, 0)
    for at in range(1, size + 1):
        seen = RUN, at + 1, numbered(5, at + 1)
        theirs.take(RUN, at, numbered(6, at), numbered(6, at - 1) if at > 1 else None, 1, at, 0, seen)
    for at in range(2, size + 2):
        only(account).receipt(OTHER, [(RUN, at, numbered(5, at))], "receipt")
    return account


def forked(size: int) -> Account:
    """As many first entries, and as many second ones, each of which was seen."""
    account = empty()
    ours, theirs = only(account).links[ONE], only(account).links[OTHER]
    for at in range(size):
        ours.take(RUN, 1, numbered(5, at), None, 1, at, 0)
    for at in range(size):
        ours.take(RUN, 2, numbered(7, at), numbered(5, size - at - 1), 1, at, 0)
    for at in range(1, size + 1):
        seen = RUN, 2, numbered(7, size - at)
        theirs.take(RUN, at, numbered(6, at), numbered(6, at - 1) if at > 1 else None, 1, at, 0, seen)
    return account


def begun_anew(size: int) -> Account:
    """A new incarnation with each entry of both, and a checkpoint over each."""
    account = empty()
    for at in range(size):
        run = numbered(4, at, 16)
        theirs = (numbered(3, at - 1, 16), 1, numbered(6, at - 1)) if at else None
        seen = run, 1, numbered(5, at)
        only(account).links[OTHER].take(numbered(3, at, 16), 1, numbered(6, at), None, 1, at, 0, seen, theirs)
        opens = (numbered(4, at - 1, 16), 1, numbered(5, at - 1)) if at else None
        only(account).links[ONE].take(run, 1, numbered(5, at), None, 1, at, 0, None, opens)
        tree = Tree(only(account).id, ONE, run)
        only(account).checkpoints.append(KeptCheckpoint(tree, 1, bytes(32), (), (), 0, f"{at:06}"))
    return account


def with_checkpoints(size: int) -> Account:
    """As many checkpoints of one tree, none over what is here."""
    account = empty()
    for at in range(1, size + 1):
        only(account).links[ONE].take(
            RUN, at, numbered(5, at), numbered(5, at - 1) if at > 1 else None, 1, at, 0
        )
        kept = KeptCheckpoint(Tree(only(account).id, ONE, RUN), at, bytes(32), (), (), 0, f"{at:06}")
        only(account).checkpoints.append(kept)
    return account


def passed_often(size: int) -> Account:
    """A note that was passed on as often as something was said of it."""
    account = empty()
    header = Header(
        mandate=MANDATE,
        author=ONE,
        recipient=OTHER,
        lane=CHANNEL_LANE,
        number=1,
        precedence=1,
        valid_until=None,
        note=numbered(8, 0),
    )
    note = KeptNote(header.note, header, "note")
    note.claims = (note.id,)
    account.notes[note.id] = note
    line = only(account).id
    for at in range(1, size + 1):
        carriage = Carriage(line, (RUN, at + size, numbered(5, at)), None)
        note.passed.append(Passed(numbered(10, at), header, f"e{at}", ONE, OTHER, (at, 0), False, carriage))
        act = Act(
            mandate=MANDATE,
            author=OTHER,
            recipient=ONE,
            lane=CHANNEL_LANE,
            incarnation=RUN,
            sequence=at,
            previous=None,
            roster=1,
            proof=1,
            time=(at, 0),
            type=int(ActType.OPENED),
            subject=note.id,
        )
        said = Carriage(line, (RUN, at, numbered(6, at)), (RUN, at, numbered(5, at)))
        account.acts[numbered(11, at)] = kept = KeptAct(
            numbered(11, at), act, "officer", False, f"a{at}", said
        )
        account.about[note.id].append(kept)
    return account


def looked_at(account: Account) -> None:
    findings = list(check_whole(account, {}))
    list(remark_whole(account, {}))
    compare(account, account)
    as_json(Verdict(tuple(findings), (), account, None))


def spoiled(size: int) -> Account:
    """As many lines, with a finding in each (see ``steps``)."""
    return empty(size)


def steps(account: Account) -> int:
    """Lines of our own code that run while an account is looked at, loops within a line among them."""
    each = [Finding(f"{line.folder}/entries", Flaw.GAP, "", "") for line in account.lines.values()]

    def look() -> None:
        looked_at(account)
        as_json(Verdict(tuple(each), (), account, None))

    return counted(look)


def counted(look: Callable[[], None]) -> int:
    """Lines of our own code that run, loops within a line among them."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "goodoffices" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        look()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("made", [cut, forked, begun_anew, with_checkpoints, passed_often, spoiled])
def test_twice_as_much_takes_twice_the_steps(made: Callable[[int], Account]) -> None:
    """P12"""
    one, two, three = (steps(made(times * SIZE)) for times in (1, 2, 3))
    assert one > SIZE
    assert (three - two) - (two - one) <= 4 * SIZE


def by_one_who_left(size: int) -> tuple[Departed, Account, dict[tuple[bytes, bytes, bytes], list[Link]]]:
    """As many acts of an officer who had left, each after the one before; somebody who is listed signed the last.

    The intermediary told of the roster before each of them, in an incarnation of its own.
    """
    account, departed, key = empty(), Departed(), b"\x0b" * 32
    author = b"\x0c" * 32
    rosters = tuple(
        Roster(
            office=author,
            version=version,
            made=0,
            desk=bytes(32),
            envelope_epochs=(),
            reading_epochs=(),
            officers=(("officer 1", key, int(Right.RELEASE)),) if version == 1 else (),
            releasers_needed=1,
        )
        for version in (1, 2)
    )
    root = Root(name="Washington", ed25519=bytes(32), mldsa65=b"", made=0)
    account.offices[author] = office = Office(root, author, bytes(16), rosters, ())
    line = only(account)
    links: list[Link] = []
    before: bytes | None = None
    for at in range(1, size + 2):
        run, first = numbered(4, at, 16), numbered(5, at)
        opens = (numbered(4, at - 1, 16), 1, numbered(5, at - 1)) if at > 1 else None
        line.links[OTHER].take(run, 1, first, None, 1, at, 0, None, opens)
        departed.told((line.id, OTHER, (run, 1, first)), author, 2)
        act = Act(
            mandate=MANDATE,
            author=author,
            recipient=ONE,
            lane=CHANNEL_LANE,
            incarnation=RUN,
            sequence=at,
            previous=before,
            roster=1,
            proof=1,
            time=(at, 0),
            type=int(ActType.WITHDRAWN),
            subject=None,
        )
        before = numbered(11, at)
        if at <= size:
            departed.signed(act, before, (key,), office, f"a{at:06}")
            departed.came(before, (line.id, OTHER, (run, 2, numbered(13, at))))
        links.append(Link(RUN, at, before, act.previous, 1, at, f"a{at:06}"))
    return departed, account, {(MANDATE, CHANNEL_LANE, author): links}


def test_what_was_signed_by_one_who_had_left_and_is_stood_by_takes_its_own_steps_alone() -> None:
    """P12: an intermediary and an officer who had left kept the verifier for hours by ten thousand acts"""

    def took(size: int) -> int:
        departed, account, authors = by_one_who_left(size)
        found: list[Finding] = []
        count = counted(lambda: found.extend(departed.check(account, authors)))
        assert found == [], "the last one stands by all of them"
        return count

    one, two, three = (took(times * SIZE) for times in (1, 2, 3))
    assert one > SIZE
    assert (three - two) - (two - one) <= 4 * SIZE

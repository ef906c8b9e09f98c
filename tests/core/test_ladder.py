# SPDX-License-Identifier: Apache-2.0
"""The ladder: which acts are rungs, in which order, and whose word each is."""

from itertools import permutations

import pytest

from goodoffices.core.act import CHANNEL_LANE, Act, ActType
from goodoffices.core.ladder import Rung, Step, Word, climb, has_part
from tests.core.making import NOW, Made, act, bern, mandate, seed, tehran, washington

A, M, B = washington(), bern(), tehran()


def done(author: Made, kind: int, at: int, code: int | None = None) -> tuple[bytes, Act, str, bool]:
    content = act(author, type=kind, time=(NOW + at, 2), subject=seed("note"), code=code)
    return seed(f"{author.label} {kind} {at}"), content, "officer 1", False


PASSAGE = [
    done(A, ActType.ON_RELAY, 1),
    done(M, ActType.AT_DESK, 2),
    done(M, ActType.SEEN, 3),
    done(M, ActType.FORWARDED, 4),
    done(B, ActType.AT_DESK, 5),
    done(B, ActType.OPENED, 6),
    done(B, ActType.WITH_PRINCIPAL, 7),
    done(B, ActType.ACKNOWLEDGED, 8, 2),
]


def steps(*acts: tuple[bytes, Act, str, bool], author: Made = A, recipient: Made = B) -> list[Step]:
    return climb(mandate(), author.id, recipient.id, acts)


def test_a_note_climbs_every_rung() -> None:
    found = steps(*PASSAGE)
    assert [step.rung for step in found] == [
        Rung.ON_RELAY,
        Rung.AT_DESK,
        Rung.SEEN,
        Rung.FORWARDED,
        Rung.AT_FAR_DESK,
        Rung.OPENED,
        Rung.WITH_PRINCIPAL,
        Rung.ACKNOWLEDGED,
    ]
    assert [step.word for step in found] == [Word.AUTHOR] + [Word.INTERMEDIARY] * 3 + [Word.READER] * 4
    assert found[-1].code == 2


def test_the_order_of_arrival_does_not_matter() -> None:
    for order in list(permutations(PASSAGE[:5]))[::7]:
        assert steps(*order) == steps(*PASSAGE[:5])


def test_at_the_same_instant_the_ladders_order_holds() -> None:
    same = [done(M, kind, 0) for kind in (ActType.FORWARDED, ActType.SEEN, ActType.AT_DESK)]
    assert [step.rung for step in steps(*same)] == [Rung.AT_DESK, Rung.SEEN, Rung.FORWARDED]


def test_the_desk_signs_for_the_desk() -> None:
    assert [step.by_desk for step in steps(*PASSAGE)] == [True, True, False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("author", "kind"),
    [
        (M, ActType.OPENED),
        (M, ActType.WITH_PRINCIPAL),
        (M, ActType.ACKNOWLEDGED),
        (M, ActType.WITHDRAWN),
        (M, ActType.ON_RELAY),
        (B, ActType.WITHDRAWN),
        (B, ActType.FORWARDED),
        (B, ActType.REFUSED),
        (A, ActType.ACKNOWLEDGED),
        (A, ActType.FORWARDED),
        (A, ActType.AT_DESK),
        (A, ActType.ALTERED),
    ],
)
def test_nobody_climbs_a_rung_that_is_anothers(author: Made, kind: ActType) -> None:
    """P1, P6: only the author withdraws, only the reader opens, only who stands between passes on."""
    assert steps(done(author, kind, 1)) == []


def test_whoever_receives_it_may_find_it_altered() -> None:
    assert [step.word for step in steps(done(M, ActType.ALTERED, 1), done(B, ActType.ALTERED, 2))] == [
        Word.INTERMEDIARY,
        Word.READER,
    ]


def test_in_a_caucus_the_intermediary_is_the_reader() -> None:
    found = steps(done(M, ActType.AT_DESK, 1), done(M, ActType.OPENED, 2), recipient=M)
    assert [(step.rung, step.word) for step in found] == [
        (Rung.AT_DESK, Word.READER),
        (Rung.OPENED, Word.READER),
    ]


def test_an_act_that_is_no_rung_is_left_out() -> None:
    assert steps(done(M, ActType.REMARK, 1), done(M, 99, 2)) == []


def test_acts_without_a_rule_are_anybodys_but_the_authors() -> None:
    content = act(M, type=99, lane=CHANNEL_LANE)
    assert has_part(content, A.id, B.id)

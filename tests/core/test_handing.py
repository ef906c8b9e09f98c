# SPDX-License-Identifier: Apache-2.0
"""What an act of handing over or of transcribing says in its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.act import ActType, check_signer
from goodoffices.core.errors import WrongSigner, YourError
from goodoffices.core.handing import MAX_WORDS, Hand, read_words, words_of
from goodoffices.core.ladder import Rung, climb, has_part
from tests.core.making import NOW, act, agreement, bern, seed, signed_act, tehran, washington

HAND = Hand("Mr Zarif", "his office, Tehran", NOW, "the ambassador")
line = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)


def test_the_words_are_lines_that_a_person_reads() -> None:
    assert words_of(HAND) == (
        "who: Mr Zarif\nwhere: his office, Tehran\nwhen: 2020-01-08T07:00:00Z\nby: the ambassador"
    )


@given(line, line, st.integers(0, 253402300799), line, st.none() | line)
def test_what_is_written_is_read_again(who: str, where: str, at: int, by: str, text: str | None) -> None:
    hand = Hand(who, where, at * 1000, by)
    assert read_words(words_of(hand, text)) == (hand, text)


@pytest.mark.parametrize("odd", ["", " ", "two\nlines", "turned\u202e", "x" * 201])
def test_a_line_that_hides_or_is_missing_is_refused(odd: str) -> None:
    """P12: nothing malformed is ever signed."""
    for hand in (Hand(odd, "w", NOW, "b"), Hand("w", odd, NOW, "b"), Hand("w", "w", NOW, odd)):
        with pytest.raises(YourError):
            words_of(hand)


def test_a_transcript_needs_words_and_has_a_bound() -> None:
    """P12"""
    for text in ("", " \n", "x" * MAX_WORDS):
        with pytest.raises(YourError):
            words_of(HAND, text)


@pytest.mark.parametrize(
    "words",
    [None, "", "who: a", "who: a\nwhere: b\nwhen: never 000000000000000\nby: c", words_of(HAND) + "\nmore"],
)
def test_words_of_another_form_are_not_guessed_at(words: str | None) -> None:
    """P12"""
    assert read_words(words) is None


def test_only_who_stands_between_hands_over_or_transcribes() -> None:
    """P1, P14: the author and the reader cannot; it is the intermediary's word."""
    for kind in (ActType.HANDED_OVER, ActType.TRANSCRIPT):
        for author, may in ((bern(), True), (washington(), False), (tehran(), False)):
            done = act(author, type=int(kind), subject=seed("a note"), words=words_of(HAND, "Yes."))
            assert has_part(done, washington().id, tehran().id) is may


def test_handing_over_is_a_rung_and_a_transcript_is_none() -> None:
    """P14: an answer that its party did not sign never looks like an acknowledgement."""
    acts = [
        (
            seed(str(kind)),
            act(bern(), type=int(kind), subject=seed("a note"), words=words_of(HAND)),
            "o",
            False,
        )
        for kind in (ActType.HANDED_OVER, ActType.TRANSCRIPT)
    ]
    steps = climb(agreement().mandate, washington().id, tehran().id, acts)
    assert [(step.rung, str(step.word)) for step in steps] == [(Rung.HANDED_OVER, "the intermediary's word")]


def test_an_officer_signs_it_and_a_transcript_takes_as_many_as_the_mandate_says() -> None:
    """P10"""
    for kind in (ActType.HANDED_OVER, ActType.TRANSCRIPT):
        signed, content = signed_act(bern(), type=int(kind), words=words_of(HAND, "Yes."))
        check_signer(signed, content, bern().office, automatic=True)
        for seeds in ((bern().desk_seed,), (bern().officer("drafter"),)):
            signed, content = signed_act(bern(), *seeds, type=int(kind), words=words_of(HAND, "Yes."))
            with pytest.raises(WrongSigner):
                check_signer(signed, content, bern().office, automatic=True)
    signed, content = signed_act(bern(), type=int(ActType.TRANSCRIPT), words=words_of(HAND, "Yes."))
    with pytest.raises(WrongSigner):
        check_signer(signed, content, bern().office, automatic=False, words_need=2)

# SPDX-License-Identifier: Apache-2.0
"""Notes: the words are their author's, byte for byte, or they are refused."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor, digits, merkle
from goodoffices.core.errors import (
    Altered,
    Foreign,
    Malformed,
    NewerVersion,
    NotAllowed,
    NotNow,
    OtherOfficeError,
    Oversized,
    WrongSigner,
    YourError,
)
from goodoffices.core.fields import to_map
from goodoffices.core.note import (
    MAX_LEAVES,
    MAX_TEXT,
    Note,
    OpenNote,
    Words,
    body_of,
    check_issued,
    note_digits,
    paragraphs,
    read_inside,
    verify_release,
    words_of,
    write_note,
)
from goodoffices.core.statement import LIVE, Signed, Statement, sign
from tests.core.making import (
    DRILL,
    WORDS,
    bern,
    made_office,
    next_roster,
    note,
    released,
    seed,
    tehran,
    washington,
    without,
)

TEXTS = st.text(alphabet=st.sampled_from(list("a ب\u200c\n\r\x0b\x0c\x85\u2028\U0001f54a")), max_size=60)


@given(TEXTS | st.text(max_size=80))
def test_paragraphs_joined_are_the_text(text: str) -> None:
    """P1: byte for byte the same for every reader."""
    parts = paragraphs(text)
    assert "".join(parts).encode() == text.encode()
    assert all(parts)


def test_a_paragraph_ends_after_its_blank_lines() -> None:
    assert paragraphs("a\nb\n\n\nc\r\n\r\nd") == ["a\nb\n\n\n", "c\r\n\r\n", "d"]
    assert paragraphs("") == []


def test_the_longest_text_is_cut_at_once() -> None:
    """P12: work grows with the size, no faster."""
    assert len(paragraphs("a\n" * (MAX_TEXT // 2))) == 1
    assert len(paragraphs("a\n\n" * 4000)) == 4000
    with pytest.raises(YourError):
        paragraphs("a\n\n" * MAX_LEAVES)


@given(TEXTS.filter(lambda text: bool(text.strip())))
def test_words_read_back_the_same(text: str) -> None:
    words = replace(
        WORDS,
        text=text,
        reply_by=5,
        in_reply_to=seed("a"),
        replaces=seed("b"),
        withdraws=seed("c"),
        read=(seed("d"),),
        held=(seed("e"), seed("f")),
        reason="Lives are at stake.",
        confidential=True,
        authority=4,
    )
    assert words_of(words.leaves()) == words
    opened = read_inside(released(words).inside)
    assert opened.words == words
    assert opened.words.text.encode() == text.encode()


def test_a_released_note_verifies_for_its_reader() -> None:
    opened = read_inside(released().inside)
    assert verify_release(opened, washington().office) == ("officer duty",)
    assert opened.words == WORDS


def test_the_same_words_twice_are_two_notes() -> None:
    """Its ID hangs on a secret seed, so short or coded notes cannot be guessed from it (format §5)."""
    body, leaves = body_of(WORDS, seed("another"))
    assert body != note().body
    assert leaves == note().leaves


# --- who released ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signer",
    [washington().desk_seed, washington().officer("drafter"), seed("a stranger"), bern().officer()],
    ids=["desk", "drafter", "stranger", "the intermediary"],
)
def test_a_note_by_somebody_who_may_not_release_is_refused(signer: bytes) -> None:
    for signers in ((signer,), (washington().officer(), signer)):
        with pytest.raises(WrongSigner):
            verify_release(released(WORDS, *signers), washington().office)


def test_two_are_needed_and_one_signed() -> None:
    """P10: m of n."""
    office = made_office("Washington", LIVE, 2).office
    fields: dict[str, Any] = {"author": office.id}
    one, two = washington().officer(), washington().officer("second")
    assert len(verify_release(released(WORDS, one, two, **fields), office)) == 2
    for signers in ((one,), (two,), (one, one)):
        with pytest.raises(WrongSigner):
            verify_release(released(WORDS, *signers, **fields), office)


def test_the_same_officers_signature_twice_is_refused() -> None:
    opened = released()
    twice = Signed(opened.signed.statement, opened.signed.signatures * 2)
    with pytest.raises(Malformed):
        read_inside(replace(opened, signed=twice).inside)


def test_a_removed_officer_releases_no_more_by_the_new_roster() -> None:
    office = next_roster(washington(), officers=without(washington().office.roster, "second"))
    with pytest.raises(WrongSigner):
        verify_release(released(WORDS, washington().officer("second"), roster=2), office)
    assert verify_release(released(WORDS, washington().officer(), roster=2), office)


def test_a_note_by_a_roster_to_come_waits() -> None:
    with pytest.raises(NotNow):
        verify_release(released(roster=2), washington().office)


def test_a_note_is_held_against_its_authors_credential() -> None:
    for other in (tehran().office, made_office("Washington", DRILL).office):
        with pytest.raises(Foreign):
            verify_release(released(), other)
    with pytest.raises(Foreign):
        verify_release(released(realm=DRILL), washington().office)


def test_a_signature_of_another_note_does_not_fit() -> None:
    other = released(replace(WORDS, text="We do want war."))
    with pytest.raises(WrongSigner):
        verify_release(
            replace(released(), signed=Signed(released().signed.statement, other.signed.signatures)),
            washington().office,
        )


# --- what was changed after release ---------------------------------------------------------------


def inside(opened: OpenNote, **changes: Any) -> bytes:
    parts: dict[str, Any] = {
        "signed": opened.signed.raw,
        "seed": opened.seed,
        "leaves": opened.leaves,
    } | changes
    return cbor.encode([parts["signed"], parts["seed"], parts["leaves"]])


LEAVES = released().leaves


@pytest.mark.parametrize(
    "changes",
    [
        {"leaves": (*LEAVES[:-1], (16, "Another word."))},
        {"leaves": (*LEAVES[:-2], LEAVES[-1], LEAVES[-2])},
        {"leaves": (*LEAVES, LEAVES[-1])},
        {"leaves": LEAVES[:-1]},
        {"leaves": (*LEAVES[:-2], (16, LEAVES[-2][1] + LEAVES[-1][1]))},
        {"leaves": ()},
        {"leaves": (*LEAVES, (200, "added from 128 on"))},
        {"seed": seed("another")},
        {"signed": released(replace(WORDS, text="We do want war.")).signed.raw},
    ],
    ids=[
        "a word",
        "the order",
        "a leaf twice",
        "a leaf less",
        "two joined",
        "none",
        "one more",
        "the seed",
        "the statement",
    ],
)
def test_words_changed_after_release_are_named_as_altered(changes: dict[str, Any]) -> None:
    """P1: an intermediary cannot alter."""
    with pytest.raises(Altered):
        read_inside(inside(released(), **changes))


@given(st.integers(0, len(released().inside) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused_or_signs_nothing(at: int, change: int) -> None:
    raw = bytearray(released().inside)
    raw[at] ^= change
    with pytest.raises(OtherOfficeError):
        verify_release(read_inside(bytes(raw)), washington().office)


def by_hand(leaves: tuple[Any, ...], **changes: Any) -> bytes:
    """A note whose author's own desk writes leaves that ours would not."""
    content = to_map(note()) | {15: merkle.body_root(seed("note seed"), leaves), 16: len(leaves)}
    statement = Statement(cbor.encode(["GO1", 1, 16, LIVE, content | changes]))
    return cbor.encode([sign(statement, washington().officer()).raw, seed("note seed"), leaves])


AUTHORITY, LANGUAGE, TEXT = (1, 1), (2, "en"), (16, "text")


@pytest.mark.parametrize(
    ("leaves", "error"),
    [
        ((LANGUAGE, AUTHORITY, TEXT), Malformed),
        ((AUTHORITY, AUTHORITY, LANGUAGE, TEXT), Malformed),
        ((AUTHORITY, TEXT), Malformed),
        ((LANGUAGE, TEXT), Malformed),
        ((AUTHORITY, LANGUAGE, (16, b"text")), Malformed),
        ((AUTHORITY, LANGUAGE, (10, True)), Malformed),
        (((1, 9), LANGUAGE, TEXT), NewerVersion),
        ((AUTHORITY, LANGUAGE, (14, 0), TEXT), NewerVersion),
        ((AUTHORITY, LANGUAGE, TEXT, (127, 0)), NewerVersion),
        ((AUTHORITY, LANGUAGE, TEXT, (128, 0), (128, 0)), Malformed),
        ((AUTHORITY, LANGUAGE, *((16, "x" * MAX_TEXT) for _ in range(2))), Oversized),
        ((AUTHORITY, LANGUAGE, (True, 0)), Malformed),
        ((AUTHORITY, LANGUAGE, (-1, 0)), Malformed),
        ((AUTHORITY, LANGUAGE, (16,)), Malformed),
        ((AUTHORITY, LANGUAGE, "text"), Malformed),
    ],
)
def test_leaves_out_of_form_are_refused(leaves: tuple[Any, ...], error: type[OtherOfficeError]) -> None:
    try:
        raw = by_hand(leaves)
    except (TypeError, ValueError):
        # Not even a root can be made over what is no pair; another's code could still send it.
        raw = inside(released(), leaves=leaves)
    with pytest.raises(error):
        read_inside(raw)


def test_a_leaf_from_128_on_may_be_ignored() -> None:
    opened = read_inside(by_hand((AUTHORITY, LANGUAGE, TEXT, (128, "a newer version's"))))
    assert opened.words.text == "text"
    assert verify_release(opened, washington().office)


def test_a_field_from_128_on_may_be_ignored() -> None:
    leaves = (AUTHORITY, LANGUAGE, TEXT)
    opened = read_inside(by_hand(leaves))
    later = Statement(cbor.encode(["GO1", 1, 16, LIVE, to_map(opened.note) | {200: "later"}]))
    again = read_inside(cbor.encode([sign(later, washington().officer()).raw, seed("note seed"), leaves]))
    assert again.note == opened.note
    assert again.signed.id != opened.signed.id
    assert verify_release(again, washington().office)


def test_more_leaves_than_any_note_has_cost_nothing() -> None:
    leaves = ((16, ""),) * (MAX_LEAVES + 1)
    with pytest.raises(Malformed):
        read_inside(by_hand(leaves))


# --- kinds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("proof", "named"), [(2, "aide-mémoire"), (3, "non-paper")])
def test_reserved_proof_kinds_are_refused_by_name(proof: int, named: str) -> None:
    with pytest.raises(NotAllowed, match=named):
        check_issued(1, proof)
    with pytest.raises(NewerVersion, match=named):
        verify_release(released(proof=proof), washington().office)


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (2, "incident clarification"),
        (3, "advance notice"),
        (4, "request for clarification"),
        (5, "assurance"),
        (6, "cease of action"),
        (7, "form"),
        (8, "coded"),
    ],
)
def test_a_kind_that_carries_neither_form_nor_code_is_named_and_not_understood(kind: int, named: str) -> None:
    """Old bytes keep their meaning: these kinds were reserved, and plain words never make one of them."""
    check_issued(kind, 1)
    with pytest.raises(NewerVersion, match=named):
        verify_release(released(kind=kind), washington().office)


def test_kinds_that_do_not_exist_are_refused() -> None:
    for kind, proof in ((0, 1), (9, 1), (1, 0), (1, 4)):
        with pytest.raises(NotAllowed):
            check_issued(kind, proof)
    with pytest.raises(NewerVersion):
        verify_release(released(kind=9), washington().office)
    check_issued(1, 1)


@pytest.mark.parametrize("place", [(0, None), (1, seed("x")), (2, None)])
def test_a_place_that_no_chain_has_is_refused(place: tuple[int, bytes | None]) -> None:
    with pytest.raises(Malformed):
        verify_release(released(sequence=place[0], previous=place[1]), washington().office)


# --- what cannot be written -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        replace(WORDS, text="x" * (MAX_TEXT + 1)),
        replace(WORDS, text="پ" * (MAX_TEXT // 2 + 1)),
        replace(WORDS, text="half \ud800"),
        replace(WORDS, language="e"),
        replace(WORDS, authority=9),
        replace(WORDS, reason=""),
        replace(WORDS, reply_by=-1),
        Words(text="x", language="\ud800\ud800"),
    ],
    ids=lambda words: ascii(words.text)[:20],
)
def test_words_that_cannot_be_carried_are_the_writers_to_change(words: Words) -> None:
    with pytest.raises(YourError):
        body_of(words, seed("note seed"))


def test_the_longest_text_can_be_carried() -> None:
    text = "متن " * (MAX_TEXT // 7)
    assert read_inside(released(replace(WORDS, text=text)).inside).words.text == text


def test_a_note_has_twenty_digits() -> None:
    assert note_digits(seed("x")) == digits.check_digits("note", seed("x"), 20)


def test_unsigned_it_is_nobodys() -> None:
    _, opened = write_note(note(), WORDS, seed("note seed"), LIVE)
    with pytest.raises(WrongSigner):
        verify_release(opened, washington().office)
    assert isinstance(opened.note, Note)

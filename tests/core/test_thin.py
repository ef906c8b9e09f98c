# SPDX-License-Identifier: Apache-2.0
"""The thin line: few bytes, the same signed objects, and keys that no restored copy makes meet a nonce twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor, crypto
from goodoffices.core.envelope import PART_ENTRY, PART_HEAD, PART_RECEIPT
from goodoffices.core.errors import Altered, Foreign, GoodOfficesError, Malformed, NotNow, Oversized
from goodoffices.core.line import CarriedEntry, Head, Item, Receipt
from goodoffices.core.note import OpenNote, Words, body_of, verify_release, write_note
from goodoffices.core.sealed import SealedNote, read_sealed, seal_note
from goodoffices.core.statement import LIVE, sign, state
from goodoffices.core.thin import text as thin_text
from goodoffices.core.thin.cell import (
    CLASSES,
    FRAME,
    PART_NOTE,
    cell_place,
    open_cell,
    pack_cell,
    read_parts,
    room,
    size_for,
    write_parts,
)
from goodoffices.core.thin.keys import (
    MAX_AHEAD,
    MAX_SKIPPED,
    Chain,
    Reading,
    ThinKeys,
    ThinLine,
    begin,
    unwrap_secret,
    verify_thin_line,
    wrap_secret,
)
from goodoffices.core.thin.note import open_thin, room_for, seal_thin, thin_seed, write_thin
from goodoffices.core.thin.values import Reader, Unfit, Writer
from tests.core import making
from tests.core.making import DAY, NOW, act, entry, released, seed, tehran, washington

TEXTS = {
    "en": "At 0310Z two of your helicopters came within four kilometres of our outpost on the lake and turned away."
    " If this was a mistake, tell us so before sunrise; our commander there has been told to wait for it.",
    "fa": "دو فروند بالگرد شما ساعت سه و ده دقیقه بامداد تا چهار کیلومتری پاسگاه ما در کنار دریاچه آمدند و بازگشتند."
    " اگر اشتباه بوده است پیش از برآمدن آفتاب به ما بگویید؛ به فرمانده آنجا گفته شده که منتظر بماند.",
    "ar": "هبطت مروحيتان تابعتان لكم في الثالثة وعشر دقائق فجرا على بعد أربعة كيلومترات من مخفرنا قرب البحيرة ثم عادتا."
    " إن كان ذلك خطأ فأخبرونا قبل شروق الشمس، فقد طلب من القائد هناك أن ينتظر ولا يفعل شيئا آخر.",
    "fr": "Deux de vos hélicoptères se sont approchés à quatre kilomètres de notre poste du lac à 3 h 10, puis sont"
    " repartis. S'il s'agissait d'une erreur, dites-le avant l'aube; notre commandant attend cette réponse.",
    "ru": "В 03:10 два ваших вертолёта подошли на четыре километра к нашей заставе у озера и повернули назад."
    " Если это была ошибка, сообщите нам до восхода солнца; командиру там приказано ждать вашего ответа и молчать.",
}
"""Two hundred letters each, none of whose sentences stands in the passages that both ends know."""
NONCE = bytes(range(12))


@dataclass
class Shelf:
    """What both ends of a line hold."""

    values: set[bytes] = field(default_factory=set)
    notes: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    copies: list[bytes] = field(default_factory=list)

    def told(self, value: bytes) -> bool:
        return value in self.values

    def find(self, start: bytes, size: int) -> list[bytes]:
        return [each for each in self.values if len(each) == size and each.startswith(start)]

    def place_of(self, note: bytes) -> tuple[bytes, int] | None:
        return self.notes.get(note)

    def at(self, author: bytes, number: int) -> bytes | None:
        return next((note for note, place in self.notes.items() if place == (author, number)), None)

    def sealed(self, note: bytes, digest: bytes) -> bytes | None:
        return next((raw for raw in self.copies if crypto.sha256(raw).startswith(digest)), None)


def officers(_: int) -> tuple[bytes, ...]:
    return tuple(
        crypto.ed25519_public(washington().officer(each)) for each in ("duty", "second", "third", "fourth")
    )


def note_of(text: str, language: str, releasers: int = 1, read: tuple[bytes, ...] = ()) -> OpenNote:
    """A note in the midst of a chain, with a time until which it is valid and one that it answers."""
    words, fresh = Words(text=text[:200], language=language, read=read), thin_seed(seed("fresh")[:16])
    body, leaves = body_of(words, fresh)
    place = {"incarnation": seed("start")[:16], "sequence": 41, "previous": seed("before"), "number": 12}
    stated = replace(making.note(words, valid_until=NOW + DAY, **place), body=body, leaves=leaves)
    statement, opened = write_note(stated, words, fresh, LIVE)
    names = ("duty", "second", "third", "fourth")[:releasers]
    return replace(opened, signed=sign(statement, *(washington().officer(each) for each in names)))


def shelf() -> Shelf:
    found = Shelf()
    found.values |= {
        making.agreement().id,
        tehran().id,
        washington().id,
        crypto.ed25519_public(tehran().desk_seed),
    }
    found.values |= {seed("chain")}
    return found


def chain() -> Chain:
    return begin(seed("secret"), seed("chain"))


def sealed_thin(opened: OpenNote, held: Shelf, releasers: int = 1) -> SealedNote:
    sealed, _ = seal_thin(opened, (tehran().id,), chain(), NONCE, held, officers, releasers)
    return sealed


# --- sizes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("releasers", [1, 2, 3, 4])
def test_a_note_of_two_hundred_letters_has_512_bytes_and_64_more_for_each_further_releaser(
    language: str, releasers: int
) -> None:
    """P7: what a slow line carries, told as a whole; its frame stands in place of the zeros."""
    held = shelf()
    sealed = sealed_thin(note_of(TEXTS[language], language, releasers), held, releasers)
    payload = write_parts([(PART_NOTE, sealed)], LIVE, making.LINE, (washington().id, tehran().id), held)
    cell, _ = pack_cell(payload, size_for(releasers), begin(seed("line"), seed("line chain")), NONCE)
    assert len(TEXTS[language][:200]) >= 190
    assert len(cell) == 512 + 64 * (releasers - 1)
    assert cell[-FRAME:] == bytes(FRAME)


def test_every_note_under_one_roster_has_the_same_length_sealed() -> None:
    """P3: neither a relay nor the intermediary of a sealed channel learns how long a text is, or how it packs."""
    held = shelf()
    lengths = {len(sealed_thin(note_of(text, "en"), held).raw) for text in ("No.", *TEXTS.values())}
    assert len(lengths) == 1


def test_what_is_too_long_is_told_by_how_much() -> None:
    held = shelf()
    opened = note_of("".join(map(chr, Random(3).choices(range(33, 127), k=200))), "en")
    over = len(write_thin(opened, held, officers)) - room_for(1)
    assert over > 0
    with pytest.raises(Oversized, match=f"{over} bytes too many"):
        sealed_thin(opened, held)


# --- the same note --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", TEXTS)
def test_what_comes_out_is_what_its_author_signed_byte_for_byte(language: str) -> None:
    """P1: the same ID, the same digits, the same signature."""
    held, opened = shelf(), note_of(TEXTS[language], language)
    sealed = read_sealed(sealed_thin(opened, held).raw)
    message, _ = chain().step()
    found = open_thin(sealed, message, LIVE, held, officers)
    assert found.inside == opened.inside
    assert verify_release(found, washington().office)


def test_notes_that_were_read_are_named_by_their_numbers() -> None:
    """P9: forty notes that the author had read cost a few bytes, and come out as their IDs."""
    held = shelf()
    read = tuple(crypto.sha256(bytes([number])) for number in range(1, 41))
    held.notes = {note: (tehran().id, number) for number, note in enumerate(read, 1)}
    opened, bare = note_of("Yes.", "en", read=read), note_of("Yes.", "en")
    assert len(write_thin(opened, held, officers)) - len(write_thin(bare, held, officers)) < 10
    assert open_thin(sealed_thin(opened, held), chain().step()[0], LIVE, held, officers).words.read == read


def test_a_note_that_names_what_is_not_here_waits() -> None:
    """P12: early, not wrong."""
    held = shelf()
    read = tuple(crypto.sha256(bytes([number])) for number in range(1, 4))
    held.notes = {note: (tehran().id, number) for number, note in enumerate(read, 1)}
    sealed = sealed_thin(note_of("Yes.", "en", read=read), held)
    held.notes = {}
    with pytest.raises(NotNow):
        open_thin(sealed, chain().step()[0], LIVE, held, officers)


def test_a_note_that_names_a_number_which_its_reader_gave_twice_waits_and_accuses_nobody() -> None:
    """P1, P2: a reader whose vault went back holds another note under the number; nobody altered anything."""
    held = shelf()
    read, other = crypto.sha256(b"lost"), crypto.sha256(b"given again")
    held.notes = {each: (tehran().id, 1 + at) for at, each in enumerate((read, crypto.sha256(b"second")))}
    sealed = sealed_thin(note_of("Yes.", "en", read=tuple(held.notes)), held)
    held.notes = {each: place for each, place in held.notes.items() if each != read} | {
        other: (tehran().id, 1)
    }
    with pytest.raises(NotNow):
        open_thin(sealed, chain().step()[0], LIVE, held, officers)


@pytest.mark.parametrize("at", [0, 20, 60, -1])
def test_a_sealed_note_that_was_changed_does_not_open(at: int) -> None:
    """P1, P3."""
    held = shelf()
    sealed = sealed_thin(note_of(TEXTS["en"], "en"), held)
    changed = bytearray(sealed.ciphertext)
    changed[at] ^= 1
    with pytest.raises(Altered):
        open_thin(replace(sealed, ciphertext=bytes(changed)), chain().step()[0], LIVE, held, officers)


def test_readers_have_keys_of_one_sort() -> None:
    """P12: a sealed note that wraps a key for one and names a chain for another is none."""
    sealed = sealed_thin(note_of("Yes.", "en"), shelf())
    ordinary = seal_note(released(), (tehran().reader, making.bern().reader), seed("content key"))
    mixed = [ordinary.wraps[0], (ordinary.wraps[1][0], *sealed.wraps[0][1:])]
    with pytest.raises(Malformed, match="two sorts"):
        read_sealed(cbor.encode([1, sealed.header_raw, mixed, sealed.ciphertext]))


# --- cells ------------------------------------------------------------------------------------------------


def parts_of_a_line(held: Shelf) -> list[tuple[int, object]]:
    sealed = sealed_thin(note_of(TEXTS["fa"], "fa"), held)
    held.copies = [sealed.raw]
    carrying = entry(tehran(), cbor.encode([[int(Item.NOTE), sealed.raw]]))
    about = entry(
        tehran(),
        cbor.encode([[int(Item.ACT), sign(state(act(tehran()), LIVE), tehran().officer()).raw]]),
        number=2,
        previous=carrying.signed.id,
    )
    place = (seed("incarnation")[:16], 7, seed("entry"))
    receipt = Receipt(line=making.LINE, reader=tehran().id, entries=(place,), time=(NOW, 2), roster=1)
    head = Head(
        line=making.LINE,
        writer=tehran().id,
        mine=place,
        nonce=bytes(16),
        locked=True,
        time=(NOW, 0),
        roster=1,
    )
    return [
        (PART_ENTRY, carrying),
        (PART_ENTRY, about),
        (PART_RECEIPT, sign(state(receipt, LIVE), tehran().desk_seed)),
        (PART_HEAD, sign(state(head, LIVE), tehran().desk_seed)),
    ]


OFFICES = (washington().id, tehran().id)


@pytest.mark.parametrize("at", range(4))
def test_parts_come_out_as_they_were_signed(at: int) -> None:
    """P8: entries, receipts and heads are those of any line, so every verifier takes them as they are."""
    held = shelf()
    part = parts_of_a_line(held)[at]
    raw = write_parts([part], LIVE, making.LINE, OFFICES, held)
    assert len(raw) <= room(512)
    (found,) = read_parts(raw, LIVE, making.LINE, OFFICES, held)
    assert found == part
    signed = found[1].signed if isinstance(found[1], CarriedEntry) else found[1]
    assert not isinstance(signed, SealedNote)
    signed.verify()


def test_an_entry_whose_note_is_not_here_waits_for_it() -> None:
    """P12: early, not wrong."""
    held = shelf()
    raw = write_parts(parts_of_a_line(held)[:1], LIVE, making.LINE, OFFICES, held)
    held.copies = []
    with pytest.raises(NotNow):
        read_parts(raw, LIVE, making.LINE, OFFICES, held)


def test_a_cell_opens_by_the_key_of_its_number_alone() -> None:
    """P3."""
    before = begin(seed("line"), seed("line chain"))
    cell, after = pack_cell(b"what is said", 512, before, NONCE)
    assert cell_place(cell) == (seed("line chain")[:4], 0)
    assert open_cell(cell, before.step()[0]) == b"what is said"
    with pytest.raises(Altered):
        open_cell(cell, after.step()[0])


@given(st.integers(0, 511), st.integers(1, 255))
def test_no_bit_of_a_cell_can_be_changed(at: int, flip: int) -> None:
    """P3, P12: it is refused, and costs nothing else."""
    first = begin(seed("line"), seed("line chain"))
    cell, _ = pack_cell(b"what is said", 512, first, NONCE)
    changed = bytearray(cell)
    changed[at] ^= flip
    place: tuple[bytes, int] | None
    try:
        place = cell_place(bytes(changed))
    except Malformed:
        place = None
    assert place is None or place != cell_place(cell) or not _opens(bytes(changed), first.step()[0])


def _opens(cell: bytes, message: bytes) -> bool:
    try:
        open_cell(cell, message)
    except Altered:
        return False
    return True


def test_the_classes_differ_by_one_signature() -> None:
    assert CLASSES == (512, 576, 640, 704)
    with pytest.raises(Unfit):
        pack_cell(bytes(room(512) + 1), 512, chain(), NONCE)


# --- keys -------------------------------------------------------------------------------------------------


def test_only_its_readers_learn_the_secret_of_a_chain() -> None:
    """P3: X-Wing, bound to realm, scope, author, recipient and reader."""
    wrapped = wrap_secret(seed("s"), LIVE, making.LINE, washington().id, tehran().id, (tehran().reader,))
    keys = ThinKeys(
        scope=making.LINE,
        office=washington().id,
        recipient=tehran().id,
        roster=1,
        time=(NOW, 2),
        keys=wrapped,
    )
    seeds = {1: tehran().reading()}
    assert unwrap_secret(keys, LIVE, tehran().id, seeds) == seed("s")
    with pytest.raises(Foreign):
        unwrap_secret(keys, LIVE, making.bern().id, seeds)
    with pytest.raises(Foreign):
        unwrap_secret(keys, LIVE, tehran().id, {2: tehran().reading()})
    with pytest.raises(Altered):
        unwrap_secret(replace(keys, scope=seed("another line")), LIVE, tehran().id, seeds)


def test_a_key_opens_once_and_those_passed_over_are_kept_for_a_while() -> None:
    """P3: what was used is gone; P2: what was overtaken still opens."""
    sent, messages = chain(), []
    for _ in range(6):
        message, sent = sent.step()
        messages.append(message)
    end = Reading(chain())
    found, end = end.key_of(4)
    assert found == messages[4]
    assert set(end.skipped) == {0, 1, 2, 3}
    found, end = end.key_of(2)
    assert found == messages[2]
    for number in (2, 4):
        with pytest.raises(Foreign):
            end.key_of(number)


def test_what_a_reader_keeps_and_does_is_bounded() -> None:
    """P12: a number far ahead costs nothing, one within the bounds a bounded number of keys."""
    end = Reading(chain())
    with pytest.raises(Foreign):
        end.key_of(MAX_AHEAD)
    _, end = end.key_of(MAX_AHEAD - 1)
    assert len(end.skipped) == MAX_SKIPPED


def test_a_restored_copy_repeats_no_nonce_under_a_key() -> None:
    """P3: the same state once more, another nonce: both texts stay closed to whoever holds both cells."""
    one, _ = pack_cell(b"before the copy was put back", 512, chain(), bytes(12))
    two, _ = pack_cell(b"after it", 512, chain(), bytes([1]) * 12)
    assert one[:8] == two[:8]
    assert one[8:20] != two[8:20]
    mixed = bytes(x ^ y for x, y in zip(one[20:-28], two[20:-28], strict=True))
    plain = bytes(x ^ y for x, y in zip(b"before the copy", b"after it       ", strict=True))
    assert plain not in mixed


def test_officers_who_keep_keys_ask_for_a_thin_line() -> None:
    wish = ThinLine(line=making.LINE, office=washington().id, roster=1, time=(NOW, 2), wanted=True)
    assert verify_thin_line(
        sign(state(wish, LIVE), washington().officer()), making.LINE, washington().office
    ).wanted
    with pytest.raises(GoodOfficesError):
        verify_thin_line(sign(state(wish, LIVE), washington().desk_seed), making.LINE, washington().office)
    with pytest.raises(Foreign):
        verify_thin_line(sign(state(wish, LIVE), washington().officer()), seed("x"), washington().office)


# --- codecs -----------------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_every_text_comes_back(text: str) -> None:
    """P1."""
    assert thin_text.decode(thin_text.encode(text), len(text)) == text


@given(st.binary(max_size=60), st.integers(0, 100))
def test_a_text_has_one_code(code: bytes, letters: int) -> None:
    """P12: whatever is not what we would write is refused."""
    try:
        text = thin_text.decode(code, letters)
    except Malformed:
        return
    assert thin_text.encode(text) == code


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 2**53 - 1)
    | st.text(max_size=12)
    | st.binary(max_size=40)
    | st.binary(min_size=32, max_size=32)
    | st.binary(min_size=16, max_size=16),
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple) | st.dictionaries(st.integers(0, 200), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_every_value_comes_back(value: object) -> None:
    writer = Writer(Shelf(), LIVE, [])
    writer.put(value)
    assert Reader(bytes(writer.out), Shelf(), LIVE, []).get() == value


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_read_or_refused(raw: bytes) -> None:
    """P12: as a cell's inside, by somebody who holds the keys."""
    held = shelf()
    for read in (
        lambda: read_parts(raw, LIVE, making.LINE, OFFICES, held),
        lambda: open_thin(sealed_thin(note_of("Yes.", "en"), held), raw[:32].ljust(32), LIVE, held, officers),
    ):
        try:
            read()
        except GoodOfficesError:
            continue

# SPDX-License-Identifier: Apache-2.0
"""Words beside a note: graded translations and rewordings, never in its place (docs/format.md §6.5, ADR 0035).

    act         kind ACT, type TRANSLATION or REWORDING: the note, the grade, SHA-256 of what is inside, the seal
    inside      CBOR ["GO1 beside", salt, language, text, corrects or null, made with or null]
    seal        CBOR [[[reader, epoch, wrapped content key] ...], ciphertext]

An act like a remark, so it is chained, carried, kept and shown as one, also by desks that do not know the
type. Its words are for the note's readers alone, so they are sealed to these. The original is named by its
ID and never repeated: nothing here can stand where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from goodoffices.core import cbor, crypto
from goodoffices.core.act import HOME_LANE, MAX_SEAL, WORDS_OF_ITS_OWN, Act, ActType
from goodoffices.core.errors import Altered, Foreign, Malformed, OtherOfficeError, WrongSigner, YourError
from goodoffices.core.fields import ID, data, language, one_line, optional, row, text, uint
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import MAX_READERS, MAX_TEXT
from goodoffices.core.office import Office, Right, require_version
from goodoffices.core.statement import Signed

MARK = "GO1 beside"
MAX_INSIDE = 61_000
"""Bytes: a text of ``MAX_TEXT`` with what stands around it."""

MOST_BESIDE = 16
"""Translations and rewordings that one office may put beside one note; a page holds them all."""

BESIDE: frozenset[int] = frozenset({ActType.TRANSLATION, ActType.REWORDING})
"""Acts that are somebody's words beside a note."""


class Grade(IntEnum):
    """How far a translation can be relied on, as its makers state it."""

    MACHINE = 1
    """A programme's, as it came out. An officer signed that it goes out, not that it is right."""
    SIGHT = 2
    """Said off the page, for the first minutes."""
    ROUGH = 3
    """Written in haste."""
    OFFICIAL = 4
    """What the office stands by."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A translation's or rewording's words, and what its makers say of how they came about."""

    language: str
    text: str
    salt: bytes
    corrects: bytes | None = None
    """ID of the earlier act about the same note that this one takes over from."""
    made_with: str | None = None
    """The programme that had a part in it."""

    @property
    def inside(self) -> bytes:
        """What is hashed and sealed; raises YourError where it cannot be written."""
        content = [MARK, self.salt, self.language, self.text, self.corrects, self.made_with]
        try:
            raw = cbor.encode(content)
            _read(raw)
        except (OtherOfficeError, ValueError) as error:
            half = "It holds half a character."
            raise YourError(error.what if isinstance(error, OtherOfficeError) else half) from None
        return raw


def _read(raw: bytes) -> Beside:
    value: Any = cbor.decode(raw, max_size=MAX_INSIDE)
    if not isinstance(value, tuple) or len(value) != 6 or value[0] != MARK:
        raise Malformed("A seal that holds no words beside a note.")
    forms = (
        ("salt", ID),
        ("language", language),
        ("text", text(MAX_TEXT, minimum=1)),
        ("corrects", optional(ID)),
        ("made_with", optional(one_line(120))),
    )
    found: dict[str, Any] = {}
    for (name, form), item in zip(forms, value[1:], strict=True):
        try:
            found[name] = form(item)
        except ValueError as reason:
            raise Malformed(f"'{name}' of words beside a note is {reason}.") from None
    return Beside(**found)


def read_beside(inside: bytes, evidence: bytes | None) -> Beside:
    """The words of which an act states the hash; raises Altered where they are others."""
    if crypto.sha256(inside) != evidence:
        raise Altered("These are not the words that its makers signed.")
    return _read(inside)


# --- the seal -----------------------------------------------------------------------------------------


def _wrap_info(
    realm: bytes, mandate: bytes, author: bytes, reader: bytes, public: bytes, note: bytes, digest: bytes
) -> bytes:
    return cbor.encode(
        [MARK, crypto.SUITE, realm, mandate, author, reader, crypto.sha256(public), note, digest]
    )


def seal_beside(
    beside: Beside,
    readers: tuple[tuple[bytes, int, bytes], ...],
    content_key: bytes,
    *,
    realm: bytes,
    mandate: bytes,
    author: bytes,
    note: bytes,
) -> bytes:
    """Seal to readers given as (office ID, epoch, public key). ``content_key``: 32 fresh random bytes."""
    if not 1 <= len(readers) <= MAX_READERS or len({reader for reader, _, _ in readers}) != len(readers):
        raise ValueError("words are sealed to one to eight readers, each once")
    digest = crypto.sha256(beside.inside)
    wraps = [
        [
            reader,
            epoch,
            crypto.seal(
                public, content_key, _wrap_info(realm, mandate, author, reader, public, note, digest)
            ),
        ]
        for reader, epoch, public in sorted(readers)
    ]
    return cbor.encode([wraps, crypto.seal_once(content_key, beside.inside, MARK.encode() + digest)])


def _seal_of(act: Act) -> tuple[dict[bytes, tuple[int, bytes]], bytes]:
    value = cbor.decode(act.sealed or b"", max_size=MAX_SEAL)
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[0], tuple):
        raise Malformed("Words beside a note whose seal has the wrong form.")
    wraps, ciphertext = value
    form = row(ID, uint(2**32), data(32 + crypto.SEAL_OVERHEAD))
    try:
        readers = {reader: (epoch, wrapped) for reader, epoch, wrapped in map(form, wraps)}
    except ValueError:
        raise Malformed("Words beside a note whose readers have the wrong form.") from None
    if list(readers) != sorted(readers) or not 1 <= len(wraps) == len(readers) <= MAX_READERS:
        raise Malformed("Words beside a note whose readers are out of order, none or too many.")
    if not isinstance(ciphertext, bytes):
        raise Malformed("Words beside a note that hold no words.")
    return readers, ciphertext


def beside_readers(act: Act) -> tuple[bytes, ...]:
    """The offices that the words are sealed to; raises Malformed."""
    return tuple(_seal_of(act)[0])


def open_beside(act: Act, realm: bytes, reader: bytes, seeds: Mapping[int, bytes]) -> Beside:
    """Open the words of an act as ``reader`` with its reading seeds by epoch.

    Raises Foreign (not a reader, key no longer held), Malformed or Altered.
    """
    readers, ciphertext = _seal_of(act)
    if act.subject is None or act.evidence is None:
        raise Malformed("Words beside a note that name no note, or no hash of themselves.")
    if reader not in readers:
        raise Foreign("These words are not sealed to this office.", "Only their readers can open them.")
    epoch, wrapped = readers[reader]
    seed = seeds.get(epoch)
    if seed is None:
        raise Foreign("The key of that epoch is not held here any more.", "Ask their author for them again.")
    public = crypto.sealing_public(seed)
    info = _wrap_info(realm, act.mandate, act.author, reader, public, act.subject, act.evidence)
    content_key = crypto.unseal(seed, wrapped, info)
    inside = crypto.open_once(content_key, ciphertext, MARK.encode() + act.evidence)
    return read_beside(inside, act.evidence)


# --- who may ------------------------------------------------------------------------------------------


def words_need(act: Act, office: Office, mandate: Mandate) -> int:
    """How many officers of its author sign an act that adds words; 1 for any other act.

    An intermediary's by the mandate. A party's own translation, beside its own note, by the roster: they are
    words that it lets out. What stays at home takes one.
    """
    if act.type not in WORDS_OF_ITS_OWN or act.lane == HOME_LANE:
        return 1
    if act.type in BESIDE and mandate.is_party(office.id):
        return require_version(office, act.roster).releasers_needed
    return mandate.officers_to_add_words


def check_beside(signed: Signed, act: Act, office: Office, mandate: Mandate) -> None:
    """What holds for words beside a note, after ``check_signer``; raises Malformed or WrongSigner.

    A grade that is not known here is no fault; it is shown by its number.
    """
    if act.type not in BESIDE:
        return
    if act.subject is None or act.evidence is None:
        raise Malformed("Words beside a note that name no note, or no hash of themselves.")
    party = mandate.is_party(office.id)
    if act.type == ActType.REWORDING and party:
        raise WrongSigner("A rewording by a party: its other words are another note.")
    needed = Right.RELEASE if party and act.lane != HOME_LANE else Right.DUTY
    roster = require_version(office, act.roster)
    if not all(roster.rights(signer) & needed for signer in signed.signers):
        raise WrongSigner(f"Words beside a note signed by somebody without the right at {office.name}.")

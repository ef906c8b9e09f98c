# SPDX-License-Identifier: Apache-2.0
"""Everything that can be found wrong with a record: each kind by a short name, and the promise it breaks.

Two verifiers that share no code have to name the same things alike, so a kind is a name for programs
(docs/export.md §4 lists them), while *expected* and *found* are sentences for people. A name is never
reused for something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from goodoffices.core.errors import (
    Altered,
    Foreign,
    GoodOfficesError,
    NewerVersion,
    NotNow,
    OtherOfficeError,
    WrongSigner,
)
from goodoffices.core.office import Office
from goodoffices.core.statement import Signed


class Flaw(StrEnum):
    """What does not hold."""

    promise: int

    def __new__(cls, name: str, promise: int) -> Self:
        """One kind: its name for programs, and the number of the promise that it breaks."""
        flaw = str.__new__(cls, name)
        flaw._value_ = name
        flaw.promise = promise
        return flaw

    # The frame: which files there are.
    MANIFEST = "manifest", 8
    MANIFEST_SIGNER = "manifest-signer", 8
    NO_CREDENTIAL = "no-credential", 8
    MISSING = "missing", 8
    EXTRA = "extra", 8
    NO_PLAIN_FILE = "no-plain-file", 8
    UNREADABLE = "unreadable", 8
    LIST_LINE = "list-line", 8
    LIST_ORDER = "list-order", 8
    LIST_HASH = "list-hash", 8
    COUNT = "count", 8
    HASH = "hash", 8
    TOO_LARGE = "too-large", 12
    PLACE = "place", 8
    BELONGS_TO_NOTHING = "belongs-to-nothing", 8
    NO_TEXT = "no-text", 8
    TEXT = "text", 8

    # Each object for itself.
    CREDENTIAL = "credential", 1
    UNTRUSTED = "untrusted", 1
    MANDATE = "mandate", 1
    PAPER = "paper", 8
    PAIRING = "pairing", 8
    CONFIRMATION = "confirmation", 1
    ENTRY = "entry", 8
    BODY = "body", 8
    UNCONFIRMED = "unconfirmed", 1
    ITEM = "item", 8
    ITEM_SIGNER = "item-signer", 1
    RECEIPT = "receipt", 8
    OWN_ACT = "own-act", 1
    HEADER = "header", 1
    SEALED_FORM = "sealed-form", 8
    NOTE = "note", 1

    # How they stand together.
    FORK = "fork", 8
    ROSTER_WENT_BACK = "roster-went-back", 8
    OLDER_ROSTER = "older-roster", 10
    GAP = "gap", 2
    PREVIOUS = "previous", 8
    SEEN = "seen", 8
    SEEN_WENT_BACK = "seen-went-back", 8
    INCARNATION = "incarnation", 8
    OWN_GAP = "own-gap", 8
    RECEIPTED = "receipted", 8
    OWN_RECEIPT = "own-receipt", 8
    CHAINS = "chains", 8
    NUMBER = "number", 2
    ALTERED = "altered", 1
    OTHER_BYTES = "other-bytes", 1
    CLAIM = "claim", 9
    CHECKPOINT = "checkpoint", 8
    CHECKPOINT_CUT = "checkpoint-cut", 8
    CHECKPOINT_ROOT = "checkpoint-root", 8
    WITNESS = "witness", 8
    BRIEFING = "briefing", 8
    BRIEFING_TERMS = "briefing-terms", 4
    BRIEFING_PLACE = "briefing-place", 8
    BRIEFING_NOTE = "briefing-note", 1
    BRIEFING_REPORT = "briefing-report", 1


OBJECTS: dict[Flaw, str] = {
    Flaw.MANIFEST_SIGNER: "a manifest signed by the exporting office's desk, by its roster",
    Flaw.CREDENTIAL: "an office's credential, every roster signed by its root",
    Flaw.MANDATE: "a mandate signed by its offices, with the rosters that it pins",
    Flaw.PAIRING: "the pairing statement of one of the exporting office's lines",
    Flaw.CONFIRMATION: "a confirmation of this line by a keeper of keys of one of its ends",
    Flaw.ENTRY: "an entry of this line, signed by its writer's desk, with the body that it commits to",
    Flaw.BODY: "an entry whose body is a list of items, or one line test or chat alone",
    Flaw.RECEIPT: "a receipt on this line, signed by the reader's desk",
    Flaw.OWN_ACT: "an act of the exporting office, signed by somebody who may do that",
    Flaw.CHECKPOINT: "a checkpoint of this line, signed and cosigned by its two offices' checkpoint keys",
    Flaw.NOTE: "the author's words under the signatures of officers who may release",
}
"""What was expected where one signed object does not hold for itself."""


class Cause(StrEnum):
    """What happened to it, in a word: several kinds of finding have one cause, and one kind may have several."""

    ALTERED = "altered"
    MISSING = "missing"
    EXTRA = "extra"
    MISPLACED = "misplaced"
    UNREADABLE = "unreadable"
    MALFORMED = "malformed"
    NEWER = "newer version"
    REORDERED = "reordered"
    FORKED = "forked"
    REPLAYED = "replayed from elsewhere"
    WRONG_SIGNER = "wrong signer"
    NO_RIGHT = "signed without the right"
    REVOKED_KEY = "revoked or replaced key"
    OLD_ROSTER = "older roster"
    CONTRADICTION = "contradicts itself"
    NOT_AGREED = "not agreed"
    UNTRUSTED = "not trusted"


SIGNER_CAUSES = frozenset({Cause.WRONG_SIGNER, Cause.NO_RIGHT, Cause.REVOKED_KEY})

_CAUSES: dict[Cause, tuple[Flaw, ...]] = {
    Cause.ALTERED: (
        Flaw.LIST_HASH,
        Flaw.COUNT,
        Flaw.HASH,
        Flaw.TEXT,
        Flaw.HEADER,
        Flaw.SEALED_FORM,
        Flaw.ALTERED,
        Flaw.OTHER_BYTES,
    ),
    Cause.MISSING: (
        Flaw.NO_CREDENTIAL,
        Flaw.MISSING,
        Flaw.NO_TEXT,
        Flaw.GAP,
        Flaw.SEEN,
        Flaw.INCARNATION,
        Flaw.OWN_GAP,
        Flaw.RECEIPTED,
        Flaw.CHAINS,
        Flaw.CHECKPOINT_CUT,
    ),
    Cause.EXTRA: (Flaw.EXTRA, Flaw.BELONGS_TO_NOTHING, Flaw.PAPER),
    Cause.MISPLACED: (Flaw.PLACE,),
    Cause.UNREADABLE: (Flaw.NO_PLAIN_FILE, Flaw.UNREADABLE),
    Cause.REORDERED: (Flaw.PREVIOUS, Flaw.LIST_ORDER),
    Cause.FORKED: (Flaw.FORK, Flaw.NUMBER),
    Cause.WRONG_SIGNER: (Flaw.MANIFEST_SIGNER, Flaw.OWN_RECEIPT, Flaw.WITNESS),
    Cause.OLD_ROSTER: (Flaw.ROSTER_WENT_BACK, Flaw.OLDER_ROSTER),
    Cause.CONTRADICTION: (Flaw.SEEN_WENT_BACK, Flaw.CLAIM, Flaw.CHECKPOINT_ROOT),
    Cause.NOT_AGREED: (Flaw.UNCONFIRMED, Flaw.BRIEFING_TERMS),
    Cause.UNTRUSTED: (Flaw.UNTRUSTED,),
}
_CAUSE_OF = {flaw: cause for cause, flaws in _CAUSES.items() for flaw in flaws}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold: where, of which kind, what was expected and what was found.

    ``why``: its cause, where the kind alone does not tell it. ``beside``: other places that it is about.
    """

    where: str
    flaw: Flaw
    expected: str
    found: str
    why: Cause | None = None
    beside: tuple[str, ...] = ()

    @property
    def promise(self) -> int:
        """The number of the promise that it breaks."""
        return self.flaw.promise

    @property
    def cause(self) -> Cause:
        """What happened to it."""
        return self.why or _CAUSE_OF.get(self.flaw, Cause.MALFORMED)


class Found(OtherOfficeError):
    """Raised while one object is examined: a fault whose cause its class alone would not tell."""

    def __init__(self, cause: Cause, what: str) -> None:
        super().__init__(what)
        self.cause = cause


_ERRORS: tuple[tuple[type[GoodOfficesError], Cause], ...] = (
    (Altered, Cause.ALTERED),
    (NewerVersion, Cause.NEWER),
    (WrongSigner, Cause.WRONG_SIGNER),
    (Foreign, Cause.REPLAYED),
    (NotNow, Cause.MISSING),
)


def cause_of(error: GoodOfficesError) -> Cause:
    """The cause of an error that examining an object raised."""
    if isinstance(error, Found):
        return error.cause
    return next((cause for kind, cause in _ERRORS if isinstance(error, kind)), Cause.MALFORMED)


def signer_cause(signed: Signed, office: Office | None, version: int) -> Cause:
    """Which of the three it is: no valid signature, a key of another time, a signer without the right.

    Asked once an object was refused; ``version`` is the roster by which it says that it was signed.
    """
    roster = office.roster_at(version) if office is not None else None
    try:
        signed.verify()
    except WrongSigner:
        return Cause.WRONG_SIGNER
    if office is None or roster is None:
        return Cause.WRONG_SIGNER
    then = {roster.desk, *(public for _, public, _ in roster.officers)}
    ever = {
        public
        for each in office.rosters
        for public in (each.desk, *(key for _, key, _ in each.officers), *(key for key, _, _ in each.revoked))
    }
    strangers = set(signed.signers) - then
    if strangers & ever:
        return Cause.REVOKED_KEY
    return Cause.WRONG_SIGNER if strangers else Cause.NO_RIGHT

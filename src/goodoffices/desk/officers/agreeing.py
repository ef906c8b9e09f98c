# SPDX-License-Identifier: Apache-2.0
"""Mandates: proposing, signing, introducing offices, comparing check digits.

Rights are checked here, against the roster, however the request came in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from goodoffices.core import digits
from goodoffices.core.act import (
    CHANNEL_LANE,
    ActType,
)
from goodoffices.core.codebook import CodeBook
from goodoffices.core.errors import DigitsDiffer, Malformed, NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.fields import plain_name
from goodoffices.core.forms import NoteForm
from goodoffices.core.mandate import (
    DEFAULT_CLOCKS,
    Agreement,
    Disclosure,
    Forwarding,
    Mandate,
    PaperOffice,
    Reading,
    RecordUse,
    Role,
    check,
)
from goodoffices.core.office import Right
from goodoffices.core.statement import Signed, add_signature, sign, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.forms.library import Library
from goodoffices.desk.officers.acting import Acting


def has_ended(agreement: Agreement, now: int) -> bool:
    """Whether a mandate's end has passed."""
    return agreement.mandate.ends is not None and now >= agreement.mandate.ends


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms of a mandate to propose. Clocks in milliseconds by precedence."""

    name: str
    path: tuple[bytes, ...]
    reading: int = Reading.OPEN
    forwarding: int = Forwarding.BY_HAND
    clocks: dict[int, int] = field(default_factory=lambda: {int(k): v for k, v in DEFAULT_CLOCKS.items()})
    languages: tuple[str, ...] = ("en",)
    disclosure: int = Disclosure.ONLY_WITH_CONSENT
    record_use: int = RecordUse.NOT_OUTSIDE
    acknowledgements: tuple[int, ...] = (
        ActType.OPENED,
        ActType.WITH_PRINCIPAL,
        ActType.ACKNOWLEDGED,
    )
    ends: int | None = None
    officers_to_add_words: int = 1
    labels: dict[int, str] | None = None
    purpose: str | None = None
    predecessor: bytes | None = None
    paper_name: str | None = None
    """Name of a party without a desk, which then stands at the path's end (P14)."""
    paper_consent: str | None = None
    """How that party gave its consent; this office's officer attests it."""
    flash_budget: tuple[int, int] | None = None
    """How many FLASH notes each office may release, within how many milliseconds."""
    wordings: tuple[bytes, ...] = ()
    """IDs of the forms and code books that are agreed on."""


class Agreeing(Acting):
    """What keepers of keys do."""

    def propose(self, officer: Officer, terms: Terms, now: int) -> bytes:
        """Make a mandate over offices whose credentials are here, sign it, send it along the path."""
        self.require(officer, Right.KEYS)
        for each in (terms.name, *(terms.labels or {}).values()):
            plain_name(each)
        me = self.context.me
        if me not in terms.path:
            raise YourError("The path does not run through this office.")
        if terms.ends is not None and terms.ends <= now:
            raise YourError("The mandate would end before it begins.", "Choose a later end, or none.")
        paper = self._on_paper(officer, terms, now) if terms.paper_name else None
        offices, last = [], len(terms.path) - (0 if paper else 1)
        for at, office_id in enumerate(terms.path):
            office = self.ledger.office(office_id)
            if office is None:
                raise NotFound(
                    "An office of the path is not known here.", "Pair with it, or have it introduced."
                )
            role = Role.PARTY if at in (0, last) else Role.INTERMEDIARY
            offices.append((int(role), office_id, office.pin, False))
        if paper is not None:
            offices.append((int(Role.PARTY), paper.id, paper.id, True))
        agreed = self._agreed(terms)
        mandate = Mandate(
            name=terms.name,
            offices=tuple(offices),
            reading=terms.reading,
            forwarding=terms.forwarding,
            clocks=terms.clocks,
            languages=terms.languages,
            disclosure=terms.disclosure,
            record_use=terms.record_use,
            acknowledgements=tuple(int(each) for each in terms.acknowledgements),
            ends=terms.ends,
            predecessor=terms.predecessor,
            officers_to_add_words=terms.officers_to_add_words,
            labels=terms.labels,
            made=now,
            salt=self.context.rng(32),
            purpose=terms.purpose,
            flash_budget=terms.flash_budget,
            forms=tuple(each.raw for each in agreed if isinstance(each, NoteForm)) or None,
            codes=tuple(each.raw for each in agreed if isinstance(each, CodeBook)) or None,
        )
        try:
            check(mandate)
        except Malformed as error:
            raise YourError(error.what, "Correct the terms, then propose them again.") from None
        for neighbour in mandate.neighbours(me):
            if not mandate.on_paper(neighbour) and self.ledger.line_to(neighbour) is None:
                raise NotNow(
                    "A neighbour on the path has no open line with this office.", "Pair with it first."
                )
        signed = sign(state(mandate, self.context.keys.realm), officer.seed)
        with self.context.transaction():
            agreement = self.channels.keep_mandate(
                signed, (paper.raw,) if paper is not None else (), now, came_from=None
            )
            self.ledger.audit(now, officer.name, f"proposed the mandate {terms.name}", AuditKind.OFFICE)
            self.lines.flush_all(now)
        return agreement.id

    def _agreed(self, terms: Terms) -> list[NoteForm | CodeBook]:
        """The forms and code books that a mandate would hold, each worded in all of its languages."""
        library, found = Library(self.context), []
        for each in dict.fromkeys(terms.wordings):
            agreed = library.one(each).agreed
            called = agreed.code if isinstance(agreed, NoteForm) else agreed.word
            missing = [tongue for tongue in terms.languages if tongue not in agreed.languages]
            if missing:
                raise YourError(
                    f"{called} has no wording in {', '.join(missing)}, a language of this mandate.",
                    "Leave it out, or add that wording to its file.",
                )
            found.append(agreed)
        return found

    def _on_paper(self, officer: Officer, terms: Terms, now: int) -> Signed:
        """The attestation of a party without a desk, by the intermediary at its side."""
        if terms.path[-1] != self.context.me or terms.path[0] == self.context.me:
            raise YourError(
                "A party on paper is entered by the intermediary at its side.",
                "Let the path end with this office.",
            )
        if terms.reading != Reading.OPEN or terms.forwarding != Forwarding.BY_HAND:
            raise YourError(
                "Notes to a party on paper are read and handed over by people: open, and by hand.",
                "Choose both.",
            )
        if not (terms.paper_consent or "").strip():
            raise YourError("How the party on paper gave its consent is attested.", "Write it down.")
        attestation = PaperOffice(
            name=(terms.paper_name or "").strip(),
            attested_by=self.context.me,
            roster=self.context.my_office().roster.version,
            consent=(terms.paper_consent or "").strip(),
            made=now,
            salt=self.context.rng(32),
        )
        return sign(state(attestation, self.context.keys.realm), officer.seed)

    def sign_mandate(self, officer: Officer, mandate_id: bytes, now: int) -> None:
        """Add this office's signature to a proposed mandate."""
        self.require(officer, Right.KEYS)
        agreement = self.ledger.agreement(mandate_id)
        if has_ended(agreement, now):
            raise NotNow("This mandate has ended: a signature would bind to nothing.", "Propose another.")
        with self.context.transaction():
            signed = add_signature(agreement.signed, officer.seed)
            self.channels.keep_mandate(signed, self.ledger.papers_of(mandate_id), now, came_from=None)
            self.ledger.audit(now, officer.name, "signed a mandate", AuditKind.OFFICE)
            self.lines.flush_all(now)

    def set_aside(self, officer: Officer, mandate_id: bytes, aside: bool, now: int) -> None:
        """Put a mandate that is not in force out of the way at this office, or take it up again. Nobody is told.

        Signatures stay what they are: once every office has signed, it is in force, and stands among the others.
        """
        self.require(officer, Right.KEYS)
        agreement = self.ledger.agreement(mandate_id)
        if aside and agreement.complete and not has_ended(agreement, now):
            raise NotNow("This mandate is in force.", "Agree with the other offices on one that follows it.")
        with self.context.transaction():
            self.ledger.set_mandate_aside(mandate_id, aside)
            what = "set aside the mandate" if aside else "took up again the mandate"
            self.ledger.audit(now, officer.name, f"{what} {agreement.mandate.name}", AuditKind.OFFICE)

    def introduce(self, officer: Officer, office_id: bytes, line_id: bytes, now: int) -> None:
        """Hand a known office's credential to the peer of a line, so that it can stand in a mandate."""
        self.require(officer, Right.KEYS)
        office = self.ledger.office(office_id)
        if office is None:
            raise NotFound("An office that is not known here cannot be introduced.")
        with self.context.transaction():
            self.channels.owe_credential(self.ledger.line(line_id).id, office)
            self.ledger.audit(now, officer.name, f"introduced {office.name}", AuditKind.OFFICE)
            self.lines.flush_all(now)

    def spoken_digits(self, agreement: Agreement) -> tuple[str, str]:
        """(half to read aloud, half to hear) of a mandate's 60 digits, seen from a party."""
        half = digits.MANDATE // 2
        halves = agreement.digits[:half], agreement.digits[half:]
        return halves if self.context.me == agreement.mandate.parties[0] else (halves[1], halves[0])

    def compare_mandate(self, officer: Officer, mandate_id: bytes, heard: str, now: int) -> None:
        """A party's officer types what the other party read aloud; if it fits, that is a signed act."""
        self.require(officer, Right.KEYS)
        agreement = self._in_force(mandate_id, now)
        mandate = agreement.mandate
        if not mandate.is_party(self.context.me):
            raise NotAllowed(
                "The parties compare the mandate's digits; the intermediary cannot do it for them."
            )
        if not digits.heard(heard, *self.spoken_digits(agreement)):
            raise DigitsDiffer(
                "The digits do not fit: misheard, mistyped, or the intermediary showed each side another mandate.",
                "Have them read once more. If they still differ, send nothing and tell your superior.",
            )
        if self.compared(agreement, self.context.me):
            return
        with self.context.transaction():
            self.channels.do(
                agreement,
                ActType.COMPARED,
                now,
                recipient=mandate.far_party(self.context.me),
                lane=CHANNEL_LANE,
                officer=officer,
            )
            self.lines.flush_all(now)

    def thin_line(self, officer: Officer, line_id: bytes, wanted: bool, now: int) -> None:
        """State that this office wants a line thin, or no more: it is thin while both offices do."""
        self.require(officer, Right.KEYS)
        with self.context.transaction():
            self.channels.thin.change(officer, self.ledger.line(line_id), wanted, now)
            self.lines.flush_all(now)

    def allow_relay_inside(self, officer: Officer, host: str, now: int) -> None:
        """A relay that a counterpart named lies inside this office's own network, and that is right (ADR 0053)."""
        self.require(officer, Right.KEYS)
        if not self.ledger.guarded(host):
            return
        with self.context.transaction():
            self.ledger.allow_inside(host)
            what = f"allowed the relay {host} inside the own network"
            self.ledger.audit(now, officer.name, what, AuditKind.OFFICE)

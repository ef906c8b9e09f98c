# SPDX-License-Identifier: Apache-2.0
"""What officers do through the pages: each POST is one use case of the desk, and says where to go next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.mandate import Disclosure, Mandate, Precedence
from goodoffices.core.note import MAX_TEXT, Authority, Words
from goodoffices.desk.clearance.drafting import Typed
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.forms.filling import require_filled
from goodoffices.desk.incidents.sharing import Extracts
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.officers.glossary import Glossary
from goodoffices.desk.officers.writing import require_ahead
from goodoffices.desk.views.agreed import agreed_view, reports_of
from goodoffices.web import by_form
from goodoffices.web.forms import Form, identifier, listed, once
from goodoffices.web.pages import Ask, Done, Page
from goodoffices.web.security import lane_purpose
from goodoffices.web.showing import write

# --- writing ------------------------------------------------------------------------------------------


def words_of(form: Form, mandate: Mandate, extracts: Extracts, now: int) -> Words:
    """The words that a form asks to release. ``extracts``: of which some may be attached."""
    language = (form.word("language") or (mandate.languages[0] if form.word("form") else "en"))[:35]
    agreed = by_form.written(form, mandate, language, now) or {}
    text = agreed.pop("text", None) or form.long_text("text")
    if not text.strip():
        raise YourError("A note needs words.", "Write the text, then release it.")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_TEXT:
        raise YourError(
            f"The text has {size} bytes; a note's text has at most {MAX_TEXT}.",
            "Shorten it, or send it as two notes. It is kept below.",
        )
    chosen = (identifier(each, "reports") for each in listed(form.text("reports")))
    reports = tuple(extracts.leaving(each).raw for each in chosen)
    authority = form.number("authority", int(Authority.NOT_STATED))
    if authority not in {int(each) for each in Authority}:
        raise YourError("There is no such authority.", "Choose one of the list.")
    return Words(
        text=text,
        language=language,
        authority=authority,
        reply_by=form.time("reply_by"),
        in_reply_to=form.identifier("in_reply_to"),
        replaces=form.identifier("replaces"),
        withdraws=form.identifier("withdraws"),
        reason=(form.word("reason") or None),
        confidential=form.flag("confidential"),
        rewords=form.identifier("rewords"),
        reports=reports,
        **agreed,
    )


def draft_of(ask: Ask) -> Draft:
    """The draft that a form asks to release."""
    form = ask.form
    to = form.identifier("to")
    if to is None:
        raise NotFound(
            "To whom the note goes is chosen before it is written.", "Choose a lane of the channel."
        )
    ask.require_bound(lane_purpose(ask.id("mandate"), to))
    precedence = form.number("precedence", 1)
    if precedence not in (1, 2, 3, 4):
        raise YourError("There is no such urgency.", "Choose one of the list.")
    if len((form.word("reason") or "").encode()) > 500:
        raise YourError("The reason for the urgency is longer than 500 bytes.", "Shorten it.")
    # A person at the write page is asked for it always; a program is held to what the mandate says.
    if precedence == Precedence.FLASH and not form.word("reason") and "newlines" in form.fields:
        raise YourError("A FLASH note states why it is one.", "Write the reason, or choose less urgency.")
    _check_consent(ask)
    return Draft(
        mandate=ask.id("mandate"),
        recipient=to,
        words=words_of(form, ask.views.terms(ask.id("mandate")), Extracts(ask.desk.context), ask.now),
        precedence=precedence,
        valid_until=form.time("valid_until"),
        once=once(form, ask.who.officer),
    )


def _check_consent(ask: Ask) -> None:
    """What a party told the intermediary alone goes on in other words only as the mandate has it."""
    if ask.form.identifier("rewords") is None or ask.form.flag("consent"):
        return
    if ask.desk.ledger.agreement(ask.id("mandate")).mandate.disclosure == Disclosure.ONLY_WITH_CONSENT:
        raise YourError(
            "By this mandate the party that told you has to agree before you tell of it.",
            "Ask it, and say in the form that it agreed.",
        )


async def confirm(ask: Ask) -> Page | Done:
    """Show once more to whom, through whom and as what the note goes. Nothing is done yet.

    Whoever went back after a release is led to the note that went out; other words are a new note.
    """
    draft = draft_of(ask)
    if (done := _released(ask, draft)) is not None:
        return done
    if ask.desk.acts.released_by(draft) is not None:
        ask.form = Form({**ask.form.fields, "once": ask.desk.context.rng(16).hex()})
    require_ahead(draft, ask.now)
    page = await write(ask)
    if page.data.why_not:
        raise NotNow(page.data.why_not)
    if not page.data.may_release:
        raise NotAllowed("You do not hold the right 'release' here.", "Save it as a draft for a releaser.")
    advice = Glossary(ask.desk.context).advise(draft.words.text)
    mandate = ask.desk.ledger.agreement(draft.mandate).mandate
    require_filled(draft.words, mandate, ask.now)
    more = {"draft": draft, "advice": advice, "agreed": agreed_view(draft.words, mandate)}
    more["reports"] = reports_of(draft.words)
    more["hidden"] = by_form.kept_names(ask.form)
    more["thin_left"] = ask.desk.acts.thin_left(draft, ask.now)
    return Page("confirm.html", page.here, page.data, {**page.more, **more})


async def write_again(ask: Ask) -> Page:
    """Back from the confirm page: the write page with everything that was typed."""
    return await write(ask)


async def release(ask: Ask) -> Done:
    """Release: once, however often the form is sent. Where several must sign, this is the first of them."""
    draft = draft_of(ask)
    if (done := _released(ask, draft)) is not None:
        return done
    officer = ask.who.officer
    of, beside = ask.form.identifier("draft"), ask.form.identifier("beside")
    if of is None and beside is None and ask.desk.acts.releasers_needed == 1:
        note_id = ask.service.act(lambda desk, now: desk.acts.release(officer, draft, now))
        typed = Typed(draft.once, ask.form.number("kept"))
        ask.service.act(
            lambda desk, _: desk.clearing.forget_unfinished(
                officer, draft.mandate, draft.recipient, None, typed
            )
        )
        return Done(f"/notes/{note_id.hex()}", note_id)
    base, began = ask.form.number("base"), ask.form.number("kept")
    draft_id, version = ask.service.act(
        lambda desk, now: desk.clearing.save(
            officer, draft, now, of=of, base=base, beside=beside, began=began
        )
    )
    note_id = ask.service.act(lambda desk, now: desk.clearing.put_up(officer, draft_id, version, now))
    return released_or_waiting(ask, draft_id, note_id)


def _released(ask: Ask, draft: Draft) -> Done | None:
    """The note that this page has released already, in these very words."""
    note_id, same = ask.desk.acts.released_by(draft) or (b"", False)
    return Done(f"/notes/{note_id.hex()}", note_id, again=True) if same else None


def released_or_waiting(ask: Ask, draft_id: bytes, note_id: bytes) -> Done:
    """To the note, if it went out; else to the draft, where the other releasers sign."""
    if ask.desk.ledger.note(note_id) is not None:
        return Done(f"/notes/{note_id.hex()}", note_id)
    return Done(f"/drafts/{draft_id.hex()}", note_id)


# --- about a note -------------------------------------------------------------------------------------


def _about(ask: Ask, operation: Callable[[Desk, Officer, bytes, int], Any]) -> Done:
    note_id, officer = ask.id("note"), ask.who.officer
    ask.service.act(lambda desk, now: operation(desk, officer, note_id, now))
    return Done(f"/notes/{note_id.hex()}", note_id)


async def take(ask: Ask) -> Done:
    """See what there is to see, before forwarding."""
    return _about(ask, lambda desk, officer, note, now: desk.acts.take(officer, note, now))


async def forward(ask: Ask) -> Done:
    """Pass on verbatim, in one act."""
    remark = ask.form.long_text("remark").strip()
    if len(remark.encode()) > 8000:
        raise YourError("A covering remark has at most 8,000 bytes.", "Shorten it.")
    although = ask.form.flag("although_expired")
    return _about(
        ask,
        lambda desk, officer, note, now: desk.acts.forward(
            officer, note, now, remark=remark, although_expired=although
        ),
    )


def _reason(ask: Ask) -> str:
    reason = ask.form.long_text("reason")
    if len(reason.encode()) > 8000:
        raise YourError("A reason has at most 8,000 bytes.", "Shorten it.")
    return reason


async def refuse(ask: Ask) -> Done:
    """Refuse to forward; the author reads the reason."""
    reason = _reason(ask)
    return _about(ask, lambda desk, officer, note, now: desk.acts.refuse(officer, note, reason, now))


async def hand_back(ask: Ask) -> Done:
    """Return with a question; the author may have it forwarded after all."""
    reason = _reason(ask)
    return _about(
        ask, lambda desk, officer, note, now: desk.acts.refuse(officer, note, reason, now, returned=True)
    )


async def open_note(ask: Ask) -> Done:
    """Open a note addressed to this office."""
    return _about(ask, lambda desk, officer, note, now: desk.acts.open(officer, note, now))


async def with_principal(ask: Ask) -> Done:
    """The note is with the principal."""
    return _about(ask, lambda desk, officer, note, now: desk.acts.with_principal(officer, note, now))


async def acknowledge(ask: Ask) -> Done:
    """Acknowledge in one of the agreed kinds."""
    kind = ask.form.number("kind", 0) or 0
    return _about(ask, lambda desk, officer, note, now: desk.acts.acknowledge(officer, note, kind, now))


async def withdraw(ask: Ask) -> Done:
    """Take a note back."""
    return _about(ask, lambda desk, officer, note, now: desk.acts.withdraw(officer, note, now))


# --- lines and offices --------------------------------------------------------------------------------


async def confirm_line(ask: Ask) -> Done:
    """The other office's half of the pairing digits, as it was heard."""
    line, officer, heard = ask.id("line"), ask.who.officer, ask.form.text("digits")
    ask.service.act(lambda desk, now: desk.confirm(officer, line, heard, now))
    return Done("/lines", line)


async def confirm_roster(ask: Ask) -> Done:
    """The digits of a roster that waits were heard: it counts from now on."""
    line, heard, officer = ask.id("line"), ask.form.text("roster"), ask.who.officer
    ask.service.act(lambda desk, now: desk.rosters.confirm_waiting(officer, line, heard, now))
    return Done("/lines", line)


async def set_zone(ask: Ask) -> Done:
    """By which clocks another office lives."""
    officer, office, zone = ask.who.officer, ask.form.identifier("office"), ask.form.word("zone") or ""
    if office is None:
        raise NotFound("There is no such office here.", "Choose one of the list.")
    ask.service.act(lambda desk, now: desk.enter_zone(officer, office, zone, now))
    return Done("/lines")


async def introduce(ask: Ask) -> Done:
    """Hand a known office's credential to the peer of a line."""
    line, officer, office = ask.id("line"), ask.who.officer, ask.form.identifier("office")
    if office is None:
        raise YourError("Which office is introduced is not said.", "Choose one of the list.")
    ask.service.act(lambda desk, now: desk.acts.introduce(officer, office, line, now))
    return Done("/lines", line)


async def case_clock(ask: Ask) -> Done:
    """Milliseconds from real time to the case's time; only in a drill."""
    offset = ask.form.number("offset")
    if offset is not None and abs(offset) > 10**13:
        raise YourError("That offset lies outside every calendar.", "Give milliseconds.")
    ask.service.set_case_offset(offset)
    return Done("/")

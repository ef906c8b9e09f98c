# SPDX-License-Identifier: Apache-2.0
"""Drafts through the pages: saved, held side by side, cleared, refused, commented on, put up and signed."""

from __future__ import annotations

from goodoffices.core.errors import LacksRight, NotFound, NotNow, OtherOfficeError, YourError
from goodoffices.core.mandate import Precedence
from goodoffices.desk.clearance.drafting import Typed
from goodoffices.desk.officers.glossary import Glossary
from goodoffices.desk.views.agreed import AgreedView, agreed_view, reports_of
from goodoffices.desk.views.draft import DraftPage
from goodoffices.web.by_form import kept_names
from goodoffices.web.diff import changes
from goodoffices.web.doing import draft_of, released_or_waiting
from goodoffices.web.forms import once
from goodoffices.web.pages import Ask, Done, Page
from goodoffices.web.showing import asked_number

KEPT = (
    "text", "precedence", "authority", "language", "valid_until", "reply_by", "reason", "confidential",
    "in_reply_to", "replaces", "withdraws", "rewords", "consent", "base", "newlines",
)  # fmt: skip
"""Fields of the write page that are kept while somebody types."""


async def drafts(ask: Ask) -> Page:
    """Every open draft."""
    here, page = ask.views.drafts(ask.who.officer, ask.now)
    return Page("drafts.html", here, page)


async def draft(ask: Ask) -> Page:
    """One draft: its text, what was said of it, what is up for release."""
    here, page = ask.views.draft(
        ask.who.officer, ask.id("draft"), ask.now, version=asked_number(ask, "version")
    )
    changed = changes(page.changed.before, page.changed.after) if page.changed is not None else ()
    return Page(
        "draft.html",
        here,
        page,
        {"changes": changed, "agreed": _agreed(ask, page), "reports": reports_of(page.draft.words)},
    )


def _agreed(ask: Ask, page: DraftPage) -> AgreedView | None:
    """What a draft by a form says in every agreed language; nothing where the mandate lists it no more."""
    try:
        return agreed_view(page.draft.words, ask.views.terms(page.card.mandate))
    except OtherOfficeError:
        return None


async def put_up_page(ask: Ask) -> Page:
    """The releaser reads once more, confirms the urgency, and signs first."""
    here, page = ask.views.draft(ask.who.officer, ask.id("draft"), ask.now)
    if not page.may_release:
        raise LacksRight("You do not hold the right 'release' here.")
    if page.up is not None:
        raise NotNow("It is up for release already.", "Sign it on the draft's page.")
    advice = Glossary(ask.desk.context).advise(page.draft.words.text)
    more = {
        "advice": advice,
        "agreed": _agreed(ask, page),
        "reports": reports_of(page.draft.words),
        "thin_left": ask.desk.acts.thin_left(page.draft, ask.now),
    }
    return Page("put_up.html", here, page, more)


async def save(ask: Ask) -> Done:
    """Save what was typed: a new draft, a new version, or an option beside another draft."""
    draft, officer = draft_of(ask), ask.who.officer
    of, beside, base = ask.form.identifier("draft"), ask.form.identifier("beside"), ask.form.number("base")
    began = ask.form.number("kept")
    draft_id, _ = ask.service.act(
        lambda desk, now: desk.clearing.save(
            officer, draft, now, of=of, base=base, beside=beside, began=began
        )
    )
    return Done(f"/drafts/{draft_id.hex()}", draft_id)


async def keep(ask: Ask) -> Done:
    """Keep what is being typed, for this officer alone."""
    officer, mandate, to = ask.who.officer, ask.id("mandate"), ask.form.identifier("to")
    if to is None:
        raise NotFound("To whom the note goes is chosen before it is written.")
    of = ask.form.identifier("draft")
    fields = {name: ask.form.text(name) for name in (*KEPT, *kept_names(ask.form)) if ask.form.text(name)}
    typed = Typed(once(ask.form, officer), ask.form.number("kept"))
    ask.service.act(
        lambda desk, now: desk.clearing.keep_unfinished(officer, mandate, to, of, fields, now, typed)
    )
    return Done(_write_page(mandate, to, of))


async def throw_away(ask: Ask) -> Done:
    """Forget what was being typed."""
    officer, mandate, to = ask.who.officer, ask.id("mandate"), ask.form.identifier("to")
    if to is None:
        raise NotFound("To whom the note goes is chosen before it is written.")
    of = ask.form.identifier("draft")
    ask.service.act(lambda desk, _: desk.clearing.forget_unfinished(officer, mandate, to, of))
    return Done(_write_page(mandate, to, of))


def _write_page(mandate: bytes, to: bytes, of: bytes | None) -> str:
    return f"/channels/{mandate.hex()}/write?to={to.hex()}" + (f"&draft={of.hex()}" if of else "")


async def judge(ask: Ask) -> Done:
    """Clear, refuse or comment on the version that was read."""
    draft_id, officer = ask.id("draft"), ask.who.officer
    version, verdict = ask.form.number("version"), ask.form.number("verdict", 0) or 0
    if version is None:
        raise YourError("Which version is meant is not said.", "Use the draft's own page.")
    words = ask.form.long_text("words")
    ask.service.act(lambda desk, now: desk.clearing.judge(officer, draft_id, version, verdict, words, now))
    return Done(f"/drafts/{draft_id.hex()}", draft_id)


async def set_aside(ask: Ask) -> Done:
    """Set a draft aside."""
    draft_id, officer = ask.id("draft"), ask.who.officer
    ask.service.act(lambda desk, now: desk.clearing.drop(officer, draft_id, now))
    return Done("/drafts", draft_id)


async def put_up(ask: Ask) -> Done:
    """Draw the note up and sign it first."""
    draft_id, officer, form = ask.id("draft"), ask.who.officer, ask.form
    version, precedence = form.number("version"), form.number("precedence")
    if version is None or precedence not in (1, 2, 3, 4):
        raise YourError("The version and its urgency are confirmed.", "Use the draft's own page.")
    reason = form.word("reason") or ""
    if len(reason.encode()) > 500:
        raise YourError("The reason for the urgency is longer than 500 bytes.", "Shorten it.")
    if precedence == Precedence.FLASH and not reason:
        raise YourError("A FLASH note states why it is one.", "Write the reason, or choose less urgency.")
    although = form.flag("although_refused")
    note_id = ask.service.act(
        lambda desk, now: desk.clearing.put_up(
            officer, draft_id, version, now, precedence=precedence, reason=reason, although_refused=although
        )
    )
    return released_or_waiting(ask, draft_id, note_id)


async def sign(ask: Ask) -> Done:
    """Sign the very note that was read; with enough signatures it goes out."""
    draft_id, officer, note_id = ask.id("draft"), ask.who.officer, ask.form.identifier("note")
    if note_id is None:
        raise YourError("Which note is signed is not said.", "Use the draft's own page.")
    ask.service.act(lambda desk, now: desk.clearing.sign_release(officer, draft_id, note_id, now))
    return released_or_waiting(ask, draft_id, note_id)


async def call_back(ask: Ask) -> Done:
    """Take down what waits for signatures."""
    draft_id, officer = ask.id("draft"), ask.who.officer
    ask.service.act(lambda desk, now: desk.clearing.call_back(officer, draft_id, now))
    return Done(f"/drafts/{draft_id.hex()}", draft_id)

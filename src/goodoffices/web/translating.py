# SPDX-License-Identifier: Apache-2.0
"""Translations and rewordings through the pages: written beside the original, read once more, signed.

The original stands first and whole on each of these pages. Nothing that is written here can be sent beside
another note than the one it was written for.
"""

from __future__ import annotations

from goodoffices.core.beside import Grade
from goodoffices.core.errors import NotFound, NotNow, YourError
from goodoffices.core.office import Right
from goodoffices.desk.officers.beside import BesideDraft
from goodoffices.desk.officers.glossary import Glossary
from goodoffices.desk.views.beside import BesidePage, OpenBesideCard, newest_own
from goodoffices.web import showing
from goodoffices.web.diff import Change, changes
from goodoffices.web.forms import Form
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.security import bound

ADDS = Right.DUTY | Right.RELEASE
"""Of an intermediary and of a reader who may pass on, of an author who may release; the desk says which."""
REWORDING = "rewording"
NEWEST, NONE = "newest", "none"
"""What a form says of the earlier one that is corrected, where it names none."""


def _purpose(note: bytes) -> str:
    return f"beside {note.hex()}"


async def page(ask: Ask) -> Page:
    """The original, and beside it the form; after a refusal with everything that was typed."""
    note = ask.id("note")
    here, data = ask.views.beside(ask.who.officer, note, ask.now)
    wrong = _wrong(ask, data)
    if wrong is not None and not ask.form.fields:
        ask.form = Form(_fields(wrong))
    more = {
        "wrong": wrong,
        "bound": bound(ask.who, _purpose(note)),
        "machine": ask.service.machine.name,
        "draft": None,
        "advice": (),
        "changed": (),
        "before": None,
    }
    return Page("beside.html", here, data, more)


def _wrong(ask: Ask, data: BesidePage) -> OpenBesideCard | None:
    """What waits for another officer and is to be changed, by the form or the address."""
    asked = ask.form.word("instead") or ask.request.query_params.get("change") or ""
    return next((each for each in data.view.waiting if each.act.hex() == asked), None)


def _fields(waiting: OpenBesideCard) -> dict[str, str]:
    """What waits, as the form holds it."""
    return {
        "text": waiting.text,
        "grade": REWORDING if waiting.grade is None else str(waiting.grade),
        "language": waiting.language,
        "made_with": waiting.made_with or "",
        "corrects": waiting.corrects.hex() if waiting.corrects is not None else NONE,
        "instead": waiting.act.hex(),
    }


def _draft(ask: Ask) -> BesideDraft:
    form = ask.form
    ask.require_bound(_purpose(ask.id("note")))
    grade: int | None = None
    if form.word("grade") != REWORDING:
        grade = form.number("grade")
        if grade is None:
            raise YourError("How far it can be relied on is not said.", "Choose a grade.")
    language = (form.word("language") or "")[:35]
    return BesideDraft(
        text=form.long_text("text"),
        language=language,
        grade=grade,
        corrects=_corrects(ask, language, grade),
        made_with=" ".join(form.text("made_with").split())[:120] or None,
    )


def _corrects(ask: Ask, language: str, grade: int | None) -> bytes | None:
    """The earlier one that gives way: one that is named, or the newest that this one can take over from."""
    word = ask.form.word("corrects")
    if word == NONE:
        return None
    if word != NEWEST:
        return ask.form.identifier("corrects")
    _, data = ask.views.beside(ask.who.officer, ask.id("note"), ask.now)
    return newest_own(data.view.cards, ask.desk.me, language, grade)


async def look(ask: Ask) -> Page:
    """Show once more what would be signed, with what the glossary says of it. Nothing is done yet."""
    draft = _draft(ask)
    shown = await page(ask)
    ask.desk.acts.check_besides(ask.who.officer, ask.id("note"), draft)
    advice = Glossary(ask.desk.context).advise(draft.text)
    before = next((each for each in shown.data.view.cards if each.act == draft.corrects), None)
    changed: tuple[Change, ...] = ()
    wrong = shown.more["wrong"]
    if wrong is not None and wrong.language == draft.language:
        changed = changes(wrong.text, draft.text)
    elif before is not None and before.text is not None and before.language == draft.language:
        changed = changes(before.text, draft.text)
    return Page(
        shown.template,
        shown.here,
        shown.data,
        {**shown.more, "draft": draft, "advice": advice, "changed": changed, "before": before},
    )


async def again(ask: Ask) -> Page:
    """Back to the form with everything that was typed."""
    ask.require_bound(_purpose(ask.id("note")))
    if chosen := ask.form.word("chosen"):
        ask.form = Form({**ask.form.fields, "corrects": chosen})  # in another language it may be another one
    return await page(ask)


async def put(ask: Ask) -> Done:
    """Sign it; where several must, this is the first of them. Sent twice it is one."""
    note, officer, draft = ask.id("note"), ask.who.officer, _draft(ask)
    instead = ask.form.identifier("instead")
    made, stands = ask.service.act(
        lambda desk, now: desk.acts.put_beside(officer, note, draft, now, instead=instead)
    )
    return Done(f"/notes/{note.hex()}#beside", made, {"stands": stands})


async def sign(ask: Ask) -> Done:
    """One more officer signs what he has read."""
    note, officer, act = ask.id("note"), ask.who.officer, ask.form.identifier("act")
    if act is None:
        raise NotFound("What is to be signed is not named.", "Look at the note again.")
    stands = ask.service.act(lambda desk, now: desk.acts.sign_beside(officer, act, now))
    return Done(f"/notes/{note.hex()}#beside", act, {"stands": stands})


async def drop(ask: Ask) -> Done:
    """What waited is not added."""
    note, officer, act = ask.id("note"), ask.who.officer, ask.form.identifier("act")
    if act is None:
        raise NotFound("What is to be dropped is not named.", "Look at the note again.")
    ask.service.act(lambda desk, now: desk.acts.drop_beside(officer, act, now))
    return Done(f"/notes/{note.hex()}#beside")


async def by_machine(ask: Ask) -> Page:
    """Fill the form with what the programme on this machine makes of the note. Nothing is signed."""
    note = ask.id("note")
    ask.require_bound(_purpose(note))
    _, data = ask.views.beside(ask.who.officer, note, ask.now)
    if data.view.why_not is not None:
        raise NotNow(data.view.why_not)
    to = ask.form.word("language") or ""
    text = await ask.service.machine.translate(data.text, data.language, to)
    filled = {
        "text": text,
        "language": to,
        "grade": str(int(Grade.MACHINE)),
        "made_with": ask.service.machine.name,
    }
    ask.form = Form({**ask.form.fields, **filled})
    return await page(ask)


ROUTES = (
    Route("/notes/{note}/beside", page, needs=ADDS),
    Route("/notes/{note}/beside/look", look, "POST", back=page, needs=ADDS),
    Route("/notes/{note}/beside/again", again, "POST", back=page, needs=ADDS),
    Route("/notes/{note}/beside/machine", by_machine, "POST", back=page, needs=ADDS),
    Route("/notes/{note}/beside", put, "POST", back=page, needs=ADDS),
    Route("/notes/{note}/beside/sign", sign, "POST", back=showing.note, needs=ADDS),
    Route("/notes/{note}/beside/drop", drop, "POST", back=showing.note, needs=ADDS),
)

# SPDX-License-Identifier: Apache-2.0
"""A briefing put together on a page: which parts, for whom, under which mark (ADR 0020); and consent to it."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from goodoffices.core.briefing import Sharing
from goodoffices.core.consent import Question
from goodoffices.core.errors import YourError
from goodoffices.core.office import Right
from goodoffices.core.record.layout import slug
from goodoffices.desk.briefing import Chosen, in_lanes
from goodoffices.desk.briefing_beside import make_with_papers
from goodoffices.desk.consent import answer
from goodoffices.desk.consent import ask as ask_for
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.agreed import let_out
from goodoffices.desk.views.briefing import briefing_page
from goodoffices.desk.views.chronicle import own_papers
from goodoffices.desk.views.consent import consent_page
from goodoffices.web.chronicle import query
from goodoffices.web.forms import Form, identifier
from goodoffices.web.keeping import archived, scratch_place
from goodoffices.web.pages import Ask, Done, File, Page, Route
from goodoffices.web.rights import READ
from goodoffices.web.showing import asked_number

_PART = re.compile(r"([0-9a-f]{64}):([0-9]{1,4})")
_ID = re.compile(r"[0-9a-f]{64}")
MOST_PICKED = 100
"""Things that come ticked from the chronicle."""


async def choose(ask: Ask) -> Page:
    """The channel's notes, field by field and paragraph by paragraph, and the acts about them.

    Come from the chronicle, those that were ticked there, ticked here too.
    """
    here, mandate = ask.views.here(ask.who.officer, ask.now), ask.id("mandate")
    agreement = ask.views.agreement(mandate)
    from_chronicle = ask.request.method == "GET"
    form = query(ask)
    notes, acts, own = (_ids(form, name) for name in ("note", "act", "own"))
    rows = [ask.desk.ledger.act(each) for each in acts]
    about = [row.subject for row in rows if row is not None and row.subject is not None]
    page = briefing_page(ask.desk, mandate, asked_number(ask, "before"), [*notes, *about])
    # A report that was let out of its file goes signed, and not as what is not proved.
    here_too = {each.id for each in page.extracts}
    out = {paper: each for paper, each in let_out(ask.desk.context, own).items() if each in here_too}
    own = [each for each in own if each not in out]
    if from_chronicle and (notes or acts or out):
        ticked = [
            f"{each.id.hex()}:{part.at}" for each in page.notes if each.id in notes for part in each.parts
        ]
        ask.form = Form(
            {
                "parts": ",".join(ticked),
                "acts": ",".join(each.hex() for each in acts),
                "reports": ",".join(each.hex() for each in out.values()),
            }
        )
    more = {
        "picked": (*notes, *dict.fromkeys(about)),
        "own": own_papers(ask.desk, agreement, own) if own else (),
    }
    return Page("briefing.html", here, page, more)


def _ids(form: Form, name: str) -> list[bytes]:
    words = [each for each in form.text(name).split(",") if each]
    if len(words) > MOST_PICKED or not all(map(_ID.fullmatch, words)):
        raise YourError("What was chosen cannot be read.", "Choose it on the page again.")
    return [bytes.fromhex(each) for each in words]


def _chosen(ask: Ask) -> Chosen:
    form = ask.form
    notes: dict[bytes, tuple[int, ...]] = {}
    for found in map(_PART.fullmatch, filter(None, form.text("parts").split(","))):
        if found is None:
            raise YourError("What was chosen cannot be read.", "Choose it on the page again.")
        note = bytes.fromhex(found[1])
        notes[note] = (*notes.get(note, ()), int(found[2]))
    acts = [each for each in form.text("acts").split(",") if each]
    if not all(map(_ID.fullmatch, acts)):
        raise YourError("What was chosen cannot be read.", "Choose it on the page again.")
    reports = tuple(identifier(each, "reports") for each in form.text("reports").split(",") if each)
    if not notes and not acts and not reports:
        raise YourError(
            "Nothing was chosen to be shown.", "Tick at least one part of a note, one act or one report."
        )
    recipient = form.word("recipient")
    if recipient is None:
        raise YourError("It is not said for whom the briefing is.", "Name the third party.")
    mark = form.number("mark")
    if mark not in {int(each) for each in Sharing}:
        raise YourError("No sharing mark was chosen.", "Say who may pass the briefing on.")
    return Chosen(
        ask.id("mandate"),
        recipient,
        Sharing(mark),
        dict(notes),
        tuple(map(bytes.fromhex, acts)),
        form.word("purpose"),
        form.word("consent"),
        form.flag("along"),
        reports,
    )


async def make(ask: Ask) -> File:
    """The briefing, as an archive of its two files. It is an act of the office, kept in its record.

    What goes without proof stands in a file of its own outside the briefing's folder, and says so.
    """
    officer, chosen, own = ask.who.officer, _chosen(ask), _ids(ask.form, "own")
    name = f"briefing-for-{slug(chosen.recipient)}"
    with tempfile.TemporaryDirectory(prefix="goodoffices-briefing-", dir=scratch_place()) as scratch:
        folder = Path(scratch) / name
        ask.service.act(lambda desk, now: make_with_papers(desk, officer, chosen, own, folder, now))
        return File(f"{name}.zip", archived(folder), "application/zip")


async def consent(ask: Ask) -> Page:
    """What was asked of whom, and answered."""
    here = ask.views.here(ask.who.officer, ask.now)
    return Page("consent.html", here, consent_page(ask.desk, ask.id("mandate")))


async def ask_consent(ask: Ask) -> Done:
    """Ask the other offices of each lane for their consent to what was ticked."""
    officer, chosen = ask.who.officer, _chosen(ask)
    if not chosen.notes and not chosen.acts:
        raise YourError(
            "Nothing was chosen that takes the consent of others.", "Tick parts of notes, or acts about them."
        )

    def asked(desk: Desk, now: int) -> None:
        for lane, notes in in_lanes(desk, chosen).items():
            question = Question(chosen.recipient, chosen.mark, notes, chosen.purpose)
            ask_for(desk, officer, chosen.mandate, lane, question, now)

    ask.service.act(asked)
    return Done(f"/channels/{chosen.mandate.hex()}/consent")


async def answer_consent(ask: Ask) -> Done:
    """Consent, or refuse it."""
    officer, question, given = ask.who.officer, ask.id("question"), ask.form.number("given")
    if given not in (0, 1):
        raise YourError("It is not said whether this office consents.", "Press one of the two buttons.")
    words = ask.form.word("words")
    ask.service.act(lambda desk, now: answer(desk, officer, question, bool(given), words, now))
    return Done(f"/channels/{ask.id('mandate').hex()}/consent")


ROUTES = (
    Route("/channels/{mandate}/consent", consent, needs=READ),
    Route("/channels/{mandate}/consent", ask_consent, "POST", back=choose, needs=Right.RELEASE),
    Route(
        "/channels/{mandate}/consent/{question}", answer_consent, "POST", back=consent, needs=Right.RELEASE
    ),
    Route("/channels/{mandate}/briefing", choose, needs=Right.RELEASE),
    Route("/channels/{mandate}/briefing", make, "POST", back=choose, needs=Right.RELEASE),
)

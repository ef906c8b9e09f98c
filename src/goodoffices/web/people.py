# SPDX-License-Identifier: Apache-2.0
"""Officers coming and going, on the page of the keeper of keys (ADR 0022, ADR 0025).

Locking out counts at once. Everything else is a request that is carried to the root, signed there, and
brought back as a file.
"""

from __future__ import annotations

from goodoffices.core.errors import Malformed, NotFound, YourError
from goodoffices.core.office import Right
from goodoffices.core.record.layout import slug
from goodoffices.core.roster_request import changes
from goodoffices.core.statement import read_signed
from goodoffices.desk.asking import AuditKind
from goodoffices.web.pages import Ask, Done, File, Page, Route

MAX_REASON = 200


async def officers(ask: Ask) -> Page:
    """Everybody who has or had keys here, what is asked of the root, and what can be asked."""
    here = ask.views.here(ask.who.officer, ask.now)
    rosters = ask.desk.rosters
    request, roster = rosters.request(), ask.desk.context.my_office().roster
    people = [
        {
            "name": each.name,
            "pseudonym": each.pseudonym,
            "rights": _names(each.rights),
            "planned": _names(each.planned),
            "locked_out": each.locked_out,
            "sessions": len(ask.site.sessions.named(each.name)),
            "token": each.token,
            "passkeys": len(ask.service.passkeys.of(each.name)),
            "me": each.name == ask.who.officer.name,
        }
        for each in ask.service.people()
    ]
    data = {
        "people": people,
        "version": roster.version,
        "releasers": roster.releasers_needed,
        "asked": list(changes(roster, request.roster)) if request is not None else [],
        "asked_version": request.roster.version if request is not None else None,
        "rights": [(right.name or "").lower() for right in Right],
    }
    return Page("officers.html", here, data)


def _names(rights: Right) -> list[str]:
    return [(each.name or "").lower() for each in Right if each in rights]


def _rights(ask: Ask) -> Right:
    rights = Right(0)
    for each in Right:
        if ask.form.flag(f"right_{(each.name or '').lower()}"):
            rights |= each
    if not rights:
        raise YourError("An officer without any right can do nothing here.", "Tick what he may do.")
    return rights


def _name(ask: Ask) -> str:
    name = ask.form.word("name")
    if name is None or len(name) > MAX_REASON:
        raise YourError("Which officer is meant is not said.", "Give his name at this desk.")
    return name


async def add(ask: Ask) -> Done:
    """Keys for a new officer, and the request for his place in the roster."""
    name, pseudonym, rights = _name(ask), ask.form.word("pseudonym") or "", _rights(ask)
    passphrase = ask.form.text("passphrase")
    if passphrase != ask.form.text("again"):
        raise YourError("The two passphrases differ.", "Type the same one twice.")
    ask.service.add_officer(ask.who.officer, name, passphrase, pseudonym, rights)
    return Done("/officers")


async def lock_out(ask: Ask) -> Done:
    """Out at once: his keys here are destroyed, his sessions end; the roster follows."""
    reason = (ask.form.word("reason") or "")[:MAX_REASON]
    ask.service.lock_out(ask.who.officer, _name(ask), reason)
    return Done("/officers")


async def end_sessions(ask: Ask) -> Done:
    """An officer left a page open somewhere: his sessions end; he may sign in again."""
    name, keeper = _name(ask), ask.who.officer.name
    for each in ask.site.sessions.named(name):
        ask.site.sessions.end(each, f"ended by {keeper}, who keeps the keys")
    return Done("/officers")


async def releasers(ask: Ask) -> Done:
    """Ask for another number of officers who must release."""
    officer, needed = ask.who.officer, ask.form.number("releasers")
    if needed is None or not 1 <= needed <= 16:
        raise YourError("One to sixteen officers release a note.", "Correct the number.")
    ask.service.act(lambda desk, now: desk.rosters.need(officer, needed, now))
    return Done("/officers")


async def drop_passkeys(ask: Ask) -> Done:
    """An officer lost his passkeys: he signs in by passphrase alone, and makes new ones."""
    name, keeper = _name(ask), ask.who.officer.name
    for each in ask.service.passkeys.of(name):
        ask.service.passkeys.remove(name, each.id)
    what = f"removed the passkeys of {name}"
    ask.service.act(lambda desk, now: desk.note_down(keeper, what, AuditKind.OFFICE, now))
    return Done("/officers")


async def request(ask: Ask) -> File:
    """What is carried to the root."""
    asked = ask.desk.rosters.request()
    if asked is None:
        raise NotFound("Nothing is asked of the root.")
    name = f"{slug(ask.service.office_name)}-roster-{asked.roster.version}.request"
    return File(name, asked.raw, "application/octet-stream")


async def install(ask: Ask) -> Done:
    """The roster that the root signed comes into force; whom it does not list is signed out."""
    raw = await ask.files[0].read() if ask.files else b""
    if not raw:
        raise YourError("No file was chosen.", "Choose the roster that the root signed.")
    try:
        ask.service.install_roster(read_signed(raw))
    except Malformed:
        raise YourError(
            "This file is not a signed roster.", "Choose what goodoffices office sign-roster wrote."
        ) from None
    return Done("/officers")


ROUTES = (
    Route("/officers", officers, needs=Right.KEYS),
    Route("/officers/request", request, needs=Right.KEYS),
    Route("/officers/add", add, "POST", back=officers, needs=Right.KEYS),
    Route("/officers/lock-out", lock_out, "POST", back=officers, needs=Right.KEYS),
    Route("/officers/sign-out", end_sessions, "POST", back=officers, needs=Right.KEYS),
    Route("/officers/releasers", releasers, "POST", back=officers, needs=Right.KEYS),
    Route("/officers/passkeys", drop_passkeys, "POST", back=officers, needs=Right.KEYS),
    Route("/officers/install", install, "POST", back=officers, needs=Right.KEYS, files=1),
)

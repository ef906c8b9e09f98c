# SPDX-License-Identifier: Apache-2.0
"""The watch: the page that rings, taking what rings, the roster and the addresses outside.

The page that rings works without a sign-in in a browser that an officer made a *bell*: it is told how many
alarms ring, and nothing else.
"""

from __future__ import annotations

import re

from goodoffices.core.errors import NotAllowed, YourError
from goodoffices.core.office import Right
from goodoffices.desk.alarms.alarms import Ringing
from goodoffices.desk.alarms.page import handover_page, roster_page, watch_page
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.watch.plan import DAY, MAX_LEVELS, Watch
from goodoffices.web import beside
from goodoffices.web.forms import Form, label_of
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.rights import ANYBODY

MAX_PAGE = 64


def ringer(ask: Ask) -> str:
    """Whose page it is: the officer's who is signed in, else the bell's."""
    if ask.session is not None:
        return ask.session.officer.name
    if ask.bell is None:
        raise NotAllowed("Nobody is signed in.", "Sign in first.")
    return ask.bell


async def watch(ask: Ask) -> Page:
    """What rings. Without a sign-in: how many, and nothing else."""
    alarms, moment = ask.service.ringing.alarms, ask.service.ringing.moment()
    if ask.session is None:
        return Page("watch.html", None, alarms.ringing(ringer(ask), moment), {"signed_in": False})
    officer = ask.session.officer
    here = ask.views.here(officer, ask.now)
    page = watch_page(alarms, officer.name, moment)
    return Page("watch.html", here, page, {"signed_in": True})


async def beat(ask: Ask) -> Page:
    """A page says that it is there and whether its sound is on; it is told what to do."""
    page = ask.form.text("page")
    if not re.fullmatch(r"[0-9a-f]{1,64}", page):
        raise YourError("A page says which it is by up to 64 hexadecimal digits.", "Load it again.")
    moment = ask.service.ringing.moment()
    told: Ringing = ask.service.ringing.alarms.beat(
        page, ringer(ask), armed=ask.form.flag("armed"), moment=moment
    )
    return Page("watch.html", None, told, {"signed_in": False})


async def make_bell(ask: Ask) -> Done:
    """This browser may ring from now on, signed in or not."""
    token = ask.desk.context.rng(32).hex()
    ask.service.ringing.alarms.watch.add_bell(token, ask.who.officer.name, ask.now)
    return Done("/watch", bell=token)


async def drop_bells(ask: Ask) -> Done:
    """None of this officer's browsers rings any more without a sign-in."""
    ask.service.ringing.alarms.watch.drop_bells(ask.who.officer.name)
    return Done("/watch")


async def take(ask: Ask) -> Done:
    """Take an alarm; where it is about a note, go to it."""
    alarms, moment = ask.service.ringing.alarms, ask.service.ringing.moment()
    officer, key = ask.who.officer, ask.form.text("key")
    taken = ask.service.act(lambda desk, now: alarms.take(officer, key, moment))
    ask.service.act(lambda desk, now: alarms.book.save())
    if taken.subject is not None:
        return Done(f"/notes/{taken.subject.hex()}")
    return Done("/lines" if taken.what == "line" else "/watch")


# --- handing over ---------------------------------------------------------------------------------------


async def handover(ask: Ask) -> Page:
    """What is open, who leaves, who comes."""
    ringing, officer = ask.service.ringing, ask.who.officer
    here = ask.views.here(officer, ask.now)
    names = {each.public: each.name for each in ask.service.people() if each.public is not None}
    return Page("handover.html", here, handover_page(ringing.alarms, officer, ringing.moment(), names))


async def offer_watch(ask: Ask) -> Done:
    """The one who leaves signs the list of what is open."""
    ringing, officer, words = ask.service.ringing, ask.who.officer, ask.form.long_text("words").strip()
    coming = ask.form.identifier("coming")
    if coming is None:
        raise YourError("Who comes is not said.", "Choose one of the list.")
    things = ringing.alarms.open_things(ringing.moment())
    made = ask.service.act(
        lambda desk, now: ringing.alarms.handovers.offer(officer, coming, things, words, now)
    )
    return Done("/watch/handover", made)


def _asked_handover(ask: Ask) -> bytes:
    asked = ask.form.identifier("handover")
    if asked is None:
        raise YourError("Which handover is meant is not said.", "Use the desk's own pages.")
    return asked


async def take_over(ask: Ask) -> Done:
    """The one who comes signs the same list."""
    asked, officer, handovers = _asked_handover(ask), ask.who.officer, ask.service.ringing.alarms.handovers
    ask.service.act(lambda desk, now: handovers.take_over(officer, asked, now))
    return Done("/watch/handover", asked)


async def call_back(ask: Ask) -> Done:
    """The watch stays where it is."""
    asked, officer, handovers = _asked_handover(ask), ask.who.officer, ask.service.ringing.alarms.handovers
    ask.service.act(lambda desk, now: handovers.call_back(officer, asked, now))
    return Done("/watch/handover")


# --- the roster -----------------------------------------------------------------------------------------


async def roster(ask: Ask) -> Page:
    """The roster of watches."""
    ringing = ask.service.ringing
    here = ask.views.here(ask.who.officer, ask.now)
    return Page("watch_roster.html", here, roster_page(ringing.alarms, ringing.moment()))


def _note_down(ask: Ask, what: str) -> None:
    officer = ask.who.officer
    ask.service.act(lambda desk, now: desk.note_down(officer.name, what, AuditKind.OFFICE, now))


def _minutes(form: Form, name: str) -> int:
    word = form.word(name) or ""
    found = re.fullmatch(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", word)
    if found is None:
        field_label = "Until" if name == "ends" else label_of(name)
        raise YourError(f"The field '{field_label}' takes a time of the day.", "Write it as 22:00.")
    return (int(found[1]) * 60 + int(found[2])) % DAY


def _levels(form: Form, officers: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    levels = []
    for number in range(1, MAX_LEVELS + 1):
        names = tuple(each for each in form.text(f"level{number}").split(",") if each)
        if names:
            levels.append(names)
    if unknown := [name for level in levels for name in level if name not in officers]:
        raise YourError(f"{unknown[0][:80]} may not sign in at this desk.", "Choose one of the list.")
    return tuple(levels)


async def add_watch(ask: Ask) -> Done:
    """Put a watch into the roster."""
    form, alarms = ask.form, ask.service.ringing.alarms
    date = form.word("date") or ""
    days = (
        0
        if date
        else sum(1 << int(each) for each in set(form.text("days").split(",")) if each in set("0123456"))
    )
    made = Watch(
        form.word("name") or "",
        days,
        _minutes(form, "starts"),
        _minutes(form, "ends"),
        _levels(form, alarms.everybody()),
        date=date,
    )
    _note_down(ask, f"put the watch {made.name[:80]} into the roster")
    alarms.watch.add_watch(made)
    return Done("/watch/roster")


async def drop_watch(ask: Ask) -> Done:
    """Take a watch out of the roster."""
    _note_down(ask, "took a watch out of the roster")
    ask.service.ringing.alarms.watch.drop_watch(ask.form.number("id", 0) or 0)
    return Done("/watch/roster")


async def settings(ask: Ask) -> Done:
    """The office's zone, and its sentence for outside."""
    _note_down(ask, "changed the zone or the sentence of the watch")
    watch_book = ask.service.ringing.alarms.watch
    watch_book.set_zone(ask.form.word("zone") or "")
    watch_book.set_text(ask.form.text("text"))
    return Done("/watch/roster")


async def add_address(ask: Ask) -> Done:
    """Where an officer, or the office, is called outside."""
    alarms, form = ask.service.ringing.alarms, ask.form
    officer = form.word("officer")
    if officer is not None and officer not in alarms.everybody():
        raise YourError(f"{officer[:80]} may not sign in at this desk.", "Choose one of the list.")
    _note_down(ask, f"added an address for {officer or 'the office'}")
    alarms.watch.add_address(officer, form.text("label"), form.text("url"))
    return Done("/watch/roster")


async def drop_address(ask: Ask) -> Done:
    """An address is called no more."""
    _note_down(ask, "took an address out")
    ask.service.ringing.alarms.watch.drop_address(ask.form.number("id", 0) or 0)
    return Done("/watch/roster")


async def try_address(ask: Ask) -> Done:
    """Call an address once, as an alarm would; how it went is shown when it is known."""
    _note_down(ask, "tried an address")
    alarms, number = ask.service.ringing.alarms, ask.form.number("id", 0)
    found = [each for each in alarms.watch.addresses() if each.id == number]
    alarms.caller.tell(found, alarms.watch.text.replace("{steps}", "0"))
    return Done("/watch/roster")


KEEP = Right.DUTY | Right.KEYS
"""Who changes the roster of watches."""

ROUTES = (
    Route("/watch", watch, bell=True, needs=ANYBODY),
    Route("/watch/beat", beat, "POST", bell=True, needs=ANYBODY),
    Route("/watch/bell", make_bell, "POST", back=watch, needs=ANYBODY),
    Route("/watch/no-bell", drop_bells, "POST", back=watch, needs=ANYBODY),
    Route("/watch/take", take, "POST", back=watch, needs=Right.DUTY),
    Route("/watch/handover", handover, needs=ANYBODY),
    Route("/watch/handover", offer_watch, "POST", back=handover, needs=Right.DUTY),
    Route("/watch/handover/sign", take_over, "POST", back=handover, needs=Right.DUTY),
    Route("/watch/handover/call-back", call_back, "POST", back=handover, needs=Right.DUTY),
    Route("/watch/roster", roster, needs=ANYBODY),
    Route("/watch/roster/add", add_watch, "POST", back=roster, needs=KEEP),
    Route("/watch/roster/drop", drop_watch, "POST", back=roster, needs=KEEP),
    Route("/watch/settings", settings, "POST", back=roster, needs=KEEP),
    Route("/watch/address/add", add_address, "POST", back=roster, needs=Right.KEYS),
    Route("/watch/address/drop", drop_address, "POST", back=roster, needs=Right.KEYS),
    Route("/watch/address/try", try_address, "POST", back=roster, needs=KEEP),
    *beside.ROUTES,
)

# SPDX-License-Identifier: Apache-2.0
"""The line status, line tests and service chat as pages. None of them can send a note, and no note page these."""

from __future__ import annotations

from goodoffices.core.errors import YourError
from goodoffices.core.office import Right
from goodoffices.web import picturing, sheets
from goodoffices.web.forms import once
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.rights import ANYBODY, CHAT
from goodoffices.web.security import bound

NOTE_FIELDS = ("text", "to", "precedence", "authority")


async def status(ask: Ask) -> Page:
    """What every silence means."""
    here, page = ask.views.status(ask.who.officer, ask.now, ask.service.relays())
    return Page("status.html", here, page)


async def chat(ask: Ask) -> Page:
    """The service chat of a line."""
    line = ask.id("line")
    here, page = ask.views.chat(ask.who.officer, line, ask.now)
    token = ask.form.word("once") or ask.desk.context.rng(16).hex()
    return Page("chat.html", here, page, {"once": token, "bound": bound(ask.who, _purpose(line))})


def _purpose(line: bytes) -> str:
    return f"service chat {line.hex()}"


async def test(ask: Ask) -> Done:
    """Call on a line now: the other desk answers by itself, or a person there is asked for."""
    line, officer = ask.id("line"), ask.who.officer
    person = ask.form.text("kind") == "person"
    ask.service.act(lambda desk, now: desk.service_traffic.call_now(officer, line, now, person=person))
    return Done("/status", line)


async def answer(ask: Ask) -> Done:
    """A person is here: answered by hand."""
    line, officer = ask.id("line"), ask.who.officer
    try:
        nonce = bytes.fromhex(ask.form.text("nonce"))
    except ValueError:
        nonce = b""
    ask.service.act(lambda desk, now: desk.service_traffic.answer(officer, line, nonce, now))
    return Done("/status", line)


async def say(ask: Ask) -> Done:
    """A line of chat. What was drafted as a note, or for another line, does not get in here."""
    line, officer = ask.id("line"), ask.who.officer
    if any(ask.form.text(name) for name in NOTE_FIELDS):
        raise YourError("This was written as a note; service chat does not take it.", "Nothing was sent.")
    ask.require_bound(_purpose(line))
    words, token = ask.form.long_text("chat_words"), once(ask.form, officer)
    ask.service.act(lambda desk, now: desk.service_traffic.say(officer, line, words, now, token))
    return Done(f"/status/{line.hex()}/chat", line)


async def erase(ask: Ask) -> Done:
    """Erase this desk's copy of a line's chat."""
    line, officer = ask.id("line"), ask.who.officer
    ask.service.act(lambda desk, now: desk.service_traffic.erase_chat(officer, line, now))
    return Done(f"/status/{line.hex()}/chat", line)


ROUTES = (
    Route("/status", status, needs=ANYBODY),
    Route("/status/{line}/chat", chat, needs=CHAT),
    Route("/status/{line}/test", test, "POST", back=status, needs=Right.DUTY),
    Route("/status/{line}/answer", answer, "POST", back=status, needs=Right.DUTY),
    Route("/status/{line}/chat", say, "POST", back=chat, chat=True, needs=Right.DUTY),
    Route("/status/{line}/chat/erase", erase, "POST", back=chat, needs=Right.DUTY),
    *picturing.ROUTES,
    *sheets.ROUTES,
)

# SPDX-License-Identifier: Apache-2.0
"""Passkeys through the pages: made, used, removed. The browser's part is in static/passkey.js."""

from __future__ import annotations

import json
from typing import Any

from goodoffices.core.errors import NotAllowed, WrongSecret, YourError
from goodoffices.core.office import Right
from goodoffices.desk.asking import AuditKind, Place
from goodoffices.web.entering import MAX_PASSPHRASE, client_of, enter, require_patience, turned_away
from goodoffices.web.pages import Ask, Done, Page
from goodoffices.web.security import host_name

MAX_ANSWER = 16_384
LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "[::1]"})


def place_of(ask: Ask) -> Place:
    """Under which name the desk was reached; raises NotAllowed for an address, which has no passkeys."""
    host, name = ask.request.headers.get("host", "").strip().lower(), name_of(ask)
    if name in LOOPBACK_ADDRESSES or name.replace(".", "").isdigit() or name.startswith("["):
        raise NotAllowed(
            "Browsers make passkeys for names, not for addresses.",
            "Reach this desk by its name; on its own machine that is localhost.",
        )
    return Place(name, f"{'https' if ask.site.secure else 'http'}://{host}")


def name_of(ask: Ask) -> str:
    """The name, or address, by which this request reached the desk."""
    return host_name(ask.request.headers.get("host", "").strip().lower())


def _answer(ask: Ask) -> dict[str, Any]:
    text = ask.form.text("credential")
    try:
        answer = json.loads(text) if len(text) <= MAX_ANSWER else None
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise YourError("The browser's answer is not one of a passkey.", "Begin once more.")
    return answer


def _prf(ask: Ask) -> bytes:
    text = ask.form.text("prf")
    try:
        return bytes.fromhex(text) if len(text) == 64 else b""
    except ValueError:
        return b""


def _asked(ask: Ask, token: str, options: dict[str, Any]) -> Done:
    more = {"ceremony": token, "options": options["publicKey"], "prf": ask.service.passkeys.prf_input.hex()}
    return Done("/passkeys", None, more)


# --- an officer's own ------------------------------------------------------------------------------------


async def mine(ask: Ask) -> Page:
    """The officer's passkeys."""
    here = ask.views.here(ask.who.officer, ask.now)
    entries = ask.service.passkeys.of(ask.who.officer.name)
    asked = ask.service.asks_for_passkey(ask.who.officer.name, ask.who.officer.public)
    data = [
        {"id": each.id, "label": each.label, "host": each.host, "opens": each.opens, "added": each.added,
         "used": each.used, "fits": each.host == name_of(ask)}
        for each in entries
    ]  # fmt: skip
    others = len(ask.site.sessions.others(ask.who))
    only = not ask.service.leaving.keepers_besides(ask.who.officer)
    keeper = bool(ask.desk.context.my_office().roster.rights(ask.who.officer.public) & Right.KEYS)
    more = {"others": others, "asked": asked, "only_keeper": keeper and only}
    return Page("passkeys.html", here, {"passkeys": data, **more})


async def begin_making(ask: Ask) -> Done:
    """Ask the browser to make one. The passphrase is asked for: an open page must not become a way in."""
    officer, place = ask.who.officer, place_of(ask)
    passphrase = ask.form.text("passphrase")
    async with ask.site.throttle:
        require_patience(ask)
        try:
            await ask.service.prove(officer, passphrase[: MAX_PASSPHRASE + 1])
        except WrongSecret as error:
            ask.site.throttle.failed(client_of(ask))
            turned_away(ask, officer.name, error)
            raise
    options, state = ask.service.passkeys.begin_making(place, officer.name, officer.public)
    return _asked(ask, ask.site.ceremonies.begin("make", state, officer), options)


async def make(ask: Ask) -> Done:
    """Keep it, and ask at once what it computes."""
    officer, label, place, answer = ask.who.officer, ask.form.text("label"), place_of(ask), _answer(ask)
    ceremony = ask.site.ceremonies.take("make", ask.form.word("ceremony"), officer)
    book = ask.service.passkeys
    passkey = book.finish_making(place, ceremony.state, answer, officer.name, label, ask.now)
    _note(ask, f"made a passkey for {place.host}")
    options, state = book.begin_using(place, passkey)
    return _asked(ask, ask.site.ceremonies.begin("open", state, officer, passkey), options)


async def let_open(ask: Ask) -> Done:
    """The passkey computed something: from now on that opens the officer's key."""
    officer, place, answer, prf = ask.who.officer, place_of(ask), _answer(ask), _prf(ask)
    ceremony = ask.site.ceremonies.take("open", ask.form.word("ceremony"), officer)
    passkey, _ = ask.service.passkeys.use(place, ceremony.state, answer, ask.now)
    if passkey != ceremony.passkey or not prf:
        raise YourError("This authenticator computes nothing that could open a key.")
    ask.service.wrap_under_passkey(officer, passkey, prf)
    _note(ask, "let a passkey open the key")
    return Done("/passkeys")


async def remove(ask: Ask) -> Done:
    """Forget one."""
    try:
        passkey = bytes.fromhex(ask.form.text("passkey")[:2048])
    except ValueError:
        passkey = b""
    ask.service.passkeys.remove(ask.who.officer.name, passkey)
    _note(ask, "removed a passkey")
    return Done("/passkeys")


async def sign_out_others(ask: Ask) -> Done:
    """End this officer's other sessions, in whatever browser they are."""
    for each in ask.site.sessions.others(ask.who):
        ask.site.sessions.end(each, "ended from another session of the same officer")
    return Done("/passkeys")


def _note(ask: Ask, what: str) -> None:
    name = ask.who.officer.name
    ask.service.act(lambda desk, now: desk.note_down(name, what, AuditKind.OFFICE, now))


# --- signing in ------------------------------------------------------------------------------------------


async def begin_sign_in(ask: Ask) -> Done:
    """Ask the browser for any passkey of this desk."""
    require_patience(ask)
    options, state = ask.service.passkeys.begin_using(place_of(ask))
    return _asked(ask, ask.site.ceremonies.begin("sign in", state, address=client_of(ask)), options)


async def sign_in(ask: Ask) -> Done:
    """Sign in by a passkey; where it opens nothing, the passphrase is asked for beside it."""
    require_patience(ask)
    place, answer = place_of(ask), _answer(ask)
    ceremony = ask.site.ceremonies.take("sign in", ask.form.word("ceremony"))
    try:
        found = await ask.service.sign_in_by_passkey(place, ceremony.state, answer, _prf(ask))
    except (WrongSecret, NotAllowed) as error:
        ask.site.throttle.failed(client_of(ask))
        turned_away(ask, "", error)
        raise
    if isinstance(found, bytes):
        token = ask.site.ceremonies.begin("beside passphrase", None, passkey=found, address=client_of(ask))
        return Done("/sign-in", None, {"beside": token})
    ask.site.throttle.succeeded(client_of(ask))
    return enter(ask, found, "passkey")

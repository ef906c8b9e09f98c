# SPDX-License-Identifier: Apache-2.0
"""Signing in and out: every try stands in the audit log, the passphrase and unknown names never do."""

from __future__ import annotations

from goodoffices.core.errors import GoodOfficesError, MachineError, NotAllowed, NotNow, WrongSecret, YourError
from goodoffices.core.office import Right
from goodoffices.desk.asking import SESSION, AuditKind
from goodoffices.desk.context import Officer
from goodoffices.web.pages import Ask, Done
from goodoffices.web.showing import first_waiting, local_path

MAX_NAME = 200
MAX_PASSPHRASE = 1000
NOBODY = "(no officer of this desk)"
"""What stands in the log for a name that nobody here has: it may be a passphrase in the wrong field."""


async def sign_in(ask: Ask) -> Done:
    """Open the officer's key. ``take=1`` also takes the note that presses most: the first of two acts."""
    name, passphrase = ask.form.text("name").strip(), ask.form.text("passphrase")
    if not name or len(name) > MAX_NAME or len(passphrase) > MAX_PASSPHRASE:
        raise WrongSecret("Name or passphrase do not fit.")
    beside = ask.form.word("beside")
    passkey = ask.site.ceremonies.take("beside passphrase", beside).passkey if beside else None
    client, throttle = client_of(ask), ask.site.throttle
    async with throttle:
        require_patience(ask)
        try:
            officer = await _opened(ask, name, passphrase, passkey)
        except (WrongSecret, NotAllowed) as error:
            throttle.failed(client)
            turned_away(ask, name, error)
            raise
        throttle.succeeded(client)
    return enter(ask, officer, "passphrase and passkey" if passkey else "passphrase")


async def _opened(ask: Ask, name: str, passphrase: str, passkey: bytes | None) -> Officer:
    try:
        return await ask.service.sign_in(name, passphrase, passkey)
    except WrongSecret:
        # Asked last: an officer whose own passphrase it is, by chance, signs in and destroys nothing.
        if not await ask.service.leaving.is_secret(passphrase):
            raise
    # Nobody at the screen learns from this answer what has just happened.
    await ask.service.leaving.leave(at_once=True)
    raise MachineError("This desk failed.")


def client_of(ask: Ask) -> str:
    """The address that asks."""
    return ask.request.client.host if ask.request.client else ""


def require_patience(ask: Ask) -> None:
    """Raise NotNow while this address has to wait after wrong tries."""
    wait = ask.site.throttle.wait(client_of(ask))
    if wait:
        raise NotNow(
            f"Too many wrong passphrases from this address: the next try is possible in {wait} seconds.",
            "Wait, then try once more. Nobody is locked out for good.",
        )


def turned_away(ask: Ask, name: str, error: GoodOfficesError) -> None:
    """Write a refused sign-in into the audit log."""
    who = name if ask.service.knows(name) else NOBODY
    why = "wrong secret" if isinstance(error, WrongSecret) else "not in the roster"
    what = f"sign-in refused ({why}) from {client_of(ask)}"
    ask.service.act(lambda desk, now: desk.note_down(who, what, AuditKind.REFUSED, now))


def enter(ask: Ask, officer: Officer, how: str) -> Done:
    """Begin the session of an officer whose key is open."""
    if ask.session is not None:
        ask.site.sessions.end(ask.session, "signed in anew")
    rights = ask.desk.context.my_office().roster.rights(officer.public)
    on_watch = ask.form.flag("on_watch") and bool(rights & Right.DUTY)
    session = ask.site.sessions.begin(officer, on_watch=on_watch)
    SESSION.set(session.mark)
    what = f"signed in by {how} from {client_of(ask)}" + (", on watch" if on_watch else "")
    ask.service.act(lambda desk, now: desk.note_down(officer.name, what, AuditKind.SIGN_IN, now))
    target = local_path(ask.form.text("next"))
    if ask.form.flag("take"):
        target = _take_first(ask, officer) or target
    return Done(target, None, {"csrf": session.csrf}, session=session)


def _take_first(ask: Ask, officer: Officer) -> str | None:
    """Where the most pressing note is shown, taken if this office is to forward it."""
    waiting = first_waiting(ask.views.waiting(ask.now))
    if waiting is None:
        return None
    if waiting.what == "forward" and not waiting.taken:
        try:
            ask.service.act(lambda desk, now: desk.acts.take(officer, waiting.note, now))
        except YourError:
            # Without the right, or when it was withdrawn meanwhile, the note's page says so.
            return f"/notes/{waiting.note.hex()}"
    return f"/notes/{waiting.note.hex()}"


async def sign_out(ask: Ask) -> Done:
    """End the session; with the last officer the desk locks."""
    ask.site.sessions.end(ask.who, "signed out")
    return Done("/sign-in", sign_out=True)

# SPDX-License-Identifier: Apache-2.0
"""Leaving at once, through the pages: two officers on one form, or a secret typed where a passphrase belongs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from goodoffices.core.errors import NotAllowed, WrongSecret, YourError
from goodoffices.core.office import Right
from goodoffices.desk.context import Officer
from goodoffices.desk.leaving import MAY
from goodoffices.web.entering import MAX_NAME, MAX_PASSPHRASE, client_of, require_patience, turned_away
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.refusals import as_json

FAILED = "Something in this desk failed. Nothing was lost; look at its log."


async def page(ask: Ask) -> Page:
    """What leaving does, and the form for it."""
    leaving, backup = ask.service.leaving, ask.service.backup.state()
    rights = ask.desk.context.my_office().roster.rights(ask.who.officer.public)
    data = {
        "prepared": leaving.prepared,
        "counterparts": sum(line.open for line in ask.desk.ledger.lines()),
        "backup": backup.setup is not None,
        "last": backup.last,
        "waits": backup.waits,
        "secret": leaving.has_secret,
        "may_keys": bool(rights & Right.KEYS),
        "seconds": bool(leaving.seconds(ask.who.officer)),
        "two_keepers": bool(leaving.keepers_besides(ask.who.officer)),
    }
    return Page("leave.html", ask.views.here(ask.who.officer, ask.now), data)


async def _second(ask: Ask, try_it: Callable[[str, str], Awaitable[Officer]]) -> Officer:
    """The other officer who typed name and passphrase; wrong tries slow down here as at the sign-in."""
    name, passphrase = ask.form.text("name").strip(), ask.form.text("passphrase")
    if not name or len(name) > MAX_NAME or len(passphrase) > MAX_PASSPHRASE:
        raise WrongSecret("Name or passphrase do not fit.")
    throttle, client = ask.site.throttle, client_of(ask)
    async with throttle:
        require_patience(ask)
        try:
            other = await try_it(name, passphrase)
        except (WrongSecret, NotAllowed) as error:
            throttle.failed(client)
            turned_away(ask, name, error)
            raise
        throttle.succeeded(client)
    return other


async def leave(ask: Ask) -> Done:
    """The second act: from here on the keys are gone within seconds."""
    leaving, first = ask.service.leaving, ask.who.officer
    await _second(ask, lambda name, passphrase: leaving.second(first, name, passphrase))
    await leaving.leave()
    return Done("/")


async def secret(ask: Ask) -> Done:
    """Set the secret for leaving, with another keeper of keys where there is one; or take it back."""
    typed, leaving, keeper = ask.form.text("secret"), ask.service.leaving, ask.who.officer
    if typed != ask.form.text("again"):
        raise YourError("The two secrets differ.", "Type the same one twice.")
    second: Officer | None = None
    if typed:
        await _no_passphrase_of(ask, typed, keeper)
    if typed and leaving.keepers_besides(keeper):
        second = await _second(ask, leaving.opened)
        await _no_passphrase_of(ask, typed, second)
    leaving.set_secret(keeper, typed, second)
    return Done("/leave")


async def _no_passphrase_of(ask: Ask, typed: str, officer: Officer) -> None:
    async with ask.site.throttle:
        try:
            await ask.service.prove(officer, typed[: MAX_PASSPHRASE + 1])
        except (WrongSecret, YourError):
            return
    raise YourError(
        "This is the passphrase of one of you: signing in by it would destroy everything.",
        "Take another one.",
    )


def farewell(ask: Ask) -> Response:
    """All that a desk says whose keys are destroyed."""
    leaving = ask.service.leaving
    if leaving.silent:
        return PlainTextResponse(FAILED, 500)
    if ask.json:
        return as_json({"left": leaving.left, "told": leaving.told, "of": leaving.prepared}, 410)
    template = ask.site.environments[ask.language.code].get_template("left.html")
    return HTMLResponse(template.render(left=leaving.left, told=leaving.told, of=leaving.prepared), 410)


ROUTES = (
    Route("/leave", page, needs=MAY),
    Route("/leave", leave, "POST", back=page, needs=MAY),
    Route("/leave/secret", secret, "POST", back=page, needs=Right.KEYS),
)

# SPDX-License-Identifier: Apache-2.0
"""Backups as a page: where they go and how they stand, set up, further places, and the tries (ADR 0046, ADR 0066).

Whoever sets them up says who can open them, so each of these acts asks for the passphrase once more.
"""

from __future__ import annotations

from goodoffices.core import digits
from goodoffices.core.errors import WrongSecret, YourError
from goodoffices.core.office import Right
from goodoffices.desk.backup.places import SftpLogin
from goodoffices.desk.backup.setup import MOST_PLACES, Target
from goodoffices.web.entering import MAX_PASSPHRASE, client_of, require_patience, turned_away
from goodoffices.web.pages import Ask, Done, Page, Route

MAX_WHERE = 400
MAX_KEY = 20_000
MAX_NAME = 80


async def page(ask: Ask) -> Page:
    """Every place with what lies there, who opens it, and what can be changed."""
    return _page(ask, ())


def _page(ask: Ask, shares: tuple[tuple[str, str], ...]) -> Page:
    state, office = ask.service.backup.state(), ask.desk.context.my_office()
    setup = state.setup
    data = {
        "set_up": setup is not None,
        "places": [
            {"where": each.where, "last": each.last, "waits": each.waits, "failure": each.failure}
            for each in state.places
        ],
        "keepers": list(setup.keepers) if setup is not None else [],
        "needed": setup.needed if setup is not None else 0,
        "tried": state.tried,
        "room": setup is not None and len(setup.targets) < MOST_PLACES,
        "office": digits.grouped(office.digits),
        "shares": [{"keeper": keeper, "words": words} for keeper, words in shares],
    }
    return Page("backups.html", ask.views.here(ask.who.officer, ask.now), data)


async def _prove(ask: Ask) -> None:
    async with ask.site.throttle:
        require_patience(ask)
        try:
            await ask.service.prove(ask.who.officer, ask.form.text("passphrase")[: MAX_PASSPHRASE + 1])
        except WrongSecret as error:
            ask.site.throttle.failed(client_of(ask))
            turned_away(ask, ask.who.officer.name, error)
            raise


def _target(ask: Ask) -> Target:
    """The place that the form names."""
    where = ask.form.text("where").strip()
    if not where or len(where) > MAX_WHERE:
        raise YourError("Where backups shall go is not said.", "Name a folder, or sftp://USER@HOST/FOLDER.")
    if "://" not in where and not where.startswith("/"):
        raise YourError("A folder is named from the root of this machine.", "Begin it with a slash.")
    key, host = ask.form.text("key").strip(), ask.form.text("host_key").strip()
    if len(key) > MAX_KEY or len(host) > MAX_KEY:
        raise YourError("A key is longer than keys are.", "Give the two keys for SFTP, each in its field.")
    over_sftp = where.startswith("sftp://") and key and host
    return Target(where, SftpLogin(key.replace("\r\n", "\n") + "\n", host) if over_sftp else None)


async def make(ask: Ask) -> Page:
    """Set backups up, anew if they were: other keepers, other shares, which are shown this once."""
    names = [line.strip() for line in ask.form.text("keepers").splitlines() if line.strip()]
    if len(set(names)) != len(names) or any(len(name) > MAX_NAME for name in names):
        raise YourError("Two keepers have the same name, or one has a long one.", "Name each as he is known.")
    target, needed = _target(ask), ask.form.number("needed", 2) or 2
    await _prove(ask)
    shares = await ask.service.backup.set_up(ask.who.officer, target, names, needed)
    ask.stands_at = "/backups"
    return _page(ask, tuple(zip(names, shares, strict=True)))


async def add(ask: Ask) -> Done:
    """Everything goes to one place more."""
    target = _target(ask)
    await _prove(ask)
    await ask.service.backup.add(ask.who.officer, target)
    return Done("/backups")


async def drop(ask: Ask) -> Done:
    """Nothing more goes to a place."""
    await _prove(ask)
    await ask.service.backup.drop(ask.who.officer, ask.form.text("where")[:MAX_WHERE])
    return Done("/backups")


ROUTES = (
    Route("/backups", page, needs=Right.KEYS),
    Route("/backups/set-up", make, "POST", back=page, needs=Right.KEYS),
    Route("/backups/add", add, "POST", back=page, needs=Right.KEYS),
    Route("/backups/drop", drop, "POST", back=page, needs=Right.KEYS),
)

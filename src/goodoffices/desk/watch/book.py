# SPDX-License-Identifier: Apache-2.0
"""What the desk keeps about watches: the roster, addresses outside, and the browsers that may ring.

All of it lies in the unattended tier, so that it works while the desk is locked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from goodoffices.core import crypto
from goodoffices.core.errors import NotFound, YourError
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.watch.plan import MAX_WATCHES, Watch, check, next_start

DEFAULT_TEXT = "Your duty desk needs you: step {steps}"
MAX_TEXT = 120
MAX_URL = 500
MAX_ADDRESSES = 64
MAX_BELLS = 32


@dataclass(frozen=True)
class Address:
    """Where somebody is woken outside the pages. ``officer`` None: the office, when nobody can be reached."""

    id: int
    officer: str | None
    label: str
    url: str = field(repr=False)
    """As Apprise reads it; it may hold a password."""
    told_now: int | None = None
    failed_now: int | None = None
    failure: str | None = None

    @property
    def service(self) -> str:
        """What may be shown of it: mailto, ntfy, json …"""
        return self.url.partition(":")[0]


def check_zone(name: str) -> None:
    """Raise YourError where this machine knows no such zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise YourError("There is no such time zone.", "Write it as Europe/Zurich.") from None


class WatchBook:
    """The watches of one desk. Every writing method runs in a transaction of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.db = ledger.db

    # --- the roster -----------------------------------------------------------------------------------

    @property
    def zone(self) -> str:
        """The zone by whose wall clock watches begin and end."""
        return (self.ledger.fact("watch zone") or b"UTC").decode()

    def set_zone(self, name: str) -> None:
        """Choose the office's zone."""
        check_zone(name)
        with self.ledger.transaction():
            self.ledger.set_fact("watch zone", name.encode())

    @property
    def text(self) -> str:
        """What goes outside: nothing but that somebody is needed."""
        return (self.ledger.fact("watch text") or DEFAULT_TEXT.encode()).decode()

    def set_text(self, text: str) -> None:
        """Choose the words that go outside."""
        text = text.strip()
        if not text or len(text.encode()) > MAX_TEXT:
            raise YourError(f"The text for outside has 1 to {MAX_TEXT} bytes.", "Shorten it.")
        with self.ledger.transaction():
            self.ledger.set_fact("watch text", text.encode())

    def watches(self) -> tuple[Watch, ...]:
        """Every watch of the week, then those of one date. Remembered: it is asked after everything that happens."""
        if "watches" not in self.ledger.books:
            self.ledger.books["watches"] = self._read_watches()
        found: tuple[Watch, ...] = self.ledger.books["watches"]
        return found

    def _read_watches(self) -> tuple[Watch, ...]:
        rows = self.db.execute(
            "SELECT id, name, days, starts, ends, levels, coalesce(on_date, '') FROM watch"
            " ORDER BY on_date IS NOT NULL, on_date, starts, id"
        )
        return tuple(
            Watch(
                name, days, starts, ends, tuple(tuple(each) for each in json.loads(levels)), number, on_date
            )
            for number, name, days, starts, ends, levels, on_date in rows.fetchall()
        )

    def next_start(self, after: int) -> int | None:
        """When (ms UTC) the next watch begins; None without a roster."""
        watches = self.watches()
        return next_start(watches, after, self.zone) if watches else None

    def add_watch(self, watch: Watch) -> None:
        """Keep a watch."""
        check(watch)
        if len(self.watches()) >= MAX_WATCHES:
            raise YourError("The roster is full.", "Take a watch out first.")
        with self.ledger.transaction():
            self.ledger.books.pop("watches", None)
            self.db.execute(
                "INSERT INTO watch (name, days, starts, ends, levels, on_date) VALUES (?,?,?,?,?,?)",
                (
                    watch.name,
                    watch.days,
                    watch.starts,
                    watch.ends,
                    json.dumps(watch.levels),
                    watch.date or None,
                ),
            )

    def drop_watch(self, number: int) -> None:
        """Take a watch out."""
        with self.ledger.transaction():
            self.ledger.books.pop("watches", None)
            if self.db.execute("DELETE FROM watch WHERE id=?", (number,)).rowcount == 0:
                raise NotFound("There is no such watch.")

    # --- addresses ------------------------------------------------------------------------------------

    def addresses(self) -> tuple[Address, ...]:
        """Every address outside."""
        rows = self.db.execute(
            "SELECT id, officer, label, url, told_now, failed_now, failure FROM address ORDER BY id"
        )
        return tuple(Address(*row) for row in rows.fetchall())

    def add_address(self, officer: str | None, label: str, url: str) -> None:
        """Keep an address."""
        if not url.strip() or len(url.encode()) > MAX_URL or "://" not in url:
            raise YourError("An address is written as a URL.", "Such as ntfy://host/topic or mailto://…")
        if not label.strip() or len(label.encode()) > 80:
            raise YourError("An address needs a label of at most 80 bytes.", "Such as 'phone'.")
        if len(self.addresses()) >= MAX_ADDRESSES:
            raise YourError("There are as many addresses as this desk keeps.", "Take one out first.")
        with self.ledger.transaction():
            self.db.execute(
                "INSERT INTO address (officer, label, url) VALUES (?,?,?)",
                (officer, label.strip(), url.strip()),
            )

    def drop_address(self, number: int) -> None:
        """Take an address out."""
        with self.ledger.transaction():
            if self.db.execute("DELETE FROM address WHERE id=?", (number,)).rowcount == 0:
                raise NotFound("There is no such address.")

    def told(self, number: int, now: int, failure: str | None) -> None:
        """How the last message to an address went."""
        with self.ledger.transaction():
            if failure is None:
                self.db.execute(
                    "UPDATE address SET told_now=?, failed_now=NULL, failure=NULL WHERE id=?", (now, number)
                )
            else:
                self.db.execute(
                    "UPDATE address SET failed_now=coalesce(failed_now, ?), failure=? WHERE id=?",
                    (now, failure[:200], number),
                )

    # --- bells ----------------------------------------------------------------------------------------

    def bell(self, token: str | None) -> str | None:
        """Whose bell a browser is, by what it keeps; None if it is none."""
        if not token:
            return None
        row = self.db.execute(
            "SELECT officer FROM bell WHERE token=?", (crypto.sha256(token.encode()),)
        ).fetchone()
        return row[0] if row else None

    def add_bell(self, token: str, officer: str, now: int) -> None:
        """A browser may ring from now on, signed in or not; the oldest gives way when there are too many."""
        with self.ledger.transaction():
            self.db.execute(
                "INSERT OR REPLACE INTO bell VALUES (?,?,?)", (crypto.sha256(token.encode()), officer, now)
            )
            self.db.execute(
                "DELETE FROM bell WHERE token NOT IN (SELECT token FROM bell ORDER BY made DESC LIMIT ?)",
                (MAX_BELLS,),
            )

    def drop_bells(self, officer: str) -> None:
        """An officer's browsers ring no more."""
        with self.ledger.transaction():
            self.db.execute("DELETE FROM bell WHERE officer=?", (officer,))

# SPDX-License-Identifier: Apache-2.0
"""New offices for tests that begin with one: what comes out alike each time is made once in a process.

A desk's empty tables are copied from a database that has gone through every step of the schema. Keys are drawn from
a seeded generator, so one name and one state of the generator give one office; it is kept with its signatures.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk import founding
from goodoffices.desk.founding import Founding, NewOfficer, found

_made: dict[object, tuple[Founding, object]] = {}


@cache
def _template() -> sqlite3.Connection:
    # Whichever thread asks first makes it; nobody writes to it afterwards.
    made = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(made, steps_in("goodoffices.desk.schema"))
    return made


def tables(*, any_thread: bool = False) -> sqlite3.Connection:
    """A database in memory with a desk's newest tables, all empty."""
    new = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=not any_thread)
    _template().backup(new)
    return new


def put_back(db: sqlite3.Connection, copy: bytes) -> None:
    """Make ``db`` what it was when ``db.serialize()`` gave the copy, as when a vault comes back from a backup.

    ``deserialize`` would do for a new connection only: one in use may go on with statements prepared for tables
    that it has freed (SQLite 3.40 does where both schemas are of one generation).
    """
    image = sqlite3.connect(":memory:")
    image.deserialize(copy)
    image.backup(db)
    image.close()


def office(
    name: str,
    officers: Sequence[NewOfficer],
    realm: bytes,
    rng: random.Random,
    now: int,
    *,
    releasers: int = 1,
) -> Founding:
    """What ``found`` makes of the same arguments. ``rng`` stands afterwards where ``found`` would have left it."""
    # The records of attacks are kept small by offices with fewer keys (tests/attacks/catalogue.py).
    asked = (name, tuple(officers), realm, rng.getstate(), now, releasers, founding.EPOCHS)
    if asked not in _made:
        fresh = found(name, list(officers), realm, rng.randbytes, now, releasers=releasers)
        _made[asked] = fresh, rng.getstate()
    made, after = _made[asked]
    rng.setstate(after)  # type: ignore[arg-type]
    # A desk forgets seeds as time goes on: each test has its own.
    return replace(
        made,
        envelope_seeds=dict(made.envelope_seeds),
        reading_seeds=dict(made.reading_seeds),
        officer_seeds=dict(made.officer_seeds),
    )

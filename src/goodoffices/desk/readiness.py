# SPDX-License-Identifier: Apache-2.0
"""Ready after silence: what would fail when it is needed, looked at before it is (P13, ADR 0048).

Each check has a code, for which ``web.readiness`` has the words. What runs out by time alone is an alarm too.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from goodoffices import __version__
from goodoffices.core.certificates import ends
from goodoffices.core.errors import YourError
from goodoffices.core.office import Right
from goodoffices.desk.alarms.alarms import Alarms, own_step
from goodoffices.desk.alarms.engine import MINUTE, Moment, Step
from goodoffices.desk.backup.running import BackupState, RunningBackup
from goodoffices.desk.backup.setup import DAY, FIRST_TRY_WITHIN, TRY_WITHIN
from goodoffices.desk.desk import Desk
from goodoffices.desk.officers.roster_in_force import DESK
from goodoffices.desk.views.lines import LineCard, RelayLike, line_cards
from goodoffices.desk.watch.plan import gaps

GOOD, SOON, BAD = "good", "soon", "bad"
HOUR = DAY // 24
TLS_WARN = 28 * DAY
SILENT = 3 * HOUR
"""Milliseconds without an answered line test after which a counterpart counts as silent: two are missing."""
GIB = 2**30
TIMESYNCD = Path("/run/systemd/timesync/synchronized")
"""Touched each time that systemd-timesyncd has set the clock: every 35 minutes at the latest."""
CLOCK_STALE = 3 * HOUR
CLOCKS = (
    ("systemd-timesyncd", TIMESYNCD),
    ("chrony", Path("/run/chrony/chronyd.pid")),
    ("ntpd", Path("/run/ntpd.pid")),
)
LOOK = 10 * MINUTE
"""Milliseconds for which alarms go by what was found last."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. ``about``: a name; ``at``: ms UTC; ``number``: as its words say."""

    code: str
    state: str
    """good | soon | bad"""
    about: str = ""
    at: int | None = None
    number: int = 0
    rings: bool = False
    why: str = ""
    """What was said when it failed, as a refusal is worded."""


@dataclass(frozen=True)
class Machine:
    """What is read of this machine."""

    free: int
    total: int
    clock: str | None
    """What keeps the clock, as far as it is known."""
    tls_ends: int | None
    tls_error: str = ""
    clock_set: int | None = None
    """When (ms UTC) what keeps the clock last set it, where it says so."""


def machine(vault: Path, tls_cert: Path | None) -> Machine:
    """This machine as it is now."""
    usage = shutil.disk_usage(vault)
    source = next((name for name, path in CLOCKS if path.exists()), None)
    clock_set = None
    if source == CLOCKS[0][0]:
        with suppress(OSError):
            clock_set = TIMESYNCD.stat().st_mtime_ns // 1_000_000
    tls_ends, error = None, ""
    if tls_cert is not None:
        try:
            tls_ends = ends(tls_cert.read_bytes())
        except (OSError, YourError) as problem:
            error = str(problem)
    return Machine(usage.free, usage.total, source, tls_ends, error, clock_set)


def machine_checks(found: Machine, now: int) -> list[Check]:
    """Certificate, disk, clock."""
    checks = []
    if found.tls_error:
        checks.append(Check("tls unreadable", BAD, about=found.tls_error, rings=True))
    elif found.tls_ends is None:
        checks.append(Check("tls none", GOOD))
    else:
        left = found.tls_ends - now
        code, state = (
            ("tls good", GOOD) if left > TLS_WARN else ("tls soon", SOON) if left > 0 else ("tls over", BAD)
        )
        checks.append(Check(code, state, at=found.tls_ends, rings=state != GOOD))
    gib = found.free // GIB
    if found.free < GIB // 4:
        checks.append(Check("disk full", BAD, number=found.free // 2**20, rings=True))
    elif found.free < max(2 * GIB, found.total // 20):
        checks.append(Check("disk soon", SOON, number=gib, rings=True))
    else:
        checks.append(Check("disk good", GOOD, number=gib))
    if not found.clock:
        checks.append(Check("clock unknown", SOON))
    elif found.clock_set is not None and now - found.clock_set > CLOCK_STALE:
        checks.append(Check("clock stale", SOON, about=found.clock, at=found.clock_set))
    else:
        checks.append(Check("clock good", GOOD, about=found.clock, at=found.clock_set))
    return checks


def clock_checks(desk: Desk, cards: tuple[LineCard, ...]) -> list[Check]:
    """What counterparts' signed times say of clocks: apart from one it may be theirs, from several it is ours."""
    apart = [(card, desk.lines.apart.of(card.id)) for card in cards]
    found = [(card, ahead) for card, ahead in apart if ahead is not None]
    offices = {card.peer for card, _ in found}
    ours = len(offices) > 1 and len({ahead > 0 for _, ahead in found}) == 1
    code = "clock wrong" if ours else "clock apart"
    state = BAD if ours else SOON
    return [
        Check(code, state, about=card.peer_name, number=abs(ahead) // 1000, rings=ours)
        for card, ahead in (found[:1] if ours else found)
    ]


def office_checks(desk: Desk, now: int) -> list[Check]:
    """Sealing keys, what waits for the root, how many officers there are."""
    end = desk.sealing_keys.runs_out()
    warned = desk.sealing_keys.warning(now) is not None
    code, state = (
        ("keys good", GOOD) if not warned else ("keys soon", SOON) if end > now else ("keys over", BAD)
    )
    checks = [Check(code, state, at=end, rings=warned)]
    if lost := desk.rosters.lost_keys(now):
        checks.append(Check("keys mute" if DESK in lost else "keys lost", BAD, rings=True))
    request, roster = desk.rosters.request(), desk.context.my_office().roster
    if request is not None:
        checks.append(Check("request waits", SOON, number=request.roster.version, at=request.roster.made))
    keepers = sum(bool(Right(rights) & Right.KEYS) for _, _, rights in roster.officers)
    if keepers < 2:
        checks.append(Check("keepers few", SOON, number=keepers))
    return checks


def watch_checks(alarms: Alarms, moment: Moment) -> list[Check]:
    """Gaps of the roster of watches, officers without a device."""
    watches = alarms.watch.watches()
    missing = gaps(watches)
    checks = [Check("watch none", SOON)] if not watches else []
    if watches:
        hours = sum(gap.ends - gap.starts for gap in missing) // 60
        checks.append(Check("watch gaps", SOON, number=hours) if missing else Check("watch good", GOOD))
    devices = alarms.devices(moment)
    if not any(each.reachable for each in devices):
        checks.append(Check("device nobody", BAD))
    else:
        checks += [Check("device none", SOON, about=each.officer) for each in devices if not each.reachable]
    return checks


def backup_checks(state: BackupState, now: int) -> list[Check]:
    """Whether there is one, whether it goes on, whether somebody tried it."""
    if state.setup is None:
        return [Check("backup none", BAD)]
    checks = []
    for place in state.places:
        if place.failure:
            about = f"{place.where}: {place.failure}"
            checks.append(Check("backup failing", BAD, about=about, at=place.last, rings=True))
        elif place.last is None:
            checks.append(Check("backup first", SOON, about=place.where))
        else:
            checks.append(Check("backup good", GOOD, about=place.where, at=place.last))
    if state.last is None:
        return checks
    if state.tried is not None:
        fresh = now - state.tried < TRY_WITHIN
        checks.append(
            Check("try good", GOOD, at=state.tried)
            if fresh
            else Check("try old", SOON, at=state.tried, rings=True)
        )
    else:
        late = now - state.setup.made > FIRST_TRY_WITHIN
        checks.append(Check("try none", BAD if late else SOON, rings=late))
    return checks


def line_checks(desk: Desk, cards: tuple[LineCard, ...], now: int) -> list[Check]:
    """Relays, and when each counterpart was last well by its own signed word."""
    checks = []
    for card in cards:
        if not (card.confirmed_here and card.confirmed_there):
            checks.append(Check("line unconfirmed", SOON, about=card.name))
            continue
        if card.waiting is not None:
            checks.append(Check("roster waits", BAD, about=card.peer_name, number=card.waiting, rings=True))
        if len(card.relays) < 2:
            checks.append(Check("relay one", SOON, about=card.name))
        down = [relay for relay in card.relays if relay.known and not relay.up]
        checks += [
            Check("relay down", BAD, about=relay.url, at=relay.since, why=relay.what) for relay in down
        ]
        test = desk.ledger.newest_test(card.id, person=False, mine=True, answered=True)
        heard = max(
            (each for each in (card.heard, test.answered if test else None) if each is not None), default=None
        )
        if heard is None:
            checks.append(Check("peer never", SOON, about=card.peer_name))
        elif now - heard > SILENT:
            checks.append(Check("peer silent", BAD, about=card.peer_name, at=heard))
        else:
            checks.append(Check("peer well", GOOD, about=card.peer_name, at=heard))
        version = desk.lines.software_of(card.id)
        if version is not None:
            code = "version same" if version == __version__ else "version other"
            checks.append(
                Check(code, GOOD if version == __version__ else SOON, about=f"{card.peer_name}: {version}")
            )
    return checks


ORDER = {BAD: 0, SOON: 1, GOOD: 2}


def all_checks(
    desk: Desk, found: Machine, state: BackupState, cards: tuple[LineCard, ...], now: int
) -> list[Check]:
    """Everything but what only a running desk knows, the worst first."""
    checks = [
        *machine_checks(found, now),
        *office_checks(desk, now),
        *backup_checks(state, now),
        *line_checks(desk, cards, now),
        *clock_checks(desk, cards),
    ]
    return sorted(checks, key=lambda each: ORDER[each.state])


def steps(checks: list[Check]) -> list[Step]:
    """What runs out by itself rings, weeks before where that is known, and wakes nobody at night."""
    step = own_step("ready", loud=False, after=MINUTE)
    codes = dict.fromkeys(each.code for each in checks if each.rings and each.state != GOOD)
    return [replace(step, key=f"ready {code}", lapse=DAY) for code in codes]


class Running(Protocol):
    """The part of a running desk that is looked at."""

    desk: Desk
    backup: RunningBackup

    def now(self) -> int: ...
    def relays(self) -> Sequence[RelayLike]: ...


class Readiness:
    """Whether one running desk is ready."""

    def __init__(self, service: Running, vault: Path, tls_cert: Path | None) -> None:
        self._service, self._vault, self._tls_cert = service, vault, tls_cert
        self._found: tuple[int, list[Step]] | None = None

    def checks(self) -> list[Check]:
        """Everything but what the watch knows, the worst first."""
        service, now = self._service, self._service.now()
        cards = line_cards(service.desk, now, tuple(service.relays()))
        found = machine(self._vault, self._tls_cert)
        return all_checks(service.desk, found, service.backup.state(), cards, now)

    def steps(self, steady: int) -> list[Step]:
        """What is to ring, looked at every ten minutes. ``steady``: milliseconds that nobody can set."""
        if self._found is None or steady - self._found[0] >= LOOK:
            self._found = steady, steps(self.checks())
        return self._found[1]

# SPDX-License-Identifier: Apache-2.0
"""The door for who watches the machine: the desk's metrics and health, on a loopback port of their own.

Counts and times alone: no line, office, officer or relay is named, so what is scraped links nobody (P3, P4).
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from goodoffices import __version__
from goodoffices.desk.readiness import BAD, GOOD, SOON
from goodoffices.desk.views.lines import line_cards
from goodoffices.web.door import Service

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "goodoffices_desk_"
STATES = (
    "confirm here", "confirm there", "route down", "relays down", "relay down", "silent", "left", "locked",
    "not heard", "open",
)  # fmt: skip


def metrics(service: Service) -> str:
    """Everything, in Prometheus' exposition format (version 0.0.4)."""
    desk, now = service.desk, service.now()
    relays = service.relays()
    lines = Counter(card.state for card in line_cards(desk, now, tuple(relays)))
    checks = Counter(check.state for check in service.readiness.checks())
    backup = service.backup.state()
    statm = Path("/proc/self/statm").read_text(encoding="ascii").split()
    gauges: list[tuple[str, str, list[tuple[str, float]]]] = [
        ("info", "Version of the program.", [(f'{{version="{__version__}"}}', 1)]),
        ("sound", "1 while nothing is wrong with this machine.", [("", service.fault is None)]),
        ("locked", "1 while nobody is signed in.", [("", desk.context.locked)]),
        ("lines", "Lines by state.", [(f'{{state="{each}"}}', lines[each]) for each in STATES]),
        ("relays_up", "Relays that answer.", [("", sum(each.up for each in relays))]),
        ("relays_down", "Relays that do not.", [("", sum(not each.up for each in relays))]),
        ("waits_for_receipt", "Entries without their receipt.", [("", _waiting(service))]),
        ("alarms_ringing", "Alarms that ring now.", [("", service.ringing.alarms.book.ringing)]),
        ("findings", "Findings, for ever.", [("", len(desk.ledger.findings()))]),
        (
            "checks",
            "What the page Ready says, by state.",
            [(f'{{state="{each}"}}', checks[each]) for each in (BAD, SOON, GOOD)],
        ),
        (
            "sealing_keys_end_seconds",
            "When the last sealing key ends.",
            [("", desk.sealing_keys.runs_out() / 1000)],
        ),
        (
            "backup_written_seconds",
            "Until when the backup is whole; 0: never.",
            [("", (backup.last or 0) / 1000)],
        ),
        (
            "backup_tried_seconds",
            "When a restore was last tried; 0: never.",
            [("", (backup.tried or 0) / 1000)],
        ),
        ("resident_bytes", "Memory of this process.", [("", int(statm[1]) * os.sysconf("SC_PAGE_SIZE"))]),
    ]
    out = []
    for name, means, rows in gauges:
        out += [f"# HELP {PREFIX}{name} {means}", f"# TYPE {PREFIX}{name} gauge"]
        out += [f"{PREFIX}{name}{labels} {float(value):.15g}" for labels, value in rows]
    return "\n".join([*out, ""])


def _waiting(service: Service) -> int:
    ledger, me = service.desk.ledger, service.desk.me
    return sum(ledger.waits_for_receipt(line.id, me)[0] for line in ledger.lines())


def create_observer(service: Service) -> Starlette:
    """A door for this machine alone; whoever serves it binds it to loopback."""

    async def shown(_: Request) -> Response:
        if service.leaving.left is not None:
            return PlainTextResponse("left\n", 410)
        return PlainTextResponse(metrics(service), media_type=CONTENT_TYPE)

    async def health(_: Request) -> Response:
        if service.leaving.left is not None:
            return PlainTextResponse("left\n", 410)
        sound = service.fault is None
        return PlainTextResponse("sound\n" if sound else "in trouble\n", 200 if sound else 503)

    return Starlette(routes=[Route("/metrics", shown), Route("/health", health)])

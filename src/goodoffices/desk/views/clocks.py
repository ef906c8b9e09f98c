# SPDX-License-Identifier: Apache-2.0
"""What the clocks on the walls of a channel's offices say: whoever is asked at three in the morning sees where
it is day. Zones of others are what this office was told; the own one is that of its watches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from goodoffices.core.mandate import Agreement
from goodoffices.desk.desk import Desk


@dataclass(frozen=True)
class LocalTime:
    """The time on one office's wall."""

    office_name: str
    time: str
    """HH:MM"""
    offset: str
    """From Zulu, such as +03:30."""
    days: int
    """By how many days its date differs from Zulu's: -1, 0 or 1."""


def zone_of(desk: Desk, office: bytes) -> str:
    """The zone of an office as it was entered here; empty if it was not."""
    fact = "watch zone" if office == desk.me else f"zone {office.hex()}"
    return (desk.ledger.fact(fact) or b"").decode()


def local_times(desk: Desk, agreement: Agreement, at: int) -> tuple[LocalTime, ...]:
    """The time at each office of a channel whose zone is known here, in the order of the path."""
    zulu, found = datetime.fromtimestamp(at / 1000, UTC), []
    for office in agreement.mandate.path:
        zone = zone_of(desk, office)
        if zone:
            local = zulu.astimezone(ZoneInfo(zone))
            offset = local.strftime("%z")
            days = (local.date() - zulu.date()).days
            name = agreement.name_of(office)
            found.append(LocalTime(name, local.strftime("%H:%M"), f"{offset[:3]}:{offset[3:]}", days))
    return tuple(found)

# SPDX-License-Identifier: Apache-2.0
"""What the desk is told of a request besides what is asked: which session, under which name, what sort of deed."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

SESSION: ContextVar[str] = ContextVar("session", default="")
"""A mark of the session, set by the pages while they answer; it gives nobody the session. Empty: no page."""


class AuditKind(StrEnum):
    """What sort of thing was done."""

    SIGN_IN = "sign-in"
    REFUSED = "refused"
    """A sign-in or a request that was turned away."""
    SIGN_OUT = "sign-out"
    ACT = "act"
    """Something signed that counterparts may see."""
    DRAFT = "draft"
    OFFICE = "office"
    """Officers, keys, rosters, passkeys, lines, mandates."""
    EXPORT = "export"
    OTHER = "other"


@dataclass(frozen=True)
class Place:
    """Where the desk was reached: the host name, and the whole origin that the browser states."""

    host: str
    origin: str

# SPDX-License-Identifier: Apache-2.0
"""From which session a request came: set by the pages for as long as they answer, read by the audit log."""

from __future__ import annotations

from contextvars import ContextVar

SESSION: ContextVar[str] = ContextVar("session", default="")
"""A mark of the session, which gives its token away to nobody. Empty: no page asked for it."""

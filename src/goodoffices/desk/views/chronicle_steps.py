# SPDX-License-Identifier: Apache-2.0
"""How the steps of notes are named in the chronicle and in every file that is made of it."""

from __future__ import annotations

from goodoffices.core.act import ActType

STEPS: dict[int, str] = {
    ActType.AT_DESK: "at the desk",
    ActType.SEEN: "seen",
    ActType.FORWARDED: "forwarded",
    ActType.REFUSED: "refused",
    ActType.RETURNED: "returned",
    ActType.REMARK: "covering remark",
    ActType.OPENED: "opened",
    ActType.WITH_PRINCIPAL: "with the principal",
    ActType.ACKNOWLEDGED: "acknowledged",
    ActType.WITHDRAWN: "withdrawn",
    ActType.COMPARED: "compared",
    ActType.ALTERED: "altered",
    ActType.ON_RELAY: "on a relay",
    ActType.EXPIRED: "expired",
    ActType.BRIEFED: "briefed",
    ActType.HANDED_OVER: "handed over",
    ActType.TRANSCRIPT: "transcript",
    ActType.TRANSLATION: "translation",
    ActType.REWORDING: "rewording",
}
"""By the type of the act; any other is a step of a newer version."""

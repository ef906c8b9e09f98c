# SPDX-License-Identifier: Apache-2.0
"""Whether relays keep a mailbox for this office, asked before an officer states that it collects there (ADR 0097).

A statement of mailboxes cuts the other desk's way to the old ones. An address with a slip in it, a relay that is down
or asks for a secret is therefore met here, while nothing is signed yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from goodoffices.core.errors import NotNow, RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.relay_client import RelayClient


@dataclass(frozen=True)
class Tried:
    """One relay of a list that an officer is about to state. ``against``: why it keeps no mailbox; None if it does."""

    relay: str
    new: bool
    against: str | None


async def tried(
    client: RelayClient, boxes: Sequence[RouteRow], admission: Callable[[str], str | None]
) -> tuple[Tried, ...]:
    """Have each relay keep the mailbox that lies there, all at once; making it again is the same as once."""

    async def one(box: RouteRow) -> Tried:
        against = None
        try:
            await client.make_mailbox(box, admission(box.relay))
        except RelayError as error:
            against = error.what
        return Tried(box.relay, not box.id, against)

    return tuple(await asyncio.gather(*map(one, boxes)))


def why_not(found: Sequence[Tried]) -> NotNow | None:
    """Why a list should not be stated unasked; None if nothing is against it.

    A relay that was there before and is down now stops nothing while another one of the list answers.
    """
    silent = [each for each in found if each.against is not None]
    # Of a new one the address is the likelier fault: it is named first.
    silent.sort(key=lambda each: not each.new)
    if not silent or (len(silent) < len(found) and not silent[0].new):
        return None
    reason = silent[0].against
    step = "Nothing was changed. Look at the address; or state it all the same, knowing that."
    if len(silent) == len(found):
        return NotNow(
            f"None of these relays would take anything in for us now: nothing would reach us on this line. {reason}",
            step,
        )
    return NotNow(
        f"A new relay takes nothing in for us now: what is sent there would not reach us. {reason}", step
    )

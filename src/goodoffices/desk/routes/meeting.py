# SPDX-License-Identifier: Apache-2.0
"""Meeting another office at a relay: carries ``core.pairing.Meeting`` over a mailbox found by a code."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from goodoffices.core.envelope import SIZE_CLASSES, envelope_id
from goodoffices.core.errors import NotNow, RelayError
from goodoffices.core.pairing import Meeting, Offer, meeting_message, meeting_place, read_meeting_message
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.relay_client import RelayClient

MAX_MESSAGES = 16
"""Messages looked at in one meeting: whoever knows the code and floods it, ends it."""


async def meet(
    client: RelayClient,
    relay: str,
    code: str,
    mine: Offer,
    *,
    now: Callable[[], int],
    rng: Callable[[int], bytes],
    wait: float,
    admission: str | None = None,
) -> Offer:
    """Commit, wait for the other side's commitment, reveal, take theirs.

    Raises NotNow if nobody came, WrongSigner if more than one other did or what was revealed was not
    what was committed to. Who has met clears away what the other said, who met nobody what he said
    himself; where a third was seen everything stays, so that the other side sees it as well.
    """
    place = await asyncio.to_thread(meeting_place, code)
    route = RouteRow(
        0, None, relay.rstrip("/"), place.mailbox, place.put, place.collect, place.delete, False, 0
    )
    await client.make_mailbox(route, admission)
    meeting = Meeting(mine)
    seen: set[bytes] = set()
    own: set[bytes] = set()

    async def put(kind: int, content: bytes) -> None:
        size = next(each for each in SIZE_CLASSES if len(content) + 128 <= each)
        envelope = meeting_message(place, kind, content, rng(32), size)
        own.add(envelope_id(envelope))
        await client.put(route, envelope)

    await put(*meeting.commitment())
    try:
        async with (
            asyncio.timeout(wait),
            contextlib.aclosing(client.listen(route, asyncio.Event())) as envelopes,
        ):
            async for envelope in envelopes:
                identifier = envelope_id(envelope)
                if identifier in seen:
                    continue
                seen.add(identifier)
                if len(seen) > MAX_MESSAGES:
                    raise NotNow(
                        "The meeting place is flooded.", "Make a new code and give it by another way."
                    )
                answer = meeting.handle(*read_meeting_message(place, envelope), now())
                if answer is not None:
                    await put(*answer)
                if meeting.theirs is not None:
                    await _clear(client, route, seen - own)
                    return meeting.theirs
    except TimeoutError:
        await _clear(client, route, own)
        if seen - own:
            raise NotNow(
                "Somebody came to the meeting place and did not show an invitation.",
                "Ask the other office whether that was they, then try again with a new code.",
            ) from None
        raise NotNow(
            "Nobody else came to the meeting place.",
            "Check the code and the relay's address with the other office, then try again with a new code.",
        ) from None
    raise NotNow("The relay ended the meeting.", "Try again with a new code.")


async def _clear(client: RelayClient, route: RouteRow, messages: Iterable[bytes]) -> None:
    # A failure costs nothing: a code is used once, and the relay's retention takes what is left.
    with contextlib.suppress(RelayError):
        for each in messages:
            await client.delete(route, each)

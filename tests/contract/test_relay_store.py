# SPDX-License-Identifier: Apache-2.0
"""The promises of RelayStore, run over every store there is."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from goodoffices.relay.postgres import read_target
from goodoffices.relay.rules import DAY_MS, KIB, ROW_COST, Limits, Opened, Refusal, Refused, Rights
from goodoffices.relay.store import MemoryRelayStore, OnStored, RelayStore
from goodoffices.relay.store_postgres import PostgresRelayStore
from goodoffices.relay.store_sqlite import SqliteRelayStore
from tests.postgres import Server

BOX = bytes(range(16))
OTHER_BOX = bytes(16)
RIGHTS = Rights(*(hashlib.sha256(name).digest() for name in (b"put", b"collect", b"delete")))
NOW = 1_578_000_000_000
LIMITS = Limits(mailbox_bytes=20 * KIB, mailboxes=3, retention_ms=30 * DAY_MS)

Make = Callable[[Limits, OnStored], RelayStore]


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    if request.param == "memory":
        return MemoryRelayStore
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        target = read_target(server.url(server.database()), None)
        return lambda limits, on_stored: PostgresRelayStore(target, limits, on_stored)
    return lambda limits, on_stored: SqliteRelayStore(tmp_path / "relay.db", limits, on_stored)


@dataclass
class World:
    """A store with one open mailbox, and what it said was stored."""

    store: RelayStore
    stored: list[tuple[bytes, int, bytes]]

    async def put(self, envelope: bytes, now: int = NOW, box: bytes = BOX) -> bool:
        return await self.store.put(box, name(envelope), envelope, now)

    async def all(
        self, after: int = 0, envelopes: int = 1000, size: int = 1 << 20
    ) -> list[tuple[int, bytes]]:
        return await self.store.collect(BOX, after, envelopes, size)


def name(envelope: bytes) -> bytes:
    return hashlib.sha256(envelope).digest()


def envelope(number: int, size: int = 512) -> bytes:
    return number.to_bytes(4, "big") + os.urandom(size - 4)


def run(make: Make, story: Callable[[World], Awaitable[None]], limits: Limits = LIMITS) -> None:
    async def main() -> None:
        stored: list[tuple[bytes, int, bytes]] = []
        store = make(limits, lambda box, seq, body: stored.append((box, seq, body)))
        try:
            await store.open_mailbox(BOX, RIGHTS, NOW)
            await story(World(store, stored))
        finally:
            await store.close()

    asyncio.run(main())


async def refusal(attempt: Awaitable[object]) -> Refusal:
    with pytest.raises(Refused) as caught:
        await attempt
    return caught.value.refusal


def test_a_mailbox_opened_again_with_the_same_rights_is_the_same(make: Make) -> None:
    async def story(world: World) -> None:
        assert await world.store.open_mailbox(BOX, RIGHTS, NOW) is Opened.SAME
        assert await world.store.rights(BOX) == RIGHTS

    run(make, story)


def test_a_mailbox_is_not_taken_over_with_other_rights(make: Make) -> None:
    async def story(world: World) -> None:
        stranger = Rights(bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32)
        assert await refusal(world.store.open_mailbox(BOX, stranger, NOW)) is Refusal.OTHER_RIGHTS
        assert await world.store.rights(BOX) == RIGHTS

    run(make, story)


def test_no_more_mailboxes_than_allowed(make: Make) -> None:
    async def story(world: World) -> None:
        for number in (1, 2):
            await world.store.open_mailbox(bytes([number]) * 16, RIGHTS, NOW)
        assert (
            await refusal(world.store.open_mailbox(bytes([9]) * 16, RIGHTS, NOW)) is Refusal.NO_MORE_MAILBOXES
        )
        assert await world.store.open_mailbox(BOX, RIGHTS, NOW) is Opened.SAME

    run(make, story)


def test_an_unknown_mailbox_has_no_rights_and_takes_nothing(make: Make) -> None:
    async def story(world: World) -> None:
        assert await world.store.rights(OTHER_BOX) is None
        assert await refusal(world.put(envelope(1), box=OTHER_BOX)) is Refusal.NO_RIGHT
        assert await world.store.collect(OTHER_BOX, 0, 10, 1000) == []

    run(make, story)


def test_envelopes_are_collected_oldest_first_and_stay(make: Make) -> None:
    """P2: collecting does not delete."""

    async def story(world: World) -> None:
        sent = [envelope(number) for number in range(5)]
        for one in sent:
            assert await world.put(one)
        assert await world.all() == list(enumerate(sent, 1))
        assert await world.all(after=3) == [(4, sent[3]), (5, sent[4])]
        assert await world.all() == list(enumerate(sent, 1))

    run(make, story)


def test_the_same_envelope_put_twice_is_one(make: Make) -> None:
    """P2, P12: repeated is answered as before, stored once, told once."""

    async def story(world: World) -> None:
        one = envelope(1)
        assert await world.put(one)
        assert not await world.put(one)
        assert await world.all() == [(1, one)]
        assert world.stored == [(BOX, 1, one)]

    run(make, story)


def test_the_same_envelope_put_at_once_by_many_is_one(make: Make) -> None:
    async def story(world: World) -> None:
        one = envelope(1)
        answers = await asyncio.gather(*(world.put(one) for _ in range(8)))
        assert sorted(answers) == [False] * 7 + [True]
        assert len(await world.all()) == 1

    run(make, story)


def test_the_same_envelope_in_two_mailboxes_is_two(make: Make) -> None:
    async def story(world: World) -> None:
        await world.store.open_mailbox(OTHER_BOX, RIGHTS, NOW)
        one = envelope(1)
        assert all(await asyncio.gather(world.put(one), world.put(one, box=OTHER_BOX)))

    run(make, story)


def test_everything_put_at_once_is_there_and_was_told_in_order_before_the_answer(make: Make) -> None:
    async def story(world: World) -> None:
        sent = [envelope(number) for number in range(20)]
        assert all(await asyncio.gather(*(world.put(one) for one in sent)))
        assert [seq for _, seq, _ in world.stored] == list(range(1, 21))
        assert [(seq, body) for _, seq, body in world.stored] == await world.all()

    run(make, story)


def test_a_deleted_envelope_leaves_and_its_repeat_is_not_delivered_again(make: Make) -> None:
    """P2: nothing is shown twice."""

    async def story(world: World) -> None:
        one = envelope(1)
        await world.put(one)
        await world.store.delete(BOX, name(one), NOW)
        assert await world.all() == []
        assert not await world.put(one)
        assert await world.all() == []
        assert len(world.stored) == 1

    run(make, story)


def test_deleting_what_is_not_there_changes_nothing(make: Make) -> None:
    async def story(world: World) -> None:
        one = envelope(1)
        await world.store.delete(BOX, name(one), NOW)
        await world.store.delete(OTHER_BOX, name(one), NOW)
        assert await world.put(one)
        await asyncio.gather(*(world.store.delete(BOX, name(one), NOW) for _ in range(3)))
        assert (await world.store.waiting(BOX)).waiting == 0

    run(make, story)


def test_a_seq_is_never_used_again(make: Make) -> None:
    async def story(world: World) -> None:
        first, second = envelope(1), envelope(2)
        await world.put(first)
        await world.store.delete(BOX, name(first), NOW)
        await world.store.touch([BOX], NOW + DAY_MS)
        await world.store.purge(NOW + 31 * DAY_MS, 100)
        await world.put(second, NOW + 31 * DAY_MS)
        assert await world.all() == [(2, second)]

    run(make, story)


def test_an_answer_keeps_to_its_bounds_but_always_brings_one(make: Make) -> None:
    async def story(world: World) -> None:
        for number in range(4):
            await world.put(envelope(number))
        assert [seq for seq, _ in await world.all(envelopes=2)] == [1, 2]
        assert [seq for seq, _ in await world.all(size=1024)] == [1, 2]
        assert [seq for seq, _ in await world.all(size=1)] == [1]

    run(make, story)


def test_a_full_mailbox_refuses_but_knows_what_it_has(make: Make) -> None:
    """P12: the repeat costs nothing, so it is answered as stored."""

    async def story(world: World) -> None:
        one, two = envelope(1, 4096), envelope(2, 4096)
        await world.put(one)
        assert await refusal(world.put(two)) is Refusal.MAILBOX_FULL
        assert not await world.put(one)
        await world.store.open_mailbox(OTHER_BOX, RIGHTS, NOW)
        assert await world.put(two, box=OTHER_BOX)

    run(make, story, Limits(mailbox_bytes=4096 + 2 * ROW_COST))


def test_tombstones_count_against_the_quota(make: Make) -> None:
    """Putting and deleting without end does not grow the relay without end."""

    async def story(world: World) -> None:
        for number in range(3):
            one = envelope(number)
            assert await world.put(one)
            await world.store.delete(BOX, name(one), NOW)
        assert await refusal(world.put(envelope(9))) is Refusal.MAILBOX_FULL

    run(make, story, Limits(mailbox_bytes=512 + 3 * ROW_COST))


def test_what_waits_is_counted(make: Make) -> None:
    async def story(world: World) -> None:
        assert (await world.store.waiting(BOX)).oldest_ms is None
        one = envelope(1)
        await world.put(one, NOW)
        await world.put(envelope(2, 4096), NOW + 5)
        found = await world.store.waiting(BOX)
        assert (found.waiting, found.bytes, found.oldest_ms, found.last) == (2, 4608, NOW, 2)
        await world.store.delete(BOX, name(one), NOW + 9)
        found = await world.store.waiting(BOX)
        assert (found.waiting, found.bytes, found.oldest_ms, found.last) == (1, 4096, NOW + 5, 2)

    run(make, story)


def test_envelopes_are_purged_only_after_the_retention_time(make: Make) -> None:
    async def story(world: World) -> None:
        await world.store.touch([BOX], NOW + 31 * DAY_MS)
        one = envelope(1)
        await world.put(one, NOW)
        assert await world.store.purge(NOW + 30 * DAY_MS, 100) == 0
        assert await world.store.purge(NOW + 30 * DAY_MS + 1, 100) == 1
        assert (await world.store.waiting(BOX)).bytes == 0
        assert await world.put(one, NOW + 31 * DAY_MS), "nobody collected it, so it may be put again"

    run(make, story)


def test_a_tombstone_is_forgotten_after_the_retention_time(make: Make) -> None:
    async def story(world: World) -> None:
        await world.store.touch([BOX], NOW + 31 * DAY_MS)
        one = envelope(1)
        await world.put(one, NOW)
        await world.store.delete(BOX, name(one), NOW + DAY_MS)
        assert await world.store.purge(NOW + 31 * DAY_MS, 100) == 0
        assert await world.store.purge(NOW + 31 * DAY_MS + 1, 100) == 1
        assert await world.put(one, NOW + 32 * DAY_MS)

    run(make, story)


def test_a_mailbox_that_nobody_uses_goes_and_gives_no_seq_again(make: Make) -> None:
    """P12: mailboxes opened and left do not use the relay up; a collector that knows seq 1 misses nothing."""

    async def story(world: World) -> None:
        first, second = envelope(1), envelope(2)
        await world.put(first)
        await world.store.delete(BOX, name(first), NOW)
        later = NOW + 30 * DAY_MS + 1
        assert await world.store.purge(later, 100) == 2, "the tombstone, and then the mailbox"
        assert await world.store.rights(BOX) is None
        assert await refusal(world.put(second, later)) is Refusal.NO_RIGHT
        assert await world.store.open_mailbox(BOX, RIGHTS, later) is Opened.NEW
        await world.put(second, later)
        assert await world.all(after=1) == [(2, second)]

    run(make, story)


def test_a_mailbox_in_use_stays_though_nothing_is_in_it(make: Make) -> None:
    async def story(world: World) -> None:
        later = NOW + 40 * DAY_MS
        await world.store.open_mailbox(OTHER_BOX, RIGHTS, NOW)
        await world.store.touch([BOX, b"never opened 016"], later - DAY_MS)
        assert await world.store.purge(later, 100) == 1
        assert await world.store.rights(BOX) == RIGHTS
        assert await world.store.rights(OTHER_BOX) is None

    run(make, story)


def test_no_mailbox_is_removed_while_something_waits_in_it(make: Make) -> None:
    """P2."""

    async def story(world: World) -> None:
        await world.put(envelope(1), NOW + 20 * DAY_MS)
        assert await world.store.purge(NOW + 40 * DAY_MS, 100) == 0
        assert len(await world.all()) == 1

    run(make, story)


def test_room_stays_for_the_others_when_one_mailbox_is_flooded(make: Make) -> None:
    """P12: a mailbox holds no more than what is free beside it, so a flood does not fill the relay."""

    async def story(world: World) -> None:
        await world.store.open_mailbox(OTHER_BOX, RIGHTS, NOW)
        number = 0
        with pytest.raises(Refused) as refused:  # noqa: PT012 - whichever put meets the end
            while True:
                number += 1
                await world.put(envelope(number))
        assert refused.value.refusal is Refusal.STORE_SHORT
        assert number == 1 + 8
        for again in range(4):
            assert await world.put(envelope(again), box=OTHER_BOX)
        assert await refusal(world.put(envelope(number))) is Refusal.STORE_SHORT

    run(make, story, Limits(mailbox_bytes=64 * KIB, store_bytes=16 * (512 + ROW_COST) + ROW_COST))


def test_room_given_back_can_be_used_again(make: Make) -> None:
    async def story(world: World) -> None:
        one = envelope(1, 4096)
        await world.put(one)
        assert await refusal(world.put(envelope(2, 4096))) is Refusal.STORE_SHORT
        await world.store.delete(BOX, name(one), NOW)
        assert await world.put(envelope(3, 4096))

    run(make, story, Limits(mailbox_bytes=64 * KIB, store_bytes=2 * (4096 + 2 * ROW_COST)))


def test_a_purge_does_no_more_than_asked(make: Make) -> None:
    async def story(world: World) -> None:
        await world.store.touch([BOX], NOW + 31 * DAY_MS)
        for number in range(5):
            await world.put(envelope(number), NOW)
        later = NOW + 31 * DAY_MS
        assert [await world.store.purge(later, 2) for _ in range(4)] == [2, 2, 1, 0]

    run(make, story)


def test_a_closed_store_refuses(make: Make) -> None:
    async def main() -> None:
        store = make(LIMITS, lambda *_: None)
        await store.open_mailbox(BOX, RIGHTS, NOW)
        await store.close()
        one = envelope(1)
        assert await refusal(store.put(BOX, name(one), one, NOW)) is Refusal.STOPPING

    asyncio.run(main())

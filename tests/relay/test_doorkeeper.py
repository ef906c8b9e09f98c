# SPDX-License-Identifier: Apache-2.0
"""How often one side may ask, how many connections it may hold, and that others do not pay for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from goodoffices.relay.buckets import Buckets, Rate
from goodoffices.relay.connections import Connections, Verdict
from goodoffices.relay.doorkeeper import LEAST_COST, Bodies, Doorkeeper, Rates, Use, network
from goodoffices.relay.rules import KIB, Refusal, Refused

NOW = 1_578_000_000_000
BOX, OTHER = b"1" * 16, b"2" * 16


def scope(address: str, forwarded: str = "") -> Scope:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return {"client": (address, 4711), "headers": headers}


# --- buckets -------------------------------------------------------------------------------------


def test_a_burst_passes_then_one_at_a_time() -> None:
    buckets = Buckets(Rate(per_second=2, burst=3))
    assert [buckets.take("a", NOW) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("a", NOW + 499) > 0
    assert buckets.take("a", NOW + 500) == 0
    assert buckets.take("a", NOW + 500) == 0.5
    assert [buckets.take("b", NOW) for _ in range(3)] == [0, 0, 0], "another side is not touched"


def test_what_is_refused_costs_nothing() -> None:
    buckets = Buckets(Rate(per_second=1, burst=1))
    waits = [buckets.take("a", NOW) for _ in range(100)]
    assert waits == [0] + [1.0] * 99
    assert not buckets.spare("a", NOW)
    assert buckets.spare("a", NOW + 1000)


def test_a_clock_set_back_locks_nobody_out() -> None:
    buckets = Buckets(Rate(per_second=1, burst=2))
    assert buckets.take("a", NOW) == 0
    earlier = NOW - 86_400_000
    assert 0 < buckets.take("a", earlier) <= 2
    assert buckets.take("a", earlier + 3_000) == 0


@given(st.lists(st.tuples(st.integers(0, 3000), st.sampled_from("ab")), max_size=200), st.integers(1, 20))
def test_never_more_than_the_rate_allows(steps: list[tuple[int, str]], burst: int) -> None:
    """P12: in any span of time, at most the burst and what the rate adds in it."""
    buckets = Buckets(Rate(per_second=10, burst=burst))
    now = NOW
    taken: list[int] = []
    for pause, key in steps:
        now += pause
        if buckets.take(key, now) == 0 and key == "a":
            taken.append(now)
    for first, begun in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - begun) / 100 + 1e-6


def test_memory_is_bounded_whoever_asks() -> None:
    buckets = Buckets(Rate(per_second=1, burst=1), remembered=100)
    for number in range(1_000):
        buckets.take(str(number), NOW)
    assert len(buckets._full_at) <= 100
    assert buckets.take("999", NOW) > 0, "the latest are remembered"


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "20010db800010002"),
        ("2001:db8:1:2:bbbb::9", "20010db800010002"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80000000000000"),
        ("127.0.0.1", None),
        ("::1", None),
        ("unix", None),
        ("", None),
    ],
)
def test_what_a_request_is_counted_by(text: str, counted: str | None) -> None:
    assert network(text, count_loopback=False) == counted


@pytest.mark.parametrize(
    ("forwarded", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "127.0.0.1"),
        ("<script>", "unknown"),
        ("", "unknown"),
    ],
)
def test_behind_a_proxy_the_last_word_counts(forwarded: str, counted: str) -> None:
    """P12: what the client itself wrote before it counts for nothing."""
    assert Doorkeeper(Rates(), proxied=True).address(scope("127.0.0.1", forwarded)) == counted


def test_without_a_proxy_the_header_counts_for_nothing() -> None:
    assert Doorkeeper(Rates()).address(scope("192.0.2.7", "203.0.113.9")) == "192.0.2.7"


# --- who may ask ---------------------------------------------------------------------------------


def test_who_guesses_is_refused_before_the_store_is_asked_and_the_others_are_not() -> None:
    """P12: not even those who come from the same address, once a right was shown on their mailbox."""
    keeper = Doorkeeper(Rates(strangers=Rate(1, 5)))
    attacker = scope("192.0.2.7")
    keeper.welcome(BOX, NOW)
    for _ in range(5):
        keeper.check_stranger(OTHER, attacker, NOW)
        keeper.refused(attacker, NOW)
    with pytest.raises(Refused) as refused:
        keeper.check_stranger(OTHER, attacker, NOW)
    assert refused.value.refusal is Refusal.TOO_OFTEN
    keeper.check_stranger(BOX, attacker, NOW)
    keeper.check_stranger(OTHER, scope("192.0.2.8"), NOW)
    keeper.check_stranger(OTHER, attacker, NOW + 1_000)


def test_a_mailboxs_holder_is_told_when_to_go_on() -> None:
    keeper = Doorkeeper(Rates(joins=Rate(0.1, 2)))
    for _ in range(2):
        keeper.use(Use.JOIN, BOX, NOW)
    with pytest.raises(Refused) as refused:
        keeper.use(Use.JOIN, BOX, NOW)
    assert refused.value.retry_seconds == 10
    keeper.use(Use.JOIN, OTHER, NOW)
    keeper.use(Use.PUT, BOX, NOW)


def test_new_mailboxes_are_counted_by_address() -> None:
    keeper = Doorkeeper(Rates(opens=Rate(1, 2)))
    for _ in range(2):
        keeper.open(scope("2001:db8::1"), NOW)
    with pytest.raises(Refused):
        keeper.open(scope("2001:db8::2"), NOW)
    keeper.open(scope("2001:db8:0:1::1"), NOW)


def test_bodies_of_one_mailbox_never_take_the_room_of_all() -> None:
    """P12: a slow flood at some mailboxes leaves room for the first envelope of any other."""
    bodies = Bodies(most=1024 * KIB)
    held = []
    for number in range(20):
        box = bytes([number]) * 16
        with pytest.raises(Refused):  # noqa: PT012 - whichever meets the end
            while True:
                bodies.take(box, 512)
                held.append(box)
    assert bodies.held <= 1024 * KIB
    quiet = b"q" * 16
    bodies.take(quiet, LEAST_COST)
    bodies.give_back(quiet, LEAST_COST)
    for box in held:
        bodies.give_back(box, 512)
    assert (bodies.held, bodies._of) == (0, {})


# --- connections ---------------------------------------------------------------------------------


class Places:
    """Connections as the server uses them, and who was cut off."""

    def __init__(self, most: int, of_one: int) -> None:
        self.cut: list[object] = []
        self.all = Connections(most, of_one, self.cut.append)


def test_one_address_holds_so_many_connections_and_no_more() -> None:
    places = Places(most=10, of_one=2)
    verdicts = [places.all.came(number, "a") for number in range(3)]
    assert verdicts == [Verdict.ADMITTED, Verdict.ADMITTED, Verdict.TOO_MANY_OF_ONE]
    assert places.all.came("x", "b") is Verdict.ADMITTED
    assert [places.all.came(f"h{number}", None) for number in range(5)] == [Verdict.ADMITTED] * 5
    places.all.left(0)
    assert places.all.came("again", "a") is Verdict.ADMITTED


def test_the_oldest_unproven_gives_way_and_the_proven_stay() -> None:
    places = Places(most=3, of_one=9)
    for number in range(3):
        places.all.came(number, None)
    places.all.proven(0)
    assert places.all.crowded
    assert places.all.came("new", None) is Verdict.ADMITTED
    assert places.cut == [1]
    for who in (2, "new"):
        places.all.proven(who)
    assert places.all.came("late", None) is Verdict.FULL
    assert len(places.all) == 3


def test_a_connection_that_becomes_a_push_keeps_its_place() -> None:
    places = Places(most=2, of_one=1)
    places.all.came("http", "a")
    places.all.replaced("http", "push")
    places.all.left("http")
    assert places.all.came("second", "a") is Verdict.TOO_MANY_OF_ONE
    places.all.left("push")
    assert places.all.came("second", "a") is Verdict.ADMITTED

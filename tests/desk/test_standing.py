# SPDX-License-Identifier: Apache-2.0
"""Which relays are up, by what they did: one that stores nothing is down, and pages say so (P6)."""

import pytest

from goodoffices.core.errors import RelayError
from goodoffices.desk.routes.standing import Standing

URL = "https://relay.aland.example"


def standing() -> tuple[Standing, list[tuple[str, bool]]]:
    told: list[tuple[str, bool]] = []
    made = Standing(lambda: 7, lambda url, up: told.append((url, up)))
    made.put(URL, True, "takes envelopes")
    return made, told


@pytest.mark.parametrize("status", [500, 503, 507])
def test_a_relay_that_can_store_nothing_is_down_though_it_answers(status: int) -> None:
    """P6: its database is away, or its disk full; no note goes that way."""
    made, told = standing()
    made.failed(URL, RelayError(f"relay.aland.example refused with {status}: no"))
    assert not made.states[URL].up
    assert told == [(URL, True), (URL, False)]


def test_a_relay_that_refuses_one_mailbox_is_up_and_its_words_are_shown() -> None:
    """P6: a full mailbox is no dead relay, and does not take envelopes either."""
    made, _ = standing()
    made.failed(URL, RelayError("relay.aland.example refused with 429: full"))
    assert made.states[URL].up
    assert "429: full" in made.states[URL].what


@pytest.mark.parametrize(("status", "up"), [(503, True), (507, False)])
def test_a_relay_whose_database_is_back_is_up_though_nothing_waits_for_it(status: int, up: bool) -> None:
    """P6: it says again what lies there. One with a full disk could say so all the time."""
    made, _ = standing()
    made.failed(URL, RelayError(f"relay.aland.example refused with {status}: no"))
    made.answered(URL)
    assert made.states[URL].up is up


def test_a_relay_that_cannot_be_reached_is_not_up_for_an_answer_of_before() -> None:
    """P6"""
    made, _ = standing()
    made.failed(URL, RelayError("relay.aland.example cannot be reached. Nobody listens there."))
    made.answered(URL)
    assert not made.states[URL].up

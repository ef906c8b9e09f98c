# SPDX-License-Identifier: Apache-2.0
"""Whoever carries a stick and puts onto it what he likes (P5, P12; docs/threat-model.md)."""

from __future__ import annotations

import asyncio

import pytest

from goodoffices.core.courier import read_bundle, write_bundle
from goodoffices.desk.courier.carrying import AT_ONCE, Taking, carry_out
from goodoffices.web import courier
from tests.attacks.hostile import NOW, Wire
from tests.web.test_courier_page import Cut, upload
from tests.web.test_pages import signed_in


def stuffed(wire: Wire, count: int) -> bytes:
    """Washington's bundle for Bern, to which its carrier added envelopes that nobody can open."""
    wire.release(wire.agree(), wire.a, wire.b)
    bundle = read_bundle(carry_out(wire.a.desk, wire.a.officer, wire.am, NOW))
    return write_bundle(
        [*bundle[:1], *(b"\x01" + wire.rng.randbytes(4095) for _ in range(count)), *bundle[1:]]
    )


def test_what_a_carrier_adds_is_named_once_and_costs_the_rest_nothing() -> None:
    """P12: what the office put into it comes in all the same."""
    wire = Wire()
    taking = Taking(wire.m.desk, wire.m.officer, stuffed(wire, 2 * AT_ONCE), NOW)
    steps = 1
    while taking.more(NOW):
        steps += 1
    assert steps > 2
    assert taking.taken.new > 0
    assert (taking.taken.refused, taking.taken.later) == (1, 0)
    assert [each for each in wire.m.findings() if "no key of this desk opens" in each]


def test_a_stick_of_thousands_does_not_keep_the_desk_from_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """P5: 64 MiB, most of it a carrier's, took the desk's only loop for as long as it was looked through."""
    cut, seen = Cut(), set[int]()

    class Watched(Taking):
        """Says how far it was whenever the loop has its turn."""

        def more(self, now: int) -> bool:
            asyncio.get_running_loop().call_soon(lambda: seen.add(self._next))
            return super().more(now)

    monkeypatch.setattr(courier, "Taking", Watched)
    saved = signed_in(cut.washington).post(cut.at(cut.washington, "/out"), html=True).content
    envelopes = [*read_bundle(saved), *(b"\x01" + bytes([at]) * 4095 for at in range(3 * AT_ONCE))]
    answer = upload(signed_in(cut.bern), cut.at(cut.bern, "/in"), ("a", write_bundle(envelopes)), html=False)
    assert answer.status_code == 200
    assert len(seen) > 2
    assert cut.bern.desk.ledger.note(cut.note) is not None

# SPDX-License-Identifier: Apache-2.0
"""An intermediary states where its counterpart collects from now on, to be written to instead of it."""

from __future__ import annotations

import pytest

from goodoffices.core.envelope import mailboxes_part
from goodoffices.core.mailboxes import Mailboxes
from goodoffices.core.statement import sign, state
from tests.attacks.catalogue import Attack
from tests.attacks.hostile import NOW, Wire

ATTACK = Attack(
    by="A hostile intermediary",
    does="names mailboxes in another office's name",
    refused="only the office at the other end, by a keeper of its keys, says where it collects: refused and named",
    promise=12,
)


def committed(office: str) -> tuple[Wire, set[bytes]]:
    wire = Wire()
    before = {route.mailbox for route in wire.a.ledger.routes(wire.am, own=False)}
    stated = Mailboxes(
        line=wire.am,
        office={"Washington": wire.a, "Tehran": wire.b}[office].me,
        roster=1,
        version=1,
        mailboxes=(("http://127.0.0.1:9", bytes(16), bytes(32)),),
        time=(NOW, 0),
    )
    signed = sign(state(stated, bytes(16)), wire.m.officer.seed)
    wire.send(wire.a, wire.am, [mailboxes_part(signed)])
    return wire, before


@pytest.mark.parametrize("office", ["Washington", "Tehran"])
def test_nothing_is_written_elsewhere(office: str) -> None:
    """P4, P12"""
    wire, before = committed(office)
    assert {route.mailbox for route in wire.a.ledger.routes(wire.am, own=False)} == before
    assert wire.a.ledger.mailboxes(wire.am, mine=False) == []

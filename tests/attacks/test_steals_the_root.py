# SPDX-License-Identifier: Apache-2.0
"""A thief of a root who also reaches the line's mailboxes brings a roster of its own, to both ends."""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core import envelope
from goodoffices.core.line import Head
from goodoffices.core.office import make_roster, sealing_key
from goodoffices.core.statement import sign, state
from goodoffices.desk.founding import NewOfficer, found
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A thief of the root",
    does="brings a roster of its own on a line in use, with a relay's help",
    refused="it waits at the counterpart, named, until a key of before vouches for it or people compare its digits;"
    " the office's own desk takes no roster but from its peer",
    promise=1,
    record="Bern",
)


def committed() -> Scene:
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    west, line = scene.west.founding.office, scene.west_line
    theirs = found(west.name, [NewOfficer("duty", "officer 9")], bytes(16), scene.rng.randbytes, scene.now)
    false = replace(theirs.office.roster, office=west.id, version=2, previous=west.pin)
    roster = envelope.roster_part(make_roster(false, scene.west.founding.root_seed, bytes(16)))
    asked = Head(line=line, writer=west.id, nonce=bytes(16), locked=False, time=(scene.now, 0), roster=2)
    head = envelope.head_part(sign(state(asked, bytes(16)), theirs.desk_seed))
    for node in (scene.middle, scene.west):
        _, public = sealing_key(node.founding.office.envelope_epochs, scene.now)
        sealed = envelope.pack([roster, head], realm=bytes(16), line=line, public=public)
        node.desk.receive(line, sealed, scene.tick())
    scene.pump()
    scene.forward(scene.release(scene.west, scene.east, "We go on."))
    return scene


def test_the_line_goes_on_by_the_roster_before_and_both_ends_are_told() -> None:
    """P1, P2"""
    scene = committed()
    known = scene.middle.desk.ledger.office(scene.west.me)
    assert known is not None
    assert known.roster.version == scene.west.desk.context.my_office().roster.version == 1
    assert scene.west.desk.context.speaks
    assert len(scene.east.desk.ledger.notes(scene.mandate)) == 2
    assert "came by its root's word alone" in scene.found(scene.middle)
    assert "came unasked, and the other desk does not know it" in scene.found(scene.west)

# SPDX-License-Identifier: Apache-2.0
"""Thin lines in the simulated world: both offices want them, or one no more; what their cells must keep to.

Nothing is simulated here: desks agree, seal and open as they do elsewhere. What is looked at is what lay at
the relays, which is all that a thief of bytes could have.
"""

from __future__ import annotations

from goodoffices.core.errors import YourError
from goodoffices.core.sealed import read_sealed
from goodoffices.desk.desk import Desk
from goodoffices.desk.thin.cells import is_cell
from goodoffices.drill.world.checks import need
from goodoffices.drill.world.parts import SECOND, SimOffice
from goodoffices.drill.world.world import World

_PLACE = 8
"""Bytes of a cell that say its chain and number."""
_NONCE = 12


def want(world: World, office: SimOffice, peer: SimOffice, wanted: bool) -> None:
    """An officer wants the line to a neighbour thin, or no more."""

    def ask(desk: Desk) -> None:
        try:
            desk.acts.thin_line(office.officer, desk.line_named(peer.name).id, wanted, world.now(office))
        except YourError:
            world.count("wants a thin line: not now")

    world.visit(office, f"wants the line to {peer.name} {'thin' if wanted else 'ordinary'}", ask)


def make_thin(world: World) -> None:
    """Every line becomes thin, in a calm world."""
    for here, there in zip(world.offices, world.offices[1:], strict=False):
        want(world, here, there, wanted=True)
        want(world, there, here, wanted=True)
    for _ in range(3):
        world.pass_time(61 * SECOND)
        need(world.rest(), "the world does not come to rest once its lines are thin")


def change_thin(world: World) -> None:
    """Some office turns a thin line off, or wants it again."""
    at = world.rng.randrange(len(world.offices) - 1)
    pair = world.offices[at : at + 2]
    office, peer = pair if world.chance(0.5) else pair[::-1]
    if office.desk is not None:
        want(world, office, peer, wanted=world.chance(0.6))


def check_thin(world: World, *, hostile: bool = False) -> None:
    """No key of a chain ever met one nonce with two texts, whatever went back to an older copy (P3).

    ``hostile``: the intermediary alters notes, so their keys have seen other ciphertexts.
    """
    sealed: dict[bytes, bytes] = {}
    cells = 0
    for relay in world.relays.values():
        for envelope in (each for box in relay.past.values() for each in box if is_cell(each)):
            cells += 1
            same = sealed.setdefault(envelope[: _PLACE + _NONCE], envelope)
            need(same == envelope, "a cell's key met one nonce with two texts")
    notes: dict[bytes, bytes] = {}
    for office in () if hostile else world.offices:
        for (raw,) in office.disk.raw.execute("SELECT sealed FROM copy").fetchall():
            note = read_sealed(bytes(raw))
            if note.chain is not None:
                place = note.chain[0] + note.chain[1].to_bytes(4) + note.ciphertext[:_NONCE]
                same = notes.setdefault(place, note.ciphertext)
                need(same == note.ciphertext, "a note's key met one nonce with two texts")
    world.counts["cells"] = cells
    world.counts["notes from a chain"] = len(notes)

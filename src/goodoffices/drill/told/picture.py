# SPDX-License-Identifier: Apache-2.0
"""The space–time picture of a drill: its chronicle as the tracks that ``picture.spacetime`` draws."""

from __future__ import annotations

from goodoffices.drill.form.clocks import dtg, duration
from goodoffices.drill.told.chronicle import Chronicle, Custody
from goodoffices.picture.spacetime import draw as draw_tracks
from goodoffices.picture.tracks import Lane, Reached, Track, Words

_WORDS = Words(
    say=str,
    span=duration,
    stamp=dtg,
    title="Space–time picture of the notes",
    description=(
        "One lane per office, time running down, one line per note. "
        "The table after the picture holds the same in words."
    ),
)


def _track(held: Custody) -> Track:
    note = held.note
    return Track(
        id=note.id,
        name=note.id,
        author=note.sender,
        reader=note.reader,
        via=note.via,
        caucus=note.direct,
        reached=tuple(
            Reached(stage.step.rung, stage.step.office, stage.step.time, stage.waited, stage.late_by)
            for stage in held.stages
        ),
        crossed=held.seen.crossed if held.seen else (),
    )


def draw(chronicle: Chronicle) -> str:
    """The picture as an SVG element to stand in a page (its colours are the page's)."""
    path = chronicle.case.channel.path
    offices = {office.name: office for office in chronicle.case.offices}
    lanes = [Lane(name, offices[name].role, offices[name].role) for name in path if name in offices]
    released = [held for held in chronicle.custodies if held.first("released") is not None]
    return draw_tracks(lanes, [_track(held) for held in released], _WORDS)

# SPDX-License-Identifier: Apache-2.0
"""Seats that people take: what the script has an office do there is waited for instead, and seen on its desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from goodoffices.drill.form.forms import Case
from goodoffices.drill.form.plan import Doing
from goodoffices.drill.scene.doors import Door
from goodoffices.drill.scene.stage import Stage
from goodoffices.drill.told import observed as seen

_LATER = (seen.OPENED, seen.WITH_PRINCIPAL, seen.ACKNOWLEDGED)
DONE_BY: Mapping[str, tuple[str, ...]] = {
    "see": (seen.SEEN, seen.FORWARDED, seen.REFUSED),
    "forward": (seen.FORWARDED, seen.REFUSED),
    "refuse": (seen.REFUSED, seen.FORWARDED),
    "open": _LATER,
    "principal": _LATER[1:],
    "acknowledge": _LATER[2:],
}
"""With which rungs of that office's own a thing counts as done: a person may do more at once, or otherwise."""
LEFT_TO_THE_PERSON = ("remark", "translate", "file", "report", "statement", "assurance", "brief")
"""What nobody waits for."""


class Seats:
    """The offices in which people sit. The rest is the script's."""

    def __init__(self, case: Case, stage: Stage, offices: Iterable[str], ids: dict[str, str]) -> None:
        self.case, self.stage, self.offices, self.ids = case, stage, frozenset(offices), ids

    def __contains__(self, office: str) -> bool:
        return office in self.offices

    def look(self, doing: Doing) -> bool:
        """Whether the person in that office's seat has done it, by what the office's desk shows."""
        if doing.what == "release":
            return self._released(doing)
        page = self._door(doing.office).find(f"/notes/{self.ids[doing.note]}")
        return page is not None and any(
            step["rung"] in DONE_BY[doing.what]
            and step["office_name"] == doing.office
            and step["at"] is not None
            for step in page["steps"]
        )

    def refused(self, doing: Doing) -> bool:
        """Whether what was to be forwarded was refused there instead."""
        page = self._door(doing.office).find(f"/notes/{self.ids[doing.note]}")
        return page is not None and any(
            step["rung"] == seen.REFUSED and step["at"] is not None for step in page["steps"]
        )

    def _released(self, doing: Doing) -> bool:
        """The first note of this office to that reader that the case does not know yet is the one meant."""
        note, known = self.case.note(doing.note), set(self.ids.values())
        lanes = self._door(doing.office).look(f"/channels/{self.stage.mandate}")["lanes"]
        found = [
            item["id"]
            for lane in lanes
            for item in lane["items"]
            if item["kind"] == "note" and item["mine"] and item["recipient_name"] == note.reader
        ]
        new = next((each for each in found if each not in known), None)
        if new is not None:
            self.ids[doing.note] = new
        return new is not None

    def _door(self, office: str) -> Door:
        return next(door for (name, _), door in self.stage.doors.items() if name == office)


def asked_of(doing: Doing, case: Case) -> str:
    """What a person in a seat is asked to do, on one line."""
    if doing.what == "release":
        note = case.note(doing.note)
        return f"write to {note.reader} and release it; by the case: {' '.join(note.text.split())[:300]}"
    words = {"see": "take", "principal": "give to the principal"}.get(doing.what, doing.what)
    return f"{words} note {doing.note}"

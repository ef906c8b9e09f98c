# SPDX-License-Identifier: Apache-2.0
"""What the script does at the desks' doors, each thing as an officer would do it on the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from goodoffices.core.errors import MachineError
from goodoffices.drill.form.exercise import GRADES, SHARING, Briefing
from goodoffices.drill.form.forms import (
    AUTHORITIES,
    ITEM_GRADES,
    PRECEDENCES,
    SOURCE_GRADES,
    Case,
    Note,
    Report,
)
from goodoffices.drill.form.plan import Doing
from goodoffices.drill.scene.doors import Door, until
from goodoffices.drill.scene.stage import Stage

_ACKNOWLEDGEMENTS = (("answer", 4), ("follow", 3), ("reply", 3), ("consider", 2))
LONGEST_ANSWER = 200
"""Bytes of a report's answer."""
ACKNOWLEDGED_AS = {1: "read", 2: "received, considering", 3: "reply follows", 4: "answered"}
Moment = Callable[[int | None, int], int | None]
"""The real time, in ms, of a time that a note states in case time; at least so many ms from now."""


class Deeds:
    """The script's hands. ``ids`` are the notes that were released: id in the case to signed ID."""

    def __init__(self, case: Case, stage: Stage, moment: Moment, least: Callable[[Note], int]) -> None:
        self.case, self.stage = case, stage
        self.ids: dict[str, str] = {}
        self._moment, self._least = moment, least
        self._remarks: dict[tuple[str, str], str] = {}
        self._files: dict[str, str] = {}
        self._reports: dict[str, str] = {}
        self._said: dict[tuple[str, str], str] = {}
        self.briefings: list[tuple[str, bytes]] = []

    def do(self, doing: Doing) -> None:
        """Do one thing of the plan; raises MachineError where a desk says no."""
        if doing.note and doing.what != "release":
            self._with_note(doing)
            return
        match doing.what:
            case "release":
                self._release(self.case.note(doing.note))
            case "fault":
                self.stage.begin(self.case.faults[doing.item])
            case "mended":
                self.stage.mend(self.case.faults[doing.item])
            case "file":
                self._open_file(doing.item)
            case "report":
                self._report(self.case.reports[doing.item])
            case "statement":
                self._statement(doing)
            case "assurance":
                self._assurance(doing.item)
            case "brief":
                self._brief(doing.item)

    def _with_note(self, doing: Doing) -> None:
        if doing.what == "remark":
            self._remarks[doing.office, doing.note] = doing.text
            return
        door = self.stage.door(doing.office, "duty officer")
        where = f"/notes/{self.ids[doing.note]}"
        until(f"{doing.note} at {doing.office}", lambda: door.find(where))
        remark = self._remarks.pop((doing.office, doing.note), None)
        match doing.what:
            case "see":
                door.do(f"{where}/take")
            case "forward":
                door.do(f"{where}/forward", remark=remark)
            case "refuse":
                # A refusal has one text, the reason; a remark made beside it stands behind it.
                door.do(f"{where}/refuse", reason="\n\n".join(each for each in (doing.text, remark) if each))
            case "open":
                until(f"{doing.note} verified at {doing.office}", lambda: verified(door, where))
                door.do(f"{where}/open")
            case "principal":
                door.do(f"{where}/with-principal")
            case "acknowledge":
                door.do(f"{where}/acknowledge", kind=acknowledgement(doing.text))
            case "translate":
                self._translate(door, where, doing.item)

    def _translate(self, door: Door, where: str, item: int) -> None:
        """Where the mandate asks for two officers, the second signs as well, if the case has one."""
        given = self.case.translations[item]
        put = door.do(
            f"{where}/beside", text=given.text, language=given.language, grade=GRADES.index(given.grade) + 1
        )
        others = [
            each
            for (office, _), each in self.stage.doors.items()
            if office == given.office and each is not door
        ]
        if not put["stands"] and others:
            others[0].do(f"{where}/beside/sign", act=put["id"])

    def _release(self, note: Note) -> None:
        door = self.stage.door(note.sender, "releaser")
        done = door.do(
            f"/channels/{self.stage.mandate}/release",
            to=self.stage.ids[note.reader],
            text=note.text,
            precedence=len(PRECEDENCES) - PRECEDENCES.index(note.precedence),
            authority=AUTHORITIES.index(note.authority) + 1,
            language=note.language,
            valid_until=stated(self._moment(note.valid_until, self._least(note))),
            reply_by=stated(self._moment(note.reply_by, self._least(note))),
            in_reply_to=self.ids.get(note.in_reply_to or ""),
            replaces=self.ids.get(note.replaces or ""),
            withdraws=self.ids.get(note.withdraws or ""),
        )
        self.ids[note.id] = str(done["id"])

    def _open_file(self, item: int) -> None:
        incident = self.case.incidents[item]
        door = self.stage.door(incident.office, "duty officer")
        self._files[incident.id] = str(
            door.do("/incidents", title=incident.title, place=incident.place)["id"]
        )

    def _report(self, report: Report) -> None:
        office = next(each.office for each in self.case.incidents if each.id == report.incident)
        door = self.stage.door(office, "duty officer")
        corrects = next((self._reports[each] for each in report.supersedes if each in self._reports), None)
        here = {each.id for each in self.case.reports if each.incident == report.incident}
        against = [self._reports[each] for each in report.contradicts if each in here & self._reports.keys()]
        done = door.do(
            f"/incidents/{self._files[report.incident]}/report",
            what=report.claim,
            source=report.source,
            where=report.where,
            known=stated(report.known.first),
            **{"from": stated(report.happened.first), "until": stated(report.happened.last)},
            grade_source=tuple(SOURCE_GRADES).index(report.grade_source) + 1,
            grade_item=tuple(ITEM_GRADES).index(report.grade_item) + 1,
            question=report.question,
            claim=2 if report.claimant else 1,
            claimant=report.claimant or None,
            answer=report.answer or _cut(" ".join(report.claim.split()), LONGEST_ANSWER),
            corrects=corrects,
            contradicts=",".join(against) or None,
        )
        self._reports[report.id] = str(done["id"])

    def _statement(self, doing: Doing) -> None:
        """Logged on the page of the channel's chronicle, where officers log what was said in public."""
        said, office = self.case.statements[doing.item], doing.office
        done = self.stage.door(office, "duty officer").do(
            f"/channels/{self.stage.mandate}/chronicle/statements",
            what=said.what,
            by=said.by,
            where=said.where or None,
            said=stated(said.at.first),
            known=stated(said.learnt),
            heard=said.source,
            said_source=tuple(SOURCE_GRADES).index(said.grade_source) + 1,
            said_item=tuple(ITEM_GRADES).index(said.grade_item) + 1,
            mark=len(SHARING) - SHARING.index(said.sharing) if said.sharing else 0,
            note=self.ids.get(said.note),
            corrects=self._said.get((office, said.corrects)),
        )
        self._said[office, said.id] = str(done["id"])

    def _assurance(self, item: int) -> None:
        assurance = self.case.assurances[item]
        self.stage.door(assurance.kept_by, "duty officer").do(
            "/assurances",
            note=self.ids[assurance.note],
            what=assurance.text,
            conditions="\n".join(assurance.conditions),
            until=stated(self._moment(assurance.until, 0)),
        )

    def _brief(self, item: int) -> None:
        """Where the mandate asks for it, the other offices consent first; the script's do."""
        briefing = self.case.briefings[item]
        where = f"/channels/{self.stage.mandate}"
        door = self.stage.door(briefing.office, "releaser")
        self._put_under_checkpoints(door)
        page = door.look(f"{where}/briefing?{self._picked(door, where, briefing)}")
        shown = {self.ids[each] for each in briefing.notes if each in self.ids}
        parts = [
            f"{note['id']}:{part['at']}"
            for note in page["notes"]
            if note["id"] in shown
            for part in note["parts"]
        ]
        beside = [self._paper(briefing.office, each) for each in briefing.beside]
        chosen = {
            "recipient": briefing.to, "mark": SHARING.index(briefing.mark) + 1, "purpose": briefing.purpose,
            "consent": briefing.consent or None, "parts": ",".join(parts), "along": 1,
            "own": ",".join(beside) or None,
        }  # fmt: skip
        if page["asks_consent"]:
            door.do(f"{where}/consent", **chosen)
            for office in self.case.channel.path:
                if office != briefing.office:
                    other = self.stage.door(office, "releaser")
                    waits = until(f"the question at {office}", partial(_asked, other, f"{where}/consent"))
                    for question in waits:
                        other.do(f"{where}/consent/{question}", given=1)
            until(f"consent at {briefing.office}", partial(_consented, door, f"{where}/consent"))
        self.briefings.append(
            (f"{briefing.office}-briefing-{item + 1}.zip", door.save(f"{where}/briefing", **chosen))
        )

    def _picked(self, door: Door, where: str, briefing: Briefing) -> str:
        """What is ticked on the chronicle for a briefing, which leads to the briefing's page with it."""
        notes = [self.ids[each] for each in briefing.notes if each in self.ids]
        own = [self._paper(briefing.office, each) for each in briefing.beside]
        listed = until(f"the chronicle at {briefing.office}", partial(_listed, door, where, {*notes, *own}))
        picked = [("note" if each["kind"] == "note" else "own", each["id"]) for each in listed]
        return "&".join(f"{name}={item}" for name, item in picked)

    def _paper(self, office: str, name: str) -> str:
        """The ID of a statement or report of the case, as that office signed it."""
        return self._said.get((office, name)) or self._reports[name]

    def _put_under_checkpoints(self, door: Door) -> None:
        """A briefing shows what stands under a checkpoint: every desk makes one of what it has signed so far."""
        held = {key: entries for key, (entries, _) in _chains(door).items()}
        for office in self.case.channel.path:
            self.stage.door(office, "keeper of keys").do("/checkpoints")
        until(f"checkpoints at {door.office}", partial(_covered, door, held))

    def save_briefings(self, target: Path) -> None:
        """Leave each briefing beside the exports."""
        for name, archive in self.briefings:
            (target / name).write_bytes(archive)


def _chains(door: Door) -> dict[tuple[str, bool], tuple[int, int]]:
    """Per line and side: how many entries there are, and how many of them stand under a checkpoint."""
    lines = door.look("/checkpoints")["lines"]
    return {
        (line["id"], each["mine"]): (each["entries"], each["under"])
        for line in lines
        for each in line["chains"]
    }


def _covered(door: Door, held: dict[tuple[str, bool], int]) -> bool | None:
    now = _chains(door)
    return True if all(now[key][1] >= entries for key, entries in held.items()) else None


def _listed(door: Door, where: str, wanted: set[str]) -> list[dict[str, Any]] | None:
    """The items wanted, from the pages of the chronicle; None while one of them is not in it yet."""
    found: list[dict[str, Any]] = []
    before = ""
    while True:
        lanes = "&".join(f"lane={each['value']}" for each in door.look(f"{where}/chronicle")["lanes"])
        page = door.look(f"{where}/chronicle?kind=note&kind=report&kind=statement&{lanes}{before}")
        found += [each for each in page["items"] if each["id"] in wanted]
        if page["older"] is None:
            return found if len(found) == len(wanted) else None
        before = f"&before={page['older']}"


def _asked(door: Door, where: str) -> list[str] | None:
    return [each["id"] for each in door.look(where)["questions"] if each["waits"]] or None


def _consented(door: Door, where: str) -> bool | None:
    mine = [each for each in door.look(where)["questions"] if each["mine"]]
    return True if mine and all(answer["given"] for each in mine for answer in each["answers"]) else None


def _cut(text: str, most: int) -> str:
    """So much of a text as so many bytes hold."""
    return text.encode()[:most].decode(errors="ignore")


def stated(moment: int | None) -> str | None:
    """A time as forms take it, or None."""
    if moment is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1000)) + f".{moment % 1000:03d}Z"


def acknowledgement(words: str) -> int:
    """The agreed kind that stands for a case's words."""
    lowered = words.lower()
    return next((kind for word, kind in _ACKNOWLEDGEMENTS if word in lowered), 1)


def verified(door: Door, where: str) -> bool | None:
    """True once a note's signature was verified there; None before; raises MachineError where it cannot be."""
    page: dict[str, Any] | None = door.find(where)
    if page is None:
        return None
    state = page["card"]["state"]
    if state in ("altered", "newer", "unreadable"):
        raise MachineError(f"A note arrived at {door.office} as '{state}': {page['card']['finding']}")
    return True if state == "verified" else None

# SPDX-License-Identifier: Apache-2.0
"""The player: a case played through the desks' own doors, and what the desks show of it afterwards.

It imports no code of the desk. What it reports was read from the desks' pages and from the offline
verifier's verdict on their exports; only the order of things to do comes from the case.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from goodoffices.core.errors import MachineError
from goodoffices.drill.form.forms import AUTHORITIES, PRECEDENCES, Case, Note
from goodoffices.drill.form.plan import Doing, Plan, Timeline
from goodoffices.drill.scene.doors import Door, until
from goodoffices.drill.scene.processes import command, verdict
from goodoffices.drill.scene.records import told_of_line
from goodoffices.drill.scene.stage import Stage
from goodoffices.drill.told import observed as seen
from goodoffices.drill.told.observed import Observed, ObservedLine, ObservedNote, Step

QUIET = 3.0
"""Seconds for which a jump of the case's time waits at most for what is under way."""
LEAD = 0.15
"""Seconds before the first thing is done."""
VALID_FOR = 60_000
"""Milliseconds of real time for which a note stays valid at least, if the case passes it on in time. However slow
the machine is, only a note that the case lets expire does."""
EXPIRES_AFTER = 3_000
"""The same for a note that the case lets expire: time enough to release it."""
_ACKNOWLEDGEMENTS = (("answer", 4), ("follow", 3), ("reply", 3), ("consider", 2))
ACKNOWLEDGED_AS = {1: "read", 2: "received, considering", 3: "reply follows", 4: "answered"}


def real_now() -> int:
    """Milliseconds UTC of this machine's clock."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Speed:
    """How waits inside passages are shortened. Case time is the same at every speed."""

    pace: float
    longest_wait: int | None

    @property
    def words(self) -> str:
        """For the reader of the result."""
        if self.pace == 1 and self.longest_wait is None:
            return "minutes inside a note's passage were played in full"
        return "waits between acts were shortened; case time, durations and lateness are those of the case"


QUICK = Speed(600.0, 400)
WATCHABLE = Speed(60.0, 5_000)
REAL = Speed(1.0, None)


class Player:
    """One run of a case."""

    def __init__(self, case: Case, stage: Stage, speed: Speed, say: Callable[[str], None]) -> None:
        self.case, self.stage, self.speed, self.say = case, stage, speed, say
        self.plan = Plan.of(case)
        self.timeline = Timeline(case, self.plan, pace=speed.pace, longest_wait=speed.longest_wait)
        self.ids: dict[str, str] = {}
        self.began = 0
        self._remarks: dict[tuple[str, str], str] = {}
        self._last_expiry = 0
        self._offset: int | None = None

    # --- playing ----------------------------------------------------------------------------------

    def play(self) -> None:
        """Do everything in the plan, each thing when it is due, then wait until all of it has arrived."""
        self.began = real_now() + round(LEAD * 1000)
        for doing in self.plan.doings:
            self._wait_for(doing)
            self._set_clocks(doing.case_at)
            self._do(doing)
        time.sleep(max(0, self._last_expiry - real_now()) / 1000)
        # What is on its way can hide from one round, moving one desk further between two looks; not from
        # as many rounds as there are desks on the path, and one more.
        calm = 0
        while calm <= len(self.case.channel.path):
            looks = [self._settled(office) for office in self.case.channel.path]
            calm = calm + 1 if all(looks) else 0

    def _settled(self, office: str) -> bool:
        """Whether an office had nothing on its way at once; else wait until it has not."""
        door = self._any(office)
        if _settled(door):
            return True
        until(f"receipts at {office}", partial(_settled, door))
        return False

    def _wait_for(self, doing: Doing) -> None:
        left = (self.began + self.timeline.real(doing.case_at) - real_now()) / 1000
        if left > 0:
            time.sleep(left)

    def _set_clocks(self, case_at: int) -> None:
        """The same offset at every desk, and never one that sets the case's time back: what was done
        after something else also carries a later time of the case."""
        offset = case_at - real_now()
        if self._offset is not None and offset <= self._offset:
            return
        # What desks still sign by themselves belongs to the time before.
        for office in self.case.channel.path:
            with contextlib.suppress(MachineError):
                until(f"quiet at {office}", partial(_settled, self._any(office)), QUIET)
        self._offset = offset = case_at - real_now()
        for office in self.case.channel.path:
            self._any(office).do("/drill/clock", offset=offset)

    def _any(self, office: str) -> Door:
        return next(door for (name, _), door in self.stage.doors.items() if name == office)

    def _do(self, doing: Doing) -> None:
        note = self.case.note(doing.note)
        if doing.what == "release":
            self._release(note)
            return
        if doing.what == "remark":
            self._remarks[doing.office, doing.note] = doing.text
            return
        door = self.stage.door(doing.office, "duty officer")
        where = f"/notes/{self.ids[doing.note]}"
        until(f"{note.id} at {doing.office}", lambda: door.find(where))
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
                until(f"{note.id} verified at {doing.office}", lambda: _verified(door, where))
                door.do(f"{where}/open")
            case "principal":
                door.do(f"{where}/with-principal")
            case "acknowledge":
                door.do(f"{where}/acknowledge", kind=acknowledgement(doing.text))
        self.say(f"{doing.office}: {doing.what} {note.id}")

    def _release(self, note: Note) -> None:
        door = self.stage.door(note.sender, "releaser")
        lapses = self.plan.stopped.get(note.id, "").startswith("expired")
        valid_until = self._real_time(note.valid_until, EXPIRES_AFTER if lapses else VALID_FOR)
        if lapses and valid_until is not None:
            self._last_expiry = max(self._last_expiry, valid_until)
        done = door.do(
            f"/channels/{self.stage.mandate}/release",
            to=self.stage.ids[note.reader],
            text=note.text,
            precedence=len(PRECEDENCES) - PRECEDENCES.index(note.precedence),
            authority=AUTHORITIES.index(note.authority) + 1,
            language=note.language,
            valid_until=_stated(valid_until),
            reply_by=_stated(self._real_time(note.reply_by, EXPIRES_AFTER)),
            in_reply_to=self.ids.get(note.in_reply_to or ""),
            replaces=self.ids.get(note.replaces or ""),
            withdraws=self.ids.get(note.withdraws or ""),
        )
        self.ids[note.id] = str(done["id"])
        self.say(f"{note.sender}: released {note.id} to {note.reader}")

    def _real_time(self, case_at: int | None, least: int) -> int | None:
        """A time that a note states, in the real time in which the desks live; never sooner than ``least`` ms."""
        if case_at is None:
            return None
        return max(self.began + self.timeline.real(case_at), real_now() + least)

    # --- what the desks show ------------------------------------------------------------------------

    def notes(self) -> tuple[ObservedNote, ...]:
        """Every note, read from its author's desk and its reader's."""
        by_id = {note_id: name for name, note_id in self.ids.items()}
        return tuple(self._observed(note, by_id) for note in self.case.notes if note.id in self.ids)

    def _observed(self, note: Note, by_id: dict[str, str]) -> ObservedNote:
        where = f"/notes/{self.ids[note.id]}"
        sent = self._any(note.sender).look(where)
        got = self._any(note.reader).find(where)
        card = sent["card"]
        crossed = {each["id"] for page in (sent, got) if page for each in page["card"]["crossed"]}
        return ObservedNote(
            id=note.id,
            note_id=self.ids[note.id],
            number=card["number"],
            digits=card["digits"],
            verbatim=got is not None
            and got["card"]["state"] == "verified"
            and got["card"]["text"] == note.text,
            crossed=tuple(name for each in sorted(crossed) if (name := by_id.get(each))),
            steps=tuple(_step(each) for each in sent["steps"] if each["at"] is not None),
        )

    def doubled(self) -> int:
        """Notes that a reader's desk shows more than once."""
        extra = 0
        for office in self.case.channel.path:
            lanes = self._any(office).look(f"/channels/{self.stage.mandate}")["lanes"]
            shown = [item["id"] for lane in lanes for item in lane["items"] if item["kind"] == "note"]
            extra += len(shown) - len(set(shown))
        return extra

    def lost(self) -> int:
        """Released notes that should have reached their reader and are not at his desk."""
        expected = [
            note for note in self.case.notes if note.id in self.ids and note.id not in self.plan.stopped
        ]
        return sum(self._any(note.reader).find(f"/notes/{self.ids[note.id]}") is None for note in expected)

    def export(self, target: Path, *, again: bool) -> tuple[tuple[ObservedLine, ...], dict[str, str]]:
        """Stop each desk, export its record, have it verified; start the desks again if asked to."""
        trust = self.stage.folder / "trust.txt"
        trust.write_text("".join(f"{key} {name}\n" for name, key in self.stage.ids.items()), encoding="utf-8")
        for door in self.stage.doors.values():
            door.close()
        self.stage.doors.clear()
        verdicts: dict[str, dict[str, Any]] = {}
        folders: dict[str, Path] = {}
        for office, desk in self.stage.desks.items():
            desk.stop()
            folder = folders[office] = target / f"{office}.export"
            officer = self.stage.officers[office][0].name
            secret = str(self.stage.folder / f"passphrase-{office}")
            command(
                "record", "export", str(self.stage.vault(office)), str(folder), "--officer", officer,
                "--passphrase-file", secret,
            )  # fmt: skip
            verdicts[office] = verdict(folder, trust=trust)
            if again:
                self.stage.restart(office)
        lines = tuple(
            told_of_line({office: self.stage.ids[office] for office in ends}, verdicts, folders, trust)
            for ends in pairwise(self.case.channel.path)
        )
        return lines, {office: folder.name for office, folder in folders.items()}


def _stated(moment: int | None) -> str | None:
    if moment is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1000)) + f".{moment % 1000:03d}Z"


def acknowledgement(words: str) -> int:
    """The agreed kind that stands for a case's words."""
    lowered = words.lower()
    return next((kind for word, kind in _ACKNOWLEDGEMENTS if word in lowered), 1)


def _settled(door: Door) -> bool | None:
    return True if all(line["unreceipted"] == 0 for line in door.look("/lines")["lines"]) else None


def _verified(door: Door, where: str) -> bool | None:
    page = door.find(where)
    if page is None:
        return None
    state = page["card"]["state"]
    if state in ("altered", "newer", "unreadable"):
        raise MachineError(f"A note arrived at {door.office} as '{state}': {page['card']['finding']}")
    return True if state == "verified" else None


def _step(step: dict[str, Any]) -> Step:
    detail = step["detail"] or ""
    if step["rung"] == seen.ACKNOWLEDGED and step["code"]:
        detail = ACKNOWLEDGED_AS.get(step["code"], "")
    signer = (
        f"the desk of {step['office_name']}"
        if step["by_desk"]
        else f"{step['signer']} of {step['office_name']}"
    )
    return Step(step["rung"], step["office_name"], step["at"], step["case_at"], signer, "", detail)


def run(
    case: Case,
    speed: Speed,
    out: Path | None,
    say: Callable[[str], None],
    show: Callable[[Observed, Path], None],
    stay: Callable[[Stage], None] | None,
) -> Observed:
    """Play a case from nothing: processes up, everything played, records exported and verified.

    ``show`` gets the result and the folder of the exports; ``stay``, if given, the stage with the desks
    up again. Everything that was started is stopped at the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="goodoffices-drill-"))
    stage = Stage(case, folder)
    target = out if out is not None else folder / "out"
    target.mkdir(parents=True, exist_ok=True)
    try:
        say(f"two relays and {len(case.channel.path)} desks are starting, each a process of its own ...")
        stage.set()
        player = Player(case, stage, speed, say)
        player.play()
        result = Observed(
            notes=player.notes(),
            lost=player.lost(),
            doubled=player.doubled(),
            began=player.began,
            ended=real_now(),
            pace=speed.pace,
            remarks=(speed.words,),
        )
        say("every desk is stopped, its record exported and verified offline ...")
        lines, exports = player.export(target, again=stay is not None)
        result = replace(result, lines=lines, exports=exports)
        show(result, target)
        if stay is not None:
            stay(stage)
        return result
    finally:
        stage.strike()
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)

# SPDX-License-Identifier: Apache-2.0
"""The player: a case played through the desks' own doors, and what the desks show of it afterwards.

It imports no code of the desk. What it reports was read from the desks' pages and from the offline
verifier's verdict on their exports; only the order of things to do comes from the case.
"""

from __future__ import annotations

import contextlib
import heapq
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from goodoffices.core.errors import MachineError
from goodoffices.drill.form.forms import Case, Note
from goodoffices.drill.form.plan import Doing, Plan, Timeline
from goodoffices.drill.play.deeds import ACKNOWLEDGED_AS, Deeds
from goodoffices.drill.play.pace import Conductor, Ended, Speed
from goodoffices.drill.play.seats import LEFT_TO_THE_PERSON, Seats, asked_of
from goodoffices.drill.scene.doors import Door, until
from goodoffices.drill.scene.processes import command, verdict
from goodoffices.drill.scene.records import told_of_line
from goodoffices.drill.scene.stage import Stage
from goodoffices.drill.told import observed as seen
from goodoffices.drill.told.observed import CUT, Deed, Observed, ObservedLine, ObservedNote, Step

QUIET = 3.0
"""Seconds for which a jump of the case's time waits at most for what is under way."""
LEAD = 150
"""Milliseconds before the first thing is done."""
VALID_FOR = 60_000
"""Milliseconds of real time for which a note stays valid at least, if the case passes it on in time. However slow
the machine is, only a note that the case lets expire does."""
EXPIRES_AFTER = 3_000
"""The same for a note that the case lets expire: time enough to release it."""
GLANCE = 200
"""Milliseconds between two looks at whether a person has acted."""


def real_now() -> int:
    """Milliseconds UTC of this machine's clock."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Table:
    """Who sits where, and for how long the script waits for a person, in seconds; None: until told to act."""

    seats: tuple[str, ...] = ()
    patience: float | None = None
    stepped: bool = False


@dataclass(order=True)
class _Due:
    case_at: int
    order: int
    doing: Doing = field(compare=False)


class Player:
    """One run of a case."""

    def __init__(
        self,
        case: Case,
        stage: Stage,
        speed: Speed,
        say: Callable[[str], None],
        table: Table | None = None,
        conductor: Conductor | None = None,
    ) -> None:
        self.case, self.stage, self.speed, self.say = case, stage, speed, say
        self.table = table or Table()
        self.conductor = conductor or Conductor(real_now, say, self.table.stepped)
        self.plan = Plan.of(case)
        self.timeline = Timeline(case, self.plan, pace=speed.pace, longest_wait=speed.longest_wait)
        self.deeds = Deeds(case, stage, self._real_time, self._least)
        self.seats = Seats(case, stage, self.table.seats, self.deeds.ids)
        self.began = 0
        self.done: list[Deed] = []
        self.cut = False
        self.refused: set[str] = set()
        """Notes that a person refused where the case has them forwarded."""
        self._at = self._due = 0
        self._last_expiry = 0
        self._offset: int | None = None
        self._broken = 0

    @property
    def ids(self) -> dict[str, str]:
        """The signed IDs of what was released, by the ids of the case."""
        return self.deeds.ids

    # --- playing ----------------------------------------------------------------------------------

    def play(self) -> None:
        """Do everything in the plan, each thing when it is due, then wait until all of it has arrived."""
        self.began = self._due = real_now() + LEAD
        waiting = [_Due(doing.case_at, n, doing) for n, doing in enumerate(self.plan.doings)]
        self._at = waiting[0].case_at if waiting else self.case.start
        try:
            while waiting:
                due = heapq.heappop(waiting)
                late = self._turn(due.doing, due.case_at)
                if late:
                    # What follows with a note whose person was late follows that much later.
                    for each in waiting:
                        each.case_at += late if each.doing.note == due.doing.note else 0
                    heapq.heapify(waiting)
        except Ended:
            self.cut = True
            self.conductor.noted.append(CUT)
        for fault in self.case.faults if self._broken else ():
            with contextlib.suppress(KeyError):
                self.stage.mend(fault)
        time.sleep(max(0, self._last_expiry - real_now()) / 1000)
        # What is on its way can hide from one round, moving one desk further between two looks; not from
        # as many rounds as there are desks on the path, and one more.
        calm = 0
        while calm <= len(self.case.channel.path):
            looks = [self._settled(office) for office in self.case.channel.path]
            calm = calm + 1 if all(looks) else 0

    def _turn(self, doing: Doing, case_at: int) -> int:
        """Do one thing, or have it done. By how much of case time a person was later than the case, in ms."""
        if doing.note in self.refused or (
            doing.note and doing.what != "release" and doing.note not in self.ids
        ):
            return 0
        self._wait_for(case_at)
        what = f"{doing.office}: {asked_of(doing, self.case)}" if doing.note else doing.what
        self.conductor.before(what)
        self._set_clocks(case_at)
        seated = doing.office in self.seats
        if seated and doing.what in LEFT_TO_THE_PERSON:
            return 0
        by = "person" if seated and self._person_acts(doing) else "script"
        if by == "script":
            self._keep_expiry(doing)
            self.deeds.do(doing)
        self._broken += {"fault": 1, "mended": -1}.get(doing.what, 0)
        if doing.what == "forward" and by == "person" and self.seats.refused(doing):
            self.refused.add(doing.note)
        at = real_now() + (self._offset or 0)
        self.done.append(Deed(doing.what, doing.office, doing.note, max(at, case_at), doing.item, by))
        self.say(self._said(doing))
        return max(0, at - case_at) if seated else 0

    def _said(self, doing: Doing) -> str:
        if doing.what in ("fault", "mended"):
            return f"{'begins' if doing.what == 'fault' else 'ends'}: {self.case.faults[doing.item].words()}"
        if doing.what == "release":
            return f"{doing.office}: released {doing.note} to {self.case.note(doing.note).reader}"
        return f"{doing.office}: {doing.what} {doing.note}".rstrip()

    def _person_acts(self, doing: Doing) -> bool:
        """Wait for the person in a seat; False when the script is to act instead."""
        self.say(f"{doing.office}, it is for you: {asked_of(doing, self.case)}")
        until_then = None if self.table.patience is None else real_now() + 1000 * self.table.patience
        while not self.seats.look(doing):
            if self.conductor.script_acts() or (until_then is not None and real_now() > until_then):
                self.conductor.noted.append(
                    f"the script acted for {doing.office}: {asked_of(doing, self.case)[:120]}"
                )
                return False
            time.sleep(GLANCE / 1000)
        return True

    def _settled(self, office: str) -> bool:
        """Whether an office had nothing on its way at once; else wait until it has not."""
        door = self._any(office)
        if _settled(door):
            return True
        until(f"receipts at {office}", partial(_settled, door))
        return False

    def _wait_for(self, case_at: int) -> None:
        if case_at > self._at:
            self._due += self.timeline.real(case_at) - self.timeline.real(self._at)
            self._at = case_at
        left = self._due - real_now()
        if left > 0:
            began = real_now()
            self.conductor.wait(left)
            # Played faster, slower or held: the rest of the case moves with it.
            self._due += (real_now() - began) - left

    def _set_clocks(self, case_at: int) -> None:
        """The same offset at every desk, and never one that sets the case's time back: what was done
        after something else also carries a later time of the case."""
        offset = case_at - real_now()
        if self._offset is not None and offset <= self._offset:
            return
        # What desks still sign by themselves belongs to the time before; while something is broken, it may
        # be under way for as long as that lasts.
        for office in self.case.channel.path if not self._broken else ():
            with contextlib.suppress(MachineError):
                until(f"quiet at {office}", partial(_settled, self._any(office)), QUIET)
        self._offset = offset = case_at - real_now()
        for office in self.case.channel.path:
            self._any(office).do("/drill/clock", offset=offset)

    def _any(self, office: str) -> Door:
        return next(door for (name, _), door in self.stage.doors.items() if name == office)

    def _lapses(self, note: Note) -> bool:
        return self.plan.stopped.get(note.id, "").startswith("expired")

    def _least(self, note: Note) -> int:
        return EXPIRES_AFTER if self._lapses(note) else VALID_FOR

    def _keep_expiry(self, doing: Doing) -> None:
        if doing.what != "release":
            return
        note = self.case.note(doing.note)
        valid_until = self._real_time(note.valid_until, self._least(note))
        if self._lapses(note) and valid_until is not None:
            self._last_expiry = max(self._last_expiry, valid_until)

    def _real_time(self, case_at: int | None, least: int) -> int | None:
        """A time that a note states, in the real time in which the desks live; never sooner than ``least`` ms."""
        if case_at is None:
            return None
        ahead = (self.timeline.real(case_at) - self.timeline.real(self._at)) / self.conductor.factor
        return max(self._due + round(ahead), real_now() + least)

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
            and got["card"]["text"] == (sent["card"]["text"] if note.sender in self.seats else note.text),
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
        """Released notes that should have reached their reader and are not at his desk.

        When the case was ended early, what nobody had forwarded yet is under way, and not lost.
        """
        waits = set(self.plan.stopped) | set(self.refused)
        if self.cut:
            waits |= {each.note for each in self.plan.doings if each.what == "forward"}
            waits -= {each.note for each in self.done if each.what == "forward"}
        expected = [note for note in self.case.notes if note.id in self.ids and note.id not in waits]
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


def _settled(door: Door) -> bool | None:
    return True if all(line["unreceipted"] == 0 for line in door.look("/lines")["lines"]) else None


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
    table: Table | None = None,
    conduct: Callable[[Conductor, Stage], None] = lambda conductor, stage: None,
) -> Observed:
    """Play a case from nothing: processes up, everything played, records exported and verified.

    ``show`` gets the result and the folder of the exports; ``stay``, if given, the stage with the desks
    up again; ``conduct`` the conductor and the stage before the first act. Everything that was started is
    stopped at the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="goodoffices-drill-"))
    stage = Stage(case, folder)
    target = out if out is not None else folder / "out"
    target.mkdir(parents=True, exist_ok=True)
    try:
        say(f"two relays and {len(case.channel.path)} desks are starting, each a process of its own ...")
        stage.set()
        player = Player(case, stage, speed, say, table)
        conduct(player.conductor, stage)
        player.play()
        player.deeds.save_briefings(target)
        result = Observed(
            notes=player.notes(),
            lost=player.lost(),
            doubled=player.doubled(),
            began=player.began,
            ended=real_now(),
            pace=speed.pace,
            remarks=(speed.words,),
            deeds=tuple(player.done),
            seats=player.table.seats,
            interventions=tuple(player.conductor.noted),
            cut=player.cut,
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

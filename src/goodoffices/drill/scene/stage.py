# SPDX-License-Identifier: Apache-2.0
"""The stage of a drill: offices founded, lines paired and confirmed, desks up, the mandate in force.

Everything as a user does it, by the commands of the manual and the desks' pages. All of it lies in one
folder and in a realm drawn for this drill alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path

from goodoffices.drill.form.exercise import HOSTILE_RELAY, LINE_CUT, RELAYS, Fault
from goodoffices.drill.form.forms import OUTSIDE, Case, Officer
from goodoffices.drill.scene.doors import Door, until
from goodoffices.drill.scene.processes import Server, command
from goodoffices.drill.scene.wires import Wires

RIGHTS = {
    "drafter": "draft",
    "releaser": "release",
    "duty officer": "duty",
    "keeper of keys": "keys",
    "auditor": "audit",
}
EVERY_ROLE = tuple(RIGHTS)
HOSTILE = "goodoffices.drill.scene.hostile_relay"
_READING = {"sealed": 1, "open": 2}
_FORWARDING = {"by hand": 1, "automatic": 2}
_DISCLOSURE = {"only with consent": 1, "unless confidential": 2}


class Stage:
    """Relays, offices and desks of one drill."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.folder = case, folder
        self.realm = secrets.token_hex(16)
        self.officers = {office.name: staff(case, office.name) for office in case.offices}
        self.passphrases = {
            office.name: f"drill {office.name.lower()} {secrets.randbelow(10**6):06d}"
            for office in case.offices
        }
        self.relays = [
            Server(("relay", "serve", "--db", str(folder / f"relay-{n}.db")), folder / f"relay-{n}.log")
            for n in range(1, RELAYS + 1)
        ]
        self.wires: Wires | None = None
        self.desks: dict[str, Server] = {}
        self.doors: dict[tuple[str, str], Door] = {}
        self.ids: dict[str, str] = {}
        self.mandate = ""

    # --- up and down ------------------------------------------------------------------------------

    def set(self) -> None:
        """Bring everything up to the mandate in force."""
        self._together(relay.start for relay in self.relays)
        self._together(partial(self._found, office.name) for office in self.case.offices)
        for left, right in pairwise(self.case.channel.path):
            self._pair(left, right)
        for office in self.case.channel.path:
            self.desks[office] = Server(
                ("desk", "serve", "--vault", str(self.vault(office))), self.folder / f"desk-{office}.log"
            )
        self._together(desk.start for desk in self.desks.values())
        self.sign_in()
        self._agree()

    def sign_in(self) -> None:
        """Every officer at every desk."""
        for office, desk in self.desks.items():
            for officer in self.officers[office]:
                door = Door(office, desk.address, officer.name, self.passphrases[office])
                door.sign_in()
                self.doors[office, officer.name] = door

    def strike(self) -> None:
        """Stop everything that was started, desks before relays."""
        for door in self.doors.values():
            door.close()
        self.doors.clear()
        started = [server for server in [*self.desks.values(), *self.relays] if hasattr(server, "process")]
        for server in started:
            server.stop()
        if self.wires is not None:
            self.wires.close()
            self.wires = None

    # --- faults -------------------------------------------------------------------------------------

    def begin(self, fault: Fault) -> None:
        """Let a fault of a machine begin."""
        if fault.what == LINE_CUT and self.wires is not None:
            self.wires.cut(frozenset(fault.line))
            return
        relay = self.relays[fault.relay - 1]
        relay.stop()
        if fault.what == HOSTILE_RELAY:
            port, db = relay.address.rsplit(":", 1)[1], str(self.folder / f"relay-{fault.relay}.db")
            relay.module, relay.words = HOSTILE, (db, port, fault.how)
            relay.start()

    def mend(self, fault: Fault) -> None:
        """Let it end."""
        if fault.what == LINE_CUT and self.wires is not None:
            self.wires.mend(frozenset(fault.line))
            return
        relay = self.relays[fault.relay - 1]
        relay.stop()
        port, db = relay.address.rsplit(":", 1)[1], str(self.folder / f"relay-{fault.relay}.db")
        relay.module, relay.words = "goodoffices", ("relay", "serve", "--db", db, "--port", port)
        relay.start()

    def _relays_of(self, left: str, right: str) -> list[str]:
        """By which addresses the two desks of a line reach the relays: by a wire, if the case cuts that line."""
        line, relays = frozenset((left, right)), [relay.address for relay in self.relays]
        if not any(frozenset(fault.line) == line for fault in self.case.faults):
            return relays
        self.wires = self.wires or Wires()
        return self.wires.lay(line, relays)

    def restart(self, office: str) -> None:
        """Start a desk again at the address it had."""
        desk = self.desks[office]
        port = desk.address.rsplit(":", 1)[1]
        desk.words = ("desk", "serve", "--vault", str(self.vault(office)), "--port", port)
        desk.start()

    def vault(self, office: str) -> Path:
        """The folder of an office's vault."""
        return self.folder / f"vault-{office}"

    def door(self, office: str, role: str) -> Door:
        """The session of the first officer of an office who has a role."""
        officer = next(each for each in self.officers[office] if role in each.roles)
        return self.doors[office, officer.name]

    @staticmethod
    def _together(jobs: Iterable[Callable[[], object]]) -> None:
        with ThreadPoolExecutor(max_workers=6) as pool:
            for done in [pool.submit(job) for job in jobs]:
                done.result()

    # --- founding and pairing -----------------------------------------------------------------------

    def _found(self, office: str) -> None:
        officers = self.officers[office]
        secret = self._secret(office)
        words = ["office", "new", str(self.vault(office)), "--name", office, "--drill-realm", self.realm]
        words += ["--root", str(self.folder / f"root-{office}.txt"), "--passphrase-file", str(secret)]
        for officer in officers:
            rights = ",".join(RIGHTS[role] for role in officer.roles)
            words += ["--officer", f"{officer.name}={rights}"]
        said = command(*words)
        self.ids[office] = _field(said, "id")

    def _secret(self, office: str) -> Path:
        path = self.folder / f"passphrase-{office}"
        path.touch(mode=0o600)
        path.write_text(f"{self.passphrases[office]}\n" * len(self.officers[office]), encoding="utf-8")
        return path

    def _as_keeper(self, office: str) -> list[str]:
        keeper = next(each for each in self.officers[office] if "keeper of keys" in each.roles)
        secret = str(self.folder / f"passphrase-{office}")
        return ["--vault", str(self.vault(office)), "--officer", keeper.name, "--passphrase-file", secret]

    def _pair(self, left: str, right: str) -> None:
        sides = ((left, right), (right, left))
        relays = [word for address in self._relays_of(left, right) for word in ("--relay", address)]

        def invitation(office: str, other: str) -> Path:
            return self.folder / f"invitation-{office}-to-{other}"

        def invite(office: str, other: str) -> None:
            command(
                "line", "invite", *self._as_keeper(office), *relays, "--out", str(invitation(office, other))
            )

        read: dict[str, str] = {}

        def accept(office: str, other: str) -> None:
            theirs = str(invitation(other, office))
            read[office] = _field(
                command("line", "accept", theirs, *self._as_keeper(office), "--name", other), "read"
            )

        def confirm(office: str, other: str) -> None:
            command("line", "confirm", *self._as_keeper(office), "--name", other, "--digits", read[other])

        for step in (invite, accept, confirm):
            self._together(partial(step, *side) for side in sides)

    # --- the mandate ----------------------------------------------------------------------------------

    def _agree(self) -> None:
        path = self.case.channel.path
        for office in path:
            door = self.door(office, "keeper of keys")
            until(f"{office}'s lines open", partial(_all_open, door))
        self._introduce(path)
        proposer = self.door(path[1], "keeper of keys")
        self.mandate = str(proposer.do("/mandates", **self._terms())["id"])
        where = f"/mandates/{self.mandate}"
        for office in path:
            if office != path[1]:
                door = self.door(office, "keeper of keys")
                until(f"the mandate at {office}", partial(door.find, where))
                door.do(f"{where}/sign")
        for office in path:
            door = self.door(office, "keeper of keys")
            until(f"the mandate in force at {office}", partial(_in_force, door, where))
        if self.case.channel.digits_compared:
            self._compare(where, path[0], path[-1])

    def _introduce(self, path: tuple[str, ...]) -> None:
        """Hand credentials from post to post until the first intermediary knows every office."""
        for target in range(3, len(path)):
            for at in range(target - 1, 1, -1):
                door = self.door(path[at], "keeper of keys")
                line = next(
                    each for each in door.look("/lines")["lines"] if each["peer_name"] == path[at - 1]
                )
                door.do(f"/lines/{line['id']}/introduce", office=self.ids[path[target]])
                next_door = self.door(path[at - 1], "keeper of keys")
                until(
                    f"{path[target]} known at {path[at - 1]}",
                    partial(_knows, next_door, self.ids[path[target]]),
                )

    def _compare(self, where: str, left: str, right: str) -> None:
        doors = {office: self.door(office, "keeper of keys") for office in (left, right)}
        halves = {office: door.look(where)["read_aloud"] for office, door in doors.items()}
        doors[left].do(f"{where}/compare", digits=halves[right])
        doors[right].do(f"{where}/compare", digits=halves[left])
        for office, door in doors.items():
            until(f"both comparisons at {office}", partial(_both_compared, door, where))

    def _terms(self) -> dict[str, object]:
        channel = self.case.channel
        minutes = {name: max(1, round(limit / 60_000)) for name, limit in channel.clocks.items()}
        return {
            # A mandate's name has 120 bytes; a title may be longer.
            "name": self.case.title[:60].encode()[:120].decode(errors="ignore").strip(),
            "path": ",".join(self.ids[office] for office in channel.path),
            "reading": _READING[channel.reading],
            "forwarding": _FORWARDING[channel.forwarding],
            "clock_routine": minutes.get("ROUTINE"),
            "clock_priority": minutes.get("PRIORITY"),
            "clock_immediate": minutes.get("IMMEDIATE"),
            "clock_flash": minutes.get("FLASH"),
            "languages": ",".join(channel.languages),
            "disclosure": _DISCLOSURE.get(channel.disclosure, 1),
            "record_use": OUTSIDE.index(channel.outside) + 1,
            "purpose": f"Drill. Use of the record: {channel.record_use}",
        }


def staff(case: Case, office: str) -> tuple[Officer, ...]:
    """The case's officers of an office; whoever is missing for a role is made up, with that role."""
    named = case.officers_of(office)
    if not named:
        return (Officer(office, "duty", EVERY_ROLE),)
    held = {role for officer in named for role in officer.roles}
    missing = tuple(role for role in ("releaser", "duty officer", "keeper of keys") if role not in held)
    return (*named, Officer(office, "stand-in", missing)) if missing else named


def _field(said: str, name: str) -> str:
    return next(line[len(name) :].strip() for line in said.splitlines() if line.startswith(f"{name} "))


def _all_open(door: Door) -> bool | None:
    lines = door.look("/lines")["lines"]
    return all(line["confirmed_here"] and line["confirmed_there"] for line in lines) or None


def _both_compared(door: Door, where: str) -> bool | None:
    return None if door.look(where)["vouched_alone"] else True


def _in_force(door: Door, where: str) -> bool | None:
    page = door.find(where)
    return True if page is not None and page["state"] == "in force" else None


def _knows(door: Door, office: str) -> bool | None:
    return True if any(each["id"] == office for each in door.look("/lines")["offices"]) else None

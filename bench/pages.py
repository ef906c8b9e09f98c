# SPDX-License-Identifier: Apache-2.0
"""The desk's pages over a full vault: how long each takes at the server, how large it is, how soon a change shows.

    .venv/bin/python bench/pages.py [--notes 10000] [--keep FOLDER] [--office Bern]

Three offices are filled through the desk's own code, in memory, and the tables of one are put into a real
vault; with ``--keep`` the vault is made once and used again. A real desk process serves it over loopback,
without TLS. Each GET route is asked for again and again by one signed-in officer; then several officers
keep their streams open while another one acts. Bounded in count.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from goodoffices.core.note import Words
from goodoffices.core.office import Right
from goodoffices.core.statement import LIVE
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import ALL_RIGHTS, Founding, NewOfficer, found, keep
from goodoffices.desk.officers.acts import Draft, Terms
from goodoffices.desk.vault.vault import Cost, create_vault
from goodoffices.web.app import ROUTES

PASSPHRASE = "four words of measuring"
RELAYS = ("http://127.0.0.1:9", "http://127.0.0.1:10")
BATCH = 20
MINUTE = 60_000
IDLE_S = 2.0
FILES, REPORTS, ASSURANCES = 40, 100, 60
"""Incident files, reports in the newest of them, and assurances."""
UNFINISHED = 16
"""Newest notes that nobody has forwarded or opened yet."""
LIMIT_MS, LIVE_MS, LIMIT_BYTES = 100.0, 200.0, 100_000
TEXTS = (
    "The two sides shall keep the line open day and night, and say at once what they cannot do. " * 6,
    "هر دو طرف خط را شبانه‌روز باز نگه می‌دارند و آنچه را نمی‌توانند بکنند بی‌درنگ می‌گویند. " * 6,
)


# --- filling --------------------------------------------------------------------------------------------


class Office:
    """One office in memory."""

    def __init__(self, name: str, officers: list[NewOfficer], now: int) -> None:
        db: Any = sqlite3.connect(":memory:", isolation_level=None)
        migrate(db, steps_in("goodoffices.desk.schema"))
        self.name, self.db = name, db
        self.founding: Founding = found(name, officers, LIVE, os.urandom, now)
        self.desk = Desk(db, self.founding.keys, os.urandom)
        with self.desk.context.transaction():
            keep(self.desk.ledger, self.founding, os.urandom)
        self.desk.start(now)
        self.desk.unlock(self.founding.reading_key, now)

    @property
    def duty(self) -> Officer:
        return self.founding.officer("duty")


class Filling:
    """Washington, Bern and Tehran, and the loop of a network between them."""

    def __init__(self, notes: int, now: int, extra: list[NewOfficer]) -> None:
        self.now = now - (notes + 60) * MINUTE
        people = [NewOfficer("duty", "officer 1", ALL_RIGHTS), *extra]
        self.offices = [Office(each, people, self.now) for each in ("Washington", "Bern", "Tehran")]
        self.boxes: dict[bytes, tuple[Office, bytes]] = {}
        washington, bern, tehran = self.offices
        self.pair(washington, bern)
        self.pair(bern, tehran)
        path = (washington.desk.me, bern.desk.me, tehran.desk.me)
        terms = Terms(name="Good offices", path=path, forwarding=1)
        self.mandate = bern.desk.acts.propose(bern.duty, terms, self.now)
        self.pump()
        for each in (washington, tehran):
            each.desk.acts.sign_mandate(each.duty, self.mandate, self.now)
        self.pump()
        heard = [
            each.desk.acts.spoken_digits(each.desk.ledger.agreement(self.mandate))[0]
            for each in (washington, tehran)
        ]
        washington.desk.acts.compare_mandate(washington.duty, self.mandate, heard[1], self.now)
        tehran.desk.acts.compare_mandate(tehran.duty, self.mandate, heard[0], self.now)
        self.pump()

    def pump(self) -> None:
        """Carry envelopes until nothing moves."""
        moving = True
        while moving:
            moving = False
            for each in self.offices:
                each.desk.settle(self.now)
                for put in each.desk.work(self.now):
                    moving = True
                    to, line = self.boxes[put.route.mailbox]
                    each.desk.put_accepted(put, self.now)
                    to.desk.receive(line, put.envelope, self.now)

    def pair(self, one: Office, two: Office) -> None:
        offers = [each.desk.offer(each.duty, list(RELAYS), self.now) for each in (one, two)]
        line = one.desk.pair(one.duty, offers[1], two.name, self.now)
        two.desk.pair(two.duty, offers[0], one.name, self.now)
        for each in (one, two):
            for route in each.desk.ledger.routes(line, own=True):
                self.boxes[route.mailbox] = (each, line)
        digits = [each.desk.spoken_digits(each.desk.ledger.line(line)).read_aloud for each in (one, two)]
        one.desk.confirm(one.duty, line, digits[1], self.now)
        two.desk.confirm(two.duty, line, digits[0], self.now)
        self.pump()

    def release(self, at: int) -> tuple[Office, Office, bytes]:
        washington, bern, tehran = self.offices
        author, reader = (washington, tehran) if at % 2 == 0 else (tehran, washington)
        if at % 11 == 0:
            reader = bern
        elif at % 17 == 0:
            author = bern
        draft = Draft(
            mandate=self.mandate,
            recipient=reader.desk.me,
            words=Words(text=f"{at}. {TEXTS[at % 2]}", language="en" if at % 2 == 0 else "fa"),
            precedence=4 - at % 3,
        )
        return author, reader, author.desk.acts.release(author.duty, draft, self.now)

    def fill(self, notes: int, say: Callable[[str], None]) -> None:
        """Notes released, forwarded, opened, some acknowledged; the newest wait."""
        began, bern = time.monotonic(), self.offices[1]
        for first in range(0, notes, BATCH):
            released = []
            for at in range(first, min(notes, first + BATCH)):
                self.now += MINUTE
                released.append((at, *self.release(at)))
            self.pump()
            for at, author, reader, note in released:
                if bern not in (author, reader) and at < notes - UNFINISHED:
                    bern.desk.acts.forward(
                        bern.duty, note, self.now, remark="In good faith." if at % 9 == 0 else ""
                    )
            self.pump()
            for at, _, reader, note in released:
                if at < notes - UNFINISHED:
                    reader.desk.acts.open(reader.duty, note, self.now)
                    if at % 3 == 0:
                        reader.desk.acts.acknowledge(reader.duty, note, 1, self.now)
            self.pump()
            if first % (BATCH * 25) == 0:
                say(f"{first + BATCH} notes, {time.monotonic() - began:.0f} s")


def make(
    folder: Path, name: str, notes: int, officers: int, more: Callable[[Office, int], None] | None = None
) -> None:
    """A vault of one office with so many notes, and what ``more`` adds to it at the time given."""
    extra = [NewOfficer(f"watch{at}", f"officer {at + 2}", ALL_RIGHTS) for at in range(officers)]
    extra.append(NewOfficer("auditor", "officer 99", Right.AUDIT))
    filling = Filling(notes, time.time_ns() // 1_000_000, extra)
    filling.fill(notes, lambda text: print(f"filling: {text}", file=sys.stderr, flush=True))
    office = next(each for each in filling.offices if each.name == name)
    founding = office.founding
    if more is not None:
        more(office, filling.now)
    with create_vault(folder, rng=os.urandom, cost=Cost(64, 1, 1)) as vault:
        for each, seed in founding.officer_seeds.items():
            vault.add_officer(each, PASSPHRASE, seed, founding.reading_key, os.urandom, filling.now)
        tables = [
            each[0]
            for each in office.db.execute("SELECT name FROM sqlite_schema WHERE type='table'").fetchall()
            if not each[0].startswith("sqlite_") and each[0] not in ("officer", "passkey")
        ]
        vault.db.execute("PRAGMA foreign_keys=OFF")
        vault.db.execute("BEGIN")
        for table in tables:
            rows = office.db.execute(f"SELECT * FROM {table}").fetchall()
            vault.db.execute(f"DELETE FROM {table}")
            if rows:
                holes = ",".join("?" * len(rows[0]))
                for row in rows:
                    vault.db.execute(f"INSERT INTO {table} VALUES ({holes})", row)
        vault.db.execute("COMMIT")


# --- asking ---------------------------------------------------------------------------------------------


class Visitor:
    """A signed-in officer's browser, without the eyes."""

    def __init__(self, port: int, name: str) -> None:
        self.port = port
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie, self.csrf, self.used = "", "", time.monotonic()
        answer = self.post("/sign-in", name=name, passphrase=PASSPHRASE)
        self.csrf = answer["csrf"]

    def _headers(self, accept: str) -> dict[str, str]:
        origin = f"http://127.0.0.1:{self.port}"
        return {"accept": accept, "cookie": self.cookie, "origin": origin, "sec-fetch-site": "same-origin"}

    def post(self, path: str, **fields: str) -> dict[str, Any]:
        headers = self._headers("application/json") | {"content-type": "application/x-www-form-urlencoded"}
        self._fresh()
        self.connection.request("POST", path, urlencode({"csrf": self.csrf, **fields}), headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:300])
        for each in answer.headers.get_all("set-cookie") or []:
            self.cookie = each.partition(";")[0]
        return dict(json.loads(body))

    def _fresh(self) -> None:
        """Servers close a connection that was idle for some seconds."""
        if time.monotonic() - self.used > IDLE_S:
            self.connection.close()
        self.used = time.monotonic()

    def get(self, path: str, accept: str = "text/html") -> tuple[int, bytes]:
        self._fresh()
        self.connection.request("GET", path, headers=self._headers(accept))
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def listen(self, told: Callable[[float], None], ready: threading.Event, stop: threading.Event) -> None:
        """Keep a stream of changes open and say when each word comes."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/events", headers=self._headers("text/event-stream"))
        answer = connection.getresponse()
        while not stop.is_set():
            line = answer.fp.readline()
            if line.startswith(b"event: here"):
                ready.set()
            if line.startswith(b"event: change"):
                told(time.perf_counter())
            if not line:
                return


@dataclass
class Served:
    """A desk process and how much processor it has used."""

    port: int
    pid: int

    def cpu_ms(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(vault: Path) -> Any:
    """A desk over a vault, as a process of its own."""
    command = [sys.executable, "-m", "goodoffices", "desk", "serve", "--vault", str(vault)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found_at = re.search(r":(\d+)\s*$", process.stdout.readline())
        assert found_at is not None, "the desk does not start"
        yield Served(int(found_at[1]), process.pid)
    finally:
        process.terminate()
        process.wait(30)


def matters(visitor: Visitor, note: str) -> str:
    """Incident files, one of them with many reports, and assurances; that file's ID."""
    opened = [
        visitor.post("/incidents", title=f"Event {at}", place="The strait")["id"] for at in range(FILES)
    ]
    made = opened[-1]
    for at in range(REPORTS):
        visitor.post(
            f"/incidents/{made}/report", what=f"{at}. {TEXTS[at % 2][:300]}", source=f"Source {at % 9}"
        )
    for at in range(ASSURANCES):
        visitor.post(
            "/assurances", note=note, what=f"{at}. Nobody fires first.", conditions="As long as both keep it."
        )
    return str(made)


def addresses(visitor: Visitor) -> list[str]:
    """Every GET route of the table, with IDs that are there; what needs a file or an open end is left out."""
    home = json.loads(visitor.get("/", "application/json")[1])
    mandate, line = home["channels"][0]["id"], home["lines"][0]["id"]
    channel = json.loads(visitor.get(f"/channels/{mandate}", "application/json")[1])
    notes = [each["id"] for lane in channel["lanes"] for each in lane["items"] if each["kind"] == "note"]
    to = next(each["to"] for each in channel["lanes"] if each["to"])
    fields = {"to": to, "precedence": "4", "language": "en", "text": "A draft.", "once": os.urandom(8).hex()}
    fields |= {"authority": "1", "summary": ""}
    draft = visitor.post(f"/channels/{mandate}/draft", **fields)["id"]
    known = {"mandate": mandate, "note": notes[len(notes) // 2], "line": line, "draft": draft}
    known["incident"] = matters(visitor, known["note"])
    paths = []
    for route in ROUTES:
        if route.method != "GET":
            continue
        if set(re.findall(r"\{(\w+)\}", route.path)) - set(known):
            continue  # of something that this vault does not hold
        path = route.path.format_map(known)
        paths.append(f"{path}?to={to}" if path.endswith("/write") else path)
    older = channel["older"]
    return [*paths, f"/channels/{mandate}?before={older}", f"/channels/{mandate}?before={older // 2}"]


def indexed(visitor: Visitor) -> tuple[float, list[float]]:
    """Seconds until the chronicle has taken in a record that it meets for the first time, beside all else; and
    how many milliseconds pages took meanwhile."""
    home = json.loads(visitor.get("/", "application/json")[1])["channels"][0]["id"]
    began, took = time.monotonic(), []
    while json.loads(visitor.get(f"/channels/{home}/chronicle", "application/json")[1])["behind"]:
        for page in (
            f"/channels/{home}/chronicle",
            f"/channels/{home}/chronicle?q=line",
            f"/channels/{home}",
        ):
            asked = time.perf_counter()
            visitor.get(page)
            took.append((time.perf_counter() - asked) * 1000)
            time.sleep(0.2)
        time.sleep(1)
    return time.monotonic() - began, took


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def linked_bytes(visitor: Visitor, body: bytes, known: dict[str, int]) -> list[int]:
    """The sizes of the style, script and sign that a page asks for."""
    paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', body.decode("utf-8", "replace"))
    for path in paths:
        if path not in known:
            known[path] = len(visitor.get(path)[1])
    return [known[path] for path in dict.fromkeys(paths)]


def measure_pages(served: Served, visitor: Visitor, times: int) -> dict[str, dict[str, float]]:
    """Per address: milliseconds from asking to the last byte, of the processor, and bytes."""
    shown: dict[str, dict[str, float]] = {}
    linked: dict[str, int] = {}
    for path in addresses(visitor):
        took = []
        status, body = visitor.get(path)
        cpu = served.cpu_ms()
        for _ in range(times):
            began = time.perf_counter()
            status, body = visitor.get(path)
            took.append((time.perf_counter() - began) * 1000)
        label = re.sub(r"[0-9a-f]{32,}", "…", path)
        if "before=" in path:
            label = "/channels/… (older)" if "older)" not in "".join(shown) else "/channels/… (much older)"
        shown[label] = {
            "status": status,
            "p50": percentile(took, 0.5),
            "worst": max(took),
            "cpu": (served.cpu_ms() - cpu) / times,
            "bytes": len(body),
            "whole": len(body) + sum(linked_bytes(visitor, body, linked)),
        }
    return shown


def measure_live(
    served: Served, visitor: Visitor, others: list[Visitor], acts: int
) -> list[dict[str, float]]:
    """Milliseconds from an officer's press to the last of the others: told, and with the new page in hand."""
    home = json.loads(visitor.get("/", "application/json")[1])
    mandate = home["channels"][0]["id"]
    page = f"/channels/{mandate}"
    stop, told = threading.Event(), {each: threading.Event() for each in others}
    first: dict[Visitor, float] = {}

    def heard(each: Visitor, at: float) -> None:
        first.setdefault(each, at)
        told[each].set()

    for each in others:
        ready = threading.Event()
        threading.Thread(target=each.listen, args=(partial(heard, each), ready, stop), daemon=True).start()
        assert ready.wait(20)
    channel = json.loads(visitor.get(page, "application/json")[1])
    line = home["lines"][0]["id"]
    seen = []

    def fetch(each: Visitor) -> float:
        told[each].wait(20)
        each.get(page)
        return time.perf_counter()

    to_do = [each["id"] for lane in channel["lanes"] for each in lane["items"] if each.get("to_do") == "open"]
    with ThreadPoolExecutor(len(others)) as pool:
        for at in range(acts):
            time.sleep(0.3)
            first.clear()
            for event in told.values():
                event.clear()
            fetching = [pool.submit(fetch, each) for each in others]
            began = time.perf_counter()
            if at < len(to_do):
                visitor.post(f"/notes/{to_do[at]}/open")
            else:
                visitor.post(
                    f"/status/{line}/chat", chat_words=f"Still here, {at}.", once=os.urandom(8).hex()
                )
            answered = time.perf_counter()
            ended = [each.result() for each in fetching]
            seen.append(
                {
                    "answered": (answered - began) * 1000,
                    "told": (max(first.values()) - began) * 1000,
                    "in hand": (max(ended) - began) * 1000,
                }
            )
    stop.set()
    return seen


def measure_screen(served: Served, visitor: Visitor, page: str, line: str, acts: int) -> list[float]:
    """Milliseconds from the answer to an officer's press to the change on another officer's screen, in Chromium."""
    from playwright.sync_api import sync_playwright

    seen = []
    other = Visitor(served.port, "watch0")
    name, _, value = other.cookie.partition("=")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        context = browser.new_context()
        context.add_cookies([{"name": name, "value": value, "url": f"http://127.0.0.1:{served.port}"}])
        screen = context.new_page()
        screen.goto(f"http://127.0.0.1:{served.port}{page}", wait_until="load")
        time.sleep(1)
        for at in range(acts):
            screen.evaluate(
                "() => { window.changed = new Promise((done) => new MutationObserver((_, each) => {"
                " each.disconnect(); requestAnimationFrame(() => done(Date.now())); })"
                ".observe(document.body, { childList: true })); }"
            )
            visitor.post(f"/status/{line}/chat", chat_words=f"On screen, {at}.", once=os.urandom(8).hex())
            committed = time.time() * 1000
            seen.append(max(0.0, screen.evaluate("() => window.changed") - committed))
            time.sleep(0.3)
        browser.close()
    return seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="where the full vault lies, made if it is not there")
    parser.add_argument("--office", default="Bern", choices=("Washington", "Bern", "Tehran"))
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--officers", type=int, default=6, help="whose streams are open besides")
    parser.add_argument("--screen", action="store_true", help="in Chromium too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="goodoffices-bench-") as temporary:
        place = asked.keep or Path(temporary)
        vault = place / f"{asked.office.lower()}-{asked.notes}"
        if not vault.exists():
            place.mkdir(parents=True, exist_ok=True)
            make(vault, asked.office, asked.notes, asked.officers)
        copy = Path(temporary) / "served"
        shutil.copytree(vault, copy)
        copy.chmod(0o700)
        with serving(copy) as served:
            visitor = Visitor(served.port, "duty")
            took, meanwhile = indexed(visitor)
            print(f"the chronicle took {took:.0f} s to take the record in", file=sys.stderr, flush=True)
            shown = measure_pages(served, visitor, asked.times)
            others = [Visitor(served.port, f"watch{at}") for at in range(asked.officers)]
            live = measure_live(served, visitor, others, 12)
            home = json.loads(visitor.get("/", "application/json")[1])
            page, line = f"/channels/{home['channels'][0]['id']}", home["lines"][0]["id"]
            screen = measure_screen(served, visitor, page, line, 12) if asked.screen else []
    print(f"{asked.office}, {asked.notes} notes; ms at the client, on loopback")
    if meanwhile:
        middle, worst = percentile(meanwhile, 0.5), max(meanwhile)
        print(
            f"chronicle and channel while the record is read for the first time, {len(meanwhile)} times: ",
            end="",
        )
        print(f"p50 {middle:.1f}, worst {worst:.1f}")
    print(f"{'page':46} {'p50':>7} {'worst':>7} {'cpu':>7} {'bytes':>8} {'whole':>8}")
    for path, each in shown.items():
        mark = "" if each["worst"] <= LIMIT_MS and each["whole"] <= LIMIT_BYTES else "  <-- over"
        mark = "  (a file, laid out beside)" if path.endswith(".pdf") else mark
        mark += "" if each["status"] == 200 else f"  ({each['status']:.0f})"
        times = f"{each['p50']:7.1f} {each['worst']:7.1f} {each['cpu']:7.1f}"
        print(f"{path:46} {times} {each['bytes']:8.0f} {each['whole']:8.0f}{mark}")
    print(
        f"a change, with {asked.officers} other officers' pages open; ms from the press to the last of them"
    )
    for name in ("answered", "told", "in hand"):
        values = [each[name] for each in live]
        print(f"  {name:10} p50 {percentile(values, 0.5):7.1f}  worst {max(values):7.1f}")
    if screen:
        print("  on a screen (Chromium), ms from the answer to the press")
        print(f"  {'':10} p50 {percentile(screen, 0.5):7.1f}  worst {max(screen):7.1f}")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""The chronicle over many items: how long its first page, its filters and its search take at the server.

    .venv/bin/python -m bench.chronicle [--items 100000] [--notes 2000] [--keep FOLDER]

A vault is filled as in ``bench/pages.py``, and with public statements in Persian, Arabic and English until there
are so many items. A real desk process serves it; it first makes its index, in the pauses that it has, and then
each question is asked again and again. Milliseconds at the client on loopback, and of the desk's processor.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from bench.pages import Office, Served, Visitor, make, percentile, serving
from goodoffices.desk.chronicle.statements import NewStatement, PublicStatements

LIMIT_MS = 150.0
WORDS = [
    "the",
    "ships",
    "stay",
    "in",
    "port",
    "until",
    "the",
    "talks",
    "begin",
    "and",
    "nobody",
    "fires",
    "first",
    "کشتی\u200cها",
    "تا",
    "آغاز",
    "گفتگو",
    "در",
    "بندر",
    "می\u200cمانند",
    "و",
    "هیچ\u200cکس",
    "نخست",
    "آتش",
    "نمی\u200cکند",
    "القوات",
    "تبقى",
    "في",
    "مواقعها",
    "حتى",
    "تبدأ",
    "المحادثات",
    "ولا",
    "يطلق",
    "أحد",
    "النار",
    "أولا",
]
RARE = "Sarajevo"
MINUTE = 60_000


def fill(office: Office, count: int, now: int) -> None:
    """Log so many public statements at an office in memory."""
    rng, log, duty = random.Random(5), PublicStatements(office.desk.context), office.duty
    for at in range(count):
        said = now - (count - at) * MINUTE
        words = " ".join(rng.choices(WORDS, k=40))
        if at % 997 == 0:
            words += f" {RARE}"
        grade = (rng.randrange(7), rng.randrange(7))
        source = f"{rng.choice(('BBC Persian', 'IRNA', 'a wire', 'UN Web TV'))} {at % 50}"
        log.log(duty, NewStatement(words, "the envoy", said, said, source, grade=grade), now)
        if at % 10_000 == 0:
            print(f"filling: {at} statements", file=sys.stderr, flush=True)


def questions(mandate: str, old: int) -> dict[str, str]:
    """What is asked, by what it is called. ``old``: ms UTC, of which few things are older."""
    path = f"/channels/{mandate}/chronicle"
    before = f"before={old << 15}"  # a place is ms << 15 and a number
    return {
        "first page": path,
        "first page, five zones": f"{path}?zones=Asia/Tehran,Asia/Baghdad,Europe/Zurich,America/New_York,UTC",
        "a word that most items have": f"{path}?q=ships",
        "a rare word": f"{path}?q={RARE}",
        "a word that nothing has": f"{path}?q=Reykjavik",
        "Persian, in Arabic letters": f"{path}?q={quote('كشتيها')}",
        "three words": f"{path}?q={quote('القوات بندر talks')}",
        "three letters": f"{path}?q=the",
        "mi- and its verb as one word": f"{path}?q={quote('میمانند')}",
        "a word that all items have": f"{path}?q=envoy",
        "two letters": f"{path}?q=th",
        "reports only, of which there are none": f"{path}?kind=report",
        "rare kind, common word": f"{path}?kind=note&q=the",
        "another office's steps": f"{path}?kind=step&q=nobody",
        "notes only": f"{path}?kind=note",
        "notes with a word of statements": f"{path}?kind=note&q={quote('كشتيها')}",
        "graded A or B and 1 or 2": f"{path}?grade_source=2&grade_item=2",
        "one source": f"{path}?source=irna",
        "the last pages": f"{path}?{before}",
        "the last pages, a rare word": f"{path}?q={RARE}&{before}",
        "the last pages, a word of most": f"{path}?q=ships&{before}",
        "an old month": f"{path}?until=2020-01-01",
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--notes", type=int, default=2_000)
    parser.add_argument("--keep", type=Path, help="where the full vault lies, made if it is not there")
    parser.add_argument("--times", type=int, default=15)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="goodoffices-bench-") as temporary:
        vault = (asked.keep or Path(temporary)) / f"chronicle-{asked.items}"
        if not vault.exists():
            vault.parent.mkdir(parents=True, exist_ok=True)
            make(
                vault,
                "Bern",
                asked.notes,
                1,
                lambda office, now: fill(office, _rest(office, asked.items), now),
            )
        copy = Path(temporary) / "served"
        shutil.copytree(vault, copy)
        copy.chmod(0o700)
        with serving(copy) as served:
            visitor = Visitor(served.port, "duty")
            mandate = json.loads(visitor.get("/", "application/json")[1])["channels"][0]["id"]
            made = _index(served, visitor, mandate)
            size = (copy / "chronicle.db").stat().st_size / 1e6
            print(
                f"{asked.items} items; the index made in {made[0]:.0f} s of rest, {made[1]:.0f} s of CPU; {size:.0f} MB"
            )
            print(f"{'question':34} {'p50':>7} {'worst':>7} {'cpu':>7} {'items':>6}")
            newest = json.loads(visitor.get(f"/channels/{mandate}/chronicle", "application/json")[1])[
                "items"
            ][0]["at"]
            old = newest - (asked.items - 3 * asked.notes) * MINUTE * 9 // 10
            for name, path in questions(mandate, old).items():
                _measure(served, visitor, name, path, asked.times)


def _rest(office: Office, items: int) -> int:
    count = sum(office.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("note", "act"))
    return max(0, items - int(count))


def _index(served: Served, visitor: Visitor, mandate: str) -> tuple[float, float]:
    began, cpu = time.monotonic(), served.cpu_ms()
    while json.loads(visitor.get(f"/channels/{mandate}/chronicle", "application/json")[1])["behind"]:
        time.sleep(5)
    return time.monotonic() - began, (served.cpu_ms() - cpu) / 1000


def _measure(served: Served, visitor: Visitor, name: str, path: str, times: int) -> None:
    status, body = visitor.get(path, "application/json")
    count = len(json.loads(body)["items"]) if status == 200 else -status
    took, cpu = [], served.cpu_ms()
    for _ in range(times):
        began = time.perf_counter()
        visitor.get(path)
        took.append((time.perf_counter() - began) * 1000)
    spent = (served.cpu_ms() - cpu) / times
    mark = "" if max(took) <= LIMIT_MS else "  <-- over"
    print(f"{name:34} {percentile(took, 0.5):7.1f} {max(took):7.1f} {spent:7.1f} {count:6}{mark}", flush=True)


if __name__ == "__main__":
    main()

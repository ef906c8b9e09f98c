# SPDX-License-Identifier: Apache-2.0
"""How soon a desk collects after its start, with an empty vault and with a full one, and when it is ready.

    .venv/bin/python bench/desk_start.py [--notes 10000] [--keep FOLDER] [--times 5]

From the start of the process to its first call at a relay, as the relay sees it; and to the line that says that the
desk is ready: its vault looked through to the last page, its relays asked for the peers' word. The vault is that of
``bench/pages.py``; with ``--keep`` it is made once and used again (copies of it are started, each cold but for the
system's cache). Goal: collecting within 2 s.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.pages import RELAYS, make
from goodoffices.desk.vault.vault import open_vault

GOAL = 2.0


def start(vault: Path) -> tuple[float, float, float]:
    """Seconds to the first call at a relay and to ready, and processor seconds of the desk until then."""
    with socket.create_server(("127.0.0.1", 0)) as relay:
        relay.settimeout(120)
        with open_vault(vault) as opened:
            at = f"http://127.0.0.1:{relay.getsockname()[1]}"
            opened.db.execute("UPDATE route SET relay = ? WHERE relay <> ?", (at, RELAYS[1]))
        began = time.monotonic()
        words = [sys.executable, "-m", "goodoffices", "desk", "serve", "--vault", str(vault)]
        desk = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            relay.accept()[0].close()
            collecting = time.monotonic() - began
            assert desk.stdout is not None
            assert desk.stdout.readline().startswith("desk ready")
            ready = time.monotonic() - began
            fields = Path(f"/proc/{desk.pid}/stat").read_text().rpartition(")")[2].split()
            cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        finally:
            desk.terminate()
            desk.communicate(timeout=60)
    return collecting, ready, cpu


def measure(name: str, kept: Path, times: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(kept, Path(scratch) / "vault"))
        size = (copy / "vault.db").stat().st_size / 1e6
        found = [start(copy) for _ in range(times)]
    collecting, ready, cpu = (statistics.median(each) for each in zip(*found, strict=True))
    print(
        f"{name} ({size:.0f} MB): collecting after {collecting:.2f} s (slowest {max(f[0] for f in found):.2f},"
        f" goal {GOAL:.0f}), ready after {ready:.1f} s; {cpu:.1f} s of CPU by then"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        few, kept = Path(scratch) / "few", given.keep or Path(scratch) / "kept"
        make(few, "Bern", 1, 1)
        if not kept.exists():
            make(kept, "Bern", given.notes, 1)
        measure("1 note", few, given.times)
        measure(f"{given.notes} notes", kept, given.times)


if __name__ == "__main__":
    main()

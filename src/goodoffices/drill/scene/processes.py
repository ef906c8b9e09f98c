# SPDX-License-Identifier: Apache-2.0
"""Processes of a drill: relays, desks and commands of this very program, each started as a user would.

Nothing of the desk's code is imported: what a drill shows went through the command line and HTTP.
Every process that is started here is ended here, by its own handle.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from goodoffices.core.errors import MachineError

PROGRAM = (sys.executable, "-m", "goodoffices")
START_WITHIN = 60.0
STOP_WITHIN = 15.0
COMMAND_WITHIN = 180.0


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def command(*words: str) -> str:
    """Run one command of this program; its standard output. Raises MachineError with what it said."""
    done = subprocess.run(
        [*PROGRAM, *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=COMMAND_WITHIN,
        env=_environment(),
        check=False,
    )
    if done.returncode != 0:
        raise MachineError(f"'goodoffices {' '.join(words[:2])}' failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def verdict(*folders: Path, trust: Path) -> dict[str, Any]:
    """What the offline verifier says of an export, or of two held against each other, as it tells programs."""
    done = subprocess.run(
        [*PROGRAM, "verify", *map(str, folders), "--trust", str(trust), "--json"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=COMMAND_WITHIN,
        env=_environment(),
        check=False,
    )
    try:
        return cast("dict[str, Any]", json.loads(done.stdout))
    except ValueError:
        raise MachineError(f"The verifier gave no verdict: {done.stderr.strip()[-500:]}") from None


@dataclass
class Server:
    """A relay or a desk that serves until it is stopped."""

    words: tuple[str, ...]
    log: Path
    module: str = "goodoffices"
    process: subprocess.Popen[str] = field(init=False, repr=False)
    address: str = ""

    def start(self) -> None:
        """Start it and wait for the line in which it says its address; raises MachineError."""
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=_environment(),
            )
        said: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(said,), daemon=True).start()
        until = time.monotonic() + START_WITHIN
        while True:
            try:
                line = said.get(timeout=max(0.1, until - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self.stop()
                reason = self.log.read_text(encoding="utf-8").strip()[-500:]
                raise MachineError(f"'goodoffices {' '.join(self.words[:2])}' did not start: {reason}")
            if " ready at " in line:
                self.address = line.split(" ready at ", 1)[1].strip()
                return

    def _read(self, said: queue.Queue[str | None]) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            for line in out:
                said.put(line)
        said.put(None)

    def stop(self) -> None:
        """Ask it to stop; if it does not, end it."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

# SPDX-License-Identifier: Apache-2.0
"""Running a model of `model/` through Spin: every state within its bounds, or a counterexample."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2] / "model"
MEMORY_MB = 900
DEPTH = 100_000


@dataclass(frozen=True)
class Explored:
    """What Spin says. ``broken``: the first property that fails, None if every state was seen and none does."""

    broken: str | None
    states: int
    told: str


def explore(folder: Path, model: str, *defines: str, ltl: str | None = None, fair: bool = False) -> Explored:
    """Go through a model with these macros. ``ltl``: by the named formula; otherwise by its assertions."""
    for tool in ("spin", "gcc"):
        assert shutil.which(tool), "the models need two programs: apt-get install spin gcc"
    shutil.copy(MODELS / model, folder / "model.pml")
    _run(folder, "spin", *(f"-D{each}" for each in defines), "-a", "model.pml")
    how = ["-DSAFETY", "-DNOCLAIM"] if ltl is None else ["-DNFAIR=4"] if fair else ["-DNOFAIR"]
    _run(folder, "gcc", "-O1", "-w", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}", *how, "-o", "pan", "pan.c")
    walk = [] if ltl is None else ["-a", "-N", ltl, *(["-f"] if fair else [])]
    told = _run(folder, "./pan", f"-m{DEPTH}", *walk)
    assert "max search depth too small" not in told, told
    assert "Search not completed" not in told or "errors: 0" not in told, told
    assert "reached -DMEMLIM bound" not in told, told
    errors, states = re.search(r"errors: (\d+)", told), re.search(r"(\d\S*) states, stored", told)
    assert errors is not None, told
    assert states is not None, told
    broken = re.search(r"^pan:\d+: (.*) \(at depth", told, re.MULTILINE)
    assert (errors[1] == "0") == (broken is None), told
    return Explored(broken[1] if broken else None, int(float(states[1])), told)


def faults_of(model: str) -> set[str]:
    """The faults that can be put into a model: what it asks for and does not define."""
    lines = (MODELS / model).read_text(encoding="utf-8").splitlines()
    asked = {line.split()[1] for line in lines if line.startswith(("#ifdef ", "#ifndef "))}
    bounds = {line.split()[1].split("(")[0] for line in lines if line.startswith("#define ")}
    return asked - bounds - {"LIVENESS", "BY_DESK"}


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout

# SPDX-License-Identifier: Apache-2.0
"""The Containerfile, line by line, and a desk that runs in what it makes (P13): see image.sh.

Its base image and what pip brings are not there: this machine's files stand for the one, the packages of this
test's own environment for the other, and a stand-in for apt-get says what it was asked for.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import PASSPHRASE

ROOT = Path(__file__).parents[2]
VOLUME = "test $(stat -c %a /data) = 700"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def _lines() -> list[tuple[str, str]]:
    """Instructions of the Containerfile, each with what it says."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    kept = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in kept]


def _steps(lines: list[tuple[str, str]], site: str) -> str:
    """The same as a script for a shell, in order."""
    said = ["printf '#!/bin/sh\\necho \"$@\" >>/asked\\n' >/usr/local/sbin/apt-get", "umask 022"]
    said += ["chmod 755 /usr/local/sbin/apt-get"]
    # On a machine on which it is installed that user is there, and a base image has none.
    said += ["! id goodoffices >/dev/null 2>&1 || userdel --force goodoffices"]
    for what, words in lines:
        if what == "RUN":
            said.append(words)
        elif what == "WORKDIR":
            said.append(f"mkdir -p {words}; cd {words}")
        elif what == "COPY":
            source, target = words.split()
            said.append(f"mkdir -p $(dirname {target}); cp -r /srv/context/{source} {target}")
            if target == "requirements/run.txt":
                said.append(f"echo '# nothing, for want of a registry' >{target}")
    said += [VOLUME, f"echo /srv/context/{site} >/site"]
    said += [f"printf '{PASSPHRASE}\\n' >/data/passphrase; chown goodoffices /data/passphrase"]
    found = "office new /data/vault --name Aland --officer amir --root /data/root --passphrase-file /data/passphrase"
    (entry,) = (json.loads(words) for what, words in lines if what == "ENTRYPOINT")
    program = f"PYTHONPATH=/srv/context/{site} {shlex.join(entry)}"
    said += [f"su -s /bin/sh -c '{program} {found}' goodoffices", "cat /asked"]
    return "\n".join(said) + "\n"


def test_a_desk_is_founded_and_runs_in_what_the_containerfile_makes(tmp_path: Path) -> None:
    """P13: each step as it stands there; by its own user, in its volume; it ends at the signal that it names."""
    lines = _lines()
    assert next(what for what, _ in lines) == "FROM"
    assert {what for what, _ in lines} <= {
        "FROM", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "STOPSIGNAL", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    told = {what: words for what, words in lines if what not in ("RUN", "COPY")}
    assert (told["USER"], told["VOLUME"], told["STOPSIGNAL"]) == ("goodoffices", "/data", "SIGTERM")
    if os.geteuid() != 0:
        return  # without root there are no namespaces to carry it out in
    steps, image = tmp_path / "steps", tmp_path / "image"
    image.mkdir()
    site = Path(sysconfig.get_path("purelib")).relative_to(ROOT)
    steps.write_text(_steps(lines, str(site)), encoding="utf-8")
    words = ["unshare", "--mount", "sh", str(ROOT / "tests" / "cli" / "image.sh"), str(image), str(ROOT)]
    words += [sys.base_prefix, str(steps), told["USER"], *json.loads(told["ENTRYPOINT"])]
    log = tmp_path / "log"
    with log.open("wb") as said:
        desk = subprocess.Popen(
            [*words, "desk", "serve", "--vault", "/data/vault"],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    try:
        assert desk.stdout is not None
        ready = desk.stdout.readline()
        assert ready.startswith("desk ready at "), log.read_text()
        with urllib.request.urlopen(f"{ready.split()[-1]}/health", timeout=20) as answer:
            assert json.loads(answer.read()) == {"ok": True, "locked": True}
    finally:
        desk.send_signal(signal.SIGTERM)
        desk.communicate(timeout=60)
    told_beside = log.read_text()
    assert desk.returncode == 0, told_beside
    assert "install -y --no-install-recommends python3-venv ca-certificates" in told_beside
    assert "desk stopped" in told_beside

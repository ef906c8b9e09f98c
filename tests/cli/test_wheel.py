# SPDX-License-Identifier: Apache-2.0
"""The wheel, built and installed as the how-to says, without the tree: a desk is founded and runs from it (P13)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import PASSPHRASE, private

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "first-week.md"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_desk_is_founded_and_runs_from_the_installed_wheel(tmp_path: Path) -> None:
    """P13: whatever a page, a schema or a translation needs lies in it. What pip brings else is this test's own."""
    commands = re.findall(
        r"^    (/opt/goodoffices/bin/pip .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert commands[0].endswith("--require-hashes --only-binary :all: -r requirements/run.txt")
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "opt")], check=True)
    install = commands[1].replace("/opt/goodoffices/", f"{tmp_path}/opt/")
    subprocess.run(["sh", "-c", f"{install} --no-index --quiet"], cwd=tmp_path, check=True)
    elsewhere = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib"), "PYTHONSAFEPATH": "1"}
    program = str(tmp_path / "opt" / "bin" / "goodoffices")
    private(tmp_path / "passphrase", PASSPHRASE + "\n")
    words = [
        "office",
        "new",
        "vault",
        "--name=Aland",
        "--officer=amir",
        "--root=root",
        "--passphrase-file=passphrase",
    ]
    subprocess.run([program, *words], cwd=tmp_path, env=elsewhere, check=True, capture_output=True)
    desk = subprocess.Popen(
        [program, "desk", "serve", "--vault", "vault"],
        cwd=tmp_path, env=elsewhere, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert desk.stdout is not None
        address = desk.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{address}/sign-in", timeout=20) as page:
            assert b"Up but locked" in page.read()
    finally:
        desk.terminate()
        _, said = desk.communicate(timeout=60)
    assert desk.returncode == 0, said

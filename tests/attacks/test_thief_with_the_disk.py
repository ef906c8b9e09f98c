# SPDX-License-Identifier: Apache-2.0
"""A thief who takes the disk: note texts stay closed behind passphrases (docs/threat-model.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from goodoffices.web import keeping


def test_an_export_by_the_page_does_not_touch_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: the archive's texts lay in /tmp, which is on most machines a disk, before they were packed."""
    assert Path("/dev/shm") == keeping.MEMORY
    monkeypatch.setattr(keeping, "MEMORY", tmp_path)
    assert keeping.scratch_place() == tmp_path
    monkeypatch.setattr(keeping, "MEMORY", tmp_path / "none")
    assert keeping.scratch_place() is None  # the system's own place


def test_a_desk_that_crashes_leaves_no_core() -> None:
    """P3: a core dump is the memory of a signed-in desk, keys and texts, on the disk."""
    script = "import resource; from goodoffices.cli.process import no_core_dump; no_core_dump(); "
    script += "print(resource.getrlimit(resource.RLIMIT_CORE))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "(0, 0)"

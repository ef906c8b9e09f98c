# SPDX-License-Identifier: Apache-2.0
"""What `script/bootstrap` says on a machine that lacks something, and that it leaves nothing half made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A fresh copy of what the script works on, in a folder whose name has a space."""
    top = tmp_path / "good offices"
    for folder in ("script", "requirements"):
        shutil.copytree(ROOT / folder, top / folder)
    (top / "src" / "goodoffices").mkdir(parents=True)
    shutil.copy(ROOT / "src" / "goodoffices" / "__init__.py", top / "src" / "goodoffices")
    return top


def bootstrap(tree: Path, python: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tree / "script" / "bootstrap", "run"],
        env={**os.environ, "PYTHON": str(python), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def a_python(tree: Path, text: str) -> Path:
    """A stand-in for an interpreter that this machine does not have."""
    path = tree / "some-python"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_bare_debian_is_told_its_one_missing_package_in_one_line(tree: Path) -> None:
    bare = a_python(tree, f"""case "$2" in *ensurepip*) exit 1 ;; *) exec '{sys.executable}' "$@" ;; esac""")
    told = bootstrap(tree, bare)
    assert told.returncode == 1
    assert told.stderr == "script/bootstrap: one package is missing: apt-get install python3-venv\n"
    assert not (tree / ".venv").exists()


def test_an_old_python_is_named_with_what_is_needed(tree: Path) -> None:
    old = a_python(tree, '[ "$1" = -V ] || exit 1\necho Python 3.9.2')
    told = bootstrap(tree, old)
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "Python 3.9.2" in told.stderr
    assert "3.11 or newer" in told.stderr


def test_no_python_at_all_is_one_line_too(tree: Path) -> None:
    told = bootstrap(tree, tree / "no-such-python")
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "apt-get install python3-venv" in told.stderr


@pytest.mark.slow
def test_a_failed_installation_leaves_no_half_made_environment(tree: Path) -> None:
    told = bootstrap(tree, sys.executable, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull, PIP_FIND_LINKS="")
    assert told.returncode == 1
    assert "could not be installed" in told.stderr
    assert not (tree / ".venv").exists()


@pytest.mark.slow
def test_an_environment_is_made_once_and_made_anew_when_its_folder_was_moved(tree: Path) -> None:
    """No package is needed to see this: the lock is empty here."""
    (tree / "requirements" / "run.txt").write_text("# nothing\n", encoding="utf-8")
    assert "installing" in bootstrap(tree, sys.executable).stderr
    again = bootstrap(tree, sys.executable)
    assert (again.returncode, again.stderr) == (0, "")

    moved = tree.with_name("moved")
    tree.rename(moved)
    assert "installing" in bootstrap(moved, sys.executable).stderr
    where = subprocess.run(
        [moved / ".venv" / "bin" / "python", "-c", "import goodoffices; print(goodoffices.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.strip() == str(moved / "src" / "goodoffices" / "__init__.py")

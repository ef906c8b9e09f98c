# SPDX-License-Identifier: Apache-2.0
"""The house rules of the tree, as tests: size, docstrings, honest tests, and locks that name no machine."""

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "goodoffices"
MODULES = sorted(SRC.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES = 400

# Waiting a fixed time makes a test slow or wrong; a skipped or expected failure is a promise not kept.
BANNED_IN_TESTS = {
    "time.sleep",
    "asyncio.sleep",
    "anyio.sleep",
    "pytest.skip",
    "pytest.xfail",
    "pytest.importorskip",
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.mark.xfail",
}


def _name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_name_of)
def test_module_is_small_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES, "cut it along a line of the domain"
    assert ast.get_docstring(ast.parse(text)), "say in one sentence what this module is for"
    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n")


def _dotted_uses(tree: ast.Module) -> Iterator[str]:
    """Every dotted name that a module uses, with what it imported under another name spelled out."""
    meaning: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            meaning.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            meaning.update(
                {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            )
    yield from meaning.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            yield f"{meaning.get(first, first)}.{rest}"


@pytest.mark.parametrize("path", TESTS, ids=_name_of)
def test_a_test_neither_sleeps_nor_skips_nor_mocks(path: Path) -> None:
    uses = set(_dotted_uses(ast.parse(path.read_text(encoding="utf-8"))))
    assert not uses & BANNED_IN_TESTS
    assert not [use for use in uses if use.startswith("unittest.mock")]


@pytest.mark.parametrize("source", ["from time import sleep as wait", "import asyncio as a\na.sleep(1)"])
def test_the_rule_on_sleeping_sees_through_other_names(source: str) -> None:
    assert set(_dotted_uses(ast.parse(source))) & BANNED_IN_TESTS


@pytest.mark.parametrize("name", ["run.txt", "postgresql.txt", "pdf.txt", "dev.txt"])
def test_the_locks_pin_every_package_by_hash_and_name_no_place(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert not re.search(
        r"://|--(find-links|index|extra-index)|^-|/(home|opt|root|tmp|work)/", text, re.MULTILINE
    )
    pins = re.findall(r"^[A-Za-z0-9].*$", text, re.MULTILINE)
    assert pins
    assert all(re.match(r"[a-z0-9.-]+==\S+ .*\\$", pin) for pin in pins)
    assert len(re.findall(r"\\\n +--hash=sha256:[0-9a-f]{64}\b", text)) >= len(pins)


def pins(name: str) -> dict[str, str]:
    """What a lock pins."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


def test_what_the_tests_install_is_what_the_software_runs_with() -> None:
    assert pins("run.txt").items() <= pins("postgresql.txt").items() <= pins("dev.txt").items()
    assert pins("run.txt").items() <= pins("pdf.txt").items() <= pins("dev.txt").items()
    assert pins("run.txt").items() <= pins("pkcs11.txt").items() <= pins("dev.txt").items()


@pytest.mark.parametrize(
    "script", ["script/bootstrap", "script/demo", "script/lock", "script/test", ".ci/run"]
)
def test_the_scripts_can_be_run(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)


def _build(place: Path) -> Path:
    place.mkdir()
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = place.glob("*.whl")
    return wheel


@pytest.mark.slow
def test_the_built_package_holds_every_file_of_the_source_and_comes_out_alike(tmp_path: Path) -> None:
    """A wheel without a template would fail only on somebody else's machine; who builds it again gets the same."""
    wheel, again = _build(tmp_path / "one"), _build(tmp_path / "two")
    assert wheel.read_bytes() == again.read_bytes()
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"goodoffices/{path.relative_to(SRC).as_posix()}"
        for path in SRC.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= held


def test_the_container_takes_only_what_is_there_and_runs_as_nobody_special() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("COPY "):
            assert (ROOT / line.split()[1]).exists(), line
    assert text.index("\nUSER goodoffices") < text.index("\nENTRYPOINT")


@pytest.mark.slow
def test_the_bill_of_materials_names_what_is_locked_and_comes_out_alike(tmp_path: Path) -> None:
    """Whoever is told of a fault in a package can look here whether it runs in a desk."""
    bills = [tmp_path / "one.json", tmp_path / "two.json"]
    for each in bills:
        subprocess.run([sys.executable, "-B", str(ROOT / "script" / "sbom.py"), str(each)], check=True)
    assert bills[0].read_bytes() == bills[1].read_bytes()
    found = json.loads(bills[0].read_text(encoding="utf-8"))
    assert {each["name"]: each["version"] for each in found["components"]} == pins("run.txt")
    assert all(each["hashes"] for each in found["components"])

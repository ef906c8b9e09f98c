# SPDX-License-Identifier: Apache-2.0
"""The papers as tested code: commands parse, links resolve, promises have tests, nothing is left unnamed."""

import contextlib
import copy
import importlib.util
import inspect
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from goodoffices.cli.main import main as program
from goodoffices.core import errors

ROOT = Path(__file__).resolve().parent.parent
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROMISES = tuple(f"P{number}" for number in range(1, 15))
ERRORS = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, errors.GoodOfficesError)
]

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")


def _name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _prose(text: str) -> str:
    """A paper without its blocks of code."""
    return re.sub(r"`[^`\n]+`", "", _FENCE.sub("", text))


def _papers() -> ModuleType:
    """The script that makes what documents take from the code."""
    spec = importlib.util.spec_from_file_location("papers", ROOT / "script" / "papers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE: dict[Path, str] = _papers().papers()


# --- commands -------------------------------------------------------------------------------------------


def _command_lines() -> Iterator[tuple[str, str]]:
    """(paper, command line) of every `goodoffices ...` in a block of shell commands, or that ends a phrase."""
    for path in PAPERS:
        text = path.read_text(encoding="utf-8")
        for language, block in _FENCE.findall(text):
            if language in ("sh", ""):
                for line in block.splitlines():
                    words = line.split("#")[0].strip()
                    if re.match(r"(\S*/)?goodoffices ", words):
                        yield _name_of(path), words
        for phrase in re.findall(r"`(goodoffices [^`\n]+)`", _FENCE.sub("", text)):
            # Made by script/papers, or meant as a pattern: those name no real argument.
            if not re.search(r"…|\.\.\.|\[|COMMAND", phrase):
                yield _name_of(path), phrase


COMMANDS = sorted(set(_command_lines()))


def _find(words: list[str]) -> tuple[click.Command, list[str], click.Context]:
    context = click.Context(program, info_name="goodoffices")
    command: click.Command = program
    while isinstance(command, click.Group) and words:
        name, words = words[0], words[1:]
        found = command.get_command(context, name)
        assert found is not None, f"there is no command '{name}'"
        command, context = found, click.Context(found, parent=context, info_name=name)
    return command, words, context


@pytest.mark.parametrize(("paper", "line"), COMMANDS, ids=[f"{paper}: {line}" for paper, line in COMMANDS])
def test_a_command_in_the_papers_is_understood(paper: str, line: str) -> None:
    if any(word in line for word in ("--help", "--version")):
        return
    command, words, context = _find(shlex.split(line)[1:])
    names = {name for each in command.params for name in each.opts}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in names, f"{line}: there is no option {word}"
    if "--" in line:
        # A phrase in running text may leave out what every call needs; a wrong word may not stand there.
        with contextlib.suppress(click.MissingParameter):
            _parse_without_files(command, context, words)


def _parse_without_files(command: click.Command, context: click.Context, words: list[str]) -> None:
    """Parse as click does, but for files that the reader is yet to make."""
    command = copy.copy(command)
    command.params = [copy.copy(each) for each in command.params]
    for each in command.params:
        if isinstance(each.type, click.Path):
            each.type = click.Path()
    command.parse_args(context, list(words))


def test_the_papers_show_commands() -> None:
    """The test above would also pass if its search found nothing."""
    shown = {line.split("goodoffices ", 1)[1].split()[0] for _, line in COMMANDS}
    assert shown >= {"office", "line", "relay", "desk", "drill", "record", "verify"}
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("path", list(MADE), ids=_name_of)
def test_what_a_paper_takes_from_the_tree_is_as_the_tree_is(path: Path) -> None:
    """Every command and option, every module, every decision."""
    assert path.read_text(encoding="utf-8") == MADE[path], "run script/papers"


# --- links and names -------------------------------------------------------------------------------------


def _anchors(path: Path) -> set[str]:
    """The anchors of a paper's headings, as they are made where Markdown is shown."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


LINKS = [
    (path, target)
    for path in PAPERS
    for target in _LINK.findall(_prose(path.read_text(encoding="utf-8")))
    if "://" not in target and not target.startswith("mailto:")
]


@pytest.mark.parametrize(
    ("path", "target"), LINKS, ids=[f"{_name_of(path)}: {target}" for path, target in LINKS]
)
def test_a_link_leads_somewhere(path: Path, target: str) -> None:
    place, _, anchor = target.partition("#")
    there = (path.parent / place).resolve() if place else path
    assert there.is_relative_to(ROOT)
    assert there.exists(), f"{_name_of(path)} points to {target}"
    if anchor:
        assert anchor in _anchors(there), f"{_name_of(path)}: no heading '{anchor}' in {_name_of(there)}"


def test_a_paper_that_the_code_names_is_there() -> None:
    """A reader who follows a comment or an error's next step finds the page."""
    missing = set()
    for path in [
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "script").iterdir(),
        *(ROOT / "bench").rglob("*.py"),
    ]:
        if path.is_file():
            for named in re.findall(r"\bdocs/[\w/.-]+\.md\b", path.read_text(encoding="utf-8")):
                if not (ROOT / named).is_file():
                    missing.add(f"{_name_of(path)} names {named}")
    assert not missing


@pytest.mark.slow
def test_the_verifier_loads_what_the_papers_count_and_one_library() -> None:
    """P8: small enough to read; the standard library apart, nothing else is loaded to verify."""
    ask = (
        "import sys, json; before = set(sys.modules); import goodoffices.verify.command;"
        " print(json.dumps([[name, getattr(sys.modules[name], '__file__', None) or '']"
        " for name in set(sys.modules) - before]))"
    )
    ran = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True)
    loaded = json.loads(ran.stdout)
    ours = {name for name, _ in loaded if name.split(".")[0] == "goodoffices"}
    assert ours | {"goodoffices.verify.__main__"} == _papers().verifier_modules()
    others = {name.split(".")[0] for name, file in loaded if "site-packages" in file}
    assert others <= {"cryptography", "_cffi_backend"}


def test_a_script_that_the_papers_name_is_there() -> None:
    for path in PAPERS:
        for named in re.findall(r"\bscript/[a-z]+\b", path.read_text(encoding="utf-8")):
            assert (ROOT / named).is_file(), f"{_name_of(path)} names {named}"


def test_every_paper_can_be_reached_from_the_readme() -> None:
    reached, left = set(), [ROOT / "README.md"]
    while left:
        path = left.pop()
        if path in reached:
            continue
        reached.add(path)
        for target in _LINK.findall(_prose(path.read_text(encoding="utf-8"))):
            there = (path.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there.is_file():
                left.append(there)
    lost = [_name_of(path) for path in PAPERS if path not in reached]
    assert not lost


# --- promises and errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_told_and_cited_by_a_test(promise: str) -> None:
    told = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {promise}: ", told, re.MULTILINE)
    cited = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.name != "test_docs.py" and re.search(rf"\b{promise}\b", path.read_text(encoding="utf-8"))
    ]
    assert cited, f"no test cites {promise}"


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_names_tests_that_cite_it(promise: str) -> None:
    told = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    (section,) = [
        each for each in re.split(r"^## ", told, flags=re.MULTILINE) if each.startswith(f"{promise}: ")
    ]
    tests = re.search(r"^\*Tests\.\* (.+)$", section, re.MULTILINE)
    assert tests
    named = re.findall(r"`(tests/[\w/]+\.py)`", tests[1])
    assert named
    for each in named:
        assert (ROOT / each).is_file(), f"docs/promises.md names {each}"
        cited = re.search(rf"\b{promise}\b", (ROOT / each).read_text(encoding="utf-8"))
        assert cited, f"docs/promises.md names {each}, which does not cite {promise}"


def test_every_error_is_told_with_whose_fault_it_is() -> None:
    told = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", told, re.MULTILINE))
    assert set(rows) == {each.__name__ for each in ERRORS}
    for each in ERRORS:
        if each is not errors.GoodOfficesError:
            assert rows[each.__name__] == each.fault


# --- what must not stand in any paper ----------------------------------------------------------------------


@pytest.mark.parametrize("path", PAPERS, ids=_name_of)
def test_a_paper_names_no_machine_and_promises_nothing_by_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(work|root|home/\w+)/", text)
    assert "TODO" not in text
    assert "FIXME" not in text

# SPDX-License-Identifier: Apache-2.0
"""What papers take from the tree itself: every command (docs/cli.md), module (ARCHITECTURE.md), decision (docs/adr).

The second verifier's page is put together here too, from the files beside it. It is called through script/papers.
What a command or a module says of itself is its help or its docstring.
"""
# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click

from goodoffices.cli.main import main as program
from goodoffices.verify.page import PAGE, put_together

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "goodoffices"
COMMANDS = ROOT / "docs" / "cli.md"
MAP = ROOT / "ARCHITECTURE.md"
DECISIONS = ROOT / "docs" / "adr" / "README.md"
VERIFYING = ROOT / "docs" / "export.md"
BEGIN, END = "<!-- made by script/papers: begin -->\n", "<!-- made by script/papers: end -->\n"
PACKAGES = ("core", "db", "wire", "picture", "relay", "desk", "verify", "web", "drill", "cli")

HEAD = """\
# Every command

Made by `script/papers` from the commands' own help; do not edit. `goodoffices COMMAND --help` says the same.

What was asked for goes to standard output, what a person should know beside it to standard error. Exit codes: 0 done; \
1 refused or failed, with [whose fault it is and the next step](errors.md); 2 the command was not understood. \
`goodoffices verify` has codes of its own: 0 verified, 1 findings, 2 not an export.

Passphrases are asked for, or read from a file with mode 0600; never from an argument, which others on the machine \
could see.
"""


def commands(
    group: click.Group, path: tuple[str, ...] = ("goodoffices",)
) -> Iterator[tuple[str, click.Command]]:
    """(full name, command) of everything that can be called, in alphabetical order."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def commands_page() -> str:
    """docs/cli.md."""
    return HEAD + "".join(_section(name, command) for name, command in commands(program))


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"\n## {name}\n", f"`{name} {usage}`\n", " ".join((command.help or "").split()) + "\n"]
    options = [each for each in command.params if isinstance(each, click.Option)]
    if rows := [row for each in options if (row := _row(each, context))]:
        lines.append("| option | |\n| --- | --- |\n" + "".join(rows))
    return "\n".join(lines)


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    if record is None or "--help" in option.opts:
        return ""
    names, said = record
    return f"| `{names}` | {' '.join(said.split()).replace('|', '/')} |\n"


def modules(package: str) -> list[Path]:
    """The modules of a package, without its face and its schema steps."""
    return [path for path in sorted((SRC / package).glob("*.py")) if not path.name.startswith("__")]


def rooms() -> Iterator[str]:
    """Every package and the packages in it, as paths from the source folder."""
    for package in PACKAGES:
        yield package
        for face in sorted((SRC / package).glob("*/__init__.py")):
            if modules(name := f"{package}/{face.parent.name}"):
                yield name


def first_sentence(path: Path) -> str:
    """What a module says that it is for."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(said.split("\n\n")[0].split())
    sentence = re.split(r"(?<=[.?!])\s+(?=[A-Z])", paragraph)[0]
    return sentence.replace("``", "`").rstrip(".:").replace("|", "/")


def modules_map() -> str:
    """One table per package, one row per module."""
    parts = []
    for package in rooms():
        rows = "".join(f"| `{path.name}` | {first_sentence(path)} |\n" for path in modules(package))
        face = first_sentence(SRC / package / "__init__.py")
        parts.append(f"\n### `{package}/`\n{face}.\n\n| module | |\n| --- | --- |\n{rows}")
    return "".join(parts) + "\n"


def decisions_table() -> str:
    """One row per decision, by its heading."""
    rows = ["\n| | |\n| --- | --- |\n"]
    for path in sorted(DECISIONS.parent.glob("[0-9]*.md")):
        found = re.match(r"# ADR (\d{4}): (.+)", path.read_text(encoding="utf-8"))
        assert found is not None, f"{path.name} does not begin with '# ADR NNNN: '"
        if found[1] != "0000":
            rows.append(f"| [{found[1]}]({path.name}) | {found[2]} |\n")
    return "".join(rows) + "\n"


def verifier_modules() -> set[str]:
    """Our modules that `python -m goodoffices.verify` loads: those that stand in imports at a module's own level."""
    found: set[str] = set()
    waiting = ["goodoffices.verify.__main__", "goodoffices.verify.command"]
    while waiting:
        name = waiting.pop()
        path = ROOT / "src" / name.replace(".", "/")
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name in found or not path.exists():
            continue
        found.add(name)
        waiting.append(name.rpartition(".")[0] or name)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("goodoffices"):
                waiting += [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
    return found


def _lines(paths: list[Path]) -> int:
    return sum(line.strip() != "" for path in paths for line in path.read_text(encoding="utf-8").splitlines())


def verifier_size() -> str:
    """How much there is to read before the verifiers are trusted."""
    rows = []
    for package in ("verify", "core"):
        names = sorted(each for each in verifier_modules() if each.startswith(f"goodoffices.{package}"))
        paths = [ROOT / "src" / name.replace(".", "/") for name in names]
        files = [each / "__init__.py" if each.is_dir() else each.with_suffix(".py") for each in paths]
        rows.append((f"the program, `{package}/`", len(files), _lines(files)))
    page = [each for each in sorted(PAGE.parent.glob("*.js")) if each.name != "noble.js"]
    rows.append(("the page in a browser", len(page), _lines(page)))
    rows.append(("its library, `noble.js`, others' work", 1, _lines([PAGE.parent / "noble.js"])))
    table = "".join(f"| {name} | {count} | {round(lines, -2):,} |\n" for name, count, lines in rows)
    return f"\n| | files | lines that are not empty, in hundreds |\n| --- | --- | --- |\n{table}\n"


def between_marks(text: str, made: str) -> str:
    """A paper with what was made for it between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{made}{END}{after}"


def papers() -> dict[Path, str]:
    """Every paper that holds something made, as it should be."""
    return {
        COMMANDS: commands_page(),
        MAP: between_marks(MAP.read_text(encoding="utf-8"), modules_map()),
        DECISIONS: between_marks(DECISIONS.read_text(encoding="utf-8"), decisions_table()),
        VERIFYING: between_marks(VERIFYING.read_text(encoding="utf-8"), verifier_size()),
        PAGE: put_together(),
    }


if __name__ == "__main__":
    for paper, content in papers().items():
        paper.write_text(content, encoding="utf-8")
        click.echo(f"wrote {paper.relative_to(ROOT)}")

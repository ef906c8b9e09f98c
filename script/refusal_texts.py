# SPDX-License-Identifier: Apache-2.0
"""Reads out of the sources what refusals, findings and reasons say, so that each of it is translated (ADR 0054)."""
# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "goodoffices"
PAGES = "goodoffices.web.app"

NEVER_ON_A_PAGE = (
    "core/addresses.py",  # how a server is started
    "core/backup.py",  # taken back by command
    "core/certificates.py",  # made and read by command
    "core/readable",  # the texts of an export
    "core/record",  # what an examiner finds, in the words of an export
    "db/",  # before the pages answer
    "desk/backup/rows.py",  # by command
    "desk/founding.py",
    "desk/outsiders.py",  # how a desk is started, and what its log says
    "desk/vault/files.py",  # before the pages answer
    "picture/",
    "web/observing.py",  # for machines
    "web/security.py",  # to whom no language is known
)
OF_FIELDS = ("core/fields.py", "core/mandate.py", "core/pairing.py")
"""Where a ValueError says what a field is not, to stand inside an error's text."""
_SENTENCE = re.compile(r"(?![A-Z]{2,} )[A-Z{'].* .*[.?!]", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2}")


@cache
def gathered() -> tuple[frozenset[str], frozenset[str]]:
    """(texts as they are said, texts in which something varies, with {names} in its place)."""
    plain: set[str] = set()
    patterns: set[str] = set()
    kinds = _errors(plain)
    for path, tree in _reachable().items():
        constants = _constants(tree)
        for node in _told(path, tree, kinds):
            for text, varies in _texts(node, constants):
                if _WORD.search(re.sub(r"\{\w+\}", "", text)):
                    (patterns if varies else plain).add(text)
    return frozenset(plain), frozenset(patterns)


def _errors(steps: set[str]) -> set[str]:
    """The names of every kind of error; the next steps that kinds have of their own are added."""
    tree = ast.parse((SOURCE / "core" / "errors.py").read_text(encoding="utf-8"))
    kinds = [each for each in tree.body if isinstance(each, ast.ClassDef)]
    for node in (each for kind in kinds for each in kind.body):
        match node:
            case ast.Assign(targets=[ast.Name(id="default_step")], value=ast.Constant(value=str(text))):
                steps.add(text)
            case ast.AnnAssign(target=ast.Name(id="default_step"), value=ast.Constant(value=str(text))):
                steps.add(text)
    return {each.name for each in kinds}


def _reachable() -> dict[str, ast.Module]:
    """Every module that the pages import, however far, by its path; without those that no page speaks for."""
    found: dict[str, ast.Module] = {}
    waiting = [PAGES]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or not name.startswith("goodoffices."):
            continue
        seen.add(name)
        path = SOURCE.parent / (name.replace(".", "/") + ".py")
        if not path.exists():
            continue  # a package, or a name out of a module
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found[path.relative_to(SOURCE).as_posix()] = tree
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                waiting += [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
    return {path: tree for path, tree in sorted(found.items()) if not path.startswith(NEVER_ON_A_PAGE)}


def _constants(tree: ast.Module) -> dict[str, str]:
    """Texts that have a name in the module."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _told(path: str, tree: ast.Module, kinds: set[str]) -> Iterator[ast.expr]:
    """What errors and findings are made of, and whatever else reads as a sentence."""
    passed: set[int] = set()
    for node in ast.walk(tree):  # from the outside in: parts of what was gathered are passed over
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))  # a docstring
        match node:
            case ast.Call(func=ast.Name(id=name), args=args) if name in kinds:
                yield from _unpassed(args, passed)
            case ast.Call(func=ast.Attribute(attr="find", value=inner), args=[_, _, *args]) if (
                "ledger" in ast.unparse(inner)
            ):
                yield from _unpassed(args, passed)
            case ast.Call(func=ast.Name(id="ValueError"), args=args) if path in OF_FIELDS:
                yield from _unpassed(args, passed)
            case ast.Yield(value=ast.expr() as said) if path == "core/roster_request.py":
                yield from _unpassed([said], passed)
            case ast.Call(func=ast.Name(id="N_"), args=args):
                passed.update(id(each) for each in args)
            case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp(op=ast.Add()) if (
                id(node) not in passed
            ):
                if _reads_as_a_sentence(node):
                    yield from _unpassed([node], passed)
                elif isinstance(node, ast.JoinedStr):
                    passed.update(id(each) for each in ast.walk(node))


def _reads_as_a_sentence(node: ast.expr) -> bool:
    try:
        return all(_SENTENCE.fullmatch(text) for text, _ in _texts(node, {}))
    except ValueError:
        return False


def _unpassed(nodes: list[ast.expr], passed: set[int]) -> Iterator[ast.expr]:
    for node in nodes:
        passed.update(id(each) for each in ast.walk(node))
        yield node


def _texts(node: ast.expr, constants: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """(text, whether something varies in it) of each way in which an expression can turn out."""
    match node:
        case ast.Constant(value=str(text)):
            yield text, False
        case ast.JoinedStr():
            yield _pattern(node, constants)
        case ast.Name(id=name) if name in constants:
            yield constants[name], False
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one, constants)
            yield from _texts(other, constants)
        case ast.BoolOp(values=values):
            for each in values:
                yield from _texts(each, constants)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            for one, other in product(list(_texts(left, constants)), list(_texts(right, constants))):
                yield one[0] + other[0], one[1] or other[1]
        case ast.Name() | ast.Attribute() | ast.Constant() | ast.Starred():
            pass  # said elsewhere, and gathered there
        case _:
            raise ValueError(f"cannot follow what is said by: {ast.unparse(node)}")


def _pattern(node: ast.JoinedStr, constants: dict[str, str]) -> tuple[str, bool]:
    """An f-string with {names} for what varies; the same expression has the same name."""
    parts: list[str] = []
    names: dict[str, str] = {}
    for each in node.values:
        match each:
            case ast.Constant(value=text):
                parts.append(str(text))
            case ast.FormattedValue(value=ast.Name(id=name)) if name in constants:
                parts.append(constants[name])
            case ast.FormattedValue(value=inner):
                code, name = ast.unparse(inner), _name(inner)
                if code not in names:
                    taken = sum(re.fullmatch(rf"{name}(_\d)?", other) is not None for other in names.values())
                    names[code] = f"{name}_{taken + 1}" if taken else name
                parts.append(f"{{{names[code]}}}")
    return "".join(parts), bool(names)


def _name(node: ast.expr) -> str:
    """A word for what varies, from the code that says it."""
    match node:
        case ast.Attribute(attr="__name__" | "_name"):
            return "name"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lower().strip("_")
        case ast.Call(func=ast.Attribute(attr="name_of" | "_name")):
            return "office"
        case ast.Call(func=ast.Attribute(attr="lower")) | ast.Call(func=ast.Name(id="rights_in_words")):
            return "right"
        case ast.Call(args=[*_, last]) if not isinstance(last, ast.Constant):
            return _name(last)
        case ast.Call(func=ast.Attribute(value=inner)):
            return _name(inner)
        case ast.Subscript(value=inner) | ast.BinOp(left=inner) | ast.IfExp(body=inner):
            return _name(inner)
        case ast.BoolOp(values=[inner, *_]) | ast.GeneratorExp(elt=inner):
            return _name(inner)
    return "what"

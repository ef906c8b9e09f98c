# SPDX-License-Identifier: Apache-2.0
"""The second verifier in a browser, held against the first: the page, opened from disk."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from goodoffices.core.checkpoint import read_vkey
from goodoffices.verify.briefing import verify_briefing
from goodoffices.verify.output import as_json
from goodoffices.verify.page import PAGE
from goodoffices.verify.pair import Pair
from goodoffices.verify.verifier import Verdict, verify

_KEPT = """() => {
window.kept = new Map();
window.keep = (files) => {
  for (const [digest, text] of Object.entries(files)) {
    kept.set(digest, Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  }
};
const sourceOf = ({ files, folders, odd }) => {
  const source = { files: new Map(), folders: new Set(folders), odd: new Set(odd) };
  for (const [path, digest] of files) {
    const bytes = kept.get(digest);
    const pieces = async function* () { yield bytes; };
    source.files.set(path, { read: async (most) => bytes.slice(0, most), pieces });
  }
  return source;
};
window.judge = async (given) => {
  const trust = given.trust === null ? null : verifier.readTrust(new TextEncoder().encode(given.trust));
  return verifier.verify(sourceOf(given), trust);
};
window.judgeTwo = (given) => verifier.verifyTwo(given.map(sourceOf));
}"""
_SAME = ("verdict", "compared_with_trust", "office", "realm", "exported", "texts", "lines", "notes", "acts")


class Second:
    """The page with whole folders handed to its verifier, each file's bytes only once."""

    def __init__(self, browser: Browser, page: Path = PAGE) -> None:
        self.wrong: list[str] = []
        self.page: Page = browser.new_context().new_page()
        self.page.on("console", lambda said: self.wrong.append(said.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.goto(page.as_uri())
        self.page.evaluate(_KEPT)
        self._kept: set[str] = set()

    def judge(self, root: Path, trust: str | None = None) -> dict[str, Any]:
        """What the page says of a folder."""
        told: dict[str, Any] = self.page.evaluate(
            "(given) => judge(given)", self._given(root) | {"trust": trust}
        )
        return told

    def _given(self, root: Path) -> dict[str, Any]:
        files: list[tuple[str, str]] = []
        new: dict[str, str] = {}
        folders, odd = [], []
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix().encode("utf-8", "replace").decode()
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                odd.append(name)
            elif path.is_dir():
                folders.append(name)
            else:
                raw = path.read_bytes()
                digest = hashlib.sha256(raw).hexdigest()
                files.append((name, digest))
                if digest not in self._kept:
                    new[digest] = base64.b64encode(raw).decode()
        if new:
            self.page.evaluate("(files) => keep(files)", new)
            self._kept |= new.keys()
        return {"files": files, "folders": folders, "odd": odd}

    def agrees(self, root: Path, first: Verdict | None = None) -> dict[str, Any]:
        """What both verifiers say of a folder, if it is the same; an error that shows both, if not."""
        told = self.judge(root)
        assert_same(as_json(first or verify(root)), told)
        return told

    def agrees_on_two(self, pair: Pair, first: Path, second: Path) -> None:
        """Whether both say the same of two records held against each other."""
        given = [self._given(each) for each in (first, second)]
        told: dict[str, Any] = self.page.evaluate("(given) => judgeTwo(given)", given)
        said = pair.as_json()
        for one, other in zip(said["records"], told["records"], strict=True):
            assert_same(one, other)
        for name in ("verdict", "compared", "common_lines"):
            assert said[name] == told[name]
        for name in ("partings", "differences"):
            assert sorted(map(_row, said[name])) == sorted(map(_row, told[name]))

    def agrees_on_briefing(
        self, root: Path, trust: dict[bytes, str] | None = None, *witnesses: str
    ) -> dict[str, Any]:
        """What both verifiers say of a briefing, if it is the same. ``witnesses``: verifier keys, with ``trust``."""
        listed = "".join(f"{each.hex()} {name}\n" for each, name in (trust or {}).items())
        told = self.judge(root, None if trust is None else listed + "\n".join(witnesses))
        first = verify_briefing(root, trust, witnesses=tuple(map(read_vkey, witnesses))).as_json()
        assert _findings(first) == _findings(told)
        for name in ("verdict", "compared_with_trust", "remarks", "briefing"):
            assert first.get(name) == told.get(name)
        return told


def _row(found: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in found.items())


def assert_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    """One verdict, the same kinds of findings at the same places, the same account of what there is."""
    assert _findings(first) == _findings(second)
    assert sorted(first["remarks"]) == sorted(second["remarks"])
    assert {name: first.get(name) for name in _SAME} == {name: second.get(name) for name in _SAME}
    assert first.get("offices") == second.get("offices")


def _findings(verdict: dict[str, Any]) -> list[tuple[str, ...]]:
    # Expected and found are sentences for people, and may be worded otherwise.
    return sorted(
        (each["where"], each["kind"], each["promise"], each["cause"], *each["beside"])
        for each in verdict["findings"]
    )

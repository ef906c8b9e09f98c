# SPDX-License-Identifier: Apache-2.0
"""The second verifier: one page of plain JavaScript that shares no code with the first (ADR 0016).

``verifier.html`` is the page, whole. It is put together from the other files of this folder, each of which
stands by itself to be read; ``put_together`` says how.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from goodoffices.core.errors import YourError

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER / "verifier.html"

VERIFIER = (
    "bytes",
    "cbor",
    "forms",
    "signing",
    "offices",
    "agreed",
    "channels",
    "extracts",
    "beside",
    "lines",
    "checkpoints",
    "layout",
    "findings",
    "reading",
    "departed",
    "chains",
    "texts",
    "account",
    "files",
    "briefing",
    "briefed",
    "consent",
    "archive",
    "compare",
    "places",
    "sheet",
    "selfcheck",
    "verifier",
)
"""The files of the verifier, in their order; together they are one function."""
SCREEN = ("words", "screen")
OFFERED = (
    "verify, verifyTwo, readTrust, chosenSource, looseSource, droppedSources, archiveSource, plain, zulu, NotAnArchive,"
    " BadTrustList, UnfitBrowser"
)
"""What the screen takes of the verifier."""


def put_together(more: str = "", offered: str = OFFERED) -> str:
    """The page, made of its parts. Its policy allows the scripts and the style that stand in it, by their
    hashes, and nothing else: no network, no frame, no form. ``more``: what a test adds to the verifier."""
    ending = f"{more}\nreturn Object.freeze({{ {offered} }});\n"
    verifier = _function("const verifier = ", VERIFIER, ending)
    parts = {
        "style": _read("page.css"),
        "noble": _read("noble.js"),
        "verifier": verifier,
        "screen": _function("", SCREEN, ""),
    }
    scripts = " ".join(_hash("\n" + parts[name]) for name in ("noble", "verifier", "screen"))
    policy = f"default-src 'none'; script-src {scripts}; style-src {_hash(chr(10) + parts['style'])}"
    page = _read("page.html").replace("{{policy}}", f"{policy}; base-uri 'none'; form-action 'none'")
    for name, text in parts.items():
        before, after = page.split("{{" + name + "}}")
        page = before + text + after
    return page


def hand_over(target: Path) -> str:
    """Write the page to ``target``; its SHA-256 in hexadecimal. Raises YourError where that cannot be."""
    page = PAGE.read_bytes()
    try:
        with target.open("xb") as file:
            file.write(page)
    except OSError as error:
        raise YourError(
            f"{target} cannot be written: {error.strerror}.", "Name a file that is not there yet."
        ) from None
    return hashlib.sha256(page).hexdigest()


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _function(before: str, names: tuple[str, ...], after: str) -> str:
    parts = "".join(f"\n// ==== {name}.js\n\n" + _read(f"{name}.js") for name in names)
    return f'{before}(() => {{\n"use strict";\n{parts}{after}}})();\n'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

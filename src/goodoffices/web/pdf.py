# SPDX-License-Identifier: Apache-2.0
"""A page as PDF, by WeasyPrint and the system's Pango where both are installed (ADR 0038).

Nothing is fetched, neither from the network nor from the disk: the page and one style sheet are all that
goes in. Fonts are the system's; a letter that none of them has is an error and never a gap on paper.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
from pathlib import Path
from typing import Any, NoReturn

from goodoffices.core.errors import MachineError

STYLE = Path(__file__).parent / "paper.css"
BROWSER = "Print the page from the browser instead"
_ONE_AT_A_TIME = threading.Lock()


def available() -> bool:
    """Whether this machine has what it takes, as far as that shows without loading it."""
    return importlib.util.find_spec("weasyprint") is not None


class _Gaps(logging.Handler):
    """Listens for letters that no font has."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.missing: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if ".notdef" in str(record.msg) and isinstance(record.args, tuple) and len(record.args) == 2:
            self.missing.append(f"U+{record.args[1]:04X}")


def made_of(html: str, style: str | None = None) -> bytes:
    """The PDF of a page; raises MachineError where a library or a font is missing. Takes part of a second.

    ``style`` takes the place of the style sheet for paper, for a page that brings its own."""
    if not available():
        raise MachineError(
            "This desk cannot write PDF.",
            f"{BROWSER}, or run script/bootstrap pdf (with pip: goodoffices[pdf]).",
        )
    with _ONE_AT_A_TIME:
        try:
            weasyprint: Any = importlib.import_module("weasyprint")
        except OSError as error:
            raise MachineError(
                f"A library that lays out paper is missing: {str(error)[:120]}",
                f"{BROWSER}, or install Pango (on Debian: libpango-1.0-0, libpangoft2-1.0-0).",
            ) from None
        return _laid_out(weasyprint, html, STYLE.read_text(encoding="utf-8") if style is None else style)


def _laid_out(weasyprint: Any, html: str, css: str) -> bytes:
    class Nothing(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        """Whatever a page names, nothing is fetched."""

        def fetch(self, url: str, headers: object = None) -> NoReturn:
            raise ValueError("nothing is fetched")

    log, gaps = logging.getLogger("weasyprint"), _Gaps()
    log.propagate = False
    log.addHandler(gaps)
    try:
        style = weasyprint.CSS(string=css)
        document = weasyprint.HTML(string=html, base_url="sheet:///", url_fetcher=Nothing())
        made: bytes = document.write_pdf(stylesheets=[style], pdf_tags=True)
    finally:
        log.removeHandler(gaps)
    if gaps.missing:
        raise MachineError(
            f"This machine has no font for {', '.join(gaps.missing[:8])}; the sheet would have gaps.",
            f"{BROWSER}, or install fonts (on Debian: fonts-noto-core).",
        )
    return made

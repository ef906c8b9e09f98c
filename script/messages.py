# SPDX-License-Identifier: Apache-2.0
"""Texts of the pages into the translations and back; run it as script/messages."""
# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from refusal_texts import gathered as said_by_the_desk

WEB = Path(__file__).resolve().parent.parent / "src" / "goodoffices" / "web"
LANGUAGES = ("en", "fa", "ar", "fr")
METHODS = [
    ("words.py", "python"),
    ("deeds.py", "python"),
    ("silence.py", "python"),
    ("picturing.py", "python"),
    ("readiness.py", "python"),
    ("retold.py", "python"),
    ("templates/**.html", "jinja2"),
]
OPTIONS = {"templates/**.html": {"trimmed": "true", "extensions": "jinja2.ext.i18n"}}
SETTLED = datetime(2026, 1, 1, tzinfo=UTC)
PATTERNS = WEB / "locale" / "patterns.json"
KEYWORDS = {"N_": None, "_": None, "gettext": None, "ngettext": (1, 2)}


def gathered() -> Catalog:
    """Every text that pages show."""
    catalog = Catalog(project="Good Offices", charset="utf-8")
    found = extract_from_dir(WEB, METHODS, OPTIONS, KEYWORDS, comment_tags=("Translators:",))
    for name, _, message, comments, context in found:
        # No line numbers: a moved line is no change of a translation.
        catalog.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    for said in sorted(set().union(*said_by_the_desk())):
        catalog.add(said, None, [("refusals", 0)])
    return catalog


def patterns() -> str:
    """What the desk says with something that varies in it, as the pages recognise it (ADR 0054)."""
    return json.dumps(sorted(said_by_the_desk()[1]), ensure_ascii=False, indent=0) + "\n"


def po_of(language: str) -> Path:
    """The translation's source."""
    return WEB / "locale" / language / "LC_MESSAGES" / "goodoffices.po"


def merged(language: str, texts: Catalog) -> Catalog:
    """What is translated so far, with the texts of now and without those that are gone."""
    path = po_of(language)
    catalog = Catalog(locale=language, project="Good Offices", charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    catalog.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    # The same sources make the same bytes, whoever runs this and when.
    catalog.creation_date = catalog.revision_date = SETTLED
    catalog.version, catalog.fuzzy = "1", False
    catalog.msgid_bugs_address, catalog.last_translator, catalog.language_team = "", "", ""
    return catalog


def compiled(catalog: Catalog) -> bytes:
    """The .mo file's bytes."""
    target = BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def main() -> int:
    """Merge and compile, or check."""
    check = "--check" in sys.argv[1:]
    texts, known = gathered(), patterns()
    stale: list[str] = []
    if not check:
        PATTERNS.write_text(known, encoding="utf-8")
    elif PATTERNS.read_text(encoding="utf-8") != known:
        stale.append(f"{PATTERNS.name} is not what the sources make; run script/messages")
    for language in LANGUAGES:
        catalog, path = merged(language, texts), po_of(language)
        missing = [
            each.id for each in catalog if each.id and not (each.string and all(_strings(each.string)))
        ]
        if language != "en" and missing:
            stale += [f"{language}: not translated: {each!r}" for each in missing]
        mo = path.with_suffix(".mo")
        if check:
            if not mo.exists() or mo.read_bytes() != compiled(catalog):
                stale.append(f"{language}: {mo.name} is not what the sources make; run script/messages")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=110, omit_header=False, include_lineno=False, sort_output=True)
        mo.write_bytes(compiled(catalog))
    for each in stale:
        sys.stderr.write(f"{each}\n")
    return 1 if stale else 0


def _strings(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Taking the record along: the export of a running desk, as one archive to unpack and verify."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from goodoffices.core.errors import NotAllowed
from goodoffices.core.office import Right
from goodoffices.core.record_layout import slug
from goodoffices.desk.export import export
from goodoffices.web.pages import Ask, File

# ZIP knows no time before 1980, and the record's own files say when it was made.
NO_TIME = (1980, 1, 1, 0, 0, 0)


async def record(ask: Ask) -> File:
    """The whole record, with the texts that this office may read. Needs the right to audit or keep keys."""
    officer = ask.who.officer
    if not ask.desk.context.my_office().roster.rights(officer.public) & (Right.AUDIT | Right.KEYS):
        raise NotAllowed("The record is taken along by an auditor or a keeper of keys.")
    name = f"{slug(ask.service.office_name)}.export"
    with tempfile.TemporaryDirectory(prefix="goodoffices-export-") as scratch:
        folder = Path(scratch) / name
        ask.service.act(lambda desk, now: export(desk, folder, now))
        return File(f"{name}.zip", _archive(folder), "application/zip")


def _archive(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", NO_TIME)
            if path.is_dir():
                entry.filename += "/"
                archive.writestr(entry, b"")
            else:
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return packed.getvalue()

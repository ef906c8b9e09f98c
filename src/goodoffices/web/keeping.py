# SPDX-License-Identifier: Apache-2.0
"""Taking the record along: the export of a running desk, as one archive to unpack and verify."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from functools import partial
from pathlib import Path

from goodoffices.core.errors import NotAllowed
from goodoffices.core.office import Right
from goodoffices.core.record.layout import slug
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.desk import Desk
from goodoffices.desk.export import export
from goodoffices.web.pages import Ask, File

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it, for this user alone
# ZIP knows no time before 1980, and the record's own files say when it was made.
NO_TIME = (1980, 1, 1, 0, 0, 0)


async def record(ask: Ask) -> File:
    """The whole record, with the texts that this office may read. Needs the right to audit or keep keys."""
    officer = ask.who.officer
    if not ask.desk.context.my_office().roster.rights(officer.public) & (Right.AUDIT | Right.KEYS):
        raise NotAllowed("The record is taken along by an auditor or a keeper of keys.")
    name = f"{slug(ask.service.office_name)}.export"
    with tempfile.TemporaryDirectory(prefix="goodoffices-export-", dir=scratch_place()) as scratch:
        folder = Path(scratch) / name
        packed = await ask.service.beside(partial(_packed, folder))
        ask.service.act(
            lambda desk, now: desk.note_down(officer.name, "took the record along", AuditKind.EXPORT, now)
        )
        return File(f"{name}.zip", packed, "application/zip")


def _packed(folder: Path, desk: Desk, now: int) -> bytes:
    export(desk, folder, now)
    return archived(folder)


def scratch_place() -> Path | None:
    """Where texts may lie in the clear for a moment: in memory, where the system has such a place.

    What was once written to a disk can be found on it after it was removed.
    """
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else None


def archived(folder: Path) -> bytes:
    """A folder as a ZIP archive, without times."""
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

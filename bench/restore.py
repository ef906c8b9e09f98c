# SPDX-License-Identifier: Apache-2.0
"""A backup of a full vault: how long it takes to write, how large it is, to restore, to open, and to leave from it.

    .venv/bin/python bench/restore.py [--notes 10000] [--keep FOLDER]

The vault is that of ``bench/pages.py``; with ``--keep`` it is made once and used again (a copy of it is read).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

from bench.pages import make
from goodoffices.core.backup import root_seed
from goodoffices.desk.backup import rows
from goodoffices.desk.backup.places import Folder
from goodoffices.desk.backup.restoring import finishing, restore
from goodoffices.desk.backup.setup import set_up, setup_of
from goodoffices.desk.backup.writing import SeriesWriter
from goodoffices.desk.founding import keep_reading_seed
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.service import DeskConfig, DeskService, desk_of, real_now
from goodoffices.desk.vault.vault import Cost, open_vault


class Stopwatch:
    """Wall and CPU seconds of one step."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.monotonic(), time.process_time()

    def said(self) -> str:
        return f"{time.monotonic() - self.wall:6.1f} s, {time.process_time() - self.cpu:6.1f} s of CPU"


async def work(vault_folder: Path, place: Path) -> None:
    root = os.urandom(32)
    with open_vault(vault_folder) as vault:
        desk = desk_of(vault)
        with desk.context.transaction():
            set_up(desk.ledger, str(place), real_now(), root=root, rng=os.urandom)
        setup = setup_of(desk.ledger)
        assert setup is not None
        watch, writer = Stopwatch(), SeriesWriter(desk.context, setup, Folder(place))
        await writer.everything(vault.db, real_now())
        await writer.write(rows.changed(vault.db, []), real_now(), whole=True)
        (notes,) = vault.db.execute("SELECT count(*) FROM note").fetchone()
        print(
            f"{notes} notes: written in {watch.said()}; {writer.number} pieces, {writer.bytes / 1e6:.0f} MB"
        )
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        vault, restored = await restore(
            Folder(place),
            [root_seed(root)],
            Path(folder) / "v",
            root=lambda _: True,
            rng=os.urandom,
            cost=Cost(64, 1, 1),
        )
        with finishing(vault, restored):  # with a reading key, as the root's next roster brings one
            keep_reading_seed(Ledger(vault.db), os.urandom(32), 1, os.urandom(32), os.urandom)
        print(f"restored in {watch.said()}")
        watch = Stopwatch()
        open_vault(Path(folder) / "v").close()
        print(f"opened and checked to the last page in {watch.said()}; restoring and opening: goal 300 s")
        desk_service = DeskService(DeskConfig(Path(folder) / "v"))
        await desk_service.start()
        watch = Stopwatch()
        await desk_service.leaving.leave()
        print(f"left, every key destroyed, in {watch.said()}; goal 10 s")
        await desk_service.end_work()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        kept = given.keep or Path(scratch) / "kept"
        if not kept.exists():
            make(kept, "Bern", given.notes, 1)
        copy, place = Path(scratch) / "copy", Path(scratch) / "place"
        shutil.copytree(kept, copy)
        place.mkdir()
        asyncio.run(work(copy, place))


if __name__ == "__main__":
    main()

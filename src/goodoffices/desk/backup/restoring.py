# SPDX-License-Identifier: Apache-2.0
"""From a backup to a vault: the newest series that is whole is opened, verified piece by piece, and put in place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from goodoffices.core.backup import MAX_PIECE, OpenPiece, open_piece
from goodoffices.core.errors import GoodOfficesError, MachineError, OtherOfficeError, WrongSecret, YourError
from goodoffices.core.office import Office
from goodoffices.db.migrate import migrate, steps_in, version_of
from goodoffices.db.sqlite import Connection, transaction
from goodoffices.desk.backup import rows
from goodoffices.desk.backup.places import NAME, Place, name_of
from goodoffices.desk.backup.setup import forget_written
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.vault.database import faults
from goodoffices.desk.vault.files import VaultFiles
from goodoffices.desk.vault.keys import Cost, Rng
from goodoffices.desk.vault.vault import Vault, create_vault


@dataclass(frozen=True)
class Found:
    """A series at a place: its first piece opened, and how many files follow one another."""

    first: OpenPiece
    pieces: int
    gap: bool
    """Whether files lie beyond a missing one: what they hold cannot be used."""


@dataclass(frozen=True)
class Restored:
    """What was put back. ``time``: ms UTC up to which everything is there."""

    office: Office
    time: int
    pieces: int
    rows: int
    proof: bytes
    left: int
    """Pieces that lie there and could not be used."""
    why_left: str
    unlock: Path | None = None
    """The unlock secret, where it was made for this vault."""


async def find(place: Place, seeds: Sequence[bytes]) -> list[Found]:
    """Every series that ``seeds`` open, the newest first; raises WrongSecret or YourError without any."""
    numbers: dict[str, set[int]] = {}
    for name in await place.names():
        found = NAME.fullmatch(name)
        if found:
            numbers.setdefault(found[1], set()).add(int(found[2]))
    if not numbers:
        raise YourError("There is no backup at this place.", "Check the folder; files end in .gobackup.")
    opened: list[Found] = []
    refused: GoodOfficesError | None = None
    for series, there in numbers.items():
        count = next(at for at in range(len(there) + 1) if at not in there)
        try:
            if count == 0:
                raise YourError("A backup lacks its first piece.", "Look for it in other copies.")
            raw = await place.get(name_of(bytes.fromhex(series), 0), MAX_PIECE)
            opened.append(Found(open_piece(raw, seeds, None), count, count < len(there)))
        except (OtherOfficeError, YourError) as error:
            refused = error if not isinstance(refused, WrongSecret) else refused
    if not opened and refused is not None:
        raise refused
    return sorted(opened, key=lambda each: -each.first.piece.time[0])


async def pieces(place: Place, found: Found, seeds: Sequence[bytes]) -> AsyncIterator[OpenPiece]:
    """The pieces of a series, each verified, in order; raises where one is not what its desk wrote."""
    before = found.first
    yield before
    for number in range(1, found.pieces):
        raw = await place.get(name_of(before.piece.series, number), MAX_PIECE)
        before = open_piece(raw, seeds, before)
        yield before


async def restore(
    place: Place,
    seeds: Sequence[bytes],
    folder: Path,
    *,
    root: Callable[[Office], bool],
    rng: Rng,
    unlock_path: Path | None = None,
    cost: Cost | None = None,
) -> tuple[Vault, Restored]:
    """A new vault in ``folder`` from the newest series that is whole. ``root``: whether this is the office meant.

    Nothing is left behind where it fails. Sealing keys are not in it: the root certifies new ones next, and until
    then (``finishing``) nobody can open the vault again.
    """
    refused: GoodOfficesError = MachineError(
        "No backup at this place was ever whole: the desk that wrote it was stopped before.",
        "Look for another copy.",
    )
    for found in await find(place, seeds):
        if not root(found.first.office):
            raise YourError(
                f"This is a backup of {found.first.office.name}, whose root is another one.",
                "Give the backup of the office that you mean.",
            )
        try:
            return await _restore(place, found, seeds, folder, rng, unlock_path, cost)
        except _NeverWholeError:
            continue
    raise refused


@contextlib.contextmanager
def finishing(vault: Vault, restored: Restored) -> Iterator[None]:
    """Make a restored vault one that is served, in this block; where it fails nothing is left of the vault."""
    with contextlib.ExitStack() as undo:
        undo.callback(_remove, vault.folder, restored.unlock)
        with vault:
            yield
        VaultFiles.at(vault.folder, None).finish()
        undo.pop_all()


class _NeverWholeError(Exception):
    """A series that ends before everything was in it."""


async def _restore(
    place: Place,
    found: Found,
    seeds: Sequence[bytes],
    folder: Path,
    rng: Rng,
    unlock_path: Path | None,
    cost: Cost | None,
) -> tuple[Vault, Restored]:
    schema = found.first.piece.schema
    if schema > len(steps_in("goodoffices.desk.schema")):
        raise MachineError(
            "This backup was written by a newer version of the program.",
            "Install that version here, or a later one.",
        )
    had_unlock = await asyncio.to_thread(lambda: unlock_path is not None and unlock_path.exists())
    unlock = None if had_unlock else unlock_path or folder / "unlock.key"
    vault = create_vault(folder, rng=rng, unlock_path=unlock_path, cost=cost, up_to=schema, unfinished=True)
    with contextlib.ExitStack() as undo:
        undo.callback(_remove, folder, unlock)
        undo.callback(vault.close)
        vault.db.execute("PRAGMA foreign_keys=OFF")
        last, count, left, why = await _apply(place, found, seeds, vault.db)
        with faults():
            broken = vault.db.execute("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise MachineError(
                    f"The backup's tables do not fit together ({broken[0][0]}).", "Try an earlier copy."
                )
            vault.db.execute("PRAGMA foreign_keys=ON")
            migrate(vault.db, steps_in("goodoffices.desk.schema"))
            ledger = Ledger(vault.db)
            with ledger.transaction():
                forget_written(ledger)
        undo.pop_all()
    piece = last.piece
    beyond = found.pieces - 1 - piece.number
    return vault, Restored(
        last.office, piece.time[0], piece.number + 1, count, piece.proof, max(left, beyond), why, unlock
    )


def _remove(folder: Path, unlock: Path | None) -> None:
    """A vault that was never finished is removed again, what says so last; the unlock secret only where it is new."""
    files = VaultFiles.at(folder, unlock)
    made = {*folder.glob("vault.*"), *folder.glob("chronicle.*"), folder / "credential.cbor"} - {
        files.unfinished
    }
    for path in (*made, *([unlock] if unlock is not None else []), files.unfinished):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


async def _apply(
    place: Place, found: Found, seeds: Sequence[bytes], db: Connection
) -> tuple[OpenPiece, int, int, str]:
    """Put every piece in place, up to the last with which everything is there."""
    last: OpenPiece | None = None
    count, why = 0, "Further pieces lie behind a missing one." if found.gap else ""
    try:
        async for each in pieces(place, found, seeds):
            if each.piece.schema != version_of(db):
                break  # the program was changed in between: that begins a series of its own
            with faults(), transaction(db):
                count += rows.apply(db, each.rows)
            last = each
    except (OtherOfficeError, WrongSecret) as error:
        why = error.what
    if last is None or not last.piece.whole:
        if why:
            raise MachineError(
                f"The newest backup cannot be used: {why}", "Look for another copy of these files."
            )
        raise _NeverWholeError
    return last, count, found.pieces - 1 - last.piece.number, why

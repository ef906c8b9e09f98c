# SPDX-License-Identifier: Apache-2.0
"""The vault: everything a desk keeps, in one encrypted database that opens in two tiers.

The *unattended* tier opens with the unlock secret, so that a desk starts by itself after a reboot: the
whole database, with the desk's own signing and sealing seeds. The *officers'* tier lies inside it,
encrypted again: signing seeds of officers, and texts under the office's reading key. Those open only
with an officer's passphrase, through ``Vault.sign_in``; the vault keeps nothing of what that yields.

Files and permissions are in ``files``, keys and passphrase rules in ``vault_keys``; the formats
and their limits in docs/adr/0011-vault.md. The tables of notes and entries are not known here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from goodoffices.core.crypto import ed25519_public
from goodoffices.core.errors import NotAllowed, NotFound, YourError
from goodoffices.db.migrate import migrate, steps_in, version_of
from goodoffices.db.sqlite import Connection, Hold, make_private, set_pragmas, transaction
from goodoffices.desk.vault.database import Log, Look, Reader, connect, faults, require_whole
from goodoffices.desk.vault.files import (
    NEWEST,
    Header,
    VaultFiles,
    claimed_commits,
    destroy_keys,
    make_folder,
    make_unlock,
    on_disk,
    read_header,
    read_unlock,
    remove_database,
    require_whole_log,
    write_private,
)
from goodoffices.desk.vault.keys import (
    DECOY,
    DECOY_SALT,
    KEY_SIZE,
    SALT_SIZE,
    Cost,
    OpenedOfficer,
    Rng,
    check_passphrase,
    fold_name,
    open_officer,
    open_text,
    seal_text,
    wrap,
)
from goodoffices.desk.vault.officers import OfficerEntry, entries, insert
from goodoffices.desk.vault.tokens import Held, Tokens

__all__ = [
    "Cost",
    "OfficerEntry",
    "OpenedOfficer",
    "Vault",
    "check_passphrase",
    "create_vault",
    "faults",
    "open_text",
    "open_vault",
    "seal_text",
]

_SCHEMA = "goodoffices.desk.schema"


def create_vault(
    folder: Path,
    *,
    rng: Rng,
    unlock_path: Path | None = None,
    cost: Cost | None = None,
    up_to: int | None = None,
    unfinished: bool = False,
    version: int = NEWEST,
) -> Vault:
    """A new, empty vault in ``folder``, held open. ``up_to``, ``version``: as an earlier version made it.

    ``vault.json`` is written last: without it there is no vault, so a cut leaves nothing that looks like one.
    ``unfinished``: the same holds until the caller has filled it (``VaultFiles.finish``).
    """
    files, uid = VaultFiles.at(folder, unlock_path), os.geteuid()
    with ExitStack() as undo:
        if make_folder(folder, uid):
            undo.callback(folder.rmdir)
        if unfinished:
            write_private(files.unfinished, b"")
            undo.callback(files.unfinished.unlink)
        hold = Hold(files.database)
        undo.callback(files.database.with_name("vault.db.lock").unlink)
        undo.callback(hold.release)
        if not files.unlock.exists():
            undo.callback(files.unlock.unlink, missing_ok=True)
        make_unlock(files.unlock, rng)
        header, key = Header.new(read_unlock(files.unlock, uid), cost or Cost(), rng, version)
        for name in ("vault.db", "vault.db-wal", "vault.db-shm"):
            undo.callback((folder / name).unlink, missing_ok=True)
        make_private(files.database)
        with faults():
            db = connect(files.database, key, header.pages)
            undo.callback(db.close)
            set_pragmas(db)
            migrate(db, steps_in(_SCHEMA)[:up_to])
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with on_disk(files.header):
            write_private(files.header, header.render())
        undo.pop_all()
    return Vault(files, db, key, header, hold)


def open_vault(folder: Path, *, unlock_path: Path | None = None, look_later: bool = False) -> Vault:
    """The vault in ``folder``, checked to the last page and brought to this version's schema.

    ``look_later``: the caller has ``Vault.look`` go through the pages and lets nothing out before (ADR 0077). What is
    read meanwhile carries its code, as ever; a vault that has to be brought to this version is looked through first.

    Raises WrongSecret, VaultDamaged, LoosePermissions, AlreadyRunning or MachineError; then nothing is held, and
    but for commits moved from the log into the database nothing was changed.
    """
    files, uid = VaultFiles.at(folder, unlock_path), os.geteuid()
    files.require_private(uid)
    header = read_header(files)
    with ExitStack() as undo:
        running = f"A desk is running on the vault {folder}, or another command is at work there."
        hold = Hold(
            files.database, (running, "Stop it first, or do this on the pages of the desk that runs.")
        )
        undo.callback(hold.release)
        key = header.key(read_unlock(files.unlock, uid))
        files.require_database(header.pages)
        commits = claimed_commits(files.log)
        with faults():
            db = connect(files.database, key, header.pages)
            undo.callback(db.close)
            set_pragmas(db)
            require_whole_log(commits, int(db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]))
            # The log first: after a power cut within a checkpoint the database's own pages may be torn.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            steps = steps_in(_SCHEMA)
            look = None
            if look_later and version_of(db) == len(steps):
                beside = Reader(connect(files.database, key, header.pages))
                undo.callback(beside.close)
                look = Look(beside)
            else:
                require_whole(db)
            migrate(db, steps)
        undo.pop_all()
    return Vault(files, db, key, header, hold, look)


class Vault:
    """An open vault, held by this process alone.

    ``db`` is one connection: threads take turns with it. More of them, for reading, come from ``reader``.
    """

    def __init__(
        self,
        files: VaultFiles,
        db: Connection,
        key: bytes,
        header: Header,
        hold: Hold,
        look: Look | None = None,
    ) -> None:
        self._files, self._key, self._header, self._hold = files, key, header, hold
        self._readers: list[Reader] = [] if look is None else [look.reader]
        self._to_scrub = False
        self.pictures = 0
        self._open = True
        self.db = db
        self.look = look
        """The look through its pages that is still owed, if one is."""
        self.tokens, self.log = Tokens(db), Log(db, self.reader)

    @property
    def folder(self) -> Path:
        return self._files.folder

    def reader(self) -> Reader:
        """A second connection that cannot write, for another thread. It is closed with the vault."""
        with faults():
            reader = Reader(connect(self._files.database, self._key, self._header.pages))
        self._readers.append(reader)
        return reader

    def let_go(self, reader: Reader) -> None:
        """Close a reader; the log is emptied now if that had to wait for it."""
        if reader in self._readers:
            self._readers.remove(reader)
        reader.close()
        if self._open and self._to_scrub:
            self.scrub()

    def close(self) -> None:
        """Everything into the database, the log removed, the vault free for the next process."""
        if not self._open:
            return
        self._open = False
        self.tokens.keep(set())
        try:
            for connection in (*self._readers, self.db):
                connection.close()
        finally:
            self._key = b""
            self._hold.release()

    def destroy(self) -> None:
        """Close the vault, unreadable for ever: without unlock secret or header no key opens what an SSD has kept."""
        destroy_keys(self._files)
        self.close()
        remove_database(self._files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- First tier: the desk's own secrets -------------------------------------------------------

    def put_secret(self, name: str, value: bytes) -> None:
        """Keep ``value`` for the unattended desk; replaces what was there under that name."""
        with self.writing():
            self.db.execute(
                "INSERT INTO secret (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def secret(self, name: str) -> bytes:
        with faults():
            row = self.db.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise NotFound(
                f"The vault holds no secret named {name}.", "Restore the vault, or make the key anew."
            )
        return bytes(row[0])

    def secret_names(self) -> tuple[str, ...]:
        with faults():
            return tuple(
                row[0] for row in self.db.execute("SELECT name FROM secret ORDER BY name").fetchall()
            )

    def destroy_secret(self, name: str) -> None:
        """Overwrite and remove a secret, in the log too: an old sealing seed must not come back (P3)."""
        with self.writing():
            self.db.execute("DELETE FROM secret WHERE name = ?", (name,))
        self.scrub()

    def scrub(self) -> None:
        """Empty the log, so that it holds no older page.

        Inside a transaction it does nothing: the caller calls it again after the commit.
        """
        if self.pictures:
            self._to_scrub = True  # nobody waits here for who reads
        elif not self.db.in_transaction:
            self.log.empty()
            self._to_scrub = False

    # --- Second tier: officers --------------------------------------------------------------------

    def add_officer(
        self, name: str, passphrase: str, seed: bytes, reading_key: bytes, rng: Rng, now: int
    ) -> None:
        """Wrap an officer's signing seed and the office's reading key under the officer's passphrase."""
        if len(seed) != KEY_SIZE or len(reading_key) != KEY_SIZE:
            raise ValueError("a seed and a reading key have 32 bytes each")
        check_passphrase(passphrase, name)
        salt, wrapped = self._wrap(passphrase, fold_name(name), seed + reading_key, rng)
        with self.writing():
            insert(self.db, name, reading_key, ed25519_public(seed), (salt, *self._costs(), wrapped), now)

    def add_held(self, name: str, held: Held, reading_key: bytes, rng: Rng, now: int) -> None:
        """An officer whose signing key a token holds; the reading key is wrapped by what the token computes."""
        salt, wrapped = held.wrap(fold_name(name), reading_key, rng)
        with self.writing():
            insert(self.db, name, reading_key, held.public, (salt, None, None, None, wrapped), now)
            self.tokens.insert(fold_name(name), held)

    def officers(self) -> tuple[OfficerEntry, ...]:
        """Everybody who has or had keys here, in order of arrival."""
        with faults():
            return entries(self.db)

    def know_key(self, name: str, public: bytes) -> None:
        """Note which key an officer's row holds, where that is not known yet."""
        with self.writing():
            self.db.execute(
                "UPDATE officer SET public = ? WHERE folded = ? AND public IS NULL", (public, fold_name(name))
            )

    def knows(self, name: str) -> bool:
        """Whether somebody of this name has or had keys here."""
        try:
            folded = fold_name(name)
        except YourError:
            return False
        with faults():
            row = self.db.execute("SELECT 1 FROM officer WHERE folded = ?", (folded,)).fetchone()
        return row is not None

    def sign_in(self, name: str, passphrase: str) -> OpenedOfficer:
        """The officer's keys, or WrongSecret: slow on purpose (0.1 s, 64 MiB); an event loop uses ``attempt``.

        A name that nobody has, a locked-out officer and a wrong passphrase get the same answer after the same work.
        """
        return self.attempt(name, passphrase)()

    def attempt(self, name: str, passphrase: str) -> Callable[[], OpenedOfficer]:
        """The slow half of ``sign_in``: it touches no database, so it can run in another thread."""
        try:
            folded = fold_name(name)
        except YourError:
            folded = ""
        with faults():
            row = self.db.execute(
                "SELECT name, salt, memory_kib, passes, lanes, wrapped FROM officer"
                " WHERE folded = ? AND wrapped IS NOT NULL",
                (folded,),
            ).fetchone()
        token = self.tokens.of(folded) if row else None
        if token is not None:
            return partial(self.tokens.open, token, row[0], passphrase, bytes(row[1]), bytes(row[5]))
        shown, salt, memory_kib, passes, lanes, wrapped = row or (name, DECOY_SALT, *self._costs(), DECOY)
        return partial(
            open_officer, shown, passphrase, folded, salt, Cost(memory_kib, passes, lanes), wrapped
        )

    def change_passphrase(self, name: str, old: str, new: str, rng: Rng, now: int) -> None:
        """Wrap the officer's keys anew; the old passphrase then opens nothing in this vault.

        A copy of the vault made before still opens with the old one (docs/adr/0011-vault.md).
        """
        opened = self.sign_in(name, old)
        check_passphrase(new, name)
        folded = fold_name(name)
        salt, wrapped = self._wrap(new, folded, opened.wrappable(), rng)
        with self.writing():
            self.db.execute(
                "UPDATE officer SET salt = ?, memory_kib = ?, passes = ?, lanes = ?,"
                " wrapped = ?, changed_ms = ? WHERE folded = ? AND wrapped IS NOT NULL",
                (salt, *self._costs(), wrapped, now, folded),
            )
        self.scrub()

    def lock_out(self, name: str, now: int) -> None:
        """Destroy a departed officer's wrapped keys. The last officer stays: nobody could read any more."""
        folded = fold_name(name)
        with self.writing():
            rows = self.db.execute("SELECT folded FROM officer WHERE wrapped IS NOT NULL").fetchall()
            if folded not in {row[0] for row in rows}:
                raise NotFound(
                    f"No officer named {name} signs in here.", "The desk's pages list its officers."
                )
            if len(rows) == 1:
                raise NotAllowed(
                    f"{name} is the last officer here: nobody could open the texts any more.",
                    "Add another officer first.",
                )
            self.db.execute(
                "UPDATE officer SET wrapped = NULL, salt = NULL, locked_out_ms = ? WHERE folded = ?",
                (now, folded),
            )
            self.db.execute("DELETE FROM passkey WHERE folded = ?", (folded,))
            self.db.execute("DELETE FROM token WHERE folded = ?", (folded,))
        self.scrub()

    def _wrap(self, passphrase: str, folded: str, keys: bytes, rng: Rng) -> tuple[bytes, bytes]:
        salt = rng(SALT_SIZE)
        return salt, wrap(passphrase, folded, salt, self._header.cost, keys, rng)

    def _costs(self) -> tuple[int, int, int]:
        return self._header.cost.memory_kib, self._header.cost.passes, self._header.cost.lanes

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction of its own, or part of the one that the caller has begun."""
        with faults():
            if self.db.in_transaction:
                yield
            else:
                with transaction(self.db):
                    yield

# SPDX-License-Identifier: Apache-2.0
"""The vault's folder: who may read it, its header, the unlock secret, and whether its log is whole.

Nothing here opens the database; ``desk.vault`` does, after this module has looked at the files.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodoffices.core.crypto import hkdf, sha256
from goodoffices.core.errors import LoosePermissions, MachineError, VaultDamaged, WrongSecret
from goodoffices.db.sqlite import PRIVATE, sync_directory
from goodoffices.desk.vault.database import Pages
from goodoffices.desk.vault.keys import KEY_SIZE, SALT_SIZE, Cost, Rng

_FORMAT = "goodoffices vault"
_PAGES = {1: Pages("HMAC_SHA512", 4096), 2: Pages("HMAC_SHA256", 4096), 3: Pages("HMAC_SHA256", 2048)}
"""By a vault's version (ADR 0087)."""
NEWEST = max(_PAGES)
_HEADER_LIMIT = 4096
_CHECK_SIZE = 16


@dataclass(frozen=True, slots=True)
class VaultFiles:
    """Where everything of one vault lies."""

    folder: Path
    unlock: Path

    @classmethod
    def at(cls, folder: Path, unlock_path: Path | None) -> VaultFiles:
        return cls(folder, unlock_path if unlock_path is not None else folder / "unlock.key")

    @property
    def header(self) -> Path:
        return self.folder / "vault.json"

    @property
    def database(self) -> Path:
        return self.folder / "vault.db"

    @property
    def log(self) -> Path:
        return self.folder / "vault.db-wal"

    @property
    def unfinished(self) -> Path:
        """There as long as a restore is under way: what it stands beside is opened by nobody."""
        return self.folder / "vault.unfinished"

    def finish(self) -> None:
        """From now on this is a vault."""
        self.unfinished.unlink(missing_ok=True)
        sync_directory(self.folder)

    def require_private(self, uid: int) -> None:
        """Refuse the folder or a file in it that anybody but ``uid`` could read or change."""
        with on_disk(self.folder):
            require_private(self.folder, uid, folder=True)
            for name in (
                "vault.json",
                "vault.db",
                "vault.db-wal",
                "vault.db-shm",
                "vault.db.lock",
                "chronicle.db",
                "chronicle.db-wal",
                "chronicle.db-shm",
                "unlock.key",
            ):
                if os.path.lexists(self.folder / name):
                    require_private(self.folder / name, uid)

    def require_database(self, pages: Pages) -> None:
        """Refuse a database of less than a page: SQLite would take it for a new one and begin afresh."""
        if not self.database.exists() or self.database.stat().st_size < pages.size:
            raise VaultDamaged(f"{self.database} is missing or was cut off.")


# --- Who may read ---------------------------------------------------------------------------------


def require_private(path: Path, uid: int, *, folder: bool = False) -> None:
    """Raise LoosePermissions, with the command that mends it, unless ``path`` is ``uid``'s alone."""
    found = path.stat() if folder else path.lstat()
    if not (stat.S_ISDIR if folder else stat.S_ISREG)(found.st_mode):
        raise MachineError(
            f"{path} is not a {'folder' if folder else 'file of its own (a link is followed nowhere)'}.",
            "Put the vault's own files back, or give the vault's folder.",
        )
    _refuse_loose(path, found, uid, 0o077, "700" if folder else "600")


def _refuse_loose(path: Path, found: os.stat_result, uid: int, others: int, wanted: str) -> None:
    quoted = shlex.quote(str(path))
    if found.st_uid != uid:
        raise LoosePermissions(
            f"{path} belongs to another user of this machine (number {found.st_uid}).",
            f"If it is yours, run as root: chown {uid} {quoted}",
        )
    if found.st_mode & others:
        raise LoosePermissions(
            f"Other users of this machine could read or change {path} "
            f"(mode {stat.S_IMODE(found.st_mode):04o}).",
            f"Find out who could have read it, then run: chmod {wanted} {quoted}",
        )


@contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into errors that say what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise MachineError(f"{error.filename or path} is not there.", "Check the path.") from error
    except PermissionError as error:
        raise MachineError(
            f"{error.filename or path} may not be opened by this user.",
            "Run as the user that owns the vault.",
        ) from error
    except OSError as error:
        raise MachineError(
            f"{error.filename or path} cannot be read or written: {error.strerror}.",
            "Check that the disk is mounted for writing, has room, and is healthy.",
        ) from error


def write_private(path: Path, data: bytes) -> None:
    """A new file of mode 0600 that is there whole, or not at all, also after a power cut."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        # A link, unlike a rename, refuses to replace what is there: an unlock secret is never overwritten.
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    sync_directory(path.parent)


def make_folder(folder: Path, uid: int) -> bool:
    """Make the vault's folder (mode 0700), or take one that is there and holds no vault. True if made."""
    with on_disk(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            require_private(folder, uid, folder=True)
        else:
            sync_directory(folder.parent)
            return True
        left = sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("vault."))
    if "vault.unfinished" in left:
        raise _unfinished(folder)
    if "vault.json" in left:
        raise MachineError(f"{folder} holds a vault already.", "Give another folder, or open this one.")
    if "vault.db" in left:
        raise MachineError(
            f"{folder} holds a vault that was never finished, or whose vault.json is lost.",
            "Look for vault.json in your copies; if it was never used, remove the folder and start again.",
        )
    return False


def _unfinished(folder: Path) -> MachineError:
    return MachineError(
        f"{folder} holds a restore that is under way, or was cut off: it is no vault.",
        "If none is under way, remove the folder and restore once more: goodoffices backup restore",
    )


# --- The unlock secret: the unattended tier's --------------------------------------------------------


def make_unlock(path: Path, rng: Rng) -> None:
    """Write a new unlock secret unless one was provided there (as a service credential, say)."""
    with on_disk(path):
        if not path.exists():
            write_private(path, rng(KEY_SIZE).hex().encode() + b"\n")


def read_unlock(path: Path, uid: int) -> bytes:
    """The 32 bytes that start the desk without a person."""
    with on_disk(path):
        found = path.stat()
        if found.st_uid == 0 and uid != 0:
            # A service manager lends credentials as root's files; the reader's entry in the access
            # list shows as the group's bits. Everybody else must still be shut out.
            _refuse_loose(path, found, 0, 0o027, "400")
        else:
            _refuse_loose(path, found, uid, 0o077, "600")
        with path.open("rb") as file:
            text = file.read(2 * KEY_SIZE + 3)
    digits = text.strip().decode("ascii", "replace")
    if len(digits) != 2 * KEY_SIZE or not set(digits) <= set("0123456789abcdefABCDEF"):
        raise WrongSecret(
            f"{path} does not hold an unlock secret (64 hexadecimal digits).",
            "Put back the copy that your keeper of keys keeps; nothing was changed.",
        )
    return bytes.fromhex(digits)


def destroy_keys(files: VaultFiles) -> None:
    """Overwrite and remove the unlock secret and the header: from then on nothing opens the database.

    Raises MachineError if neither could be destroyed (both on a read-only disk, say).
    """
    done = 0
    for path in (files.unlock, files.header):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.write(handle, bytes(os.fstat(handle).st_size))
                os.fsync(handle)
            finally:
                os.close(handle)
            done += 1
        with contextlib.suppress(OSError):
            path.unlink()
            sync_directory(path.parent)
    if not done:
        raise MachineError(
            f"Neither {files.unlock} nor {files.header} could be destroyed.",
            "Destroy this machine's disk itself.",
        )


def remove_database(files: VaultFiles) -> None:
    """Remove what the keys had opened, as far as this disk allows."""
    index = ("chronicle.db-wal", "chronicle.db-shm", "chronicle.db")
    for name in ("vault.db-wal", "vault.db-shm", "vault.db", *index, "credential.cbor", "vault.db.lock"):
        with contextlib.suppress(OSError):
            (files.folder / name).unlink()


# --- The header: how the unlock secret becomes the database's key ------------------------------------


@dataclass(frozen=True, slots=True)
class Header:
    """What ``vault.json`` says. Nothing in it is secret."""

    salt: bytes
    cost: Cost
    check: bytes
    version: int = NEWEST

    @property
    def pages(self) -> Pages:
        """What the pages of this vault's database are like."""
        return _PAGES[self.version]

    @classmethod
    def new(cls, secret: bytes, cost: Cost, rng: Rng, version: int = NEWEST) -> tuple[Header, bytes]:
        """A fresh header and the database's key."""
        salt = rng(SALT_SIZE)
        key, check = _derive(secret, salt, cost)
        return cls(salt, cost, check, version), key

    def key(self, secret: bytes) -> bytes:
        """The database's key; raises WrongSecret if ``secret`` is another vault's."""
        key, check = _derive(secret, self.salt, self.cost)
        if check != self.check:
            raise WrongSecret(
                "The unlock secret does not fit this vault.",
                "Point to this vault's own unlock.key; nothing was changed.",
            )
        return key

    def render(self) -> bytes:
        cost = {
            "memory_kib": self.cost.memory_kib,
            "passes": self.cost.passes,
            "lanes": self.cost.lanes,
        }
        body = {
            "format": _FORMAT,
            "version": self.version,
            "salt": self.salt.hex(),
            "argon2id": cost,
            "check": self.check.hex(),
        }
        return _canonical({**body, "sum": sha256(_canonical(body)).hex()})

    @classmethod
    def parse(cls, data: bytes) -> Header:
        """Inverse of ``render``; raises VaultDamaged on anything that ``render`` would not write."""
        try:
            found = json.loads(data)
            body = {name: value for name, value in found.items() if name != "sum"}
            whole = _canonical(found) == data and sha256(_canonical(body)).hex() == found.get("sum")
        except (ValueError, AttributeError, RecursionError):
            raise VaultDamaged("vault.json is not what was written.", _LOST_HEADER) from None
        if not whole or body.get("format") != _FORMAT:
            raise VaultDamaged("vault.json was changed since it was written.", _LOST_HEADER)
        version = body.get("version")
        if type(version) is not int or version not in _PAGES:
            raise MachineError(
                "The vault was made by a newer version.", "Run that version, or update this one."
            )
        try:
            cost = Cost(**body["argon2id"])
            header = cls(bytes.fromhex(body["salt"]), cost, bytes.fromhex(body["check"]), version)
            if cost.bounded() and header.render() == data:
                return header
        except (KeyError, TypeError, ValueError):
            pass  # said below, alike for every cause
        raise VaultDamaged("vault.json states what no vault uses.", _LOST_HEADER)


def read_header(files: VaultFiles) -> Header:
    """The header of a vault that is there and whole; says so if there is none."""
    if files.unfinished.exists():
        raise _unfinished(files.folder)
    if not files.header.exists() and not files.database.exists():
        raise MachineError(
            f"There is no vault in {files.folder}.", "Check the path, or make one: goodoffices office new"
        )
    if not files.header.exists():
        raise VaultDamaged(f"{files.header} is missing.", _LOST_HEADER)
    with on_disk(files.header), files.header.open("rb") as file:
        return Header.parse(file.read(_HEADER_LIMIT))


def _derive(secret: bytes, salt: bytes, cost: Cost) -> tuple[bytes, bytes]:
    """The database's key, and a check that tells a wrong secret from a damaged database.

    The check binds salt and cost, so that a header with a weaker cost does not pass for this one.
    """
    master = cost.stretch(secret, salt)
    bound = salt + struct.pack(">QQQ", cost.memory_kib, cost.passes, cost.lanes)
    return hkdf(master, b"GO1 vault database"), hkdf(master, b"GO1 vault check\0" + bound, _CHECK_SIZE)


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"


_LOST_HEADER = "Keep the folder as it is and put back vault.json from the last backup: it never changes."


# --- The write-ahead log -----------------------------------------------------------------------------

_LOG_HEADER = 32
_FRAME_HEADER = 24


def claimed_commits(log: Path) -> tuple[int, ...]:
    """Numbers (from 1) of the frames in the log that claim to end a commit of its present round.

    SQLite takes the log up to the first frame whose checksum fails and drops the rest without a
    word, because a power cut leaves just that. Every commit is synced before the next begins, so a
    cut can cost one commit frame; more than one beyond SQLite's end of the log is damage.
    """
    with on_disk(log):
        if not log.exists() or log.stat().st_size <= _LOG_HEADER:
            return ()
        with log.open("rb") as file:
            header = file.read(_LOG_HEADER)
            magic, _, page_size = struct.unpack(">III", header[:12])
            if magic | 1 != 0x377F0683 or header[24:] != _log_sum(header[:24], ">" if magic & 1 else "<"):
                raise VaultDamaged("The vault's write-ahead log was changed since it was written.")
            commits, number = [], 0
            while len(frame := file.read(_FRAME_HEADER + page_size)) == _FRAME_HEADER + page_size:
                number += 1
                if frame[4:8] != bytes(4) and frame[8:16] == header[16:24]:
                    commits.append(number)
    return tuple(commits)


def require_whole_log(commits: tuple[int, ...], taken: int) -> None:
    """Raise VaultDamaged if SQLite, taking ``taken`` frames, left out more than a power cut can."""
    if sum(number > taken for number in commits) > 1:
        raise VaultDamaged("The vault's write-ahead log was damaged: commits after the damage would be lost.")


def _log_sum(data: bytes, order: str) -> bytes:
    first = second = 0
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return struct.pack(">II", first, second)

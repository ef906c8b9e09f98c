# SPDX-License-Identifier: Apache-2.0
"""Where backups lie: a folder, or a folder on another machine by SFTP. Whole files, synced, then named.

Whoever keeps the place sees sealed files, their sizes of few sorts, and when they came. It can delete them.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import stat
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

from goodoffices.core.errors import MachineError, YourError
from goodoffices.db.sqlite import sync_directory

T = TypeVar("T")

NAME = re.compile(r"([0-9a-f]{32})-([0-9]{8})\.gobackup")
TIMEOUT = 60.0
"""Seconds for one step with another machine."""


def name_of(series: bytes, number: int) -> str:
    """The file of a piece."""
    return f"{series.hex()}-{number:08}.gobackup"


class Place(ABC):
    """A folder of backups. Every method raises MachineError where the place fails."""

    @abstractmethod
    async def names(self) -> list[str]:
        """The names of everything that looks like a piece."""

    @abstractmethod
    async def put(self, name: str, data: bytes) -> None:
        """Keep a file whole, or not at all."""

    @abstractmethod
    async def get(self, name: str, most: int) -> bytes:
        """A file; of one that is larger than ``most``, just enough to be refused."""

    @abstractmethod
    async def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of whatever is held open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Folder(Place):
    """A folder of this machine: a stick, another disk, a share that is mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def names(self) -> list[str]:
        return await self._do(lambda: sorted(e.name for e in self.folder.iterdir() if NAME.fullmatch(e.name)))

    async def put(self, name: str, data: bytes) -> None:
        def write() -> None:
            part = self.folder / f".{name}.part"
            part.unlink(missing_ok=True)
            # Never what lies there: whoever keeps the place could have put a link to the vault itself.
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            part.replace(self.folder / name)
            sync_directory(self.folder)

        await self._do(write)

    async def get(self, name: str, most: int) -> bytes:
        def read() -> bytes:
            # No link is followed and no pipe waited for: whoever keeps the place chooses what lies there.
            handle = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.EINVAL, f"{name} is no file")
                return file.read(most + 1)

        return await self._do(read)

    async def remove(self, name: str) -> None:
        await self._do(lambda: (self.folder / name).unlink(missing_ok=True))

    async def close(self) -> None:
        pass

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except FileNotFoundError:
            raise MachineError(
                f"The backups' folder {self.folder} is not there.",
                "Make it, or see that its disk or share is there.",
            ) from None
        except OSError as error:
            raise MachineError(
                f"The backups' folder {self.folder} failed: {error.strerror or error}.",
                "Check that its disk or share is there, has room and may be written to.",
            ) from None


@dataclass(frozen=True)
class SftpLogin:
    """How this desk shows itself to the other machine, and how it knows that machine."""

    key: str
    """The private key (OpenSSH's form, without a passphrase)."""
    host_key: str
    """The other machine's public key, one line as in ``known_hosts`` without the name."""


class Sftp(Place):
    """A folder on another machine, by SFTP."""

    def __init__(self, url: str, login: SftpLogin) -> None:
        parts = urlsplit(url)
        if parts.scheme != "sftp" or not parts.hostname or not parts.username or parts.password is not None:
            raise YourError(
                f"{url} is no place for SFTP.",
                "Write sftp://USER@HOST/FOLDER, with a key instead of a password.",
            )
        self._host, self._port, self._user = parts.hostname, parts.port or 22, parts.username
        self._folder, self._login = unquote(parts.path) or ".", login
        self._stack = AsyncExitStack()
        self._client: Any = None

    async def _connected(self) -> Any:
        if self._client is None:
            asyncssh = _library()
            try:
                host_key = asyncssh.import_public_key(self._login.host_key)
                key = asyncssh.import_private_key(self._login.key)
            except asyncssh.KeyImportError as error:
                raise YourError(
                    f"A key for SFTP cannot be read: {error}.",
                    "Give a key without a passphrase, and the host's.",
                ) from None
            connection = await self._stack.enter_async_context(
                asyncssh.connect(
                    self._host,
                    self._port,
                    username=self._user,
                    client_keys=[key],
                    known_hosts=([host_key], [], []),
                    agent_path=None,
                    config=None,
                    login_timeout=TIMEOUT,
                )
            )
            self._client = await self._stack.enter_async_context(connection.start_sftp_client())
        return self._client

    async def names(self) -> list[str]:
        async def listed(client: Any) -> list[str]:
            return sorted(
                str(each) for each in await client.listdir(self._folder) if NAME.fullmatch(str(each))
            )

        return await self._do(listed)

    async def put(self, name: str, data: bytes) -> None:
        asyncssh = _library()

        async def write(client: Any) -> None:
            part = f"{self._folder}/.{name}.part"
            async with client.open(part, "wb") as file:
                await file.write(data)
                with contextlib.suppress(asyncssh.SFTPOpUnsupported):
                    await file.fsync()
            await client.posix_rename(part, f"{self._folder}/{name}")

        await self._do(write)

    async def get(self, name: str, most: int) -> bytes:
        async def read(client: Any) -> bytes:
            async with client.open(f"{self._folder}/{name}", "rb") as file:
                return bytes(await file.read(most + 1))

        return await self._do(read)

    async def remove(self, name: str) -> None:
        async def unlink(client: Any) -> None:
            if await client.exists(f"{self._folder}/{name}"):
                await client.remove(f"{self._folder}/{name}")

        await self._do(unlink)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await self._stack.aclose()

    async def _do(self, work: Callable[[Any], Awaitable[T]]) -> T:
        asyncssh = _library()
        try:
            async with asyncio.timeout(TIMEOUT):
                return await work(await self._connected())
        except (OSError, asyncssh.Error, TimeoutError) as error:
            await self.close()  # the next try connects anew
            raise MachineError(
                f"The backups' place at {self._host} failed: {error or type(error).__name__}.",
                "Check the network, the folder there, and both keys.",
            ) from None


def _library() -> Any:
    """Loaded when it is needed: most desks back up into a folder."""
    import asyncssh

    return asyncssh


def place_at(where: str, login: SftpLogin | None) -> Place:
    """The place that ``where`` names: an address that begins with sftp://, or a folder of this machine."""
    if not where.startswith("sftp://"):
        return Folder(Path(where))
    if login is None:
        raise YourError("SFTP needs two keys.", "Give the key to sign in with, and the other machine's own.")
    return Sftp(where, login)

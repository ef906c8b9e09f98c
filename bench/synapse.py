# SPDX-License-Identifier: Apache-2.0
"""Matrix' Synapse behind the adapter of ``bench.brokers``: a room for each box, a reader who follows it by /sync.

What is measured is its own job: an envelope is an event of a room, put by one account and read by another,
over Synapse's usual SQLite database, with its limits of rates and its costly password hashes turned off.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import subprocess
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.brokers import Heard, Listener, Sender, Waits, free_port, wait_for_port

FREE = {"per_second": 1_000_000, "burst_count": 1_000_000}
CLIENT = "/_matrix/client/v3"
KIND = "go.envelope"
FILTER = {
    "room": {
        "timeline": {"limit": 1_000, "types": [KIND]},
        "state": {"types": []},
        "ephemeral": {"types": []},
        "account_data": {"types": []},
    },
    "presence": {"types": []},
    "account_data": {"types": []},
}


class MatrixLine(Waits):
    """JSON requests one after the other on a connection kept alive."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: deque[dict[str, Any]] = deque()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.buffer[:end]).lower()
            if b"\r\ntransfer-encoding: chunked" in head:
                found = self._chunks(end + 4)
                if found is None:
                    return
                body, over = found
            else:
                over = end + 4 + int(head.split(b"\r\ncontent-length: ", 1)[1].split(b"\r\n", 1)[0])
                if len(self.buffer) < over:
                    return
                body = bytes(self.buffer[end + 4 : over])
            if not head.startswith(b"http/1.1 200"):
                raise SystemExit(f"Synapse answered {head[9:12].decode()}: {body.decode()}")
            del self.buffer[:over]
            self.answers.append(json.loads(body))
            self.answered()

    def _chunks(self, at: int) -> tuple[bytes, int] | None:
        """(body, where it ends) of a chunked answer; None if it is not all here."""
        parts = []
        while (line := self.buffer.find(b"\r\n", at)) >= 0:
            size, at = int(self.buffer[at:line], 16), line + 2
            if len(self.buffer) < at + size + 2:
                return None
            parts.append(bytes(self.buffer[at : at + size]))
            at += size + 2
            if not size:
                return b"".join(parts), at
        return None

    async def ask(self, method: str, path: str, token: str, content: object) -> dict[str, Any]:
        body = json.dumps(content).encode()
        done = self.asked()
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
        head += f"Authorization: Bearer {token}\r\n" if token else ""
        self.say(f"{head}\r\n".encode(), body)
        await done
        return self.answers.popleft()


class MatrixSender:
    def __init__(self, line: MatrixLine, token: str, room: str) -> None:
        self.line, self.token = line, token
        self.path = f"{CLIENT}/rooms/{quote(room)}/send/{KIND}"

    async def put(self, envelope: bytes) -> None:
        content = {"envelope": base64.b64encode(envelope).decode()}
        await self.line.ask("PUT", f"{self.path}/{secrets.token_hex(8)}", self.token, content)

    async def close(self) -> None:
        await self.line.close()


class MatrixListener:
    """Follows its rooms by long polls."""

    def __init__(self, line: MatrixLine, token: str, heard: Heard) -> None:
        self.line, self.token, self.heard = line, token, heard
        self.since = ""
        self.task: asyncio.Task[None] | None = None

    async def begin(self) -> MatrixListener:
        await self._once(0)
        self.task = asyncio.create_task(self._go_on())
        return self

    async def _once(self, wait_ms: int) -> None:
        path = f"{CLIENT}/sync?timeout={wait_ms}&filter={quote(json.dumps(FILTER))}"
        path += f"&since={self.since}" if self.since else ""
        found = await self.line.ask("GET", path, self.token, {})
        self.since = found["next_batch"]
        for room in found.get("rooms", {}).get("join", {}).values():
            for event in room["timeline"]["events"]:
                self.heard(len(event["content"]["envelope"]) * 3 // 4)

    async def _go_on(self) -> None:
        while True:
            await self._once(30_000)

    async def close(self) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.wait([self.task])
        await self.line.close()


class Synapse:
    """A room for each box. A commit in its SQLite database is synced before the answer."""

    name = "Synapse, SQLite"
    program = "synapse_homeserver"
    get = "python3 -m pip install matrix-synapse"
    syncs = True
    desks = 50  # each takes it a quarter of a second to make

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "synapse"
        self.pid = 0
        self.token = ""
        self.control: MatrixLine | None = None

    def start(self) -> None:
        self.directory.mkdir()
        self.port = free_port()
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        (self.directory / "key").write_text(f"ed25519 a_bench {key}\n", encoding="ascii")
        listener = {
            "port": self.port,
            "type": "http",
            "bind_addresses": ["127.0.0.1"],
            "tls": False,
            "resources": [{"names": ["client"], "compress": False}],
        }
        settings = {
            "server_name": "bench.invalid",
            "pid_file": str(self.directory / "pid"),
            "listeners": [listener],
            "database": {"name": "sqlite3", "args": {"database": str(self.directory / "homeserver.db")}},
            "media_store_path": str(self.directory / "media"),
            "signing_key_path": str(self.directory / "key"),
            "report_stats": False,
            "trusted_key_servers": [],
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "bcrypt_rounds": 4,
            "presence": {"enabled": False},
            "filter_timeline_limit": 2_000,
            "rc_message": FREE,
            "rc_registration": FREE,
            "rc_room_creation": FREE,
            "rc_login": {"address": FREE, "account": FREE, "failed_attempts": FREE},
            "rc_joins": {"local": FREE, "remote": FREE},
            "rc_joins_per_room": FREE,
        }
        path = self.directory / "homeserver.yaml"
        path.write_text(json.dumps(settings), encoding="ascii")  # JSON is YAML
        self.process = subprocess.Popen(
            [self.program, "-c", str(path)],
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self.process.pid
        wait_for_port(self.port, self.process)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    async def _line(self) -> MatrixLine:
        _, line = await asyncio.get_running_loop().create_connection(MatrixLine, "127.0.0.1", self.port)
        return line

    async def _account(self) -> str:
        assert self.control is not None
        content = {
            "username": secrets.token_hex(8),
            "password": secrets.token_hex(16),
            "auth": {"type": "m.login.dummy"},
        }
        found = await self.control.ask("POST", f"{CLIENT}/register", "", content)
        return str(found["access_token"])

    async def box(self) -> object:
        if self.control is None:
            self.control = await self._line()
            self.token = await self._account()
        reader = await self._account()
        made = await self.control.ask(
            "POST", f"{CLIENT}/createRoom", self.token, {"preset": "public_chat", "visibility": "private"}
        )
        await self.control.ask("POST", f"{CLIENT}/join/{quote(made['room_id'])}", reader, {})
        return made["room_id"], reader

    async def sender(self, box: object) -> Sender:
        room, _ = box  # type: ignore[misc]
        return MatrixSender(await self._line(), self.token, room)  # type: ignore[has-type]

    async def listen(self, box: object, heard: Heard) -> Listener:
        _, reader = box  # type: ignore[misc]
        return await MatrixListener(await self._line(), reader, heard).begin()  # type: ignore[has-type]

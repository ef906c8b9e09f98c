# SPDX-License-Identifier: Apache-2.0
"""Brokers behind one small adapter: a relay of ours, NATS JetStream, Mosquitto (Synapse: ``bench.synapse``).

Each client is as lean as ours.

A box is what a desk has at a relay: a mailbox here, a durable stream with one subject there, a topic with a
persistent session elsewhere. ``put`` returns with the broker's acknowledgement.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

RELAY = [sys.executable, "-c", "from goodoffices.cli.relay import relay; relay()", "serve"]
Heard = Callable[[int], None]
"""Called with the size of each envelope that is pushed."""


class Sender(Protocol):
    async def put(self, envelope: bytes) -> None: ...

    async def close(self) -> None: ...


class Listener(Protocol):
    async def close(self) -> None: ...


class Broker(Protocol):
    """What is measured."""

    name: str
    syncs: bool
    """Whether an acknowledgement means that the envelope is synced to the disk."""
    desks: int
    """How many idle desks are connected to see what each costs."""
    pid: int

    def start(self) -> None: ...

    def stop(self) -> None: ...

    async def box(self) -> object: ...

    async def sender(self, box: object) -> Sender: ...

    async def listen(self, box: object, heard: Heard) -> Listener: ...


class Waits(asyncio.Protocol):
    """A connection on which acknowledgements come in the order of what was sent."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def say(self, *parts: bytes) -> None:
        assert self.transport is not None
        self.transport.writelines(parts)

    def asked(self) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(done)
        return done

    def answered(self) -> None:
        if self.waiting:
            done = self.waiting.popleft()
            if not done.done():
                done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        for done in self.waiting:
            if not done.done():
                done.set_exception(ConnectionError("the broker ended the connection"))

    async def close(self) -> None:
        assert self.transport is not None
        self.transport.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens, for a minute at most. Tried without a pause: the first answer is what is measured."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            continue
        return
    raise SystemExit(f"{process.args} does not listen at port {port}.")  # type: ignore[str-bytes-safe]


class Peer(Broker, Protocol):
    """A broker that somebody else made."""

    program: str
    get: str
    """How to come by its program."""


# --- a relay of ours -----------------------------------------------------------------------------


class RelayLine(Waits):
    """HTTP requests one after the other on a connection kept alive."""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            at = self.buffer.lower().index(b"content-length: ") + 16
            size = int(self.buffer[at : self.buffer.index(b"\r", at)])
            if len(self.buffer) < end + 4 + size:
                return
            status = int(self.buffer[9:12])
            del self.buffer[: end + 4 + size]
            if status not in {200, 201}:
                raise SystemExit(f"The relay answered {status}.")
            self.answered()


class RelaySender:
    def __init__(self, line: RelayLine, path: str, put: str) -> None:
        self.line = line
        self.head = (
            f"POST {path}/envelopes HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {put}\r\nContent-Length: "
        ).encode()

    async def put(self, envelope: bytes) -> None:
        done = self.line.asked()
        self.line.say(self.head, str(len(envelope)).encode(), b"\r\n\r\n", envelope)
        await done

    async def close(self) -> None:
        await self.line.close()


class RelayPush(Waits):
    """The fewest lines of a WebSocket client: whole frames of the server, and pongs."""

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        self.heard = heard
        self.open = False

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open:
            if b"\r\n\r\n" not in self.buffer:
                return
            if not self.buffer.startswith(b"HTTP/1.1 101"):
                raise SystemExit("The relay refused a listener.")
            del self.buffer[: self.buffer.index(b"\r\n\r\n") + 4]
            self.open = True
            self.answered()
        while len(self.buffer) >= 2:
            size, start = self.buffer[1] & 0x7F, 2
            if size == 126:
                size, start = int.from_bytes(self.buffer[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(self.buffer[2:10], "big"), 10
            if len(self.buffer) < start + size:
                return
            kind = self.buffer[0] & 0x0F
            if kind == 2:
                self.heard(size - 8)
            elif kind == 9:
                payload = bytes(self.buffer[start : start + size])
                self.say(bytes([0x8A, 0x80 | size]), bytes(4), payload)  # masked with zeros
            del self.buffer[: start + size]


class OurRelay:
    syncs = True
    desks = 1_000

    def __init__(self, directory: Path, database: str | None = None) -> None:
        self.name = "relay, PostgreSQL" if database else "relay, SQLite"
        self.where = ["--database", database] if database else ["--db", str(directory / "relay.db")]
        self.pid = 0

    def start(self) -> None:
        free = (
            "--max-puts-per-second",
            "1000000",
            "--max-mailbox-mib",
            "100000",
            "--max-store-mib",
            "1000000",
        )
        self.process = subprocess.Popen(
            [*RELAY, *self.where, *free], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.port = urlsplit(self.process.stdout.readline().split()[-1]).port or 0
        self.pid = self.process.pid

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    async def box(self) -> object:
        path = f"/v1/mailboxes/{secrets.token_hex(16)}"
        rights = [secrets.token_bytes(32) for _ in range(3)]
        named = zip(("put", "collect", "delete"), rights, strict=True)
        body = json.dumps({name: hashlib.sha256(secret).hexdigest() for name, secret in named}).encode()
        _, line = await asyncio.get_running_loop().create_connection(RelayLine, "127.0.0.1", self.port)
        done = line.asked()
        line.say(f"PUT {path} HTTP/1.1\r\nHost: relay\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body)
        await done
        await line.close()
        return path, rights[0].hex(), rights[1].hex()

    async def sender(self, box: object) -> Sender:
        path, put, _ = box  # type: ignore[misc]
        _, line = await asyncio.get_running_loop().create_connection(RelayLine, "127.0.0.1", self.port)
        return RelaySender(line, path, put)  # type: ignore[has-type]

    async def listen(self, box: object, heard: Heard) -> Listener:
        path, _, collect = box  # type: ignore[misc]
        _, line = await asyncio.get_running_loop().create_connection(
            lambda: RelayPush(heard), "127.0.0.1", self.port
        )
        done = line.asked()
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        line.say(
            (
                f"GET {path}/push HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"  # type: ignore[has-type]
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {collect}\r\n\r\n"  # type: ignore[has-type]
            ).encode()
        )
        await done
        return line


# --- NATS JetStream ------------------------------------------------------------------------------


class NatsLine(Waits):
    """NATS' client protocol: MSG with a payload, PING, +OK left out (verbose off)."""

    def __init__(self, message: Callable[[str, str, bytes], None]) -> None:
        super().__init__()
        self.message = message

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n")) >= 0:
            words = self.buffer[:end].decode().split(" ")
            if words[0] == "MSG":
                size = int(words[-1])
                if len(self.buffer) < end + 4 + size:
                    return
                payload = bytes(self.buffer[end + 2 : end + 2 + size])
                del self.buffer[: end + 4 + size]
                self.message(words[1], words[3] if len(words) == 5 else "", payload)
                continue
            if words[0] == "PING":
                self.say(b"PONG\r\n")
            elif words[0] == "-ERR":
                raise SystemExit(" ".join(words))
            del self.buffer[: end + 2]


class NatsClient:
    """One connection with an inbox for answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.inbox = f"_INBOX.{secrets.token_hex(8)}"
        self.answers: dict[str, asyncio.Future[bytes]] = {}
        self.heard: Heard = lambda _: None
        self.count = 0

    async def open(self) -> NatsClient:
        _, self.line = await asyncio.get_running_loop().create_connection(
            lambda: NatsLine(self._message), "127.0.0.1", self.port
        )
        self.line.say(b'CONNECT {"verbose":false,"pedantic":false}\r\n', f"SUB {self.inbox}.* 1\r\n".encode())
        return self

    def _message(self, subject: str, reply: str, payload: bytes) -> None:
        done = self.answers.pop(subject, None)
        if done is not None:
            done.set_result(payload)
        else:
            if reply:
                self.line.say(f"PUB {reply} 4\r\n+ACK\r\n".encode())
            self.heard(len(payload))

    async def ask(self, subject: str, payload: bytes) -> bytes:
        self.count += 1
        reply = f"{self.inbox}.{self.count}"
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.answers[reply] = done
        self.line.say(f"PUB {subject} {reply} {len(payload)}\r\n".encode(), payload, b"\r\n")
        answer = await done
        if b'"error"' in answer:
            raise SystemExit(answer.decode())
        return answer

    async def close(self) -> None:
        await self.line.close()


class NatsSender:
    def __init__(self, client: NatsClient, subject: str) -> None:
        self.client, self.subject = client, subject

    async def put(self, envelope: bytes) -> None:
        await self.client.ask(self.subject, envelope)

    async def close(self) -> None:
        await self.client.close()


class NatsJetStream:
    """One stream in files with a durable consumer for each box. Its files are synced now and then, not per put."""

    name = "NATS JetStream"
    program = "nats-server"
    get = "apt-get install nats-server"
    syncs = False
    desks = 1_000

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "nats"
        self.pid = 0
        self.control: NatsClient | None = None

    def start(self) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [self.program, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.directory)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self.process.pid
        wait_for_port(self.port, self.process)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    async def box(self) -> object:
        if self.control is None:
            self.control = await NatsClient(self.port).open()
            stream = {"name": "BOXES", "subjects": ["box.*"], "storage": "file", "num_replicas": 1}
            await self.control.ask("$JS.API.STREAM.CREATE.BOXES", json.dumps(stream).encode())
        return secrets.token_hex(8)

    async def sender(self, box: object) -> Sender:
        return NatsSender(await NatsClient(self.port).open(), f"box.{box}")

    async def listen(self, box: object, heard: Heard) -> Listener:
        client = await NatsClient(self.port).open()
        client.heard = heard
        client.line.say(f"SUB push.{box} 2\r\n".encode())
        consumer = {
            "stream_name": "BOXES",
            "config": {
                "durable_name": str(box),
                "deliver_subject": f"push.{box}",
                "filter_subject": f"box.{box}",
                "ack_policy": "explicit",
                "deliver_policy": "all",
                "max_ack_pending": 2_000,
            },
        }
        await client.ask(f"$JS.API.CONSUMER.DURABLE.CREATE.BOXES.{box}", json.dumps(consumer).encode())
        return client


# --- Mosquitto -----------------------------------------------------------------------------------


class MqttLine(Waits):
    """MQTT 3.1.1, as much as is needed: CONNECT, SUBSCRIBE and PUBLISH with QoS 1, acknowledged both ways."""

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        self.heard = heard
        self.count = 0

    def packet(self, first: int, *parts: bytes) -> None:
        rest = sum(len(part) for part in parts)
        size = bytearray()
        while True:
            rest, digit = divmod(rest, 128)
            size.append(digit | (0x80 if rest else 0))
            if not rest:
                break
        self.say(bytes([first]), bytes(size), *parts)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while len(self.buffer) >= 2:
            size, shift, at = 0, 0, 1
            while True:
                if at >= len(self.buffer):
                    return
                size |= (self.buffer[at] & 0x7F) << shift
                shift += 7
                at += 1
                if not self.buffer[at - 1] & 0x80:
                    break
            if len(self.buffer) < at + size:
                return
            kind = self.buffer[0] >> 4
            if kind == 3:
                topic = int.from_bytes(self.buffer[at : at + 2], "big")
                number = bytes(self.buffer[at + 2 + topic : at + 4 + topic])
                self.packet(0x40, number)
                self.heard(size - topic - 4)
            elif kind in {2, 4, 9}:
                self.answered()
            del self.buffer[: at + size]

    async def hello(self, name: str, clean: bool) -> None:
        done = self.asked()
        text = name.encode()
        self.packet(
            0x10,
            b"\x00\x04MQTT\x04",
            bytes([2 if clean else 0]),
            bytes(2),
            len(text).to_bytes(2, "big"),
            text,
        )
        await done

    async def subscribe(self, topic: str) -> None:
        done = self.asked()
        text = topic.encode()
        self.packet(0x82, b"\x00\x01", len(text).to_bytes(2, "big"), text, b"\x01")
        await done


class MqttSender:
    def __init__(self, line: MqttLine, topic: str) -> None:
        text = topic.encode()
        self.line, self.topic = line, len(text).to_bytes(2, "big") + text

    async def put(self, envelope: bytes) -> None:
        self.line.count = self.line.count % 65_535 + 1
        done = self.line.asked()
        self.line.packet(0x32, self.topic, self.line.count.to_bytes(2, "big"), envelope)
        await done

    async def close(self) -> None:
        await self.line.close()


class Mosquitto:
    """A topic and a persistent session for each box, QoS 1. Its database is written every so often, not per put."""

    name = "Mosquitto, QoS 1"
    program = "mosquitto"
    get = "apt-get install mosquitto"
    syncs = False
    desks = 1_000

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "mosquitto"
        self.pid = 0

    def start(self) -> None:
        self.directory.mkdir()
        self.directory.chmod(0o777)
        self.port = free_port()
        settings = self.directory / "settings"
        settings.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {self.directory}/\nautosave_interval 1\n"
            "max_queued_messages 100000\nmax_inflight_messages 0\n"
        )
        self.process = subprocess.Popen(
            [self.program, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.pid = self.process.pid
        wait_for_port(self.port, self.process)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    async def _line(self, name: str, heard: Heard, *, clean: bool) -> MqttLine:
        _, line = await asyncio.get_running_loop().create_connection(
            lambda: MqttLine(heard), "127.0.0.1", self.port
        )
        await line.hello(name, clean)
        return line

    async def box(self) -> object:
        name = secrets.token_hex(8)
        line = await self._line(name, lambda _: None, clean=False)
        await line.subscribe(f"box/{name}")
        await line.close()
        return name

    async def sender(self, box: object) -> Sender:
        line = await self._line(secrets.token_hex(8), lambda _: None, clean=True)
        return MqttSender(line, f"box/{box}")

    async def listen(self, box: object, heard: Heard) -> Listener:
        return await self._line(str(box), heard, clean=False)

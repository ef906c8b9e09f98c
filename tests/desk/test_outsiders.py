# SPDX-License-Identifier: Apache-2.0
"""Witnesses and time stamps: asked over real sockets, checked, and never waited for (P11, P8)."""

import asyncio
import re
import subprocess
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from goodoffices.core import checkpoint as cp
from goodoffices.core import merkle
from goodoffices.core.crypto import ed25519_public, ed25519_sign, ed25519_verify
from goodoffices.core.errors import YourError
from goodoffices.desk.outsiders import REFUSED, WRONG, Outsiders, Witness, read_witness
from tests.desk.running import Desks, Relays
from tests.verify.channel import Channel

LOG_KEY = b"\x01"
SEED, NAME = bytes(range(32)), "witness.example/w1"
Answer = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    """A web server of a few lines on a real socket; returns its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(re.findall(r"content-length: (\d+)", head, re.IGNORECASE)[0])
        status, body = await answer(head.split(" ")[1], await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
    finally:
        running.close()
        await running.wait_closed()


class TheirWitness:
    """What C2SP tlog-witness asks of a witness, as others have it."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, bytes]] = {}
        self.asked = 0

    async def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        assert path.endswith("/add-checkpoint")
        self.asked += 1
        head, _, note = body.decode().partition("\n\n")
        old_line, *proof = head.split("\n")
        text, _, _ = note.partition("\n\n")
        origin, size, root = text.split("\n")
        old, last = int(old_line.removeprefix("old ")), self.known.get(origin, (0, b""))
        if old != last[0]:
            return 409, f"{last[0]}\n".encode()
        steps = [b64decode(each) for each in proof]
        if old and not merkle.extends(old, last[1], int(size), b64decode(root), steps):
            return 422, b""
        self.known[origin] = int(size), b64decode(root)
        message = f"cosignature/v1\ntime 1700000000\n{text}\n".encode()
        blob = (1_700_000_000).to_bytes(8, "big") + ed25519_sign(SEED, message)
        line = cp.Line(NAME, cp.key_id(NAME, cp.COSIGNATURE, ed25519_public(SEED)), blob)
        return 200, str(line).encode()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, looking again soon; nobody announces it."""
    never = asyncio.Event()
    async with asyncio.timeout(30):
        while not condition():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await never.wait()


def outsiders(channel: Channel, *, witness: str = "", stamps: str = "") -> Outsiders:
    witnesses = [Witness(NAME, ed25519_public(SEED), witness)] if witness else []
    urls = [stamps] if stamps else []
    return Outsiders(channel.east.desk, witnesses, urls, lambda: channel.now)


def newest(channel: Channel) -> cp.Checkpoint:
    rows = channel.east.desk.ledger.checkpoints(channel.lines[1])
    return [row.checkpoint for row in rows if row.checkpoint.tree.writer == channel.east.me][-1]


def test_a_witness_cosigns_each_checkpoint_once_and_sees_that_it_extends_the_last() -> None:
    """P8: and what the counterpart cosigned stays."""

    async def story() -> None:
        channel, witness = Channel(), TheirWitness()
        async with server(witness.answer) as url:
            asking = outsiders(channel, witness=url)
            asking.start()
            for _ in range(2):
                channel.east.desk.checkpoints.now(channel.tick())
                channel.pump()
                asking.wake()
                await until(lambda: bool(newest(channel).witnesses()))
                channel.release(channel.east, channel.middle, "One more.")
            await asking.stop()
        made = newest(channel)
        assert witness.known[made.tree.origin][0] == made.size
        assert witness.asked == 2
        assert cp.verify_cosignature(made, NAME, ed25519_public(SEED)) == 1_700_000_000
        assert cp.verify_cosigner(made, channel.middle.founding.office) > 0

    asyncio.run(story())


def test_a_witness_that_remembers_more_than_this_desk_is_asked_again_from_there() -> None:
    async def story() -> None:
        channel, witness = Channel(), TheirWitness()
        channel.east.desk.checkpoints.now(channel.tick())
        made = newest(channel)
        witness.known[made.tree.origin] = made.size, made.root
        async with server(witness.answer) as url:
            asking = outsiders(channel, witness=url)
            asking.start()
            await until(lambda: bool(newest(channel).witnesses()))
            await asking.stop()
        assert witness.asked == 2

    asyncio.run(story())


@pytest.mark.parametrize("answer", [(200, b""), (200, b"\xff"), (404, b"who?"), (409, b"x"), (200, b"yes\n")])
def test_what_a_witness_answers_counts_only_if_its_signature_does(answer: tuple[int, bytes]) -> None:
    """P12: nothing is kept, it is said, and asked again later."""

    async def story() -> None:
        channel = Channel()
        channel.east.desk.checkpoints.now(channel.tick())

        async def say(path: str, body: bytes) -> tuple[int, bytes]:
            return answer

        async with server(say) as url:
            asking = outsiders(channel, witness=url)
            asking.start()
            await until(lambda: asking.ended[url][0] != "")
            await asking.stop()
        status = answer[0]
        assert channel.east.desk.checkpoints.outside[url] == (
            (REFUSED, status) if status != 200 else (WRONG, 0)
        )
        assert not newest(channel).witnesses()
        assert channel.east.desk.ledger.owed_by(url, channel.east.me)

    asyncio.run(story())


def authority(folder: Path) -> Answer:
    """A time stamp authority made of the system's openssl."""
    config = folder / "tsa.cnf"
    config.write_text(
        "[req]\ndistinguished_name=dn\nx509_extensions=v3\nprompt=no\n[dn]\nCN=TSA of a test\n"
        "[v3]\nextendedKeyUsage=critical,timeStamping\nbasicConstraints=CA:FALSE\n"
        "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ncrypto_device=builtin\nsigner_cert=cert.pem\nsigner_key=key.pem\n"
        "signer_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\n"
    )
    (folder / "serial").write_text("01\n")
    new = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -config tsa.cnf"
    subprocess.run(new.split(), check=True, cwd=folder, capture_output=True)

    async def answer(path: str, body: bytes) -> tuple[int, bytes]:
        (folder / "query").write_bytes(body)
        reply = "openssl ts -reply -queryfile query -config tsa.cnf -out reply"
        subprocess.run(reply.split(), check=True, cwd=folder, capture_output=True)  # noqa: ASYNC221
        return 200, (folder / "reply").read_bytes()

    return answer


@pytest.mark.slow
def test_a_time_stamp_is_kept_raw_and_anybody_checks_it_with_openssl(tmp_path: Path) -> None:
    """P8."""

    async def story() -> None:
        channel = Channel()
        channel.east.desk.checkpoints.now(channel.tick())
        async with server(authority(tmp_path)) as url:
            asking = outsiders(channel, stamps=url)
            asking.start()
            await until(lambda: bool(newest(channel).stamps))
            await asking.stop()
        made = newest(channel)
        (tmp_path / "text").write_bytes(made.text)
        (tmp_path / "stamp").write_bytes(made.stamps[0])
        check = "openssl ts -verify -data text -in stamp -CAfile cert.pem"
        ran = subprocess.run(check.split(), cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: ASYNC221
        assert "Verification: OK" in ran.stdout + ran.stderr

    asyncio.run(story())


@pytest.mark.parametrize("answer", [b"", b"\x30\x03\x02\x01\x00", b"not DER at all"])
def test_what_is_no_time_stamp_is_not_kept(answer: bytes) -> None:
    """P12."""

    async def story() -> None:
        channel = Channel()
        channel.east.desk.checkpoints.now(channel.tick())

        async def say(path: str, body: bytes) -> tuple[int, bytes]:
            return 200, answer

        async with server(say) as url:
            asking = outsiders(channel, stamps=url)
            asking.start()
            await until(lambda: asking.ended[url][0] != "")
            await asking.stop()
        assert asking.ended[url] == (WRONG, 0)
        assert not newest(channel).stamps

    asyncio.run(story())


def vkey(name: str, public: bytes, kind: bytes = cp.COSIGNATURE) -> str:
    return f"{name}+{cp.key_id(name, kind, public).hex()}+{b64encode(kind + public).decode()}"


def test_a_witness_that_keeps_a_list_is_told_the_name_and_key_of_the_newest_chain() -> None:
    """P8: by which it can check what this desk signs (C2SP signed-note)."""
    channel = Channel()
    channel.east.desk.checkpoints.now(channel.tick())
    name, named, key = (channel.east.desk.checkpoints.witness_key(channel.lines[1]) or "").split("+", 2)
    (line,) = (each for each in newest(channel).lines if each.name == name)
    assert (name, named) == (newest(channel).tree.origin, line.key_id.hex())
    assert b64decode(key)[:1] == LOG_KEY
    ed25519_verify(b64decode(key)[1:], line.blob, newest(channel).text)


def test_a_witness_is_named_by_its_verifier_key_and_address() -> None:
    public = ed25519_public(SEED)
    read = read_witness(f"{vkey(NAME, public)} http://127.0.0.1:9/w/")
    assert read == Witness(NAME, public, "http://127.0.0.1:9/w")


@pytest.mark.parametrize(
    "text",
    [
        "",
        vkey(NAME, ed25519_public(SEED)),
        f"{vkey(NAME, ed25519_public(SEED), LOG_KEY)} http://127.0.0.1:9",
        f"{vkey(NAME, bytes(32))} http://127.0.0.1:9",
        f"{vkey(NAME, ed25519_public(SEED)).replace('w1', 'w2')} http://127.0.0.1:9",
        f"{vkey(NAME, ed25519_public(SEED))} http://witness.example/",
    ],
)
def test_a_witness_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(YourError):
        read_witness(text)


@pytest.mark.slow
def test_a_release_never_waits_for_a_witness_or_a_time_stamp_that_hang(tmp_path: Path) -> None:
    """P11: both have taken the request and never answer; notes, openings and receipts go through meanwhile."""

    async def story() -> None:
        held: list[str] = []
        never = asyncio.Event()

        async def hang(path: str, body: bytes) -> tuple[int, bytes]:
            held.append(path)
            await never.wait()
            return 500, b""

        relays = Relays(tmp_path)
        try:
            async with server(hang) as witness, server(hang) as stamps, Desks(tmp_path, relays) as desks:
                await desks.agree()
                service = desks.washington.service
                asking = Outsiders(
                    service.desk, [Witness(NAME, ed25519_public(SEED), witness)], [stamps], service.now
                )
                asking.start()
                service.act(lambda desk, now: desk.checkpoints.now(now))
                asking.wake()
                await until(lambda: len(held) >= 2)
                for number in range(3):
                    await desks.arrived(desks.release(f"Note {number}."))
                assert len(held) >= 2  # and still nobody has answered
                await asking.stop()
                never.set()
        finally:
            relays.close()

    asyncio.run(story())

# SPDX-License-Identifier: Apache-2.0
"""The relay over TLS, and the desk's client that trusts an authority of its office's own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import os
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from goodoffices.core.errors import MachineError, RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.relay_client import RelayClient, tls_trusting
from tests.relay.conftest import RelayProcess, Start

ENVELOPE = os.urandom(512)


def certificate_in(place: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and relay.example that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("relay.example")]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = place / "relay.pem", place / "relay.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.touch(mode=0o600)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, private


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return certificate_in(tmp_path)


@pytest.fixture
def relay(start: Start, files: tuple[Path, Path]) -> RelayProcess:
    running = start("--tls-cert", str(files[0]), "--tls-key", str(files[1]))
    assert running.address.startswith("https://127.0.0.1:")
    return running


def _route(relay: RelayProcess, scheme: str = "https") -> RouteRow:
    address = f"{scheme}://127.0.0.1:{relay.port}"
    return RouteRow(0, None, address, bytes(16), b"p" * 32, b"c" * 32, b"d" * 32, False, 0)


async def _carried(client: RelayClient, route: RouteRow) -> bytes:
    """Through the relay and back, by put and push."""
    try:
        await client.make_mailbox(route)
        await client.put(route, ENVELOPE)
        envelopes = client.listen(route, asyncio.Event())
        try:
            return await anext(envelopes)
        finally:
            await envelopes.aclose()
    finally:
        await client.close()


def test_an_envelope_goes_through_over_tls(relay: RelayProcess, files: tuple[Path, Path]) -> None:
    assert asyncio.run(_carried(RelayClient(tls_trusting(files[0])), _route(relay))) == ENVELOPE


def test_a_relay_that_nobody_vouches_for_is_not_used(relay: RelayProcess) -> None:
    with pytest.raises(RelayError, match="cannot be reached"):
        asyncio.run(_carried(RelayClient(), _route(relay)))


def test_the_right_certificate_for_another_host_is_not_enough(
    relay: RelayProcess, files: tuple[Path, Path]
) -> None:
    route = _route(relay)
    other = RouteRow(
        0,
        None,
        f"https://localhost:{relay.port}",
        route.mailbox,
        route.put,
        route.collect,
        route.remove,
        False,
        0,
    )
    with pytest.raises(RelayError, match="cannot be reached"):
        asyncio.run(_carried(RelayClient(tls_trusting(files[0])), other))


def test_a_listener_does_not_trust_it_either(relay: RelayProcess) -> None:
    async def listen() -> bytes:
        client = RelayClient()
        try:
            return await anext(client.listen(_route(relay), asyncio.Event()))
        finally:
            await client.close()

    with pytest.raises(RelayError, match="cannot be listened to"):
        asyncio.run(listen())


def test_plain_http_at_the_tls_port_is_nothing(relay: RelayProcess) -> None:
    with pytest.raises(RelayError, match="cannot be reached"):
        asyncio.run(_carried(RelayClient(), _route(relay, "http")))


def test_older_tls_than_1_3_is_refused(relay: RelayProcess, files: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(files[0]))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", relay.port), timeout=60) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_an_authority_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="ascii")
    for name in ("ca.pem", "nowhere.pem"):
        with pytest.raises(MachineError, match="certificate authority"):
            tls_trusting(tmp_path / name)


def test_handshakes_that_are_never_done_keep_nobody_out(start: Start, files: tuple[Path, Path]) -> None:
    """P12: each has one of the relay's places, and the oldest gives way to a newcomer."""
    running = start(
        "--tls-cert",
        str(files[0]),
        "--tls-key",
        str(files[1]),
        "--max-connections",
        "8",
        "--metrics-port",
        "0",
    )
    silent = [socket.create_connection(("127.0.0.1", running.port), timeout=60) for _ in range(24)]
    try:
        client = RelayClient(tls_trusting(files[0]))
        assert asyncio.run(_carried(client, _route(running))) == ENVELOPE
        for oldest in silent[:16]:
            with contextlib.suppress(ConnectionResetError):
                assert oldest.recv(1) == b"", "it was cut"
    finally:
        for each in silent:
            each.close()
    assert running.stop() == 0


def test_from_one_address_so_many_handshakes_and_no_more(start: Start, files: tuple[Path, Path]) -> None:
    """P12: who opens connections and says nothing is held to his share."""
    running = start(
        "--tls-cert", str(files[0]), "--tls-key", str(files[1]), "--max-connections-per-address", "4"
    )
    silent = [socket.create_connection(("127.0.0.1", running.port), timeout=60) for _ in range(6)]
    try:
        for beyond in silent[4:]:
            with contextlib.suppress(ConnectionResetError):
                assert beyond.recv(1) == b"", "it was cut"
        silent[0].sendall(b"this is no TLS\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while silent[0].recv(64):
                pass
        client = RelayClient(tls_trusting(files[0]))
        for each in silent[1:]:
            each.close()
        assert asyncio.run(_carried(client, _route(running))) == ENVELOPE
    finally:
        for each in silent:
            each.close()

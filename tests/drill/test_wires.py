# SPDX-License-Identifier: Apache-2.0
"""The wires that a drill can cut, over real sockets."""

import socket
import threading
from collections.abc import Iterator

import pytest

from goodoffices.drill.scene.wires import Wires

LINE = frozenset(("Alpha", "Mid"))


@pytest.fixture
def echo() -> Iterator[str]:
    """A server that says back what it is told, once a connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(connection.recv(100))

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def said_back(address: str) -> bytes:
    with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), timeout=20) as connection:
        connection.sendall(b"word")
        try:
            return connection.recv(100)
        except ConnectionError:
            return b""


def test_a_wire_passes_until_it_is_cut_and_again_when_it_is_mended(echo: str) -> None:
    """P11"""
    wires = Wires()
    try:
        (address,) = wires.lay(LINE, [echo])
        heard = [said_back(address)]
        wires.cut(LINE)
        heard.append(said_back(address))
        wires.mend(LINE)
        heard.append(said_back(address))
    finally:
        wires.close()
    assert heard == [b"word", b"", b"word"]

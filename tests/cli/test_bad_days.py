# SPDX-License-Identifier: Apache-2.0
"""P12, P13: what goes wrong at a machine is named in words, with the way out, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from goodoffices.cli.certificate import issue
from goodoffices.core.certificates import make_authority, make_server
from goodoffices.core.errors import RelayError
from goodoffices.desk.founding import DAY
from goodoffices.desk.routes.relay_client import RelayClient
from goodoffices.desk.schema import __file__ as schema
from goodoffices.desk.vault.vault import create_vault, open_vault
from tests.cli.conftest import GOODOFFICES, Office, ended, refusal
from tests.desk.running import CHEAP

TREE = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def _everything(vault: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in vault.iterdir() if each.suffix != ".lock"}


def test_a_disk_that_is_mounted_read_only_is_named_and_the_desk_starts_from_it_later(
    washington: Office,
) -> None:
    """P12: as the system mounts a disk that failed. Without the right to mount, a folder closed for writing."""
    vault = washington.folder / "vault"
    before = _everything(vault)
    words = [*GOODOFFICES, "desk", "serve", "--vault", "vault"]
    root = os.geteuid() == 0
    if root:
        closed = 'mount --bind vault vault && mount -o remount,bind,ro vault && exec "$@"'
        words = ["unshare", "--mount", "sh", "-c", closed, "sh", *words]
    else:
        (vault / "vault.db.lock").unlink(missing_ok=True)
        vault.chmod(0o500)
    done = subprocess.Popen(
        words, cwd=washington.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    said = refusal(ended(done))
    assert "whose fault: this machine's" in said
    assert ("Mount its disk for writing" if root else "Permission denied") in said
    vault.chmod(0o700)
    assert _everything(vault) == before
    assert "version 1" in washington.does("office show vault").out


def test_a_desk_killed_in_the_middle_of_an_upgrade_goes_on_where_it_was(tmp_path: Path) -> None:
    """P2, P12: each step of the schema is whole or was not begun; the older program refuses what is newer."""
    newest = len([*Path(schema).parent.glob("[0-9]*.sql")])
    old = newest - 3
    with create_vault(tmp_path / "vault", rng=os.urandom, cost=CHEAP, up_to=old) as vault:
        vault.put_secret("kept", b"kept")
    found = []
    for _ in range(4):
        # One commit further at each try, and killed before it: opening itself has four points before the steps.
        words = ["-m", "tests.crash.points", str(tmp_path / "log"), str(-7), "none", "--"]
        words += ["office", "officer", "list", "--vault", str(tmp_path / "vault")]
        done = subprocess.run([sys.executable, *words], cwd=TREE, capture_output=True, text=True, check=False)
        found.append(done.returncode)
    assert found[0] == -signal.SIGKILL, found
    with open_vault(tmp_path / "vault") as vault:
        assert vault.secret("kept") == b"kept"
        assert vault.db.execute("PRAGMA user_version").fetchone() == (newest,)


def test_a_vault_of_a_newer_version_is_refused_in_words_and_stays_as_it_is(washington: Office) -> None:
    """P12, P13: the program was put back to an older one; the way out is said, and nothing was written."""
    with open_vault(washington.folder / "vault") as vault:
        vault.db.execute("PRAGMA user_version = 999")
    before = _everything(washington.folder / "vault")
    said = washington.is_refused("desk serve --vault vault")
    assert "The database is of version 999; this program knows versions up to" in said
    assert "Run the newer program again" in said
    assert _everything(washington.folder / "vault") == before


def test_a_relay_whose_certificate_has_ended_is_named_as_that(tmp_path: Path) -> None:
    """P6, P13: not as a relay that is down, and with who mends it; so is one of a stranger's authority."""
    long_ago = time.time_ns() // 1_000_000 - 500 * DAY
    authority, key = make_authority("Aland", long_ago)
    chain, own = make_server(authority, key, ["127.0.0.1"], long_ago)
    for name, pem in (("authority", authority), ("chain", chain), ("key", own)):
        (tmp_path / name).write_bytes(pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "chain", tmp_path / "key")

    async def asked(trusted: ssl.SSLContext | None) -> str:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=tls)
        client = RelayClient(trusted)
        try:
            with pytest.raises(RelayError) as caught:
                await client.health(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            return caught.value.what
        finally:
            await client.close()
            server.close()
            await server.wait_closed()

    ours = ssl.create_default_context(cafile=str(tmp_path / "authority"))
    assert "Its certificate has ended: whoever keeps this relay renews it" in asyncio.run(asked(ours))
    assert "by no authority that this desk trusts" in asyncio.run(asked(None))


def test_a_relay_whose_port_is_taken_says_so_as_a_desk_does(washington: Office) -> None:
    """P12"""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = washington.is_refused(f"relay serve --db relay.db --port {port}")
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use.\n" in said
    assert "Choose another port" in said
    assert not (washington.folder / "relay.db").exists()


def test_a_doctor_finds_the_certificate_that_setup_laid_beside_the_vault(washington: Office) -> None:
    """P13"""
    issue(washington.folder / "tls", ["localhost"])
    assert "The certificate of these pages holds." in ended(washington.begin("doctor --vault vault")).out

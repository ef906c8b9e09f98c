# SPDX-License-Identifier: Apache-2.0
"""``goodoffices desk setup``: an office, a certificate, services and a first start, by one command."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from goodoffices.cli.units import desk_unit, relay_unit
from goodoffices.core.certificates import make_authority, make_server, names_in
from tests.cli.conftest import PASSPHRASE, Office, private

SETUP = (
    "desk setup home --office Aland --officer amir --root root --passphrase-file passphrase"
    " --host-name desk.aland.example --with-relay --listen 127.0.0.1"
)


def test_a_unit_comes_back_by_itself_and_may_do_nothing_else() -> None:
    """P13: after a power cut, and not after the office has left."""
    for make in (desk_unit, relay_unit):
        unit = make("/opt/python -m goodoffices", ["serve", "--port", "443"], "desk", Path("/srv/desk"))
        for line in ("Restart=always", "StartLimitIntervalSec=0", "ProtectSystem=strict", "ProtectHome=yes",
                     "ReadWritePaths=/srv/desk", "LimitCORE=0", "MemorySwapMax=0", "WantedBy=multi-user.target",
                     "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"):  # fmt: skip
            assert line in unit.splitlines()
    desk = desk_unit("x", ["--port", "8443"], "desk", Path("/home/desk")).splitlines()
    assert {"RestartPreventExitStatus=3", "Type=notify", "WatchdogSec=180"} <= set(desk)


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.slow
def test_an_office_is_set_up_and_a_second_time_keeps_what_is_there(tmp_path: Path) -> None:
    """P13: each step says what it made; a port in use is named, and nothing is lost by it."""
    private(tmp_path / "passphrase", PASSPHRASE + "\n")
    office, ports = Office(tmp_path), ["--port", str(free_port()), "--relay-port", str(free_port())]
    said = office.does(SETUP, *ports)
    assert '"locked":true' in said.out
    assert '"version":' in said.out
    home = tmp_path / "home"
    # Whoever says these commands may not look into the folder: no pattern is left to his shell.
    for each in ("relay", "desk"):
        assert f"sudo cp {home}/units/goodoffices-{each}.service /etc/systemd/system/ &&" in said.err
    assert "Open https://desk.aland.example" in said.err
    assert "this machine alone" not in said.err
    assert (home / "desk.svg").read_bytes().startswith(b"<?xml")
    units = sorted((home / "units").iterdir())
    assert [each.name for each in units] == ["goodoffices-desk.service", "goodoffices-relay.service"]
    if analyze := shutil.which("systemd-analyze"):
        checked = subprocess.run(
            [analyze, "verify", *map(str, units)], capture_output=True, text=True, check=False
        )
        assert "goodoffices" not in checked.stderr
    assert "no user named nobody-here" in office.is_refused(SETUP, *ports, "--user=nobody-here")
    assert "The line" not in said.err
    before = (home / "vault" / "vault.json").read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = ["--port", str(taken.getsockname()[1])]
        assert "Choose another port" in office.is_refused(SETUP, *busy)
    assert (home / "vault" / "vault.json").read_bytes() == before
    # A certificate that the office has, by an authority that is not the desk's own, is taken as it is.
    now = time.time_ns() // 1_000_000
    chain, key = make_server(*make_authority("Elsewhere", now), ["desk.aland.example", "127.0.0.1"], now)
    (tmp_path / "chain.pem").write_bytes(chain)
    private(tmp_path / "key.pem", key.decode())
    given = ["--tls-cert", "chain.pem", "--tls-key", "key.pem"]
    again = office.does(SETUP, *ports, *given, "--host-name=localhost")
    assert '"ok":true' in again.out
    assert "By the name localhost this machine alone" in again.err
    unit = (home / "units" / "goodoffices-desk.service").read_text()
    assert f"--tls-cert {tmp_path / 'chain.pem'}" in unit
    assert "go together" in office.is_refused(SETUP, *ports, *given[:2])


@pytest.mark.slow
def test_a_desk_that_is_set_up_once_more_under_a_name_is_reached_by_it(tmp_path: Path) -> None:
    """P13: certificate, card and the next commands go by the name of now; who keeps keys here is named."""
    private(tmp_path / "passphrase", f"{PASSPHRASE}\n{PASSPHRASE}\n")
    office, home = Office(tmp_path), tmp_path / "home"
    relay_port = str(free_port())
    ports = ["--with-relay", "--listen=127.0.0.1", "--port", str(free_port()), "--relay-port", relay_port]
    made = "--office Aland --officer bo=release --officer amir --root root --passphrase-file passphrase"
    assert (
        "--officer amir --relay" in office.does(f"desk setup home {made} --host-name localhost", *ports).err
    )
    assert names_in((home / "tls" / "chain.pem").read_bytes()) == ["localhost", "127.0.0.1"]
    again = office.does("desk setup home --host-name desk.aland.example", *ports)
    names = names_in((home / "tls" / "chain.pem").read_bytes())
    assert names == ["desk.aland.example", "localhost", "127.0.0.1"]
    assert "The certificate was made anew, for desk.aland.example too." in again.err
    (pairing,) = (line for line in again.err.splitlines() if "goodoffices line meeting" in line)
    assert "--officer amir" in pairing
    assert pairing.count("--relay ") == 1
    assert f"--relay https://desk.aland.example:{relay_port}" in pairing
    assert f"relay: https://desk.aland.example:{relay_port}" in (home / "relay-card.txt").read_text()
    assert "sign in as amir" in again.err
    # Lines that use the relay by its name of before still find what it asks for.
    assert f"https://localhost:{relay_port} " in (home / "relays.admission").read_text()
    kept = (home / "tls" / "chain.pem").read_bytes()
    office.does("desk setup home --host-name desk.aland.example", *ports)
    assert (home / "tls" / "chain.pem").read_bytes() == kept
    (home / "tls" / "authority.key").unlink()
    refused = office.is_refused("desk setup home --host-name other.example", *ports)
    assert "Bring it back to this folder" in refused

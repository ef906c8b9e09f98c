# SPDX-License-Identifier: Apache-2.0
"""Pairing two offices by exchanging two files, and every invitation that must not be taken."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goodoffices.core import cbor
from goodoffices.core.office import Office as Credential
from goodoffices.core.office import Root, sign_as_root
from goodoffices.core.pairing import LIFE, Route, make_offer
from goodoffices.core.statement import LIVE, Statement
from goodoffices.desk.founding import Founding, NewOfficer, found
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.vault.vault import open_vault
from tests.cli.conftest import Office

pytestmark = pytest.mark.slow  # every test starts processes

RELAY = "http://127.0.0.1:7001"
INVITE = f"line invite --relay {RELAY} --relay http://127.0.0.1:7002 --out invitation"
MINUTE = 60_000


def _now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def stranger() -> Founding:
    """An office that makes its invitations with a program of its own."""
    return found("Stranger", [NewOfficer("duty", "officer 1")], LIVE, os.urandom, _now())


def _invitation(credential: Credential, made: int, relay: str = RELAY) -> bytes:
    return make_offer(credential, (Route(relay, bytes(16), bytes(32)),), os.urandom(32), made).raw


def _changed(invitation: bytes, at: int, to: Any) -> bytes:
    """An invitation with another part in the place of one: mark, credential, routes, nonce, time."""
    parts = list(cbor.decode(invitation, max_size=1 << 20))
    parts[at] = to
    return cbor.encode(parts)


def _with_key(stranger: Founding, key: int, value: Any) -> bytes:
    """The stranger's credential with another value in its roster, truly signed by its root."""
    mark, suite, kind, realm, content = cbor.decode(stranger.office.signed[1].statement.raw, max_size=1 << 20)
    roster = Statement(cbor.encode([mark, suite, kind, realm, {**content, key: value}]))
    return cbor.encode([stranger.office.signed[0].raw, sign_as_root(roster, stranger.root_seed).raw])


def test_two_offices_pair_by_two_files(washington: Office, bern: Office) -> None:
    """The whole of it: invite, exchange, accept, read aloud, type in."""
    for office in (washington, bern):
        office.does(INVITE)
        assert stat.S_IMODE((office.folder / "invitation").stat().st_mode) == 0o600
    here = washington.does("line accept --name Bern", bern.path("invitation"))
    there = bern.does("line accept --name Washington", washington.path("invitation"))
    assert (here.word("peer"), there.word("peer")) == ("Bern", "Washington")
    assert len(here.word("read").split()) == len(there.word("read").split()) == 6

    heard = there.word("read").replace(" ", "")
    misheard = heard[:-1] + str((int(heard[-1]) + 1) % 10)
    said = washington.is_refused("line confirm --name Bern --digits", misheard)
    assert "somebody stands between the two offices" in said
    assert "digits not compared" in washington.does("line list").out

    washington.does("line confirm --name Bern --digits", there.word("read"))
    bern.does("line confirm --name Washington --digits", here.word("read").replace(" ", ""))
    lists = [office.does("line list").out.split("\t") for office in (washington, bern)]
    assert [row[:3] for row in lists] == [
        ["Bern", "Bern", "confirmed here"],
        ["Washington", "Washington", "confirmed here"],
    ]
    assert lists[0][3] == lists[1][3]

    # The same file once more: an invitation makes one line.
    said = washington.is_refused("line accept --name again", bern.path("invitation"))
    assert "used before, for the line Bern" in said
    with open_vault(washington.folder / "vault"):
        assert "the running desk's page 'Lines'" in washington.is_refused("line list")


@pytest.fixture
def invited(take: Callable[[str], Office]) -> Office:
    """Washington with an invitation of its own out."""
    office = take("washington")
    office.does(INVITE)
    return office


@pytest.mark.parametrize(
    ("heard", "said"),
    [("12345", "5 digits were typed, 30 are needed"), ("x" * 30, "0 to 9 only"), ("", "0 to 9 only")],
)
def test_digits_that_are_none_are_refused(invited: Office, stranger: Founding, heard: str, said: str) -> None:
    (invited.folder / "theirs").write_bytes(_invitation(stranger.office, _now()))
    invited.does("line accept theirs --name Stranger")
    assert said in invited.is_refused("line confirm --name Stranger --digits", heard)


@pytest.mark.parametrize(
    ("age", "said"),
    [(LIFE + MINUTE, "older than one hour"), (-10 * MINUTE, "dated in the future")],
)
def test_an_invitation_lives_one_hour(invited: Office, stranger: Founding, age: int, said: str) -> None:
    (invited.folder / "theirs").write_bytes(_invitation(stranger.office, _now() - age))
    assert said in invited.is_refused("line accept theirs --name Stranger")
    assert invited.does("line list").out == ""


def test_the_own_invitation_must_be_alive_too(washington: Office, stranger: Founding) -> None:
    (washington.folder / "theirs").write_bytes(_invitation(stranger.office, _now()))
    assert "no unused invitation" in washington.is_refused("line accept theirs --name Stranger")
    made = _now() - LIFE - MINUTE
    with open_vault(washington.folder / "vault") as vault:
        ledger = Ledger(vault.db)
        mine = ledger.office(ledger.fact("office") or b"")
        assert mine is not None
        old = make_offer(mine, (Route(RELAY, bytes(16), bytes(32)),), os.urandom(32), made)
        with ledger.transaction():
            ledger.add_offer(old, [(bytes(32), bytes(32))], made)
    said = washington.is_refused("line accept theirs --name Stranger")
    assert "Washington's invitation is older than one hour" in said


def test_the_own_invitation_is_not_taken(invited: Office) -> None:
    own = invited.is_refused("line accept invitation --name Bern")
    assert "your own invitation" in own
    assert "whose fault: yours" in own


def test_a_drill_never_pairs_with_a_live_office(invited: Office, take: Callable[[str], Office]) -> None:
    """format §2; told on both sides."""
    drill = take("drill")
    drill.does(INVITE)
    assert "belongs to a drill" in invited.is_refused("line accept --name drill", drill.path("invitation"))
    assert "belongs to a drill" in drill.is_refused("line accept --name live", invited.path("invitation"))


SMALL_ORDER = b"\x01" + bytes(31)
"""The neutral point: one signature of this key fits every text."""


NO_INVITATIONS = {"empty", "cut", "longer", "large", "credential"}
"""Another sort of file: that is a slip of whoever named it."""


def test_malformed_invitations_are_refused_and_change_nothing(invited: Office, stranger: Founding) -> None:
    """P12: keys of small order, truly signed by a hostile root, and everything else that is not of the form."""
    good = _invitation(stranger.office, _now())
    roster = stranger.office.roster
    epoch = roster.envelope_epochs[0]
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    root_parts = cbor.decode(stranger.office.signed[0].statement.raw, max_size=1 << 20)
    weak_root = Statement(cbor.encode([*root_parts[:4], {**root_parts[4], 2: SMALL_ORDER}]))
    assert root_parts[2] == Root.KIND
    bad: dict[str, bytes] = {
        "empty": b"",
        "cut": good[:-1],
        "longer": good + b"\0",
        "flipped": bytes(flipped),
        "large": bytes(3 << 20),
        "credential": stranger.office.raw,
        "desk of small order": _changed(good, 1, _with_key(stranger, 5, SMALL_ORDER)),
        "officer of small order": _changed(
            good, 1, _with_key(stranger, 8, [[roster.officers[0][0], SMALL_ORDER, 31]])
        ),
        "sealing key of small order": _changed(
            good, 1, _with_key(stranger, 6, [[*epoch[:3], epoch[3][:-32] + bytes(32)]])
        ),
        "short key": _changed(good, 1, _with_key(stranger, 5, bytes(31))),
        "root of small order": _changed(
            good,
            1,
            cbor.encode([sign_as_root(weak_root, stranger.root_seed).raw, stranger.office.signed[1].raw]),
        ),
        "no relay": _changed(good, 2, []),
        "plain http elsewhere": _changed(good, 2, [["http://relay.example", bytes(16), bytes(32)]]),
        "no address": _changed(good, 2, [["file:///etc/passwd", bytes(16), bytes(32)]]),
    }
    for name, content in bad.items():
        path = invited.folder / name
        path.write_bytes(content)
        said = invited.is_refused("line accept --name Stranger", str(path))
        whose = "yours" if name in NO_INVITATIONS else "the other office's"
        assert f"whose fault: {whose}" in said, (name, said)
    assert invited.does("line list").out == ""
    (invited.folder / "good").write_bytes(good)
    invited.does("line accept good --name Stranger")


@pytest.mark.parametrize(
    ("relay", "said"),
    [
        ("http://relay.example:7001", "plain HTTP to another machine"),
        ("http://10.0.0.1", "plain HTTP to another machine"),
        ("relay.example", "not the address of a relay"),
        ("ftp://127.0.0.1", "not the address of a relay"),
        ("https://user:secret@relay.example", "not the address of a relay"),
    ],
)
def test_a_relay_without_tls_on_another_machine_is_refused(washington: Office, relay: str, said: str) -> None:
    assert said in washington.is_refused("line invite --out invitation --relay", relay)
    assert not (washington.folder / "invitation").exists()


def test_only_a_keeper_of_keys_invites(washington: Office) -> None:
    """P10: rights are the officer's own."""
    said = washington.is_refused(f"{INVITE} --officer drafter --passphrase-file drafters")
    assert "whose fault: yours" in said
    assert not (washington.folder / "invitation").exists()


def test_while_the_desk_runs_its_vault_is_its_own(washington: Office) -> None:
    with open_vault(washington.folder / "vault"):
        assert "A desk is running on the vault" in washington.is_refused(INVITE)


def test_an_invitation_is_never_written_over(invited: Office) -> None:
    before = Path(invited.path("invitation")).read_bytes()
    assert "is there already" in invited.is_refused(INVITE)
    assert Path(invited.path("invitation")).read_bytes() == before

# SPDX-License-Identifier: Apache-2.0
"""``goodoffices office officer`` and its neighbours, as transcripts of real commands (P10, P13)."""

from __future__ import annotations

import shutil
import stat

import pytest

from tests.cli.conftest import PASSPHRASE, Office, private

pytestmark = pytest.mark.slow  # every test starts processes

WHO = "--vault vault --officer duty --passphrase-file passphrase"
OTHER = "nine quiet boats in fog"


def _with_second(office: Office) -> None:
    private(office.folder / "second", OTHER + "\n")
    office.does(f"office officer add Second {WHO} --new-passphrase-file second --root root")


def test_an_officer_comes_in_by_one_command_where_the_root_is_at_hand(washington: Office) -> None:
    """P10."""
    _with_second(washington)
    shown = washington.does("office show vault").out
    assert "roster    version 2, 1 of 2 release" in shown
    assert "officer 3: draft, release, duty, keys, audit" in shown
    said = washington.does("office officer list --vault vault").out.splitlines()
    assert "Second\tofficer 3\tdraft, release, duty, keys, audit" in said
    washington.does("office releasers 2 --vault vault --officer Second --passphrase-file second --root root")
    assert "version 3, 2 of 2 release" in washington.does("office show vault").out


def test_a_request_goes_to_the_root_and_comes_back_signed(washington: Office) -> None:
    """P10: the root's machine needs no vault, and shows what it signs."""
    private(washington.folder / "second", OTHER + "\n")
    words = f"office officer add Second {WHO} --rights duty --pseudonym night --new-passphrase-file second"
    said = washington.does(f"{words} --request asked").out
    assert "night comes in: duty." in said
    assert "(asked for: duty)" in washington.does("office officer list --vault vault").out
    assert "version 1" in washington.does("office show vault").out
    read = washington.does("office sign-roster asked --root root --yes").out
    assert "roster    2, after 1" in read
    assert "night comes in: duty." in read
    assert stat.S_IMODE((washington.folder / "asked.signed").stat().st_mode) == 0o600
    washington.does("office install-roster asked.signed --vault vault")
    assert "night: duty" in washington.does("office inspect vault/credential.cbor").out


def test_nothing_is_signed_unless_somebody_says_so(washington: Office) -> None:
    """P10: at the root a person decides; no terminal, no answer, no signature."""
    washington.does(f"office renew {WHO} --request asked")
    said = washington.begin("office sign-roster asked --root root")
    assert said.wait(60) == 1
    said.communicate()
    assert not (washington.folder / "asked.signed").exists()


def test_a_removed_officer_is_out_before_the_root_has_signed(washington: Office) -> None:
    """P10: his passphrase opens nothing from then on."""
    _with_second(washington)
    as_second = "--vault vault --officer Second --passphrase-file second"
    said = washington.does(
        f"office officer remove drafter {as_second} --why 'left in May' --request asked"
    ).out
    assert "drafter is locked out here" in said
    assert "officer 2 goes out: left in May." in said
    assert "Sealing keys 14 to 26" in said
    assert "drafter\tofficer 2\tlocked out" in washington.does("office officer list --vault vault").out
    washington.does(f"office officer remove duty {as_second} --request second-request")
    again = washington.is_refused("line invite --relay http://127.0.0.1:1 --out invitation")
    assert "whose fault: yours" in again
    washington.does("office sign-roster second-request --root root --yes")
    washington.does("office install-roster second-request.signed --vault vault")
    shown = washington.does("office show vault").out
    assert "version 3" in shown
    assert "officer 1" not in shown
    assert "officer 2" not in shown


def test_rights_and_keys_of_the_desk_change(washington: Office) -> None:
    """P10, P13."""
    washington.does(f"office officer rights drafter draft,release {WHO} --root root")
    before = washington.does("office show vault").out
    assert "officer 2: draft, release" in before
    said = washington.does(f"office renew --desk-key --checkpoint-key {WHO} --root root").out
    assert "The desk gets a new key" in said
    assert "The key for checkpoints is" in said
    washington.does("line list")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"office releasers 1 {WHO}", "how the roster gets the root's signature"),
        (f"office releasers 1 {WHO} --root root --request asked", "how the roster gets"),
        (f"office releasers 1 {WHO} --root passphrase", "is not a root file"),
        (f"office releasers 3 {WHO} --root root", "3 officers would have to release"),
        (f"office releasers 1 {WHO} --request root", "is there already"),
        (f"office officer rights duty draft {WHO} --root root", "keeper of keys"),
        (f"office officer rights nobody draft {WHO} --root root", "No officer named nobody"),
        (f"office officer rights duty fly {WHO} --root root", "'fly' is no right"),
        (f"office officer remove duty {WHO} --root root", "Nobody locks out himself"),
        (
            f"office officer add DUTY {WHO} --new-passphrase-file both --root root",
            "names are not given twice",
        ),
        (f"office officer add New {WHO} --new-passphrase-file nowhere --root root", "cannot be read"),
        (
            "office releasers 1 --vault vault --officer drafter --passphrase-file drafters --root root",
            "does not hold the right 'keys' here.\n  whose fault: yours; next step: Ask an officer who holds it",
        ),
        (
            "office sign-roster passphrase --root root --yes",
            "passphrase is a text, and no request for a roster",
        ),
        ("office install-roster passphrase --vault vault", "passphrase is a text, and no signed roster"),
    ],
)
def test_what_cannot_be_is_refused_in_two_sentences(washington: Office, command: str, said: str) -> None:
    """P12."""
    assert said in washington.is_refused(command)
    assert "version 1" in washington.does("office show vault").out


def test_another_offices_root_signs_nothing_here(washington: Office, bern: Office) -> None:
    """P1."""
    refused = washington.is_refused(f"office releasers 1 {WHO} --root", bern.path("root"))
    assert "not the root of Washington" in refused
    washington.does(f"office releasers 1 {WHO} --request asked")
    refused = bern.is_refused("office sign-roster --root root --yes", washington.path("asked"))
    assert "not the root of Washington" in refused


def test_what_was_asked_with_a_wrong_root_leaves_nothing(washington: Office, bern: Office) -> None:
    """P10: the next command that the root signs brings in nobody whom it refused before."""
    private(washington.folder / "second", OTHER + "\n")
    add = f"office officer add Second {WHO} --new-passphrase-file second"
    refused = washington.is_refused(f"{add} --root", bern.path("root"))
    assert "not the root of Washington" in refused
    assert "Second" not in washington.does("office officer list --vault vault").out
    washington.does(f"{add} --request asked")
    refused = washington.is_refused(f"{add} --request asked-again")
    assert "asked for already, and waits for the root's signature" in refused
    said = washington.does(f"office officer rights drafter draft,release {WHO} --root root").err
    assert "waits for the root's signature since before" in said
    assert "officer 3 comes in" in said


def test_a_root_beside_another_offices_rosters_is_refused_before_anything_is_asked_for(
    washington: Office, bern: Office
) -> None:
    """P10: what lies beside the root is looked at first, so that the refusal leaves no request behind."""
    bern.does(f"office renew {WHO} --root root")
    shutil.copy(bern.folder / "root.rosters", washington.folder / "root.rosters")
    refused = washington.is_refused(f"office releasers 1 {WHO} --root root")
    assert "These are the rosters of Bern" in refused
    (washington.folder / "root.rosters").unlink()
    said = washington.does(f"office renew {WHO} --root root").err
    assert "waits for the root's signature since before" not in said


def test_a_pseudonym_with_hidden_characters_is_not_signed(washington: Office) -> None:
    """P12."""
    private(washington.folder / "second", OTHER + "\n")
    words = f"office officer add Second {WHO} --new-passphrase-file second --root root --pseudonym"
    assert "U+200D" in washington.is_refused(words, "officer\u200d 1")
    assert PASSPHRASE not in washington.does("office show vault").out


def test_the_root_signs_no_second_roster_of_one_version(washington: Office) -> None:
    """P8: a vault that went back gets from the root what it has lost, before anything new is signed."""
    shutil.copytree(washington.folder / "vault", washington.folder / "copy")
    washington.does(f"office renew {WHO} --desk-key --root root")
    old = WHO.replace("vault vault", "vault copy")
    washington.does(f"office releasers 1 {old} --request asked")
    refused = washington.is_refused("office sign-roster asked --root root --yes")
    assert "The root has signed roster 2" in refused
    said = washington.does("office install-roster root.rosters --vault copy")
    assert "rosters 2 to 2, which this vault had lost, are in force again" in said.out
    assert "goodoffices office renew" in said.err
    assert "roster 3 is in force" in washington.does(f"office releasers 1 {old} --root root").out
    assert (
        "Keys that they name were lost"
        not in washington.does("office install-roster root.rosters --vault copy").err
    )

# SPDX-License-Identifier: Apache-2.0
"""What an exported record holds, and that an untouched one verifies (P8, P14 of a reader without us)."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core.errors import YourError
from goodoffices.core.mandate import Forwarding, PaperOffice, Reading
from goodoffices.core.statement import Signed, sign, state
from goodoffices.desk.export import export
from goodoffices.desk.officers.acts import Terms
from goodoffices.verify.command import main
from tests.verify.channel import TEXT, Channel, exported, files_of, sign_again, verdict


@pytest.fixture(scope="module")
def channel() -> Channel:
    played = Channel()
    played.week()
    return played


@pytest.mark.slow
@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("forwarding", Forwarding)
def test_every_office_of_every_kind_of_channel_exports_a_record_that_verifies(
    tmp_path: Path, reading: Reading, forwarding: Forwarding
) -> None:
    """P8."""
    played = Channel(reading=reading, forwarding=forwarding)
    played.week()
    for node in played.nodes:
        assert verdict(exported(node, tmp_path / node.name, played.now)).findings == ()


def test_the_words_stand_there_byte_for_byte(channel: Channel, tmp_path: Path) -> None:
    """P1: a person reads them without our software."""
    folder = exported(channel.east, tmp_path / "export", channel.now)
    (text,) = folder.glob("channels/*/notes/washington-000001-*/text.txt")
    assert text.read_bytes() == TEXT.encode()


def test_a_locked_desk_leaves_the_words_sealed_and_says_so(tmp_path: Path) -> None:
    """P3."""
    played = Channel()
    played.week()
    played.east.desk.lock()
    folder = exported(played.east, tmp_path / "export", played.now)
    assert verdict(folder).findings == ()
    assert not list(folder.rglob("text.txt"))
    assert "NOT in this folder" in (folder / "README.txt").read_text()
    assert all(TEXT.encode()[:19] not in each.read_bytes() for each in files_of(folder))


def test_a_sealed_channel_shows_its_intermediary_no_words(tmp_path: Path) -> None:
    """P3: also not in what the intermediary exports with an officer signed in."""
    played = Channel(reading=Reading.SEALED)
    played.week()
    folder = exported(played.middle, tmp_path / "export", played.now)
    assert all(TEXT.encode()[:19] not in each.read_bytes() for each in files_of(folder))


def test_no_secret_is_in_an_export(channel: Channel, tmp_path: Path) -> None:
    """P3, P4: no private key, no right to any mailbox, whichever office exports."""
    secrets: set[bytes] = set()
    for node in channel.nodes:
        founding = node.founding
        secrets |= {
            founding.root_seed,
            founding.desk_seed,
            founding.reading_key,
            *founding.officer_seeds.values(),
        }
        secrets |= {*founding.envelope_seeds.values(), *founding.reading_seeds.values()}
        for own in (True, False):
            for route in node.desk.ledger.routes(own=own):
                secrets |= {each for each in (route.mailbox, route.put, route.collect, route.remove) if each}
    for node in channel.nodes:
        for path in files_of(exported(node, tmp_path / node.name, channel.now)):
            raw = path.read_bytes()
            assert not any(secret in raw or secret.hex().encode() in raw for secret in secrets), path


def test_a_party_gets_nothing_of_the_other_partys_caucus(channel: Channel, tmp_path: Path) -> None:
    """P4."""
    folder = exported(channel.west, tmp_path / "export", channel.now)
    assert all(b"To you alone" not in each.read_bytes() for each in files_of(folder))
    assert verdict(folder).findings == ()


def test_a_remark_cannot_pass_for_a_line_of_the_account(channel: Channel, tmp_path: Path) -> None:
    """P1: what the intermediary adds cannot be mistaken."""
    folder = exported(channel.east, tmp_path / "export", channel.now)
    account = (folder / "record.txt").read_text(encoding="utf-8")
    assert '"With compliments.\\u{a}X"' in account


def test_the_list_is_of_the_form_that_every_system_can_check(channel: Channel, tmp_path: Path) -> None:
    folder = exported(channel.west, tmp_path / "export", channel.now)
    listed = {
        line[66:]: line[:64] for line in (folder / "files.sha256").read_text(encoding="ascii").splitlines()
    }
    rest = {path.relative_to(folder).as_posix() for path in files_of(folder)} - {
        "files.sha256",
        "manifest.cbor",
    }
    assert set(listed) == rest
    assert all(
        hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest for path, digest in listed.items()
    )


def test_an_export_never_writes_into_a_folder_that_is_there(channel: Channel, tmp_path: Path) -> None:
    with pytest.raises(YourError, match="there already"):
        export(channel.west.desk, tmp_path, channel.now)


def test_the_gap_of_a_refused_note_is_told_and_is_no_finding(tmp_path: Path) -> None:
    """P6: a number that the intermediary refused shows at the far party."""
    played = Channel()
    refused = played.release(played.west, played.east, "The first.")
    played.middle.desk.acts.refuse(played.middle.officer, refused, "Not in these words.", played.tick())
    forwarded = played.release(played.west, played.east, "The second.")
    played.middle.desk.acts.forward(played.middle.officer, forwarded, played.tick())
    played.pump()
    told = verdict(exported(played.east, tmp_path / "export", played.now))
    assert told.findings == ()
    assert any(
        "Washington's chain in the channel 1 is not here (not forwarded, or not arrived)" in remark
        for remark in told.remarks
    )


def test_a_desk_that_was_restarted_in_the_middle_exports_a_record_that_verifies(tmp_path: Path) -> None:
    """P2, P8: new incarnations of its entries and acts, opened before the other side had answered."""
    played = Channel()
    for node in (played.west, played.middle, played.east, played.west):
        played.restart(node)
        played.release(played.west, played.east, "Written at once after the start.")
        played.restart(node)
        played.pump()
        played.release(played.east, played.west)
    for node in played.nodes:
        folder = exported(node, tmp_path / node.name, played.now)
        assert verdict(folder).findings == ()
    told = (tmp_path / "Washington").glob("lines/*/line.txt")
    assert next(told).read_text(encoding="utf-8").count("  chain ") > 2


@pytest.mark.slow
def test_the_program_says_verified_with_exit_0_offline_and_alone(channel: Channel, tmp_path: Path) -> None:
    """P8: as a stranger runs it."""
    folder = exported(channel.east, tmp_path / "export", channel.now)
    ran = subprocess.run(
        [sys.executable, "-m", "goodoffices.verify", str(folder), "--json"], check=False, capture_output=True
    )
    result = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert result["verdict"] == "verified"
    assert result["compared_with_trust"] is False
    assert [line["verified"] for line in result["lines"]] == [True]


def test_without_a_trust_file_fingerprints_are_compared_with_nothing(
    channel: Channel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = exported(channel.east, tmp_path / "export", channel.now)
    assert main([str(folder)]) == 0
    assert "not compared with anything" in capsys.readouterr().out


def test_an_office_that_the_trust_file_does_not_name_is_a_finding(channel: Channel, tmp_path: Path) -> None:
    """P1."""
    folder = exported(channel.east, tmp_path / "export", channel.now)
    trust = tmp_path / "trust"
    names = [f"{node.me.hex()} {node.name}" for node in channel.nodes]
    trust.write_text("# known\n" + "\n".join(names), encoding="utf-8")
    assert main([str(folder), "--trust", str(trust)]) == 0
    trust.write_text("\n".join(names[:2]), encoding="utf-8")
    assert main([str(folder), "--trust", str(trust)]) == 1


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "foreign"])
def test_what_is_no_export_is_said_with_exit_2(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "place"
    if kind == "file":
        place.write_bytes(b"x")
    elif kind != "missing":
        place.mkdir()
        if kind == "foreign":
            (place / "holiday.jpg").write_bytes(b"x")
    assert main([str(place)]) == 2
    said = "is not there" if kind == "missing" else "is not an export"
    assert said in capsys.readouterr().err


def test_a_trust_file_that_cannot_be_used_is_said_with_exit_2(channel: Channel, tmp_path: Path) -> None:
    folder = exported(channel.east, tmp_path / "export", channel.now)
    (tmp_path / "trust").write_text("Bern\n", encoding="utf-8")
    assert main([str(folder), "--trust", str(tmp_path / "trust")]) == 2


def test_a_mandate_that_not_everybody_signed_is_exported_as_not_in_force(tmp_path: Path) -> None:
    played = Channel()
    path = (played.west.me, played.middle.me, played.east.me)
    proposed = played.middle.desk.acts.propose(
        played.middle.officer, Terms(name="The Swiss channel", path=path), played.tick()
    )
    played.pump()
    folder = exported(played.west, tmp_path / "export", played.now)
    told = verdict(folder)
    assert told.findings == ()
    assert any("not in force" in remark for remark in told.remarks)
    (text,) = folder.glob(f"channels/*{proposed[:16].hex()}/mandate.txt")
    assert "NO: signatures are missing" in text.read_text(encoding="utf-8")


def on_paper(played: Channel) -> tuple[Signed, bytes]:
    """A mandate with a party that has no desk, and the intermediary's attestation of its consent."""
    middle = played.middle
    attestation = sign(
        state(
            PaperOffice(
                name="Baghdad",
                attested_by=middle.me,
                roster=1,
                consent="Told our ambassador on 3 January that it accepts.",
                made=played.now,
                salt=bytes(32),
            ),
            bytes(16),
        ),
        middle.officer.seed,
    )
    known = middle.desk.ledger.agreement(played.mandate).mandate
    offices = (*known.offices[:2], (1, attestation.id, attestation.id, True))
    mandate = state(replace(known, name="Baghdad", offices=offices), bytes(16))
    return sign(mandate, middle.officer.seed, played.west.officer.seed), attestation.raw


def test_a_party_on_paper_is_in_the_record_with_who_attested_it(tmp_path: Path) -> None:
    """P14."""
    played = Channel()
    mandate, attestation = on_paper(played)
    channels = played.middle.desk.channels
    with played.middle.desk.context.transaction():
        channels.keep_mandate(mandate, (attestation,), played.now, came_from=None)
        played.middle.desk.lines.flush_all(played.now)
    played.pump()
    folder = tmp_path / "Bern"
    for node in (played.west, played.middle):
        folder = exported(node, tmp_path / node.name, played.now)
        assert verdict(folder).findings == ()
        text = min(folder.glob("channels/baghdad-*/mandate.txt")).read_text(encoding="utf-8")
        assert "attested by Bern: Told our ambassador" in text
    extra = min(folder.glob("channels/the-swiss-*")) / "paper-0.cbor"
    extra.write_bytes(attestation)
    sign_again(folder, played.middle)
    assert [each.where for each in verdict(folder).findings] == [extra.relative_to(folder).as_posix()]

# SPDX-License-Identifier: Apache-2.0
"""Backups: nothing in them but for whoever may restore, whole again on another machine, proven by the peer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import asyncssh
import pytest

from goodoffices.core.backup import Piece, open_piece, proof_digits, root_seed, seal_piece
from goodoffices.core.crypto import sealing_public, sha256
from goodoffices.core.errors import (
    Altered,
    MachineError,
    NotNow,
    WrongSecret,
    WrongSigner,
    YourError,
)
from goodoffices.core.mandate import Reading
from goodoffices.core.statement import LIVE
from goodoffices.db.migrate import version_of
from goodoffices.desk.backup import keepers, rows
from goodoffices.desk.backup.places import Folder, Sftp, SftpLogin, name_of
from goodoffices.desk.backup.restoring import Restored, restore
from goodoffices.desk.backup.setup import note_try, set_up, setup_of, tried
from goodoffices.desk.backup.writing import SeriesWriter
from goodoffices.desk.founding import Founding, NewOfficer, found, keep
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import Vault, create_vault
from tests.desk.running import CHEAP, PASSPHRASE, Desks, two_relays


class Small:
    """An office with a vault, and nothing else."""

    def __init__(self, folder: Path, name: str = "Bern") -> None:
        self.made: Founding = found(name, [NewOfficer("duty", "officer 1")], LIVE, os.urandom, 1_000_000)
        self.vault: Vault = create_vault(folder, rng=os.urandom, cost=CHEAP)
        self.vault.add_officer(
            "duty", PASSPHRASE, self.made.officer_seeds["duty"], self.made.reading_key, os.urandom, 1
        )
        ledger = Ledger(self.vault.db)
        with ledger.transaction():
            keep(ledger, self.made, os.urandom)
        self.desk = desk_of(self.vault)

    @property
    def root(self) -> list[bytes]:
        return [root_seed(self.made.root_seed)]

    def set_up(self, folder: Path, *names: str) -> list[str]:
        folder.mkdir(exist_ok=True)
        with self.desk.ledger.transaction():
            _, shares = set_up(self.desk.ledger, str(folder), 5, names=names, needed=2, rng=os.urandom)
        return shares

    async def back_up(self, folder: Path) -> SeriesWriter:
        setup = setup_of(self.desk.ledger)
        assert setup is not None
        writer = SeriesWriter(self.desk.context, setup, Folder(folder))
        await writer.everything(self.vault.db, 10)
        await writer.write(rows.changed(self.vault.db, []), 11, whole=True)
        return writer


def restored(
    folder: Path, seeds: list[bytes], target: Path, unlock: Path | None = None
) -> tuple[Vault, Restored]:
    work = restore(
        Folder(folder), seeds, target, root=lambda _: True, rng=os.urandom, unlock_path=unlock, cost=CHEAP
    )
    return asyncio.run(work)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path / "vault")


def piece_of(small: Small, image: bytes, **other: object) -> Piece:
    fields: dict[str, object] = {
        "office": small.desk.me,
        "roster": 1,
        "time": (10, 0),
        "series": bytes(16),
        "number": 0,
        "schema": version_of(small.vault.db),
        "digest": sha256(image),
        "whole": True,
        "proof": bytes(16),
    }
    return Piece(**{**fields, **other})  # type: ignore[arg-type]


def test_a_backup_holds_no_sealing_key(small: Small, tmp_path: Path) -> None:
    """P3: whoever opens a backup later still opens nothing that was recorded on the way."""
    small.set_up(tmp_path / "copies")
    asyncio.run(small.back_up(tmp_path / "copies"))
    vault, _ = restored(tmp_path / "copies", small.root, tmp_path / "new")
    with vault:
        ledger = Ledger(vault.db)
        assert ledger.envelope_seeds() == {}
        assert ledger.sealed_reading_seeds() == {}
        assert vault.sign_in("duty", PASSPHRASE).reading_key == small.made.reading_key
        images = [*rows.everything(vault.db)]
    secrets = [*small.made.envelope_seeds.values(), *small.made.reading_seeds.values()]
    assert not any(secret in image for image in images for secret in secrets)


def test_only_the_root_and_enough_keepers_open_a_backup(small: Small, tmp_path: Path) -> None:
    """P3: the place where backups lie, and one keeper alone, learn nothing."""
    shares = small.set_up(tmp_path / "copies", "Anna", "Bert", "Cora")
    asyncio.run(small.back_up(tmp_path / "copies"))
    opened = keepers.join([shares[2], shares[0].upper()])
    vault, found_there = restored(tmp_path / "copies", [opened], tmp_path / "new")
    vault.close()
    assert found_there.office.id == small.desk.me
    with pytest.raises(YourError, match="do not give the secret back"):
        keepers.join([shares[1]])
    with pytest.raises(WrongSecret, match="another office's"):
        restored(tmp_path / "copies", [os.urandom(32)], tmp_path / "other")
    assert not (tmp_path / "other").exists()
    pieces = [each.read_bytes() for each in (tmp_path / "copies").iterdir()]
    assert not any(small.desk.me in each or b"Bern" in each for each in pieces)


def test_a_backup_of_somebody_else_is_refused_by_name(small: Small, tmp_path: Path) -> None:
    """P12: the wrong copy is named before anything is made of it."""
    small.set_up(tmp_path / "copies")
    asyncio.run(small.back_up(tmp_path / "copies"))
    with pytest.raises(YourError, match="a backup of Bern, whose root is another one"):
        asyncio.run(
            restore(
                Folder(tmp_path / "copies"),
                small.root,
                tmp_path / "new",
                root=lambda _: False,
                rng=os.urandom,
            )
        )


def test_a_missing_piece_ends_what_is_restored_and_says_so(small: Small, tmp_path: Path) -> None:
    """P12: what lies behind a gap is named as not used; what stands before it comes back."""

    async def work() -> SeriesWriter:
        writer = await small.back_up(tmp_path / "copies")
        for name in ("one", "two"):
            small.vault.put_secret(name, b"kept")
            image = rows.changed(small.vault.db, [("secret", (name,))])
            await writer.write(image, 12, whole=True)
        return writer

    small.set_up(tmp_path / "copies")
    writer = asyncio.run(work())
    (tmp_path / "copies" / name_of(writer.series.id, writer.number - 2)).unlink()
    vault, found_there = restored(tmp_path / "copies", small.root, tmp_path / "new")
    with vault:
        assert "one" not in vault.secret_names()
    assert found_there.why_left == "Further pieces lie behind a missing one."


def test_a_damaged_newer_piece_costs_itself_alone(small: Small, tmp_path: Path) -> None:
    """P12: a piece that was changed is refused, and what came before it is restored."""

    async def work() -> SeriesWriter:
        writer = await small.back_up(tmp_path / "copies")
        small.vault.put_secret("one", b"kept")
        await writer.write(rows.changed(small.vault.db, [("secret", ("one",))]), 12, whole=True)
        return writer

    small.set_up(tmp_path / "copies")
    writer = asyncio.run(work())
    path = tmp_path / "copies" / name_of(writer.series.id, writer.number - 1)
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    vault, found_there = restored(tmp_path / "copies", small.root, tmp_path / "new")
    with vault:
        assert "one" not in vault.secret_names()
    assert found_there.left == 1


def test_a_backup_that_was_never_whole_is_not_restored_from(small: Small, tmp_path: Path) -> None:
    """P12: half a vault would look like a vault."""

    async def work() -> None:
        setup = setup_of(small.desk.ledger)
        assert setup is not None
        await SeriesWriter(small.desk.context, setup, Folder(tmp_path / "copies")).everything(
            small.vault.db, 10
        )

    small.set_up(tmp_path / "copies")
    asyncio.run(work())
    with pytest.raises(MachineError, match="was ever whole"):
        restored(tmp_path / "copies", small.root, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_piece_that_the_desk_did_not_sign_is_refused(small: Small) -> None:
    """P8: whoever can write to the place cannot make a vault of his own come back."""
    readers = [sealing_public(small.root[0])]

    def seal(seed: bytes) -> bytes:
        office = small.made.office
        piece = piece_of(small, b"")
        return seal_piece(
            piece, b"", office, desk_seed=seed, readers=readers, rng=os.urandom, introduce=True
        )[0]

    assert open_piece(seal(small.made.desk_seed), small.root, None).rows == b""
    with pytest.raises(WrongSigner):
        open_piece(seal(os.urandom(32)), small.root, None)


def test_pieces_of_two_series_do_not_mix(small: Small) -> None:
    """P8: a piece counts only in its own place of its own series."""
    readers, office = [sealing_public(small.root[0])], small.made.office

    def opened(piece: Piece, introduce: bool) -> bytes:
        return seal_piece(
            piece,
            b"",
            office,
            desk_seed=small.made.desk_seed,
            readers=readers,
            rng=os.urandom,
            introduce=introduce,
        )[0]

    first = open_piece(opened(piece_of(small, b""), True), small.root, None)
    stray = piece_of(small, b"", number=1, previous=bytes(32))
    with pytest.raises(Altered, match="Piece 1 of this backup"):
        open_piece(opened(stray, False), small.root, first)
    with pytest.raises(Altered, match="first piece"):
        open_piece(opened(stray, False), small.root, None)


def test_a_try_counts_only_with_the_digits_of_a_backup_of_late(small: Small, tmp_path: Path) -> None:
    """P13: that a restore was tried is shown by what only an opened backup tells."""
    small.set_up(tmp_path / "copies")
    asyncio.run(small.back_up(tmp_path / "copies"))
    vault, found_there = restored(tmp_path / "copies", small.root, tmp_path / "new")
    vault.close()
    ledger = small.desk.ledger
    with pytest.raises(NotNow), ledger.transaction():
        note_try(ledger, "1" * 15, 99)
    with ledger.transaction():
        note_try(ledger, proof_digits(found_there.proof), 99)
    assert tried(ledger) == 99


def test_changes_are_noted_row_by_row_and_deletions_too(small: Small) -> None:
    """P2: what is written, changed or taken away after the first copy is in the next piece."""
    changes = rows.Changes(small.vault.db)
    changes.watch()
    small.vault.put_secret("one", b"1")
    small.vault.put_secret("one", b"2")
    small.vault.put_secret("envelope seed 77", b"never")
    with small.desk.ledger.transaction():
        small.desk.ledger.find(5, "ours", "what", "next")
    taken = changes.take()
    assert [each for each in taken if each[0] == "secret"] == [("secret", ("one",))]
    assert ("finding", (1,)) in taken
    assert not changes.any()
    changes.give_back(taken)
    small.vault.destroy_secret("one")
    assert ("secret", ("one",)) in changes.take()


@pytest.mark.slow
def test_backups_go_to_another_machine_by_sftp(small: Small, tmp_path: Path) -> None:
    """P13: by keys alone, and to no machine but the one whose key is known."""

    async def work() -> None:
        host, mine = (
            asyncssh.generate_private_key("ssh-ed25519"),
            asyncssh.generate_private_key("ssh-ed25519"),
        )
        (tmp_path / "there").mkdir()
        (tmp_path / "allowed").write_bytes(mine.export_public_key())
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host],
            authorized_client_keys=str(tmp_path / "allowed"),
            sftp_factory=lambda channel: asyncssh.SFTPServer(
                channel, chroot=str(tmp_path / "there").encode()
            ),
        )
        url = f"sftp://backup@127.0.0.1:{server.get_port()}/"
        key = mine.export_private_key().decode()
        async with Sftp(url, SftpLogin(key, host.export_public_key().decode())) as place:
            await place.put(name_of(bytes(16), 0), b"sealed")
            assert await place.names() == [name_of(bytes(16), 0)]
            assert await place.get(name_of(bytes(16), 0), 3) == b"seal"
            await place.remove(name_of(bytes(16), 0))
            assert await place.names() == []
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        async with Sftp(url, SftpLogin(key, other)) as place:
            with pytest.raises(MachineError, match="Check the network"):
                await place.names()
        server.close()
        await server.wait_closed()

    asyncio.run(work())


@pytest.mark.slow
def test_a_lost_desk_is_restored_and_its_line_carries_notes_again(tmp_path: Path) -> None:
    """P2, P13: from a backup, on another machine, with new keys that the root certified; the peer has the rest."""
    copies = tmp_path / "copies"

    async def work() -> None:
        with two_relays(tmp_path) as relays:
            async with Desks(tmp_path, relays) as desks:
                await desks.agree(reading=Reading.SEALED)
                lost = desks.washington
                lost.back_up(copies)
                before = desks.release("Backed up.")
                await desks.arrived(before)
                await desks.until(desks.quiet)
                await desks.until(lost.backed_up)
                await lost.service.backup.stop()
                after = desks.release("Written after the last piece, and receipted.")
                await desks.arrived(after)
                await lost.stop()
                await lost.restore(copies, tmp_path / "second-site")
                await lost.start()
                await desks.until(lambda: desks.bern.knows_roster(lost.me) == 2)
                assert lost.state(before) == "verified"
                await desks.until(lambda: any("restored from a backup" in each for each in lost.findings()))
                back = desks.release("From the second site.")
                await desks.arrived(back)
                there = [desks.tehran.service.desk.ledger.note(each) for each in (before, after, back)]
                assert len({row.number for row in there if row is not None}) == 3
                assert not any(
                    "two different" in each for node in (desks.bern, desks.tehran) for each in node.findings()
                )

    asyncio.run(work())


@pytest.mark.slow
def test_what_nobody_had_opened_before_the_loss_is_sealed_anew_by_its_author(tmp_path: Path) -> None:
    """P2, P3: no backup holds the key to it; the restored desk asks, and its author seals the same note again."""
    copies = tmp_path / "copies"

    async def work() -> None:
        with two_relays(tmp_path) as relays:
            async with Desks(tmp_path, relays) as desks:
                await desks.agree(reading=Reading.SEALED)
                lost = desks.tehran
                lost.back_up(copies)
                lost.service.sign_out(lost.duty)
                note = desks.release("Nobody in Tehran has opened this.")
                await desks.until(lambda: lost.state(note) == "unopened" and desks.quiet())
                await desks.until(lost.backed_up)
                await lost.stop()
                await lost.restore(copies, tmp_path / "second-site")
                await lost.start()
                await desks.until(lambda: lost.state(note) == "verified")
                assert lost.service.desk.acts.note_row(note).number == 1

    asyncio.run(work())


def test_a_link_at_the_backups_place_is_not_written_through(tmp_path: Path) -> None:
    """P13: whoever keeps the place knows the next file's name; a link there had the vault overwritten."""
    small = Small(tmp_path / "vault")
    vault = tmp_path / "vault" / "vault.db"
    before = vault.read_bytes()
    copies = tmp_path / "copies"
    copies.mkdir()
    name = name_of(bytes(16), 1)
    (copies / f".{name}.part").symlink_to(vault)
    asyncio.run(Folder(copies).put(name, b"a piece"))
    assert vault.read_bytes() == before
    assert not (copies / name).is_symlink()
    assert (copies / name).read_bytes() == b"a piece"
    small.vault.close()


def test_a_link_or_a_pipe_at_the_backups_place_is_not_read(tmp_path: Path) -> None:
    """P12, P13: a restore would have read any file of this machine, or waited for ever."""
    place = Folder(tmp_path)
    name, other = name_of(bytes(16), 1), name_of(bytes(16), 2)
    (tmp_path / "secret").write_bytes(b"not a piece")
    (tmp_path / name).symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / other)
    for each in (name, other):
        with pytest.raises(MachineError):
            asyncio.run(place.get(each, 100))

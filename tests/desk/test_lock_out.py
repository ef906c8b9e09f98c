# SPDX-License-Identifier: Apache-2.0
"""Officers coming and going at a running desk: out at once, in when the root has signed (P10, ADR 0022)."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from goodoffices.core.errors import NotAllowed, NotFound, WrongSecret
from goodoffices.core.office import Right
from goodoffices.core.roster_request import sign_request
from goodoffices.core.statement import LIVE
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.export import export
from goodoffices.desk.founding import ALL_RIGHTS, Founding, NewOfficer, found, keep
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.presence.people import key_named, lock_out
from goodoffices.desk.service import DeskConfig, DeskService
from goodoffices.desk.vault.database import Pages, connect
from goodoffices.desk.vault.vault import create_vault
from tests.desk.running import CHEAP, PASSPHRASE

OTHER = "nine quiet boats in fog"
NOW = 1_700_000_000_000


def office(place: Path) -> Founding:
    """Two officers in a vault whose passphrases cost little to stretch."""
    rng = iter(range(1, 10_000))
    people = [NewOfficer("duty", "officer 1"), NewOfficer("night", "officer 2", Right.DUTY)]
    made = found("Bern", people, LIVE, lambda size: next(rng).to_bytes(size, "big"), NOW)
    with create_vault(place / "vault", rng=lambda size: next(rng).to_bytes(size, "big"), cost=CHEAP) as vault:
        for name, secret in (("duty", PASSPHRASE), ("night", OTHER)):
            vault.add_officer(name, secret, made.officer_seeds[name], made.reading_key, bytes, NOW)
        ledger = Ledger(vault.db)
        with ledger.transaction():
            keep(ledger, made, bytes)
    return made


def running(place: Path) -> DeskService:
    return DeskService(DeskConfig(place / "vault"))


def signed_in(service: DeskService, name: str, secret: str) -> Officer:
    return asyncio.run(service.sign_in(name, secret))


@pytest.fixture
def made(tmp_path: Path) -> Founding:
    return office(tmp_path)


@pytest.fixture
def service(tmp_path: Path, made: Founding) -> DeskService:
    return running(tmp_path)


def test_a_locked_out_officer_is_out_at_once(service: DeskService) -> None:
    """P10: sessions end, the passphrase opens nothing, no act of that key is taken; the root is asleep."""

    async def story() -> None:
        keeper = await service.sign_in("duty", PASSPHRASE)
        night = await service.sign_in("night", OTHER)
        assert service.still_in(night)
        request = service.lock_out(keeper, "Night", "gone")
        assert request is not None
        assert not service.still_in(night)
        assert service.still_in(keeper)
        with pytest.raises(WrongSecret):
            await service.sign_in("night", OTHER)
        with pytest.raises(NotAllowed):
            service.desk.acts.require(night, Right.DUTY)
        assert service.desk.context.my_office().roster.rights(night.public) == Right.DUTY
        await service.stop()

    asyncio.run(story())


def test_a_sign_in_that_was_under_way_at_the_lock_out_does_not_count(service: DeskService) -> None:
    """P10: stretching takes a tenth of a second, in which the row may go."""

    async def story() -> None:
        keeper = await service.sign_in("duty", PASSPHRASE)
        await service.sign_in("night", OTHER)
        attempt = service.vault.attempt("night", OTHER)
        service.vault.attempt = lambda name, passphrase: attempt  # type: ignore[method-assign]
        service.lock_out(keeper, "night", "")
        with pytest.raises(NotAllowed):
            await service.sign_in("night", OTHER)
        await service.stop()

    asyncio.run(story())


def test_a_new_officer_signs_in_once_the_roster_is_in_force(service: DeskService, made: Founding) -> None:
    """P10: until then the passphrase opens no text and no act."""

    async def story() -> None:
        keeper = await service.sign_in("duty", PASSPHRASE)
        request = service.add_officer(keeper, "day", "four green hills away", "officer 3", ALL_RIGHTS)
        with pytest.raises(NotAllowed, match="does not list"):
            await service.sign_in("day", "four green hills away")
        service.install_roster(sign_request(request, made.root_seed))
        day = await service.sign_in("day", "four green hills away")
        service.desk.acts.require(day, Right.RELEASE)
        (person,) = (each for each in service.people() if each.name == "day")
        assert (person.pseudonym, person.rights, person.public) == ("officer 3", ALL_RIGHTS, day.public)
        await service.stop()

    asyncio.run(story())


def test_a_long_look_through_the_record_holds_nothing_up(service: DeskService, tmp_path: Path) -> None:
    """P11: while the record is exported, the desk writes; the export holds what stood when it began."""

    async def story() -> None:
        keeper = await service.sign_in("duty", PASSPHRASE)
        loop, began, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def look(desk: Desk, now: int) -> tuple[int, int]:
            loop.call_soon_threadsafe(began.set)
            assert go_on.wait(60)
            findings = export(desk, tmp_path / "out", now)
            return len(desk.ledger.audit_rows(kind=None, officer=None, before=None, most=50)), len(findings)

        before = len(service.desk.ledger.audit_rows(kind=None, officer=None, before=None, most=50))
        looking = asyncio.ensure_future(service.beside(look))
        await began.wait()
        service.act(lambda desk, now: desk.note_down(keeper.name, "went on", AuditKind.OFFICE, now))
        service.vault.scrub()  # does not wait for who looks, and is made good
        go_on.set()
        assert await looking == (before, 0)
        log = service.vault.folder / "vault.db-wal"
        assert log.stat().st_size == 0
        await service.stop()

    asyncio.run(story())


def test_whom_a_new_roster_does_not_list_is_signed_out(service: DeskService, made: Founding) -> None:
    """P10: also where the roster was prepared elsewhere in the desk, without a lock-out."""

    async def story() -> None:
        keeper = await service.sign_in("duty", PASSPHRASE)
        night = await service.sign_in("night", OTHER)
        request = service.act(lambda desk, now: desk.rosters.remove(keeper, night.public, "", now))
        assert service.still_in(night)
        service.install_roster(sign_request(request, made.root_seed))
        assert not service.still_in(night)
        await service.stop()

    asyncio.run(story())


def test_only_a_keeper_of_keys_locks_out_and_nobody_himself(service: DeskService) -> None:
    """P10."""

    async def story() -> None:
        keeper = await service.sign_in("duty", PASSPHRASE)
        night = await service.sign_in("night", OTHER)
        with pytest.raises(NotAllowed):
            service.lock_out(night, "duty", "")
        with pytest.raises(NotAllowed):
            service.lock_out(keeper, "duty", "")
        with pytest.raises(NotFound):
            service.lock_out(keeper, "nobody", "")
        assert service.still_in(keeper)
        assert service.still_in(night)
        await service.stop()

    asyncio.run(story())


def test_an_officer_of_a_vault_of_before_is_known_by_key_from_the_next_sign_in(service: DeskService) -> None:
    """P10: rows of before the step have no key; a lock-out then names the place in the roster."""

    async def story() -> None:
        service.vault.db.execute("UPDATE officer SET public=NULL")
        keeper = await service.sign_in("duty", PASSPHRASE)
        with pytest.raises(NotFound):
            key_named(service.vault, service.desk, "night")
        assert key_named(service.vault, service.desk, "duty") == keeper.public
        night = service.desk.context.my_office().roster.officers[1][1]
        service.act(lambda desk, now: lock_out(service.vault, desk, keeper, "night", "", now, public=night))
        assert service.desk.ledger.locked_out(night)
        await service.stop()

    asyncio.run(story())


def test_the_step_that_names_officers_keys_keeps_them(tmp_path: Path) -> None:
    """P13: an upgrade loses no officer."""
    file = tmp_path / "old.db"
    file.touch()
    db = connect(file, bytes(32), Pages("HMAC_SHA256", 2048))
    steps = steps_in("goodoffices.desk.schema")
    at = next(each.number for each in steps if each.name == "officer_keys")
    migrate(db, steps[: at - 1])
    db.execute(
        "INSERT INTO officer (folded, name, salt, wrapped, reading_check, added_ms, changed_ms)"
        " VALUES ('duty','Duty',x'00',x'01',x'02',3,4)"
    )
    migrate(db, steps)
    assert db.execute("SELECT name, wrapped, public FROM officer").fetchall() == [("Duty", b"\x01", None)]

# SPDX-License-Identifier: Apache-2.0
"""Old sealing keys are destroyed, on disk and in memory, and none too early (P2, P3)."""

from __future__ import annotations

from pathlib import Path

from goodoffices.core.envelope import entry_part
from goodoffices.core.mandate import Reading
from goodoffices.core.roster_request import sign_request
from goodoffices.desk.context import DeskKeys
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import DAY, keys_in
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.sealing_keys import EVERY, GRACE, HOLD_MOST, WARN
from goodoffices.desk.vault.vault import create_vault, open_vault
from tests.attacks.hostile import NOW, Item, Office, Wire
from tests.desk.running import CHEAP

AFTER = NOW + 28 * DAY + GRACE + DAY
"""Some time when the first epoch has ended long enough."""


def hear(wire: Wire, when: int) -> None:
    """Washington's desk gets an entry that Bern's desk dates so."""
    wire.send(wire.a, wire.am, [entry_part(wire.entry(wire.m, wire.am, [[Item.ACT, b""]], time=(when, 2)))])


def held(office: Office) -> tuple[set[int], set[int]]:
    """Epochs of which the office holds keys: (envelope, reading), on disk and in memory alike."""
    on_disk = set(office.ledger.envelope_seeds()), set(office.ledger.sealed_reading_seeds())
    in_memory = set(office.desk.context.keys.envelope_seeds), set(office.desk.context.reading)
    assert on_disk == in_memory
    return on_disk


def test_a_key_goes_once_its_epoch_and_the_grace_are_over() -> None:
    """P3: what was recorded on the way then stays closed."""
    wire = Wire()
    hear(wire, AFTER - 2 * DAY)
    assert not wire.a.desk.destroy_expired_keys(AFTER - 2 * DAY)
    hear(wire, AFTER)
    assert wire.a.desk.destroy_expired_keys(AFTER)
    assert held(wire.a) == (set(range(2, 14)), set(range(2, 14)))
    assert not wire.a.desk.destroy_expired_keys(AFTER)


def test_a_wrong_clock_alone_destroys_nothing() -> None:
    """P2: the machine's clock may be years ahead, or a counterpart's; both have to say so."""
    wire = Wire()
    assert not wire.a.desk.destroy_expired_keys(AFTER)
    hear(wire, AFTER)
    assert not wire.a.desk.destroy_expired_keys(NOW + EVERY)
    assert held(wire.a)[0] == set(range(1, 14))


def test_a_desk_that_has_heard_of_nobody_destroys_nothing() -> None:
    """P2."""
    wire = Wire()
    oslo = wire.add("Oslo")
    assert not oslo.desk.destroy_expired_keys(AFTER)


def test_reading_keys_wait_for_an_officer_and_for_notes_that_are_not_opened() -> None:
    """P2: what came while the desk was locked is opened first, whatever the time."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED)
    wire.b.desk.lock()
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    wire.send(wire.b, wire.mb, [entry_part(wire.entry(wire.m, wire.mb, [], time=(AFTER, 2)))])
    assert wire.b.desk.destroy_expired_keys(AFTER)
    assert set(wire.b.ledger.sealed_reading_seeds()) == set(range(1, 14))
    assert set(wire.b.ledger.envelope_seeds()) == set(range(2, 14))
    wire.b.desk.unlock(wire.b.founding.reading_key, AFTER)
    assert wire.b.note(note).state == "verified"
    assert wire.b.desk.destroy_expired_keys(AFTER + EVERY)
    assert held(wire.b)[1] == set(range(2, 14))
    assert wire.b.desk.channels.words_inside(wire.b.note(note)) is not None


def test_a_note_that_never_opens_holds_its_key_for_a_year_at_most() -> None:
    """P3: or a counterpart could keep any key alive."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED)
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    wire.b.db.execute("UPDATE copy SET state='unopened' WHERE note=?", (note,))
    year = NOW + 28 * DAY + HOLD_MOST + DAY
    wire.send(wire.b, wire.mb, [entry_part(wire.entry(wire.m, wire.mb, [], time=(year, 2)))])
    for when, kept in ((AFTER, True), (year, False)):
        wire.b.desk.destroy_expired_keys(when)
        assert (1 in wire.b.ledger.sealed_reading_seeds()) == kept


def test_what_is_sealed_to_a_destroyed_key_is_named_and_costs_nothing_else() -> None:
    """P12: a clear answer; the next note, to a key that is there, goes through."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED)
    for epoch in (1, 2):
        wire.b.ledger.drop_epoch(epoch, reading=True)
    del wire.b.desk.context.reading[1]
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    assert wire.b.note(note).state == "unreadable"
    assert wire.b.note(note).finding == "The key of that epoch is not held here any more."


def test_keys_that_a_new_roster_replaced_go_after_the_grace() -> None:
    """P3: certified in advance for a year, and counted as ended from the roster without them on."""
    wire = Wire()
    hear(wire, NOW)
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW)
    wire.a.desk.rosters.install(sign_request(request, wire.a.founding.root_seed), NOW)
    wire.pump()
    assert held(wire.a)[1] == set(range(1, 27))
    for when, left in ((NOW + GRACE - DAY, set(range(1, 27))), (NOW + GRACE + DAY, set(range(14, 27)))):
        hear(wire, when)
        wire.a.desk.destroy_expired_keys(when)
        assert held(wire.a) == (left, left)


def test_a_clock_that_was_behind_when_a_roster_came_ends_no_key_early() -> None:
    """P2: forty days back at the change and set right after it, and a counterpart has not heard of it yet."""
    wire = Wire()
    hear(wire, NOW)
    behind = NOW - 40 * DAY
    request = wire.a.desk.rosters.renew(wire.a.officer, behind)
    wire.a.desk.rosters.install(sign_request(request, wire.a.founding.root_seed), behind)
    hear(wire, NOW + DAY)
    assert not wire.a.desk.destroy_expired_keys(NOW + DAY)


def test_the_last_key_that_counterparts_seal_to_is_never_destroyed() -> None:
    """P2: after the last epoch they go on with it, and what they send must open."""
    wire = Wire()
    far = NOW + 1000 * DAY
    hear(wire, far)
    assert wire.a.desk.destroy_expired_keys(far)
    assert held(wire.a) == ({13}, {13})


def test_the_desk_says_weeks_before_that_its_sealing_keys_end() -> None:
    """P13."""
    wire = Wire()
    end = NOW + 13 * 28 * DAY
    assert wire.a.desk.sealing_keys.warning(end - WARN) is None
    assert wire.a.desk.sealing_keys.warning(end - WARN + 1) == end
    assert wire.a.desk.sealing_keys.warning(end + DAY) == end


def test_a_destroyed_key_stands_nowhere_on_the_disk(tmp_path: Path) -> None:
    """P3: not in the database, not in its log, also for who has the vault's own key."""
    wire = Wire()
    hear(wire, AFTER)
    seed, sealed = wire.a.ledger.envelope_seeds()[1], wire.a.ledger.sealed_reading_seeds()[1]
    folder = tmp_path / "vault"
    with create_vault(folder, rng=wire.rng.randbytes, cost=CHEAP) as vault:
        for table in ("secret", "fact", "office", "line", "entry"):
            for row in wire.a.db.execute(f"SELECT * FROM {table}").fetchall():
                marks = ",".join("?" * len(row))
                vault.db.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        keys: DeskKeys = keys_in(Ledger(vault.db))
        desk = Desk(vault.db, keys, wire.rng.randbytes)
        desk.unlock(wire.a.founding.reading_key, AFTER)
        plain = tmp_path / "plain.db"
        assert desk.destroy_expired_keys(AFTER)
        vault.scrub()
        plain.touch()
        # The pages as SQLite has them, without the encryption around them.
        vault.db.execute("ATTACH DATABASE ? AS plain KEY ''", (str(plain),))
        vault.db.execute("SELECT sqlcipher_export('plain')")
        vault.db.execute("DETACH DATABASE plain")
        assert (folder / "vault.db-wal").stat().st_size == 0
    image = plain.read_bytes()
    assert wire.a.ledger.envelope_seeds()[2] in image
    assert seed not in image
    assert sealed not in image
    with open_vault(folder) as again:
        assert 1 not in Ledger(again.db).envelope_seeds()

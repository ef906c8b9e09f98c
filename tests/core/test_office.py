# SPDX-License-Identifier: Apache-2.0
"""Offices: what the root signed counts, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from goodoffices.core import cbor, crypto, digits
from goodoffices.core.errors import Foreign, Malformed, NotNow, OtherOfficeError, Oversized, WrongSigner
from goodoffices.core.office import (
    Office,
    Right,
    Roster,
    is_desk,
    make_root,
    make_roster,
    may,
    merge,
    read_office,
    require_version,
    sealing_key,
    sign_as_root,
    verify_office,
)
from goodoffices.core.statement import LIVE, Signed, sign, state
from tests.core.making import (
    ALL,
    DRILL,
    NOW,
    bern,
    made_office,
    next_roster,
    roster,
    seed,
    washington,
    without,
)


def test_a_credential_reads_back_the_same() -> None:
    office = next_roster(washington())
    again = read_office(office.raw)
    assert again == office
    assert again.raw == office.raw
    assert again.roster.version == 2
    assert again.pin == office.signed[-1].id


def test_the_office_is_named_by_its_roots_statement() -> None:
    office = washington().office
    assert office.id == crypto.sha256(office.signed[0].statement.raw)
    assert office.digits == digits.check_digits("office", office.id, 30)


def test_a_drills_office_is_another_office() -> None:
    drill = made_office("Washington", DRILL).office
    assert drill.id != washington().id
    with pytest.raises(Foreign):
        verify_office((washington().office.signed[0], drill.signed[1]))


def with_roster(*, signer: str = "Washington root", **changes: Any) -> Office:
    first = roster("Washington", washington().id, **changes)
    return verify_office((washington().office.signed[0], make_roster(first, seed(signer), LIVE)))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"version": 2}, Foreign),
        ({"version": 0}, Foreign),
        ({"previous": seed("x")}, Foreign),
        ({"office": seed("x")}, Foreign),
        ({"signer": "Bern root"}, WrongSigner),
        ({"releasers_needed": 0}, Malformed),
        ({"officers": ((("a"), crypto.ed25519_public(seed("Washington desk")), ALL),)}, Malformed),
        ({"officers": tuple((n, crypto.ed25519_public(seed("same")), ALL) for n in "ab")}, Malformed),
        ({"revoked": ((crypto.ed25519_public(seed("Washington desk")), NOW, "lost"),)}, Malformed),
    ],
)
def test_a_first_roster_is_refused(changes: dict[str, Any], error: type[OtherOfficeError]) -> None:
    with pytest.raises(error):
        with_roster(**changes)


def test_epochs_stand_in_ascending_order_once_each() -> None:
    (one,) = washington().office.roster.reading_epochs
    for epochs in ((one, one), ((2, *one[1:]), one)):
        with pytest.raises(Malformed):
            with_roster(reading_epochs=epochs)


def test_a_skipped_version_is_refused() -> None:
    second = next_roster(washington())
    third = make_roster(
        roster("Washington", washington().id, 3, second.signed[-1].id), washington().root_seed, LIVE
    )
    assert verify_office((*second.signed, third)).roster.version == 3
    with pytest.raises(Foreign):
        verify_office((*washington().office.signed, third))
    with pytest.raises(Foreign):
        verify_office((second.signed[0], second.signed[2], second.signed[1]))


def test_a_roster_that_follows_another_is_refused() -> None:
    stray = make_roster(roster("Washington", washington().id, 2, seed("x")), washington().root_seed, LIVE)
    with pytest.raises(Foreign):
        verify_office((*washington().office.signed, stray))


def test_a_root_signs_with_both_keys_or_not_at_all() -> None:
    """format §3: Ed25519 and ML-DSA-65, both always."""
    root, first = washington().office.signed
    for signed in (
        Signed(first.statement, first.signatures[:1]),
        Signed(first.statement, first.signatures[1:]),
        Signed(first.statement, ()),
        sign(first.statement, washington().desk_seed),
    ):
        with pytest.raises(WrongSigner):
            verify_office((root, signed))


def test_halves_of_two_signatures_do_not_make_one() -> None:
    root, first = washington().office.signed
    other = next_roster(washington()).signed[2]
    mixed = Signed(first.statement, (first.signatures[0], other.signatures[1]))
    with pytest.raises(WrongSigner):
        verify_office((root, mixed))


def test_a_third_signature_on_a_roster_is_refused() -> None:
    root, first = washington().office.signed
    extra = sign(first.statement, washington().desk_seed).signatures
    with pytest.raises(WrongSigner):
        verify_office((root, Signed(first.statement, tuple(sorted(first.signatures + extra)))))


def test_a_removed_officer_counts_by_the_rosters_that_listed_him_only() -> None:
    first = washington().office.roster
    office = next_roster(washington(), officers=without(first, "second"))
    key = crypto.ed25519_public(washington().officer("second"))
    assert may(office, 1, key, Right.RELEASE)
    assert not may(office, 2, key, Right.RELEASE)
    assert not may(office, 3, key, Right.RELEASE)
    assert office.roster.pseudonym(key) is None


def test_rights_are_the_listed_ones() -> None:
    office = washington().office
    drafter = crypto.ed25519_public(washington().officer("drafter"))
    assert may(office, 1, drafter, Right.DRAFT)
    assert not may(office, 1, drafter, Right.RELEASE | Right.DUTY | Right.KEYS | Right.AUDIT)
    assert not may(office, 1, office.roster.desk, Right.DUTY)
    assert is_desk(office, 1, office.roster.desk)
    assert not is_desk(office, 2, office.roster.desk)


def test_a_roster_that_is_not_here_yet_is_waited_for() -> None:
    with pytest.raises(NotNow):
        require_version(washington().office, 2)


def test_the_longer_of_two_credentials_is_kept() -> None:
    longer = next_roster(washington())
    assert merge(washington().office, longer) == longer
    assert merge(longer, washington().office) == longer
    with pytest.raises(Foreign):
        merge(longer, bern().office)


def test_two_rosters_of_one_version_are_named() -> None:
    with pytest.raises(WrongSigner):
        merge(next_roster(washington()), next_roster(washington(), made=NOW + 1))


@pytest.mark.parametrize(
    "bad", [bytes([1]) + bytes(31), bytes(32), b"\xed" + b"\xff" * 30 + b"\x7f"], ids=bytes.hex
)
def test_a_roster_with_a_small_order_or_malformed_key_is_refused(bad: bytes) -> None:
    """P12, and P1: such a key would sign anything."""
    good = roster("Washington", washington().id)
    for changed in (
        replace(good, desk=bad),
        replace(good, officers=(("a", bad, ALL),)),
        replace(good, checkpoint=bad),
    ):
        raw = cbor.encode(["GO1", 1, 2, LIVE, _plain(changed)])
        signed = sign_as_root(type(washington().office.signed[1].statement)(raw), washington().root_seed)
        with pytest.raises(Malformed):
            verify_office((washington().office.signed[0], signed))


def _plain(value: Roster) -> dict[int, Any]:
    good = roster("Washington", washington().id)
    content = dict(state(good, LIVE).parts[2])
    content[5], content[8] = value.desk, value.officers
    if value.checkpoint is not None:
        content[10] = value.checkpoint
    return content


@pytest.mark.parametrize(
    "value",
    [[], [b""], [b"", b""], ["a", "b"], {}, 1, [washington().office.signed[0].raw]],
    ids=lambda value: repr(value)[:20],
)
def test_bytes_that_are_no_credential_are_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        read_office(cbor.encode(value))


def test_a_credential_beyond_a_mebibyte_is_not_looked_at() -> None:
    with pytest.raises(Oversized):
        read_office(bytes((1 << 20) + 1))


def test_time_never_gates_which_key_is_sealed_to() -> None:
    """P12: outside every epoch the nearest one is used."""
    epochs = [(1, 100, 200, b"one"), (2, 200, 300, b"two")]
    found = [sealing_key(epochs, now)[0] for now in (0, 100, 199, 200, 299, 300, 10**12)]
    assert found == [1, 1, 1, 2, 2, 2, 2]


def test_a_root_credential_carries_its_name() -> None:
    assert washington().office.name == "Washington"
    assert make_root("Washington", seed("Washington root"), LIVE, NOW).id == washington().id

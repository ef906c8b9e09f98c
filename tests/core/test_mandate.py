# SPDX-License-Identifier: Apache-2.0
"""The mandate: its form, its pins, its signers, and what an intermediary who cheats cannot do."""

from dataclasses import replace
from typing import Any

import pytest

from goodoffices.core.errors import Foreign, Malformed, NotNow, OtherOfficeError, WrongSigner, YourError
from goodoffices.core.mandate import Agreement, PaperOffice, check, read_agreement
from goodoffices.core.office import Office, Right, make_root, make_roster, verify_office
from goodoffices.core.statement import LIVE, Signed, sign, state
from tests.core.making import (
    DRILL,
    NOW,
    agreement,
    bern,
    credentials,
    made_office,
    mandate,
    next_roster,
    path,
    roster,
    seed,
    tehran,
    washington,
    without,
)

SIGNERS = (washington().officer(), bern().officer(), tehran().officer())


def test_a_mandate_is_complete_when_every_office_with_a_desk_has_signed() -> None:
    assert agreement().complete
    for signers in ((), SIGNERS[:1], SIGNERS[1:]):
        unfinished = read_agreement(sign(state(mandate(), LIVE), *signers), credentials(), ())
        assert not unfinished.complete


def test_two_officers_of_one_office_are_one_office() -> None:
    twice = sign(
        state(mandate(), LIVE), washington().officer(), washington().officer("second"), bern().officer()
    )
    assert not read_agreement(twice, credentials(), ()).complete


@pytest.mark.parametrize(
    "signer",
    [washington().desk_seed, washington().officer("drafter"), seed("a stranger")],
    ids=["desk", "drafter", "stranger"],
)
def test_only_keepers_of_keys_sign(signer: bytes) -> None:
    with pytest.raises(WrongSigner):
        read_agreement(sign(state(mandate(), LIVE), *SIGNERS, signer), credentials(), ())


def test_a_signature_that_does_not_verify_is_refused() -> None:
    other = sign(state(mandate(name="Another"), LIVE), *SIGNERS)
    with pytest.raises(WrongSigner):
        read_agreement(Signed(state(mandate(), LIVE), other.signatures), credentials(), ())


def offices(*roles: int, paper: int | None = None) -> tuple[tuple[int, bytes, bytes, bool], ...]:
    return tuple((role, seed(str(at)), seed(str(at)), at == paper) for at, role in enumerate(roles))


@pytest.mark.parametrize(
    "changes",
    [
        {"offices": offices(1, 1, 1)},
        {"offices": offices(2, 2, 1)},
        {"offices": offices(1, 2, 2)},
        {"offices": offices(1, 2, 1, 2, 1)},
        {"offices": (*offices(1, 2), offices(1)[0])},
        {"offices": offices(1, 2, 1, paper=1)},
        {"offices": offices(1, 2, 2, 2, 1, paper=2)},
        {
            "offices": tuple(
                (role, seed(str(at)), seed(str(at)), at != 1) for at, role in enumerate((1, 2, 1))
            )
        },
        {"minimum_suite": 2},
        {"minimum_suite": 0},
    ],
    ids=[
        "no intermediary",
        "an intermediary at the end",
        "an intermediary at the other end",
        "a party in the middle",
        "an office twice",
        "the intermediary on paper",
        "the middle post of three on paper",
        "both parties on paper",
        "a suite to come",
        "no suite",
    ],
)
def test_a_path_that_is_no_channel_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        check(mandate(**changes))


def test_two_posts_of_the_intermediary_may_stand_in_between() -> None:
    bridge = made_office("Bern, interests section")
    content = mandate(offices=path(washington().office, bern().office, bridge.office, tehran().office))
    check(content)
    assert content.next_hop(washington().id, tehran().id) == bern().id
    assert content.next_hop(tehran().id, washington().id) == bridge.id
    assert content.neighbours(bern().id) == (washington().id, bridge.id)
    assert content.neighbours(tehran().id) == (bridge.id,)
    assert content.carries_between_parties(washington().id, tehran().id)
    assert not content.carries_between_parties(washington().id, bern().id)
    assert content.far_party(tehran().id) == washington().id
    with pytest.raises(NotNow):
        content.far_party(bern().id)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "two\nlines"},
        {"offices": offices(1, 2)},
        {"offices": offices(1, 2, 2, 2, 2, 2, 1)},
        {"reading": 0},
        {"forwarding": 3},
        {"clocks": {1: 1, 2: 1, 3: 1}},
        {"clocks": {1: 1, 2: 1, 3: 1, 4: 31 * 86_400_000}},
        {"clocks": {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}},
        {"languages": ()},
        {"languages": ("english language",)},
        {"labels": {5: "SUPERFLASH"}},
        {"labels": {4: "\u202e"}},
        {"salt": b"short"},
        {"purpose": "x" * 2001},
        {"flash_budget": (101, 60_000)},
        {"flash_budget": (1, 31 * 86_400_000)},
        {"flash_budget": (1,)},
        {"acknowledgements": (64,)},
        {"ends": -1},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_terms_out_of_form_are_never_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(YourError):
        state(mandate(**changes), LIVE)


def read(signed: Signed, known: dict[bytes, Office], *papers: Signed) -> Agreement:
    return read_agreement(signed, known, papers)


def test_every_credential_of_the_path_is_needed() -> None:
    with pytest.raises(Foreign):
        read(agreement().signed, credentials(washington(), bern()))


def test_a_drills_credential_does_not_fit_a_live_mandate() -> None:
    drill = made_office("Tehran", DRILL).office
    with pytest.raises(Foreign):
        read(agreement().signed, credentials() | {tehran().id: drill})


def test_a_newer_roster_than_the_pinned_one_fits() -> None:
    newer = next_roster(tehran())
    assert read(agreement().signed, credentials() | {tehran().id: newer}).complete


def test_an_older_roster_than_the_pinned_one_does_not_fit() -> None:
    pinned = mandate(offices=path(washington().office, bern().office, next_roster(tehran())))
    with pytest.raises(Foreign):
        read(sign(state(pinned, LIVE), *SIGNERS), credentials())


def test_keys_substituted_by_the_intermediary_change_the_digits() -> None:
    """P1: each side would be shown another mandate, and the 60 digits tell."""
    root = make_root("Tehran", seed("made in Bern"), LIVE, NOW)
    false = verify_office((root, make_roster(roster("false Tehran", root.id), seed("made in Bern"), LIVE)))
    shown = sign(
        state(mandate(offices=path(washington().office, bern().office, false)), LIVE), bern().officer()
    )
    to_washington = read(shown, credentials(washington(), bern()) | {false.id: false})
    assert to_washington.name_of(false.id) == agreement().name_of(tehran().id)
    assert to_washington.id != agreement().id
    assert to_washington.digits != agreement().digits
    assert to_washington.digits[:30] != agreement().digits[:30]
    assert to_washington.digits[30:] != agreement().digits[30:]


def test_a_roster_substituted_by_a_stolen_root_changes_the_digits_too() -> None:
    newer = next_roster(tehran(), officers=without(tehran().office.roster, "duty"))
    other = state(mandate(offices=path(washington().office, bern().office, newer)), LIVE)
    assert other.id != agreement().id


def test_the_same_terms_agreed_twice_are_two_mandates() -> None:
    assert state(mandate(salt=seed("another")), LIVE).id != agreement().id


# --- an office on paper (P14) ---------------------------------------------------------------------------


def attested(*signers: bytes, **changes: Any) -> Signed:
    values: dict[str, Any] = {
        "name": "The elders of the valley",
        "attested_by": bern().id,
        "roster": 1,
        "consent": "Given by word of mouth to our ambassador.",
        "made": NOW,
        "salt": seed("paper"),
    }
    return sign(state(PaperOffice(**(values | changes)), LIVE), *(signers or (bern().officer(),)))


def on_paper(attestation: Signed, pin: bytes | None = None) -> Signed:
    places = (
        *path(washington().office, bern().office, tehran().office)[:2],
        (1, attestation.id, pin or attestation.id, True),
    )
    return sign(state(mandate(offices=places), LIVE), washington().officer(), bern().officer())


def test_a_party_without_a_desk_stands_in_the_path_by_attestation() -> None:
    found = read(on_paper(attested()), credentials(washington(), bern()), attested())
    assert found.complete
    assert found.mandate.on_paper(attested().id)
    assert found.name_of(attested().id) == "The elders of the valley"
    assert attested().id not in found.offices


@pytest.mark.parametrize(
    ("attestation", "error"),
    [
        (attested(washington().officer()), WrongSigner),
        (attested(bern().desk_seed), WrongSigner),
        (attested(bern().officer("drafter")), WrongSigner),
        (attested(roster=2), WrongSigner),
        (attested(washington().officer(), attested_by=washington().id), Foreign),
        (attested(tehran().officer(), attested_by=tehran().id), Foreign),
        (Signed(attested().statement, ()), WrongSigner),
        (
            sign(state(PaperOffice(**vars(attested().statement.read(PaperOffice))), DRILL), bern().officer()),
            Foreign,
        ),
    ],
    ids=[
        "by the other party",
        "by a desk",
        "by a drafter",
        "by a roster to come",
        "a party's",
        "an outsider's",
        "unsigned",
        "a drill's",
    ],
)
def test_an_attestation_is_refused(attestation: Signed, error: type[OtherOfficeError]) -> None:
    with pytest.raises(error):
        read(on_paper(attestation), credentials(washington(), bern()), attestation)


def test_an_attestation_that_is_missing_or_another_is_refused() -> None:
    for papers in ((), (attested(salt=seed("another")),)):
        with pytest.raises(Foreign):
            read(on_paper(attested()), credentials(washington(), bern()), *papers)
    with pytest.raises(Foreign):
        read(on_paper(attested(), pin=seed("x")), credentials(washington(), bern()), attested())


def test_who_gives_an_officer_the_keys_is_his_own_office_only() -> None:
    """Bern cannot make Washington's drafter a keeper of keys by listing his key as its own."""
    drafter = washington().office.roster.officers[2][1]
    listing = (*bern().office.roster.officers, ("borrowed", drafter, int(Right.KEYS)))
    false_bern = next_roster(bern(), officers=listing)
    signed = sign(state(mandate(), LIVE), washington().officer("drafter"), tehran().officer())
    found = read(signed, credentials() | {bern().id: false_bern})
    assert washington().id not in found.signed_by()


def test_terms_are_kept_as_signed() -> None:
    assert agreement().mandate == mandate()
    assert agreement().mandate.clock(4) == 300_000
    assert replace(mandate(), name="x") != mandate()

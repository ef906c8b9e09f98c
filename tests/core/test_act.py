# SPDX-License-Identifier: Apache-2.0
"""Acts: who may sign what."""

from dataclasses import replace
from typing import Any

import pytest

from goodoffices.core.act import Acknowledgement, ActType, check_signer
from goodoffices.core.errors import Foreign, Malformed, NewerVersion, NotNow, OtherOfficeError, WrongSigner
from goodoffices.core.statement import LIVE, Signed, sign, state
from tests.core.making import (
    DRILL,
    Made,
    act,
    bern,
    made_office,
    next_roster,
    seed,
    signed_act,
    tehran,
    washington,
    without,
)


def check(author: Made, *signers: bytes, automatic: bool = False, words_need: int = 1, **fields: Any) -> None:
    signed, content = signed_act(author, *signers, **fields)
    check_signer(signed, content, author.office, automatic=automatic, words_need=words_need)


BY_DESK = [ActType.AT_DESK, ActType.ON_RELAY, ActType.ALTERED, ActType.EXPIRED]
BY_OFFICER = sorted(set(ActType) - set(BY_DESK))


@pytest.mark.parametrize("kind", BY_DESK)
def test_the_desk_signs_what_the_desk_did(kind: ActType) -> None:
    check(bern(), bern().desk_seed, type=int(kind))
    for signers in ((bern().officer(),), (bern().desk_seed, bern().officer())):
        with pytest.raises(WrongSigner):
            check(bern(), *signers, type=int(kind))


@pytest.mark.parametrize("kind", BY_OFFICER)
def test_an_officer_signs_what_an_officer_did(kind: ActType) -> None:
    """P10: every human act carries that officer's signature."""
    check(bern(), type=int(kind))
    for signer in (bern().desk_seed, bern().officer("drafter"), seed("a stranger"), washington().officer()):
        with pytest.raises(WrongSigner):
            check(bern(), signer, type=int(kind))


def test_an_automatic_forward_carries_the_desks_signature() -> None:
    check(bern(), bern().desk_seed, type=int(ActType.FORWARDED), automatic=True)
    check(bern(), bern().officer(), type=int(ActType.FORWARDED), automatic=True)


@pytest.mark.parametrize("kind", [ActType.SEEN, ActType.OPENED, ActType.ACKNOWLEDGED, ActType.REFUSED])
def test_an_automatic_desk_never_claims_that_somebody_saw(kind: ActType) -> None:
    with pytest.raises(WrongSigner):
        check(bern(), bern().desk_seed, type=int(kind), automatic=True)


def test_an_entitled_officer_does_not_cover_for_a_stranger() -> None:
    with pytest.raises(WrongSigner):
        check(bern(), bern().officer(), seed("a stranger"))


def test_adding_words_takes_as_many_officers_as_the_mandate_says() -> None:
    """P10: two, or one where the mandate allows."""
    remark: dict[str, Any] = {"type": int(ActType.REMARK), "words": "With our compliments."}
    check(bern(), **remark)
    check(bern(), bern().officer(), bern().officer("second"), words_need=2, **remark)
    for signers in ((bern().officer(),), (bern().officer(), bern().officer())):
        with pytest.raises(WrongSigner):
            check(bern(), *signers, words_need=2, **remark)


def test_an_unknown_type_is_an_officers() -> None:
    check(bern(), type=99)
    with pytest.raises(WrongSigner):
        check(bern(), bern().desk_seed, type=99)


def test_a_signature_of_another_act_does_not_fit() -> None:
    seen, content = signed_act(bern())
    other, _ = signed_act(bern(), type=int(ActType.REFUSED))
    with pytest.raises(WrongSigner):
        check_signer(Signed(seen.statement, other.signatures), content, bern().office, automatic=False)


def test_an_unsigned_act_is_nobodys() -> None:
    seen, content = signed_act(bern())
    with pytest.raises(WrongSigner):
        check_signer(Signed(seen.statement, ()), content, bern().office, automatic=False)


def test_an_act_is_held_against_its_authors_credential() -> None:
    signed, content = signed_act(bern())
    for other in (tehran().office, made_office("Bern", DRILL).office):
        with pytest.raises(Foreign):
            check_signer(signed, content, other, automatic=False)


def test_an_act_of_a_drill_is_foreign_to_the_live_office() -> None:
    content = act(bern())
    with pytest.raises(Foreign):
        check_signer(sign(state(content, DRILL), bern().officer()), content, bern().office, automatic=False)


@pytest.mark.parametrize("place", [(0, None), (0, seed("x")), (1, seed("x")), (2, None)])
def test_a_place_that_no_chain_has_is_refused(place: tuple[int, bytes | None]) -> None:
    with pytest.raises(Malformed):
        check(bern(), sequence=place[0], previous=place[1])


def test_a_reserved_proof_kind_is_a_newer_version() -> None:
    for proof in (2, 3):
        with pytest.raises(NewerVersion):
            check(bern(), proof=proof)


def test_an_act_by_a_roster_to_come_waits() -> None:
    with pytest.raises(NotNow):
        check(bern(), roster=2)


def test_a_removed_officer_acts_no_more_by_the_new_roster() -> None:
    office = next_roster(bern(), officers=without(bern().office.roster, "second"))
    signed, content = signed_act(bern(), bern().officer("second"), roster=2)
    with pytest.raises(WrongSigner):
        check_signer(signed, content, office, automatic=False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"type": -1}, Malformed),
        ({"lane": b""}, Malformed),
        ({"time": (0, 7)}, NewerVersion),
        ({"words": "x" * 8001}, Malformed),
    ],
)
def test_an_act_out_of_form_is_refused(changes: dict[str, Any], error: type[OtherOfficeError]) -> None:
    raw = signed_raw(**changes)
    with pytest.raises(error):
        raw.statement.read(type(act(bern())))


def signed_raw(**changes: Any) -> Signed:
    from goodoffices.core import cbor
    from goodoffices.core.fields import to_map
    from goodoffices.core.statement import Statement

    content = to_map(replace(act(bern()), **changes))
    return sign(Statement(cbor.encode(["GO1", 1, 17, LIVE, content])), bern().officer())


def test_no_acknowledgement_means_consent() -> None:
    assert {each.name for each in Acknowledgement} == {"READ", "CONSIDERING", "REPLY_FOLLOWS", "ANSWERED"}

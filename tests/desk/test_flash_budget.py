# SPDX-License-Identifier: Apache-2.0
"""A desk that does not keep to the mandate's budget for FLASH: the others name it, and lose no note by it."""

from __future__ import annotations

import pytest

from goodoffices.core.errors import NotNow
from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from tests.web.offices import DeskInMemory, Offices
from tests.web.test_pages import do, signed_in

HOUR = 3_600_000


@pytest.fixture
def offices() -> Offices:
    return Offices()


def cry(offices: Offices, mandate: bytes, reason: str | None = "An attack within the hour.") -> bytes:
    """Washington's desk, changed by its keepers, releases a FLASH note whatever the mandate says."""
    a: DeskInMemory = offices.washington
    a.desk.acts.__dict__["_check_flash"] = lambda *_: None
    words = Words(text="Now.", language="en", reason=reason)
    draft = Draft(mandate=mandate, recipient=offices.tehran.me, words=words, precedence=4)
    note = a.act(lambda desk, now: desk.acts.release(a.officer(), draft, now))
    do(offices.bern, "forward", note)
    return note


def found(desk: DeskInMemory) -> list[str]:
    return [what for _, _, _, _, what, _ in desk.desk.ledger.findings()]


def test_an_office_that_overspends_is_named_at_each_desk_and_its_note_goes_on(offices: Offices) -> None:
    """Promise P12: a finding, a word beside the note, and no refusal."""
    mandate = offices.agree(flash_budget=(2, HOUR))
    cry(offices, mandate)
    offices.time += HOUR // 2
    cry(offices, mandate)
    assert found(offices.bern) == []
    offices.time += HOUR // 4
    third = cry(offices, mandate)
    for desk in (offices.bern, offices.tehran):
        assert found(desk) == [
            "Washington has overspent the mandate's budget for FLASH: 3 notes within 60 minutes, of which it gives 2."
        ]
    do(offices.tehran, "open", third)
    tehran = signed_in(offices.tehran)
    assert tehran.json(f"/notes/{third.hex()}")["flash_spent"] == [3, 60, 2]
    assert "the mandate gives 2" in tehran.get(f"/notes/{third.hex()}").text


def test_who_waits_as_long_as_he_was_told_has_room_again(offices: Offices) -> None:
    """Promise P5: at night nobody waits a minute too few and is refused once more; one note is said as one."""
    mandate, a = offices.agree(flash_budget=(1, HOUR)), offices.washington

    def release() -> bytes:
        words = Words(text="Now.", language="en", reason="An attack within the hour.")
        draft = Draft(mandate=mandate, recipient=offices.tehran.me, words=words, precedence=4)
        return a.act(lambda desk, now: desk.acts.release(a.officer(), draft, now))

    release()
    offices.time += HOUR // 2 + 1
    with pytest.raises(NotNow) as refused:
        release()
    assert refused.value.what == "The mandate's budget for FLASH is used up: one note within 60 min."
    assert refused.value.next_step == "Release it as IMMEDIATE, or wait 30 min."
    offices.time += 30 * 60_000
    assert release()


def test_notes_that_came_late_together_accuse_nobody(offices: Offices) -> None:
    """Promise P12: released a day apart, and held up by a relay: time of arrival is not the author's doing."""
    mandate = offices.agree(flash_budget=(1, HOUR))
    offices.tehran.cut = True
    cry(offices, mandate)
    offices.time += 24 * HOUR
    cry(offices, mandate)
    offices.tehran.cut = False
    offices.time += 10 * 60_000
    offices.pump()
    assert len(offices.tehran.desk.ledger.notes(mandate)) == 2
    assert found(offices.tehran) == []


def test_a_flash_note_without_its_reason_is_named(offices: Offices) -> None:
    """Promise P12"""
    mandate = offices.agree(flash_budget=(3, HOUR))
    cry(offices, mandate, reason=None)
    assert ["does not state why" in each for each in found(offices.tehran)] == [True]

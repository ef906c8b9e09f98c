# SPDX-License-Identifier: Apache-2.0
"""A player's session at a desk outlives what ends sessions: it signs in once more, as an officer would."""

from __future__ import annotations

import pytest

from goodoffices.desk.founding import NewOfficer
from goodoffices.drill.scene.doors import Door, Refused
from tests.browser.served import served
from tests.web.offices import PASSPHRASE, Offices


@pytest.mark.slow
def test_a_session_that_ended_is_begun_anew() -> None:
    bern = Offices(officers=[NewOfficer("duty", "officer 1")]).bern
    with served(bern) as address:
        door = Door("Bern", address, "duty", PASSPHRASE)
        door.sign_in()
        door.do("/sign-out")
        door.look("/lines")
        door.do("/sign-out")
        door.do("/glossary/add", term="a", advice="b")
        assert [each["term"] for each in door.look("/glossary")["terms"]] == ["a"]
        door.close()


def test_a_wrong_passphrase_is_told_and_not_tried_for_ever() -> None:
    """P12"""
    bern = Offices(officers=[NewOfficer("duty", "officer 1")]).bern
    with served(bern) as address:
        door = Door("Bern", address, "duty", "not the passphrase at all")
        with pytest.raises(Refused):
            door.look("/lines")
        door.close()

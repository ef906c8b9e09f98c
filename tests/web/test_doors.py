# SPDX-License-Identifier: Apache-2.0
"""The whole job through the desk's HTTP doors, as a program that signs in would do it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.offices import Browser, Offices


@pytest.fixture
def offices() -> Offices:
    return Offices()


def _browsers(offices: Offices) -> list[Browser]:
    browsers = [Browser(each) for each in offices.desks.values()]
    for each in browsers:
        assert each.sign_in().status_code == 200
    return browsers


def _release(browser: Browser, mandate: bytes, to: bytes, text: str = "No war.", **fields: Any) -> str:
    form = {"to": to.hex(), "text": text, "language": "en", "precedence": "3", **fields}
    done = browser.done(f"/channels/{mandate.hex()}/release", **form)
    return str(done["id"])


def _rungs(browser: Browser, note: str) -> list[tuple[str, str]]:
    steps = browser.json(f"/notes/{note}")["steps"]
    return [(each["rung"], each["office_name"]) for each in steps if each["state"] == "done"]


def test_a_note_goes_through_and_every_rung_is_on_all_three_desks(offices: Offices) -> None:
    """P1, P6: the whole ladder, on every desk, by the doors alone."""
    mandate = offices.agree()
    washington, bern, tehran = _browsers(offices)
    note = _release(washington, mandate, offices.tehran.me, "We do not want war.\n\nStop.", authority="4")
    bern.done(f"/notes/{note}/take")
    bern.done(f"/notes/{note}/forward", remark="With compliments")
    tehran.done(f"/notes/{note}/open")
    tehran.done(f"/notes/{note}/with-principal")
    tehran.done(f"/notes/{note}/acknowledge", kind="2")
    ladder = [
        ("released", "Washington"), ("on a relay", "Washington"), ("at the desk", "Bern"), ("seen", "Bern"),
        ("covering remark", "Bern"), ("forwarded", "Bern"), ("at the far desk", "Tehran"), ("opened", "Tehran"),
        ("with the principal", "Tehran"), ("acknowledged", "Tehran"),
    ]  # fmt: skip
    for each in (washington, bern, tehran):
        assert _rungs(each, note) == ladder
    page = tehran.json(f"/notes/{note}")
    assert page["card"]["text"] == "We do not want war.\n\nStop."
    assert page["signed_by"] == ["officer 1"]
    assert page["authority"] == 4
    assert [each["words"] for each in page["remarks"]] == ["With compliments"]
    assert len(page["card"]["digits"]) == 20

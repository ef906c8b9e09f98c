# SPDX-License-Identifier: Apache-2.0
"""How much of a long list stands on one page (P6)."""

from __future__ import annotations

import pytest

from goodoffices.desk.assurances.page import EACH
from goodoffices.desk.pages import MOST, ROOM, fitting
from tests.web.offices import Offices
from tests.web.test_pages import release, signed_in


def test_a_page_holds_so_many_or_so_much_and_one_at_least() -> None:
    assert fitting([]) == 0
    assert fitting(["x" * (ROOM + 1)] * 3) == 1
    assert fitting(["short"] * 100) == MOST
    assert fitting(["م" * (ROOM // 8)] * 10) == 4, "in bytes, not in letters"


@pytest.mark.slow
def test_assurances_come_in_pages_what_presses_first() -> None:
    """P6: one page for the principal as long as they fit, and a way to the further ones."""
    offices = Offices()
    note = release(offices.washington, offices.agree(), offices.tehran.me, "We shall not fire first.")
    browser = signed_in(offices.washington)
    for at in range(EACH + 2):
        browser.done("/assurances", note=note.hex(), what=f"Assurance {at}.")
    first = browser.json("/assurances")
    assert (len(first["cards"]), first["further"]) == (EACH, EACH)
    rest = browser.json(f"/assurances?from={EACH}")
    assert (len(rest["cards"]), rest["further"]) == (2, None)
    assert len({each["what"] for each in first["cards"] + rest["cards"]}) == EACH + 2
    page = browser.get("/assurances").text
    assert f'href="?from={EACH}"' in page
    assert len(page) < 100_000
    last = rest["cards"][-1]["id"]
    assert browser.json(f"/assurances?change={last}")["changing"] == last, "wherever it stands"

# SPDX-License-Identifier: Apache-2.0
"""What pages say of what came by an older roster than was here (ADR 0096)."""

from __future__ import annotations

import pytest

from goodoffices.desk.ledger.ledger import LeftRow
from goodoffices.web.language import COOKIE
from tests.web.offices import Offices
from tests.web.test_pages import do, release, signed_in, words_of

SAYS = {
    "en": "by an older roster than was here",
    "fa": "بر پایهٔ فهرستی کهنه‌تر از آنچه اینجا بود",
    "fr": "selon un registre plus ancien que celui d’ici",
    "ar": "بموجب قائمة أقدم مما كان هنا",
}


@pytest.mark.parametrize("code", SAYS)
def test_a_note_its_card_its_sheet_and_its_mandate_say_so_in_every_language(code: str) -> None:
    """P1, P10: nobody takes it for plainly verified, wherever he meets it"""
    offices = Offices()
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "One.")
    do(offices.bern, "forward", note)
    do(offices.tehran, "open", note)
    ledger = offices.tehran.desk.ledger
    with offices.tehran.desk.context.transaction():
        for what in (note, mandate):
            ledger.add_left(
                LeftRow(what, offices.washington.me, mandate, None, None, stated=1, known=3, who="officer 9")
            )
    browser = signed_in(offices.tehran)
    browser.client.cookies.set(COOKIE, code)
    pages = {
        name: words_of(browser.get(path).text)
        for name, path in (
            ("note", f"/notes/{note.hex()}"),
            ("channel", f"/channels/{mandate.hex()}"),
            ("sheet", f"/notes/{note.hex()}/sheet"),
            ("mandate", f"/mandates/{mandate.hex()}"),
        )
    }
    for name in ("note", "channel", "sheet"):
        assert SAYS[code] in pages[name], name
    assert all("officer 9" in page for page in pages.values())
    assert "✓ signed by" not in pages["note"]

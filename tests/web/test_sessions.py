# SPDX-License-Identifier: Apache-2.0
"""Sessions and passkey ceremonies are bounded by whoever has them, so that nobody crowds another out."""

from __future__ import annotations

import itertools
import os

from goodoffices.core.office import Right
from goodoffices.desk.context import Officer
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.web.ceremonies import MAX_EACH as CEREMONIES_EACH
from goodoffices.web.ceremonies import MAX_OPEN, Ceremonies
from goodoffices.web.security import MAX_EACH
from tests.web.offices import Browser, Offices

PEOPLE = [NewOfficer("duty", "officer 1", ALL_RIGHTS), NewOfficer("night", "officer 2", Right.DUTY)]


def another(desk_of: Browser, name: str) -> Browser:
    """A further browser at the same running desk."""
    browser = Browser.__new__(Browser)
    browser.desk, browser.app, browser.csrf = desk_of.desk, desk_of.app, ""
    browser.client = type(desk_of.client)(
        desk_of.app, base_url="http://127.0.0.1:8000", follow_redirects=False
    )
    assert browser.sign_in(name).status_code == 200
    return browser


def test_who_signs_in_again_and_again_ends_his_own_sessions_alone() -> None:
    """Promise P10: the officer on watch is not put out by another's browsers."""
    desk = Browser(Offices(officers=PEOPLE).bern)
    night = another(desk, "night")
    crowd = [another(desk, "duty") for _ in range(MAX_EACH + 1)]
    assert night.get("/").status_code == 200
    assert [each.get("/").status_code for each in (crowd[0], crowd[1], crowd[-1])] == [303, 200, 200]


def test_signing_in_anew_in_a_browser_ends_the_session_that_it_had() -> None:
    """Promise P10: another token each time, of 256 bits, and the one before opens nothing."""
    browser = Browser(Offices(officers=PEOPLE).bern)
    cookies: list[tuple[str, str]] = []
    for name in ("duty", "night", "night"):
        browser.sign_in(name)
        cookies += browser.client.cookies.items()
    tokens = [token for _, token in cookies]
    assert len(set(tokens)) == len(tokens) == 3
    assert {len(bytes.fromhex(each)) for each in tokens} == {32}
    for (cookie, token), answer in zip(cookies, (303, 303, 200), strict=True):
        browser.client.cookies.set(cookie, token, domain="127.0.0.1")
        assert browser.get("/").status_code == answer


def test_a_keeper_of_keys_ends_an_officers_sessions() -> None:
    """Promise P10: a page left open somewhere is ended without a lock-out, and that is noted."""
    offices = Offices(officers=PEOPLE)
    desk = Browser(offices.bern)
    keeper, night = another(desk, "duty"), another(desk, "night")
    assert night.post("/officers/sign-out", name="duty").status_code == 403
    keeper.done("/officers/sign-out", name="night")
    assert night.get("/").status_code == 303
    assert keeper.get("/").status_code == 200
    (row,) = offices.bern.desk.ledger.audit_rows(kind="sign-out", officer="night", before=None, most=1)
    assert row.what == "ended by duty, who keeps the keys"
    assert another(desk, "night").get("/").status_code == 200


def test_who_asks_for_passkeys_without_end_crowds_out_his_own_alone() -> None:
    """Promise P12: a flood of begun ceremonies costs whoever sends it, whatever addresses it comes from."""
    ceremonies = Ceremonies(os.urandom, lambda: 0.0)
    officer = Officer("duty", bytes(32), bytes(32))
    mine = ceremonies.begin("make", None, officer)
    other = ceremonies.begin("sign in", None, address="192.0.2.1")
    for _ in range(CEREMONIES_EACH + 3):
        ceremonies.begin("sign in", None, address="192.0.2.2")
    for each, _ in itertools.product(range(20), range(CEREMONIES_EACH)):
        ceremonies.begin("sign in", None, address=f"2001:db8::{each}")
    assert len(ceremonies._open) <= MAX_OPEN
    assert ceremonies.take("make", mine, officer).officer is officer
    assert ceremonies.take("sign in", other).officer is None

# SPDX-License-Identifier: Apache-2.0
"""Passkeys at a real desk with a real vault, in Chromium with a virtual authenticator (WebAuthn, PRF)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from goodoffices.desk.service import real_now
from tests.browser.conftest import Sound
from tests.browser.served import Running
from tests.web.offices import PASSPHRASE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

expect.set_options(timeout=60_000)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    desk = Running(tmp_path / "vault")
    try:
        yield desk
    finally:
        desk.stop()


def _authenticator(page: Page, *, prf: bool = True, verified: bool = True) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
        "hasPrf": prf,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def _by_passphrase(page: Page, address: str, name: str = "duty") -> None:
    page.goto(f"{address}/sign-in")
    page.locator("#name").fill(name)
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("#sign-in button:not([type=button])").first.click()
    page.wait_for_url(f"{address}/")


def _make(page: Page, address: str, label: str = "the phone") -> None:
    page.goto(f"{address}/passkeys")
    page.locator("#label").fill(label)
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("#make-passkey button").click()
    expect(page.locator(".cards .card")).to_have_count(1)


def _sign_out(page: Page, address: str) -> None:
    page.locator(".who button").click()
    page.wait_for_url(f"{address}/sign-in")


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_a_passkey_opens_the_officers_key_by_itself(
    running: Running,
    contexts: Callable[..., BrowserContext],
    sound: Sound,
    language: str,
    width: int,
    scheme: str,
) -> None:
    """P10: what the authenticator computes opens the vault's second tier; no passphrase is typed."""
    page = contexts(language=language, width=width, scheme=scheme).new_page()
    _authenticator(page)
    page.goto(f"{running.address}/sign-in")
    expect(page.locator("#by-passkey")).to_be_visible()
    sound(page)
    _by_passphrase(page, running.address)
    page.goto(f"{running.address}/passkeys")
    sound(page)
    _make(page, running.address)
    sound(page)
    (entry,) = running.service.passkeys.of("duty")
    assert entry.opens
    _sign_out(page, running.address)
    assert running.locked()
    page.locator("#by-passkey button").click()
    page.wait_for_url(f"{running.address}/")
    assert not running.locked()
    page.goto(f"{running.address}/audit?kind=sign-in")
    words = {"en": "signed in by passkey", "fa": "کلید عبور"}[language]
    expect(page.locator("tbody tr").first).to_contain_text(words)
    sound(page)


def test_a_passkey_that_computes_nothing_is_asked_for_beside_the_passphrase(
    running: Running, contexts: Callable[..., BrowserContext], sound: Sound
) -> None:
    """P10: and then the passphrase alone does not sign in."""
    page = contexts().new_page()
    _authenticator(page, prf=False)
    _by_passphrase(page, running.address)
    _make(page, running.address)
    sound(page)
    assert not running.service.passkeys.of("duty")[0].opens
    _sign_out(page, running.address)
    page.locator("#name").fill("duty")
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("#sign-in button:not([type=button])").first.click()
    expect(page.locator("#error")).to_contain_text("beside the passphrase")
    page.locator("#by-passkey button").click()
    expect(page.locator("#passkey-says")).to_contain_text("type your name and passphrase")
    sound(page)
    page.locator("#name").fill("duty")
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("#sign-in button:not([type=button])").first.click()
    page.wait_for_url(f"{running.address}/")


def test_a_removed_passkey_signs_in_nobody(running: Running, contexts: Callable[..., BrowserContext]) -> None:
    """P10"""
    page = contexts().new_page()
    _authenticator(page)
    _by_passphrase(page, running.address)
    _make(page, running.address)
    page.locator("details.act summary").click()
    page.locator('form[action="/passkeys/remove"] button').click()
    expect(page.locator(".cards .card")).to_have_count(0)
    _sign_out(page, running.address)
    page.locator("#by-passkey button").click()
    expect(page.locator("#passkey-says")).to_contain_text("did not sign in")
    assert running.locked()


def test_a_passkey_without_its_holder_signs_in_nobody(
    running: Running, contexts: Callable[..., BrowserContext]
) -> None:
    """P10: the authenticator has to have seen that it is he."""
    page = contexts().new_page()
    session = _authenticator(page)
    _by_passphrase(page, running.address)
    _make(page, running.address)
    _sign_out(page, running.address)
    (authenticator,) = [running.service.passkeys.of("duty")[0].id]
    assert authenticator
    session.send("WebAuthn.disable")
    page.reload()
    _authenticator(page, verified=False)
    page.locator("#by-passkey button").click()
    expect(page.locator("#passkey-says")).to_contain_text("did not sign in")
    assert running.locked()


def test_a_departed_officers_passkey_is_gone_with_his_keys(
    running: Running, contexts: Callable[..., BrowserContext]
) -> None:
    """P10: a lock-out destroys what was wrapped under it."""
    page = contexts().new_page()
    _authenticator(page)
    _by_passphrase(page, running.address, "auditor")
    _make(page, running.address)
    _sign_out(page, running.address)
    running.service.vault.lock_out("auditor", real_now())
    assert running.service.passkeys.of("auditor") == ()
    page.locator("#by-passkey button").click()
    expect(page.locator("#passkey-says")).to_contain_text("did not sign in")


def test_a_new_passkey_takes_the_passphrase_once_more(
    running: Running, contexts: Callable[..., BrowserContext]
) -> None:
    """P10: whoever finds a page open cannot make himself a way in."""
    page = contexts().new_page()
    _authenticator(page)
    _by_passphrase(page, running.address)
    page.goto(f"{running.address}/passkeys")
    page.locator("#label").fill("mine now")
    page.locator("#passphrase").fill("a guess at the passphrase")
    page.locator("#make-passkey button").click()
    expect(page.locator("#passkey-says")).to_contain_text("No passkey was made")
    assert running.service.passkeys.of("duty") == ()


def test_an_officer_ends_his_other_sessions(
    running: Running, contexts: Callable[..., BrowserContext], sound: Sound
) -> None:
    """P10"""
    here, there = contexts().new_page(), contexts().new_page()
    for page in (there, here):
        _by_passphrase(page, running.address)
    here.goto(f"{running.address}/passkeys")
    sound(here)
    here.locator('form[action="/sign-out/others"] button').click()
    expect(here.locator('form[action="/sign-out/others"]')).to_have_count(0)
    there.goto(f"{running.address}/lines")
    there.wait_for_url("**/sign-in*")


def test_under_an_address_no_passkey_is_offered(
    running: Running, contexts: Callable[..., BrowserContext]
) -> None:
    page = contexts().new_page()
    page.goto(running.address.replace("localhost", "127.0.0.1") + "/sign-in")
    expect(page.locator("#by-passkey")).to_be_hidden()

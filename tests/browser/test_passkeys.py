# SPDX-License-Identifier: Apache-2.0
"""Passkeys at a real desk with a real vault, in Chromium with a virtual authenticator (WebAuthn, PRF)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from goodoffices.core.errors import YourError
from goodoffices.core.office import Right
from goodoffices.desk.asking import Place
from goodoffices.desk.founding import NewOfficer
from goodoffices.desk.service import real_now
from goodoffices.desk.vault.passkeys import Passkeys
from tests.browser.conftest import Sound
from tests.browser.served import Running
from tests.web.offices import PASSPHRASE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

expect.set_options(timeout=60_000)


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    """A desk whose officer "duty" is its only keeper of keys, but for those that a test names."""
    desk = Running(tmp_path / "vault", *getattr(request, "param", ()))
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
    _by_passphrase(page, running.address)
    page.goto(f"{running.address}/passkeys")
    sound(page)
    _make(page, running.address)
    sound(page)
    (entry,) = running.service.passkeys.of("duty")
    assert entry.opens
    _sign_out(page, running.address)
    assert running.locked()
    expect(page.locator("#by-passkey")).to_be_visible()
    sound(page)
    page.locator("#by-passkey button").click()
    page.wait_for_url(f"{running.address}/")
    assert not running.locked()
    page.goto(f"{running.address}/audit?kind=sign-in")
    words = {"en": "signed in by passkey", "fa": "کلید عبور"}[language]
    expect(page.locator("tbody tr").first).to_contain_text(words)
    sound(page)


@pytest.mark.parametrize("running", [(NewOfficer("keeper", "officer 3", Right.KEYS),)], indirect=True)
def test_a_passkey_that_computes_nothing_is_asked_for_beside_the_passphrase(
    running: Running, contexts: Callable[..., BrowserContext], sound: Sound
) -> None:
    """P10: and then the passphrase alone does not sign in, as long as another keeper could remove a lost one."""
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
    by_address = running.address.replace("localhost", "127.0.0.1")
    page.goto(f"{by_address}/sign-in")
    expect(page.locator("main")).to_contain_text("are for its name localhost")
    page.locator("#name").fill("duty")
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("#sign-in button:not([type=button])").first.click()
    expect(page.locator("#error")).to_contain_text("by the name localhost")


def test_the_only_keeper_of_keys_is_not_shut_out_by_a_passkey_that_he_lost(
    running: Running, contexts: Callable[..., BrowserContext], sound: Sound
) -> None:
    """P10, P13: nobody else could remove it."""
    page = contexts().new_page()
    session = _authenticator(page, prf=False)
    _by_passphrase(page, running.address)
    _make(page, running.address)
    expect(page.locator("main")).to_contain_text("You are the only keeper of keys here.")
    sound(page)
    _sign_out(page, running.address)
    session.send("WebAuthn.disable")
    _by_passphrase(page, running.address)


def test_a_passkey_of_an_id_that_is_kept_already_is_refused(running: Running) -> None:
    """P10, P12: authenticators choose IDs; whoever chooses another's gets nothing of his."""
    book = running.service.passkeys
    place = Place("localhost", running.address)
    kept = [*_kept(running, "duty", book, place), *_kept(running, "auditor", book, place)]
    assert kept == ["duty", "A passkey with this ID is kept here already."]
    assert book.of("auditor") == ()


def _kept(running: Running, name: str, book: Passkeys, place: Place) -> Iterator[str]:
    """What comes of a passkey of ever the same ID, made for an officer."""
    public = running.founding.officer(name).public
    _, state = book.begin_making(place, name, public)
    client = json.dumps(
        {"type": "webauthn.create", "challenge": state["challenge"], "origin": place.origin}
    ).encode()
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    key = ES256({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
    data = AttestedCredentialData.create(bytes(16), b"one ID for all", key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    shown = AuthenticatorData.create(hashlib.sha256(b"localhost").digest(), flags, 0, data)
    made = AttestationObject.create("none", shown, {})
    answer = {
        "id": websafe_encode(b"one ID for all"),
        "rawId": websafe_encode(b"one ID for all"),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(bytes(made)),
        },
    }
    try:
        running.do(lambda: book.finish_making(place, state, answer, name, "a key", real_now()))
    except YourError as error:
        yield error.what
    else:
        yield name


def test_a_removed_passkey_signs_in_nobody(running: Running, contexts: Callable[..., BrowserContext]) -> None:
    """P10"""
    page = contexts().new_page()
    _authenticator(page)
    _by_passphrase(page, running.address)
    _make(page, running.address)
    page.locator("details.act summary").click()
    page.locator('form[action="/passkeys/remove"] button').click()
    expect(page.locator(".cards .card")).to_have_count(0)
    _make(page, running.address)
    _sign_out(page, running.address)
    (kept,) = running.service.passkeys.of("duty")
    running.do(lambda: running.service.passkeys.remove("duty", kept.id))
    page.locator("#by-passkey button").click()
    expect(page.locator("#passkey-says")).to_contain_text("did not sign in")
    assert running.locked()
    page.reload()
    expect(page.locator("#by-passkey")).to_have_count(0)


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
    running.do(lambda: running.service.vault.lock_out("auditor", real_now()))
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


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_an_officer_ends_his_other_sessions(
    running: Running,
    contexts: Callable[..., BrowserContext],
    sound: Sound,
    language: str,
    width: int,
    scheme: str,
) -> None:
    """P10"""
    how = {"language": language, "width": width, "scheme": scheme}
    here, there = contexts(**how).new_page(), contexts(**how).new_page()
    for page in (there, here):
        _by_passphrase(page, running.address)
    here.goto(f"{running.address}/passkeys")
    sound(here)
    here.locator('form[action="/sign-out/others"] button').click()
    expect(here.locator('form[action="/sign-out/others"]')).to_have_count(0)
    there.wait_for_url("**/sign-in*")  # pushed there, with nobody's hand on it


def test_under_an_address_no_passkey_is_offered(
    running: Running, contexts: Callable[..., BrowserContext]
) -> None:
    page = contexts().new_page()
    page.goto(running.address.replace("localhost", "127.0.0.1") + "/sign-in")
    expect(page.locator("#by-passkey")).to_be_hidden()

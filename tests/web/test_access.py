# SPDX-License-Identifier: Apache-2.0
"""Who may come in: nobody signed out, nothing cross-site, no foreign host, no guessing, no oversize."""

from __future__ import annotations

import random
from typing import Any

import pytest
from starlette.routing import Route

from goodoffices.core.errors import NotNow
from goodoffices.core.office import Right
from goodoffices.desk.founding import NewOfficer
from goodoffices.web.app import ROUTES
from goodoffices.web.ceremonies import LIFE, Ceremonies
from goodoffices.web.rights import NOBODY
from goodoffices.web.security import IDLE, IDLE_ON_WATCH, LONGEST, MAX_BODY
from tests.web.offices import ALL, PASSPHRASE, Browser, Offices

PASSKEY = {("POST", "/sign-in/passkey/begin"), ("POST", "/sign-in/passkey")}
OPEN = {("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/health")} | PASSKEY
ID = "ab" * 32


class Clock:
    """Seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def offices() -> Offices:
    offices = Offices()
    offices.agree()
    return offices


@pytest.fixture
def browser(offices: Offices) -> Browser:
    return Browser(offices.washington)


def _doors() -> list[tuple[str, str]]:
    browser = Browser(Offices().bern)
    found = []
    for route in browser.app.routes:
        if isinstance(route, Route):
            found += [(method, route.path) for method in route.methods or () if method != "HEAD"]
    return found


DOORS = _doors()
POSTS = [path for method, path in DOORS if method == "POST"]


def _filled(path: str) -> str:
    for name in ("mandate", "note", "line", "draft"):
        path = path.replace(f"{{{name}}}", ID)
    return path


def _alone(right: Right) -> Browser:
    """A browser of an officer who holds this right and no other."""
    people = [*ALL, NewOfficer("one", "officer 2", right)]
    browser = Browser(Offices(officers=people).washington)
    browser.sign_in("one")
    return browser


@pytest.mark.slow
@pytest.mark.parametrize("right", list(Right), ids=lambda right: str(right.name))
def test_every_route_turns_away_whoever_lacks_its_right(right: Right) -> None:
    """P3, P10: default deny. Whoever holds the right is not turned away for want of it."""
    browser = _alone(right)
    for route in ROUTES:
        if route.open or route.path.startswith("/sign-out"):
            continue
        path = _filled(route.path)
        answer = (
            browser.post(path)
            if route.method == "POST"
            else browser.client.get(path, headers={"accept": "application/json"})
        )
        denied = answer.status_code == 403 and "This takes the right" in answer.text
        assert denied == (not route.needs & right), (route.method, route.path, answer.text)


def test_every_route_says_who_may() -> None:
    """P10: what is forgotten in the table answers nobody."""
    assert [each.path for each in ROUTES if not each.open and each.needs == NOBODY] == []
    assert {(each.method, each.path) for each in ROUTES if each.open} == OPEN - {("GET", "/health")}


def test_a_refused_post_shows_no_page_that_its_sender_may_not_see() -> None:
    """P3: neither in its answer."""
    browser = _alone(Right.KEYS)
    answer = browser.post(f"/notes/{ID}/open", html=True)
    assert answer.status_code == 403
    assert "This takes the right" in answer.text


@pytest.mark.parametrize(("right", "lasts"), [(Right.DUTY, True), (Right.AUDIT, False)])
def test_only_a_duty_officer_on_watch_stays_longer(right: Right, *, lasts: bool) -> None:
    """P5: his page has to be there to ring; nobody else's has."""
    clock = Clock()
    people = [*ALL, NewOfficer("one", "officer 2", right)]
    browser = Browser(Offices(officers=people).washington, clock=clock)
    browser.sign_in("one", on_watch="1")
    clock.seconds += IDLE_ON_WATCH - 1
    assert (browser.get("/").status_code == 200) == lasts
    clock.seconds += IDLE_ON_WATCH + 1
    assert browser.get("/").status_code == 303


def test_the_table_holds_every_route() -> None:
    assert {(each.method, each.path) for each in ROUTES} | {("GET", "/health"), ("GET", "/events")} == set(
        DOORS
    )


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_nobody_gets_in_signed_out(browser: Browser, method: str, path: str) -> None:
    """P3: every route but sign-in and health answers only to a signed-in officer."""
    headers = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    answer = browser.client.request(method, _filled(path), headers={**headers, "accept": "application/json"})
    if (method, path) in OPEN:
        assert answer.status_code in (200, 400, 403)
    else:
        assert answer.status_code == 401
        assert "csrf" not in answer.text
    page = browser.client.request(method, _filled(path), headers={**headers, "accept": "text/html"})
    if method == "GET" and (method, path) not in OPEN and path != "/events":
        assert page.status_code == 303
        assert page.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
@pytest.mark.parametrize("path", POSTS)
def test_a_post_from_another_site_is_refused(browser: Browser, path: str, headers: dict[str, str]) -> None:
    browser.sign_in()
    data = {"csrf": browser.csrf, "name": "duty", "passphrase": PASSPHRASE}
    answer = browser.client.post(_filled(path), data=data, headers={**headers, "accept": "application/json"})
    assert answer.status_code == 403
    assert "page of this desk" in answer.json()["what"]


@pytest.mark.parametrize("path", [path for path in POSTS if ("POST", path) not in OPEN])
@pytest.mark.parametrize("token", ["", "0" * 64, "۰"])
def test_a_post_without_the_sessions_token_is_refused(browser: Browser, path: str, token: str) -> None:
    browser.sign_in()
    answer = browser.post(_filled(path), csrf=token)
    assert answer.status_code == 403
    assert "session" in answer.json()["what"]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/health", "/static/desk.css", "/nothing", "/notes/zz"])
def test_every_answer_carries_the_protective_headers(browser: Browser, path: str) -> None:
    browser.sign_in()
    headers = browser.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_no_page_holds_inline_script_or_style(browser: Browser) -> None:
    browser.sign_in()
    for path in ("/", "/sign-in", "/lines", "/findings", "/mandates/new"):
        text = browser.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert text.count("<script") == text.count('<script src="/static/')


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8000", ""])
def test_a_foreign_host_name_is_not_answered(browser: Browser, host: str) -> None:
    """A page elsewhere that points its own name at this machine reaches nothing."""
    assert browser.get("/health", host=host).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8471", "[::1]:8000", "desk.ministry.example"])
def test_loopback_and_configured_names_are_answered(offices: Offices, host: str) -> None:
    browser = Browser(offices.bern, hosts=("desk.ministry.example",))
    assert browser.get("/health", host=host).status_code == 200


def test_the_cookie_is_for_this_desk_alone(offices: Offices) -> None:
    cookies = []
    for desk in (offices.washington, offices.bern):
        answer = Browser(desk).sign_in()
        cookies.append(answer.headers["set-cookie"])
    assert all("HttpOnly" in each and "SameSite=strict" in each for each in cookies)
    assert cookies[0].partition("=")[0] != cookies[1].partition("=")[0]


def test_over_tls_the_cookie_is_bound_to_host_and_tls(offices: Offices) -> None:
    from starlette.testclient import TestClient

    from goodoffices.web.app import create_app

    client = TestClient(create_app(offices.bern, secure=True), base_url="https://localhost")
    answer = client.post(
        "/sign-in",
        data={"name": "duty", "passphrase": PASSPHRASE},
        headers={"origin": "https://localhost", "accept": "application/json"},
    )
    assert answer.headers["set-cookie"].startswith("__Host-")
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


def test_a_session_ends_when_idle_and_the_desk_locks() -> None:
    clock, offices = Clock(), Offices()
    browser = Browser(offices.washington, clock=clock)
    browser.sign_in()
    clock.seconds += IDLE - 1
    assert browser.get("/").status_code == 200
    clock.seconds += IDLE - 1
    # A live update is the page's doing and keeps nobody signed in.
    assert browser.get("/", **{"x-live": "1"}).status_code == 200
    clock.seconds += 2
    assert browser.get("/").status_code == 303
    assert offices.washington.desk.context.locked


def test_no_session_lasts_longer_than_a_watch() -> None:
    clock, offices = Clock(), Offices()
    browser = Browser(offices.washington, clock=clock)
    browser.sign_in()
    end = clock.seconds + LONGEST
    while clock.seconds < end - IDLE:
        clock.seconds += IDLE - 1
        assert browser.get("/").status_code == 200
    clock.seconds = end + 1
    assert browser.get("/").status_code == 303


def test_a_lock_out_ends_the_session_without_a_page_being_asked() -> None:
    """P10: the next click of a departed officer is a sign-in page."""
    offices = Offices()
    browser = Browser(offices.washington)
    browser.sign_in()
    assert browser.get("/").status_code == 200
    offices.washington.signed_in.clear()
    assert browser.get("/").status_code == 303


def test_signing_out_ends_the_session_at_the_desk() -> None:
    offices = Offices()
    browser = Browser(offices.washington)
    browser.sign_in()
    cookie = dict(browser.client.cookies)
    browser.done("/sign-out")
    browser.client.cookies.update(cookie)
    assert browser.get("/").status_code == 303
    assert offices.washington.desk.context.locked


@pytest.mark.slow
def test_guessing_gets_slower_and_never_locks_the_office_out() -> None:
    clock = Clock()
    browser = Browser(Offices().washington, clock=clock)
    waits = 0
    for _ in range(12):
        answer = browser.sign_in(passphrase="wrong")
        waits += answer.status_code == 409
        clock.seconds += 1
    assert waits >= 6
    assert browser.sign_in().status_code == 409
    clock.seconds += 61
    assert browser.sign_in().status_code == 200


def test_a_wrong_name_and_a_wrong_passphrase_are_told_alike() -> None:
    browser = Browser(Offices().washington)
    answers = [browser.sign_in(name="nobody"), browser.sign_in(passphrase="wrong")]
    assert answers[0].json() == answers[1].json()
    assert {each.status_code for each in answers} == {403}


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", ""]
)
def test_signing_in_leads_nowhere_else(target: str) -> None:
    answer = Browser(Offices().washington).sign_in(next=target)
    assert answer.json()["location"] == "/"


def test_a_request_larger_than_any_note_is_refused(browser: Browser) -> None:
    browser.sign_in()
    answer = browser.post(f"/channels/{ID}/release", text="x" * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/notes/zz", "/notes/" + "0" * 64, f"/channels/{ID}", f"/mandates/{ID}", "/x"]
)
def test_what_is_not_there_is_told_as_such(browser: Browser, path: str) -> None:
    browser.sign_in()
    answer = browser.client.get(path, headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert set(answer.json()) == {"fault", "what", "next", "said"}


@pytest.mark.parametrize("path", ["/x", "/notes/zz", "/sign-out"])
def test_an_address_that_leads_nowhere_leads_on(offices: Offices, path: str) -> None:
    """P6: a stale link at night is no dead end; signed out, it says nothing of the desk but its name."""
    stranger, officer = Browser(offices.washington), Browser(offices.washington)
    officer.sign_in()
    page = officer.get(path, **{"accept-language": "fa"})
    assert page.status_code in (404, 405)
    assert '<html lang="fa" dir="rtl"' in page.text
    assert 'role="alert"' in page.text
    assert 'href="/status"' in page.text
    outside = stranger.get(path)
    assert outside.status_code in (303, 404, 405)
    assert "csrf" not in outside.text
    assert "Tehran" not in outside.text


def _only(right: Right) -> Offices:
    everybody = [NewOfficer("duty", "officer 1"), NewOfficer("clerk", "officer 2", right)]
    return Offices(officers=everybody)


def test_the_roster_decides_whatever_door_is_knocked_at() -> None:
    """P10: an officer without the right is refused by the desk, and the page says why."""
    offices = _only(Right.AUDIT)
    mandate = offices.agree()
    browser = Browser(offices.washington)
    browser.sign_in("clerk")
    channel = f"/channels/{mandate.hex()}"
    form: dict[str, Any] = {"to": offices.tehran.me.hex(), "text": "x", "language": "en", "precedence": "1"}
    for path, fields in ((f"{channel}/release", form), ("/mandates", _terms(offices))):
        answer = browser.post(path, **fields)
        assert answer.status_code == 403
        assert "right" in answer.json()["what"]
    assert "You do not hold the right" in browser.get(channel).text


def _terms(offices: Offices) -> dict[str, Any]:
    path = ",".join(each.me.hex() for each in offices.desks.values())
    return {"name": "another", "path": path}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"credential": "{}"},
        {"credential": "[" * 9000},
        {"credential": "x" * 20_000},
        {"credential": '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}'},
        {"credential": "{}", "ceremony": "0" * 32, "prf": "zz"},
    ],
)
def test_what_is_no_answer_of_a_passkey_is_refused(offices: Offices, fields: dict[str, str]) -> None:
    """P12"""
    browser = Browser(offices.washington)
    browser.client.base_url = browser.client.base_url.copy_with(host="localhost")
    headers = {
        "origin": "http://localhost:8000",
        "sec-fetch-site": "same-origin",
        "accept": "application/json",
    }
    begun = browser.client.post("/sign-in/passkey/begin", headers=headers).json()
    answer = browser.client.post(
        "/sign-in/passkey", data={"ceremony": begun["ceremony"], **fields}, headers=headers
    )
    assert answer.status_code in (400, 403, 409)
    assert "go-session" not in str(answer.headers)


def test_a_ceremony_is_used_once_and_ends_soon() -> None:
    """P10: what a browser was asked to sign is of no use to whoever finds it later."""
    clock = Clock()
    ceremonies = Ceremonies(random.Random(1).randbytes, clock)
    token = ceremonies.begin("sign in", {})
    ceremonies.take("sign in", token)
    with pytest.raises(NotNow):
        ceremonies.take("sign in", token)
    late = ceremonies.begin("sign in", {})
    clock.seconds += LIFE + 1
    with pytest.raises(NotNow):
        ceremonies.take("sign in", late)
    other = ceremonies.begin("make", {})
    with pytest.raises(NotNow):
        ceremonies.take("sign in", other)

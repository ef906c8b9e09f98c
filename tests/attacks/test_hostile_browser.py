# SPDX-License-Identifier: Apache-2.0
"""Whoever reaches a desk's pages without a sign-in, with a program instead of a browser (docs/threat-model.md)."""

from __future__ import annotations

import re

import pytest

from tests.web.offices import Browser, Offices


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("charset", ["punycode", '"Punycode"', "utf-7", "unicode_escape"])
def test_a_form_does_not_choose_the_codec_that_it_is_read_by(kind: str, charset: str) -> None:
    """P12: 250 KB of "punycode" before any sign-in took the desk's only loop for five seconds, as often as sent."""
    browser = Browser(Offices().bern)
    body = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\naa-bb\r\n--b--\r\n'
    headers = {
        "accept": "application/json",
        "origin": "http://127.0.0.1:8000",
        "content-type": f"{kind}; charset={charset}",
    }
    answer = browser.client.post("/sign-in", content=body, headers=headers)
    assert answer.status_code == 403
    assert "UTF-8" in answer.json()["what"]


def test_a_form_in_utf_8_that_says_so_is_read() -> None:
    """P12"""
    browser = Browser(Offices().bern)
    headers = {
        "accept": "application/json",
        "origin": "http://127.0.0.1:8000",
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
    }
    answer = browser.client.post("/sign-in", content=b"name=duty&passphrase=wrong", headers=headers)
    assert "fit" in answer.json()["what"]


@pytest.mark.parametrize(
    "path", ["//evil.example/lines", "/%5Cevil.example", "/%2F/evil.example", "/%22%3E%3Cb"]
)
def test_no_address_makes_a_desks_page_lead_to_another_host(path: str) -> None:
    """P4: a link to ``//evil.example`` gave a page of this desk's, on which other languages led to that host."""
    browser = Browser(Offices().bern)
    page = browser.client.get(f"http://127.0.0.1:8000{path}", headers={"accept": "text/html"}).text
    for href in re.findall(r'href="([^"]*)"', page):
        assert re.match(r"/(?![/\\])|#", href), href


@pytest.mark.parametrize(
    ("header", "status"),
    [({"referer": "http://[x"}, 403), ({"origin": "http://["}, 403), ({"host": "[::1]x"}, 421)],
)
def test_addresses_that_are_none_are_refused_before_a_sign_in(header: dict[str, str], status: int) -> None:
    """P12: each was a fault of the program, written into the log as long as somebody sent it."""
    browser = Browser(Offices().bern)
    headers = {"accept": "text/html", "origin": "http://127.0.0.1:8000", **header}
    answer = browser.client.post("/sign-in", data={"name": "duty", "passphrase": "wrong"}, headers=headers)
    assert answer.status_code == status

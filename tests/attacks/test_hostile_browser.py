# SPDX-License-Identifier: Apache-2.0
"""Whoever reaches a desk's pages without a sign-in, with a program instead of a browser (docs/threat-model.md)."""

from __future__ import annotations

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

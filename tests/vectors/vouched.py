# SPDX-License-Identifier: Apache-2.0
"""Vectors of words for a roster that no entry can bring (ADR 0079)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from goodoffices.core import crypto
from goodoffices.core.office import Office
from goodoffices.core.statement import LIVE, sign, state
from goodoffices.core.vouching import Vouch
from tests.core.making import DRILL, NOW, next_roster, seed, tehran, washington

Vector = tuple[str, str, str, dict[str, Any], str]


def vectors() -> Iterator[Vector]:
    """Washington's desk got another key in roster 2; its key of roster 1 speaks for what comes after."""
    desk = washington().desk_seed
    other = crypto.ed25519_public(seed("Washington desk 2"))
    replaced = next_roster(washington(), desk=other)
    seen = ((crypto.ed25519_public(desk), NOW, "seen"),)
    revoked = next_roster(washington(), desk=other, revoked=seen)
    said = Vouch(office=washington().id, roster=1, time=(NOW, 0), vouched=seed("roster 3"))

    def given(word: Vouch, signer: bytes, office: Office, realm: bytes = LIVE) -> dict[str, Any]:
        return {"signed": sign(state(word, realm), signer).raw.hex(), "credential": office.raw.hex()}

    newest = replace(said, roster=2)
    for name, shows, word, signer, office, verdict in (
        ("", "A key that the desk had before.", said, desk, replaced, "accepted"),
        (
            "-by-the-newest-key",
            "The key by the newest roster.",
            newest,
            seed("Washington desk 2"),
            replaced,
            "accepted",
        ),
        ("-by-a-revoked-key", "A later roster says that it was seen.", said, desk, revoked, "WrongSigner"),
        (
            "-by-an-officer",
            "An officer is not the desk.",
            said,
            washington().officer("duty"),
            replaced,
            "WrongSigner",
        ),
        ("-by-a-stranger", "No roster lists the key.", said, seed("stranger"), replaced, "WrongSigner"),
        ("-by-a-version-of-another-key", "Roster 2 lists another.", newest, desk, replaced, "WrongSigner"),
        ("-by-a-roster-to-come", "Roster 3 is not here.", replace(said, roster=3), desk, replaced, "NotNow"),
        (
            "-of-another-office",
            "Tehran has no say.",
            replace(said, office=tehran().id),
            desk,
            replaced,
            "Foreign",
        ),
    ):
        yield f"roster-vouched{name}", shows, "roster vouched", given(word, signer, office), verdict
    drill = given(said, desk, replaced, DRILL)
    yield "roster-vouched-in-a-drill", "Another realm.", "roster vouched", drill, "Foreign"

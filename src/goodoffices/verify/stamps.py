# SPDX-License-Identifier: Apache-2.0
"""Time stamps judged by certificates that are trusted (RFC 3161; ADR 0056). Nothing here asks any network.

An authority's certificate must lead to one in the trust file and have been valid when it stamped, and be one
for time stamping. Whether it was revoked since then, its issuer's lists tell, where the trust file holds them.
"""

from __future__ import annotations

from collections.abc import Iterable

from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from goodoffices.core.certificates import (
    Certificate,
    read_certificate,
    read_certificates,
    read_lists,
    revoked,
)
from goodoffices.core.crypto import sha256
from goodoffices.core.errors import Malformed, WrongSigner
from goodoffices.core.fields import MAX_TIME
from goodoffices.core.record.findings import Cause, Found

LONGEST = 8
"""Certificates from an authority's own to the root."""


class Authorities:
    """Time stamp authorities by the roots, and those between, to which their certificates lead."""

    def __init__(self, pem: bytes, lists: Iterable[bytes] = ()) -> None:
        """``lists``: of revoked certificates (PEM). Raises Malformed where something cannot be read."""
        self._known = read_certificates(pem)
        self._lists = read_lists(lists)
        self._verifier = VerifierBuilder(roots=list(self._known)).build()

    def judge(self, stamp: bytes, text: bytes) -> tuple[str, int]:
        """(authority, ms UTC) of a time stamp over ``text``; raises Malformed or WrongSigner."""
        try:
            response = decode_timestamp_response(stamp)
            self._verifier.verify(response, sha256(text))
            at = round(response.tst_info.gen_time.timestamp() * 1000)
            name = self._signer(response).subject.rfc4514_string()
        except VerificationError as error:
            raise WrongSigner(f"A time stamp that does not hold: {error}.") from None
        except (ValueError, TypeError, OverflowError, KeyError) as error:
            raise Malformed(f"A time stamp that cannot be read: {error}.") from None
        if not 0 <= at <= MAX_TIME:
            raise Malformed("A time stamp of a time that no calendar has.")
        return name, at

    def _signer(self, response: TimeStampResponse) -> Certificate:
        """Who signed a time stamp that holds; raises Found where that certificate, or one above it, was revoked."""
        (info,) = response.signed_data.signer_infos
        came = [read_certificate(raw) for raw in sorted(response.signed_data.certificates)]
        signer = next((each for each in came if _is(each, info.issuer, info.serial_number)), None)
        if signer is None:
            raise ValueError("it does not hold its signer's certificate")
        at, below = response.tst_info.gen_time, signer
        for _ in range(LONGEST if self._lists else 0):
            above = [each for each in (*self._known, *came) if each.subject == below.issuer]
            if any(revoked(below, each, self._lists, at) for each in above):
                raise Found(Cause.REVOKED_KEY, f"{below.subject.rfc4514_string()} was revoked by its issuer.")
            if not above or above[0] == below:
                break
            below = above[0]
        return signer


def _is(certificate: Certificate, issuer: object, serial: int) -> bool:
    return (certificate.issuer, certificate.serial_number) == (issuer, serial)

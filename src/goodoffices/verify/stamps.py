# SPDX-License-Identifier: Apache-2.0
"""Time stamps judged by certificates that are trusted (RFC 3161; ADR 0056). Nothing here asks any network.

An authority's certificate must lead to one in the trust file and have been valid when it stamped, and be one
for time stamping. Whether it was revoked since then, its issuer's lists would tell; they are not asked.
"""

from __future__ import annotations

from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from goodoffices.core.certificates import Certificate, read_certificate, read_certificates
from goodoffices.core.crypto import sha256
from goodoffices.core.errors import Malformed, WrongSigner
from goodoffices.core.fields import MAX_TIME

GRANTED = 0


class Authorities:
    """Time stamp authorities by the roots, and those between, to which their certificates lead."""

    def __init__(self, pem: bytes) -> None:
        """Raises Malformed where a certificate cannot be read."""
        self._verifier = VerifierBuilder(roots=list(read_certificates(pem))).build()

    def judge(self, stamp: bytes, text: bytes) -> tuple[str, int]:
        """(authority, ms UTC) of a time stamp over ``text``; raises Malformed or WrongSigner."""
        try:
            response = decode_timestamp_response(stamp)
            self._verifier.verify(response, sha256(text))
            at = round(response.tst_info.gen_time.timestamp() * 1000)
            name = _signer(response).subject.rfc4514_string()
        except VerificationError as error:
            raise WrongSigner(f"A time stamp that does not hold: {error}.") from None
        except (ValueError, TypeError, OverflowError, KeyError) as error:
            raise Malformed(f"A time stamp that cannot be read: {error}.") from None
        if not 0 <= at <= MAX_TIME:
            raise Malformed("A time stamp of a time that no calendar has.")
        return name, at


def _signer(response: TimeStampResponse) -> Certificate:
    (signer,) = response.signed_data.signer_infos
    for raw in sorted(response.signed_data.certificates):
        certificate = read_certificate(raw)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return certificate
    raise ValueError("it does not hold its signer's certificate")

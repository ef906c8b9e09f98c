# SPDX-License-Identifier: Apache-2.0
"""Certificates, beside the protocol: when one ends, an authority of an office's own for its machines, and reading
those by which time stamps are judged.

Nothing that offices sign or seal depends on them. The second module that touches the cryptographic library.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from goodoffices.core.errors import Malformed, YourError

Certificate = x509.Certificate
RevocationList = x509.CertificateRevocationList

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""Days: what browsers take at most."""


def read_certificates(pem: bytes) -> tuple[Certificate, ...]:
    """One or more certificates from PEM; raises Malformed."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise Malformed("Not a certificate, or not only certificates (PEM).") from None


def read_certificate(der: bytes) -> Certificate:
    """A certificate from DER; raises Malformed."""
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise Malformed("Not a certificate (DER).") from None


def read_lists(pems: Iterable[bytes]) -> tuple[RevocationList, ...]:
    """Lists of revoked certificates, one in each PEM; raises Malformed."""
    try:
        return tuple(x509.load_pem_x509_crl(each) for each in pems)
    except ValueError:
        raise Malformed("Not a list of revoked certificates (PEM).") from None


_ONLY_LATER = {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.affiliation_changed,
    x509.ReasonFlags.superseded,
    x509.ReasonFlags.cessation_of_operation,
}


def revoked(
    certificate: Certificate, issuer: Certificate, lists: Iterable[RevocationList], at: datetime
) -> bool:
    """Whether its issuer's lists say that what a certificate signed at a time no longer counts (RFC 3161 §4.1).

    Where the reason is one of those by which the key was not stolen, what was signed before counts on.
    """
    for each in lists:
        if each.issuer != certificate.issuer or not _signed_by(each, issuer):
            continue
        row = each.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if row is None:
            continue
        try:
            reason = row.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except (x509.ExtensionNotFound, ValueError):
            return True
        if reason not in _ONLY_LATER or row.revocation_date_utc <= at:
            return True
    return False


def _signed_by(found: RevocationList, issuer: Certificate) -> bool:
    try:
        return found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError):  # a key of a sort that signs no list
        return False


def ends(pem: bytes) -> int:
    """When (ms UTC) the first certificate to end in a chain does; raises YourError on something else."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise YourError("This file holds no certificate (PEM).", "Name the certificate chain.") from None
    return min(int(each.not_valid_after_utc.timestamp() * 1000) for each in found)


def names_in(pem: bytes) -> list[str]:
    """The names and addresses for which the first certificate of a chain was made, in its order."""
    found = x509.load_pem_x509_certificates(pem)[0].extensions
    named = found.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in named]


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def make_authority(name: str, now: int) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM of an authority that may sign servers and nothing below it."""
    key, begin = ec.generate_private_key(ec.SECP256R1()), _time(now)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def make_server(authority: bytes, authority_key: bytes, names: list[str], now: int) -> tuple[bytes, bytes]:
    """(chain, key) in PEM of a server that is reached by ``names``, which may be addresses."""
    issuer = x509.load_pem_x509_certificate(authority)
    signer = serialization.load_pem_private_key(authority_key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise YourError("This is not the key of an authority that setup made.", "Make a new one.")
    key, begin = ec.generate_private_key(ec.SECP256R1()), _time(now)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(names[0]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(min(begin + timedelta(days=SERVER_DAYS), issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    chain = certificate.public_bytes(serialization.Encoding.PEM) + authority
    return chain, _key_pem(key)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _time(now: int) -> datetime:
    # An hour of grace for clocks that are behind.
    return datetime.fromtimestamp(now / 1000, UTC).replace(microsecond=0) - timedelta(hours=1)


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign,
        key_cert_sign=sign,
        crl_sign=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

# SPDX-License-Identifier: Apache-2.0
"""Which addresses may go without TLS: this machine's own, and no others. One rule for relay and desk."""

from __future__ import annotations

import ipaddress

from goodoffices.core.errors import NotAllowed


def loopback(host: str) -> bool:
    """Whether a host is this machine alone. Names other than localhost are not asked for."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def elsewhere(address: str) -> bool:
    """Whether a network address is one that the whole world shares, and not of this machine or of a network inside."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_global


def check_exposure(host: str, tls_cert: object | None, tls_key: object | None) -> None:
    """Refuse to serve plain HTTP on anything but loopback, and half a pair of TLS files."""
    if (tls_cert is None) != (tls_key is None):
        raise NotAllowed("TLS needs a certificate and its key.", "Give both --tls-cert and --tls-key.")
    if tls_cert is None and not loopback(host):
        raise NotAllowed(
            f"Plain HTTP is served on loopback only, and {host} is not loopback.",
            "Give --tls-cert and --tls-key, or serve on 127.0.0.1 behind a TLS proxy on this machine.",
        )

# SPDX-License-Identifier: Apache-2.0
"""Stop certificates: an office tells a counterpart that it has left, and its keys are destroyed (docs/format.md §10.5).

Signed before it is needed, so that leaving signs nothing. It names the newest roster whose desk key it stops:
the office's next roster, which its root signs, ends it by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from goodoffices.core.errors import Foreign, WrongSigner
from goodoffices.core.fields import ID, TIME, key, uint
from goodoffices.core.office import Office, require_version
from goodoffices.core.statement import Content, Kind, Signed


@dataclass(frozen=True, kw_only=True)
class Stop(Content):
    """From when this arrives, no desk speaks for the office on this line, until its next roster."""

    KIND: ClassVar[Kind] = Kind.STOP
    line: bytes = key(1, ID)
    office: bytes = key(2, ID)
    roster: int = key(3, uint(2**32))
    time: tuple[int, int] = key(4, TIME)
    """When it was signed, which is before the office left."""


def verify_stop(signed: Signed, line: bytes, office: Office) -> Stop:
    """The certificate of ``office`` for ``line``; raises Foreign, WrongSigner or NotNow."""
    stop = signed.statement.read(Stop, realm=office.realm)
    if stop.line != line or stop.office != office.id:
        raise Foreign("A stop certificate of another line or office.")
    signed.verify()
    if signed.signers != (require_version(office, stop.roster).desk,):
        raise WrongSigner("A stop certificate that the desk did not sign.")
    return stop

# SPDX-License-Identifier: Apache-2.0
"""Who may sign the papers that stay at their office: incident files and their like (docs/format.md §5.7 to §5.9)."""

from __future__ import annotations

from goodoffices.core.errors import Foreign, WrongSigner
from goodoffices.core.office import Office, Right, require_version
from goodoffices.core.statement import Signed

WRITING = Right.DRAFT | Right.RELEASE | Right.DUTY
"""One of these rights."""


def check_writer(signed: Signed, office: Office, named: bytes, version: int) -> None:
    """Raise Foreign or WrongSigner unless one officer of ``office`` signed who held a right to write then.

    ``named``: the office that the paper itself names; ``version``: its roster.
    """
    if named != office.id:
        raise Foreign("It belongs to another office.")
    roster = require_version(office, version)
    signed.verify()
    if len(signed.signers) != 1 or not roster.rights(signed.signers[0]) & WRITING:
        raise WrongSigner("Not signed by one officer who may write at this office.")

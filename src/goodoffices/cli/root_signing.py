# SPDX-License-Identifier: Apache-2.0
"""Signing with the root: beside its file lies what it has signed, so that no version has two rosters (ADR 0073)."""

from __future__ import annotations

import os
from pathlib import Path

from goodoffices.cli.office import read_root
from goodoffices.cli.output import aside, read_file
from goodoffices.core.office import MAX_CREDENTIAL, Office, follow, read_office
from goodoffices.core.roster_request import RosterRequest, check_signed_before, sign_request
from goodoffices.core.statement import Signed
from goodoffices.desk.vault.files import write_private


def memory_of(root_file: Path) -> Path:
    """Where the credential lies as the root last signed it."""
    return root_file.with_name(root_file.name + ".rosters")


def signed_with(root_file: Path) -> Office | None:
    """The credential as this root last signed it, or None if nothing lies beside it."""
    memory = memory_of(root_file)
    return read_office(read_file(memory, MAX_CREDENTIAL)) if memory.exists() else None


def sign_with(root_file: Path, request: RosterRequest) -> Signed:
    """The roster asked for, signed, once it is written down beside the root. Raises NotNow, NotAllowed."""
    before = signed_with(root_file)
    if before is not None:
        check_signed_before(request, before)
    signed = sign_request(request, read_root(root_file))
    memory = memory_of(root_file)
    part = memory.with_name(memory.name + ".new")
    try:
        part.unlink(missing_ok=True)
        write_private(part, follow(request.office, signed).raw)
        os.replace(part, memory)  # noqa: PTH105 - one step, whatever is there
    except OSError as error:
        aside(f"What was signed could not be written down as {memory}: {error.strerror}.")
        aside("Keep the signed roster with the root yourself, and never sign another of the same number.")
    return signed

# SPDX-License-Identifier: Apache-2.0
"""The kept briefings have their declared verdicts, in both verifiers (P8, P4)."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from goodoffices.core import cbor
from goodoffices.core.briefing import FILE, MAX_BRIEFING
from goodoffices.core.readable.briefing import TEXT, briefing_lines
from goodoffices.core.record.briefing import examine
from goodoffices.verify.briefing import verify_briefing
from tests.verify.second import Second
from tests.verify.write_briefings import BRIEFINGS, SETS

ALL = [(file, name) for file, cases in SETS.items() for name in sorted(cases)]


def unpacked(file: str, name: str, folder: Path) -> Path:
    """The briefing's bytes, with the text that follows from them beside them."""
    kept = cbor.decode(lzma.decompress((BRIEFINGS / f"{file}.cbor.xz").read_bytes()), max_size=MAX_BRIEFING)
    raw: bytes = kept[name]
    (folder / FILE).write_bytes(raw)
    (folder / TEXT).write_text("".join(briefing_lines(examine(raw))), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("file", "name"), ALL)
def test_a_kept_briefing_has_its_declared_verdict(file: str, name: str, tmp_path: Path) -> None:
    """P8."""
    declared = json.loads((BRIEFINGS / f"{file}.json").read_text(encoding="utf-8"))[name]
    told = verify_briefing(unpacked(file, name, tmp_path))
    found = sorted({str(each.flaw) for each in told.findings})
    assert found == declared["findings"] == sorted(SETS[file][name][1])
    assert told.verified == (declared["verdict"] == "verified")


@pytest.mark.slow
@pytest.mark.parametrize(("file", "name"), ALL)
def test_the_second_verifier_says_the_same(file: str, name: str, tmp_path: Path, second: Second) -> None:
    """P8: two programs that share no code say the same of the same bytes."""
    second.agrees_on_briefing(unpacked(file, name, tmp_path))

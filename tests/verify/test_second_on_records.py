# SPDX-License-Identifier: Apache-2.0
"""The kept records of the catalogue of attacks before the second verifier (P8)."""

import json
from pathlib import Path

import pytest

from tests.attacks.catalogue import RECORDS, unpacked
from tests.verify.second import Second

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDS.glob("*.json")))
def test_a_kept_record_has_its_declared_verdict_in_the_second_verifier(
    name: str, second: Second, tmp_path: Path
) -> None:
    """P8: two programs that share no code say the same of the same bytes."""
    declared = json.loads((RECORDS / f"{name}.json").read_text(encoding="utf-8"))
    told = second.agrees(unpacked((RECORDS / f"{name}.tar.xz").read_bytes(), tmp_path / "record"))
    assert told["verdict"] == declared["verdict"]
    assert sorted({each["kind"] for each in told["findings"]}) == declared["findings"]

# SPDX-License-Identifier: Apache-2.0
"""The records that the catalogue of attacks keeps, before both verifiers: a disagreement fails (P8)."""

from pathlib import Path

import pytest

from tests.attacks.catalogue import RECORDS, unpacked
from tests.verify.second import Second

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", sorted(RECORDS.glob("*.tar.xz")), ids=lambda path: path.name)
def test_both_say_the_same_of_a_kept_record(second: Second, path: Path, tmp_path: Path) -> None:
    second.agrees(unpacked(path.read_bytes(), tmp_path / "record"))

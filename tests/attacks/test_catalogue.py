# SPDX-License-Identifier: Apache-2.0
"""The catalogue is whole: each attack's record says what is declared, to both verifiers (P8; docs/attacks.md)."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from goodoffices.verify.verifier import Verdict, verify
from tests.attacks.catalogue import BY, PAGE, RECORDS, Attack, attacks, page, record_of, unpacked

ALL = attacks()
WITH_RECORD = sorted(name for name, module in ALL.items() if module.ATTACK.record is not None)


def _agrees(attack: Attack, told: Verdict) -> None:
    assert {each.flaw for each in told.findings} == set(attack.finds)
    assert attack.remarks in "\n".join(told.remarks)
    assert {each.promise for each in told.findings} <= {each.promise for each in attack.finds}


def _declared(name: str) -> dict[str, Any]:
    text = (RECORDS / f"{name}.json").read_text(encoding="utf-8")
    declared: dict[str, Any] = json.loads(text)
    return declared


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_RECORD)
def test_the_record_of_an_attack_says_what_is_declared(name: str, tmp_path: Path) -> None:
    """P8: played now, exported, and verified by a stranger."""
    module: ModuleType = ALL[name]
    _agrees(module.ATTACK, verify(record_of(module, tmp_path / "record")))


@pytest.mark.parametrize("name", WITH_RECORD)
def test_a_kept_record_has_its_declared_verdict(name: str, tmp_path: Path) -> None:
    """P8: the same bytes, whatever version made them."""
    told = verify(unpacked((RECORDS / f"{name}.tar.xz").read_bytes(), tmp_path / "record"))
    _agrees(ALL[name].ATTACK, told)
    declared = _declared(name)
    assert ("verified" if told.verified else "findings") == declared["verdict"]
    assert sorted({each.flaw.value for each in told.findings}) == declared["findings"]
    assert declared["remark"] in "\n".join(told.remarks)


def test_every_attack_is_on_the_page_and_has_a_test_of_its_own() -> None:
    """The page is made from the attacks: `python -m tests.attacks.write`."""
    assert PAGE.read_text(encoding="utf-8") == page()
    for name, module in ALL.items():
        assert module.ATTACK.by in BY
        assert any(each.startswith("test_") for each in vars(module)), name
        assert module.ATTACK.record is not None or not module.ATTACK.finds


def test_no_record_is_kept_without_its_attack() -> None:
    kept = {path.name.split(".")[0] for path in RECORDS.iterdir()}
    assert kept == set(WITH_RECORD)
    assert sum(path.stat().st_size for path in RECORDS.iterdir()) < 2_000_000

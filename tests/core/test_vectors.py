# SPDX-License-Identifier: Apache-2.0
"""The test vectors in the repository: each has the verdict that it declares, and the format has not moved."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.check import CHECKS, run
from tests.vectors.make import vectors

FILES = sorted((Path(__file__).resolve().parent.parent / "vectors").glob("*.json"))


def stored(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_vector_has_the_verdict_it_declares(path: Path) -> None:
    vector = stored(path)
    verdict, result = run(vector)
    assert verdict == vector["verdict"]
    assert (result or None) == vector.get("result")


@pytest.mark.slow
def test_the_same_seeds_still_make_the_same_vectors() -> None:
    """A change here is a change of the format: it breaks every record that exists (ADR 0002)."""
    made = dict(vectors())
    assert set(made) == {path.stem for path in FILES}
    for path in FILES:
        known = stored(path)
        if known.pop("drawn", False):
            dropped = {"input", "result"} if known["check"] in ("pairing", "meeting message") else {"input"}
            for (
                name
            ) in dropped:  # an offer's digest covers its credential's ML-DSA signatures, which are drawn
                known.pop(name, None)
                made[path.stem].pop(name, None)
        assert made[path.stem] == known, path.stem


def test_every_check_has_vectors_on_both_sides() -> None:
    verdicts = {(vector["check"], vector["verdict"] == "accepted") for vector in map(stored, FILES)}
    assert {check for check, _ in verdicts} == set(CHECKS)
    one_sided = {"keys from a seed", "digits", "merkle", "meeting place"}
    assert {check for check, accepted in verdicts if not accepted} == set(CHECKS) - one_sided

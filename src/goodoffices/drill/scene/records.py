# SPDX-License-Identifier: Apache-2.0
"""What two offices' exports say of the line between them, by the offline verifier's word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goodoffices.drill.scene.processes import verdict
from goodoffices.drill.told.observed import ObservedLine


def told_of_line(
    ends: Mapping[str, str], verdicts: Mapping[str, dict[str, Any]], folders: Mapping[str, Path], trust: Path
) -> ObservedLine:
    """One line, from both ends: ``ends`` names the two offices and their ids; ``verdicts`` and ``folders`` are by
    name of office. A receipt that one desk signed while the other was being stopped is nobody's fault: records
    of unlike length are held against each other, and only where they part does the line not stand."""
    left, right = ends
    held = {
        office: line["entries"]
        for office in ends
        for line in verdicts[office].get("lines", ())
        if set(line["offices"]) == set(ends.values())
    }
    findings = [
        f"{office}: {each['where']}: {each['found']}"
        for office in ends
        for each in verdicts[office].get("findings", ())
    ]
    stands = len(held) == 2 and all(verdicts[office]["verdict"] == "verified" for office in ends)
    if stands and held[left] != held[right]:
        both = verdict(folders[left], folders[right], trust=trust)
        stands = both["verdict"] == "verified"
        findings += [f"the two records part: {each['what']}" for each in both["partings"]]
    return ObservedLine(f"{left}–{right}", max(held.values(), default=0), stands, tuple(findings))

# SPDX-License-Identifier: Apache-2.0
"""The verdict on two records held against each other, in words and as JSON (docs/export.md §4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from goodoffices.core.record.compare import Comparison, compare
from goodoffices.core.record.layout import plain
from goodoffices.verify.output import as_json, as_words
from goodoffices.verify.verifier import Verdict


@dataclass(frozen=True)
class Pair:
    """Two verdicts, with the names under which the two folders were given."""

    names: tuple[str, str]
    verdicts: tuple[Verdict, Verdict]

    @cached_property
    def comparison(self) -> Comparison | None:
        """None if one of the two says nothing that could be compared."""
        first, second = (each.account for each in self.verdicts)
        if first is None or second is None or first.realm != second.realm:
            return None
        return compare(first, second)

    @property
    def verified(self) -> bool:
        """Both verified alone, and they part nowhere."""
        alone = all(each.verified for each in self.verdicts)
        return alone and self.comparison is not None and not self.comparison.partings

    def as_words(self) -> Iterator[str]:
        """Both verdicts, then what holding them against each other gave."""
        for name, verdict in zip(self.names, self.verdicts, strict=True):
            yield f"=== {plain(name)}"
            yield from as_words(verdict)
            yield ""
        yield "=== held against each other"
        found = self.comparison
        if found is None:
            yield "NOT COMPARED: one of them cannot be read, or they are of two realms (a drill and the channel)."
            return
        for line in found.common:
            yield f"Both hold the line {plain(line)}"
        if not found.common:
            yield "They have no line in common; notes and acts were compared."
        for each in found.differences:
            yield f"Only in {plain(self.names[each.holder])}: {plain(each.what)} ({plain(each.known)})"
            yield f"    {plain(each.where)}"
        for parting in found.partings:
            yield ""
            yield f"THEY PART: {plain(parting.what)}, signed by {plain(parting.signer)}"
            for name, where in zip(self.names, (parting.first, parting.second), strict=True):
                yield f"    {plain(name)}: {plain(where)}"
        yield ""
        count = len(found.partings)
        yield (
            f"THEY PART in {count} place{'' if count == 1 else 's'}."
            if count
            else "They part nowhere."
            if found.differences
            else "They part nowhere, and neither lacks what the other has."
        )

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        found = self.comparison
        return {
            "verdict": "verified" if self.verified else "findings",
            "records": [as_json(each) for each in self.verdicts],
            "compared": found is not None,
            "common_lines": list(found.common) if found is not None else [],
            "partings": [asdict(each) for each in found.partings] if found is not None else [],
            "differences": [asdict(each) for each in found.differences] if found is not None else [],
        }

# SPDX-License-Identifier: Apache-2.0
"""The verifier of briefings: a folder with briefing.cbor and the text that follows from it (ADR 0020)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodoffices.core.briefing import FILE, MAX_BRIEFING, Sharing, Shown
from goodoffices.core.consent import Consent
from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.readable.briefing import TEXT, briefing_lines
from goodoffices.core.record.briefing import Examined, examine
from goodoffices.core.record.checkpoints import JudgeStamp, Witnesses
from goodoffices.core.record.findings import Finding, Flaw, cause_of
from goodoffices.core.record.layout import plain
from goodoffices.verify.folder import read_plain, shown
from goodoffices.verify.output import finding_as_json, finding_as_words
from goodoffices.verify.verifier import other_names


@dataclass(frozen=True)
class BriefingVerdict:
    """What was found. ``examined`` is None if the briefing could not be read."""

    findings: tuple[Finding, ...]
    examined: Examined | None
    trust: Mapping[bytes, str] | None

    @property
    def verified(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know, and what is no finding."""
        if self.examined is None:
            return ()
        return *self.examined.remarks, *other_names(self.examined.account.offices.values(), self.trust)

    def as_words(self) -> Iterator[str]:
        """The text, then the verdict, line by line."""
        if self.examined is not None:
            yield from (line.rstrip("\n") for line in briefing_lines(self.examined))
            for office in self.examined.account.offices.values():
                known = (
                    "" if self.trust is None else "  trusted" if office.id in self.trust else "  NOT TRUSTED"
                )
                yield f"{office.id.hex()}  calls itself '{plain(office.name)}'{known}"
            if self.trust is None:
                yield "These fingerprints were not compared with anything (--trust FILE compares them)."
            yield from (f"Remark: {plain(each)}" for each in self.remarks)
        yield from finding_as_words(self.findings)
        yield ""
        count = len(self.findings)
        yield (
            "VERIFIED: each part that is shown stood in the record, at its place, no later than its checkpoint."
            if self.verified
            else f"NOT VERIFIED: {count} finding{'' if count == 1 else 's'}."
        )

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        result: dict[str, Any] = {
            "verdict": "verified" if self.verified else "findings",
            "compared_with_trust": self.trust is not None,
            "findings": [finding_as_json(each) for each in self.findings],
            "remarks": list(self.remarks),
        }
        if self.examined is not None:
            briefing = self.examined.briefing
            result["briefing"] = {
                "office": briefing.office.hex(),
                "for": briefing.recipient,
                "mark": Sharing(briefing.mark).label,
                "made": briefing.time[0],
                "mandate": briefing.mandate.hex(),
                "entries": len(self.examined.entries),
                "consents": [
                    {
                        "office": kept.act.author.hex(),
                        "asks": kept.act.code == Consent.ASKED,
                        "act": kept.id.hex(),
                    }
                    for kept in self.examined.consents
                ],
                "reports": [
                    {
                        "extract": each.shown.signed.id.hex(),
                        "mark": Sharing(6 - each.shown.extract.mark).label,
                        "withheld": each.shown.withheld,
                    }
                    for each in self.examined.reports
                ],
                "notes": [
                    {
                        "note": each.kept.id.hex(),
                        "shown": sum(isinstance(leaf, Shown) for leaf in each.shown.leaves),
                        "withheld": sum(not isinstance(leaf, Shown) for leaf in each.shown.leaves),
                    }
                    for each in self.examined.notes
                ],
            }
        return result


def looks_like_briefing(root: Path) -> bool:
    """Whether a folder holds a briefing."""
    return os.path.lexists(root / FILE)


def verify_briefing(
    root: Path,
    trust: Mapping[bytes, str] | None = None,
    *,
    witnesses: Witnesses = (),
    authorities: JudgeStamp | None = None,
) -> BriefingVerdict:
    """Verify the briefing in ``root``. Never raises because of what the folder holds.

    ``trust``, ``witnesses``, ``authorities``: who is trusted, as in ``verifier.verify``.
    """
    findings: list[Finding] = []
    examined = None
    raw = read_plain(root / FILE, MAX_BRIEFING)
    try:
        examined = examine(raw or b"", witnesses, authorities)
        findings = examined.findings
    except GoodOfficesError as error:
        expected = "a briefing, whole, with the parts that its officer signed"
        findings.append(Finding(FILE, Flaw.BRIEFING, expected, error.what, cause_of(error)))
    if examined is not None:
        text = "".join(briefing_lines(examined)).encode()
        if read_plain(root / TEXT, MAX_BRIEFING) != text:
            found = "another text, or none"
            findings.append(Finding(TEXT, Flaw.TEXT, "the text that follows from what is signed", found))
        findings += _untrusted(examined, trust)
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if path.name not in (FILE, TEXT):
            expected = f"only {FILE} and {TEXT}"
            findings.append(Finding(shown(path.name), Flaw.EXTRA, expected, "something else"))
    return BriefingVerdict(tuple(findings), examined, trust)


def _untrusted(examined: Examined, trust: Mapping[bytes, str] | None) -> Iterator[Finding]:
    for office in examined.account.offices.values():
        if trust is not None and office.id not in trust:
            found = f"{office.id.hex()}, which calls itself '{office.name}'"
            yield Finding(FILE, Flaw.UNTRUSTED, "an office whose fingerprint is in the trust file", found)

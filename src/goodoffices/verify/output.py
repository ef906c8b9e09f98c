# SPDX-License-Identifier: Apache-2.0
"""A verdict in words and as JSON (docs/export.md §4). Nothing that a record holds can pass for our words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from goodoffices.core.record.account import Account
from goodoffices.core.record.findings import Finding, Flaw
from goodoffices.core.record.layout import counted, plain, zulu
from goodoffices.core.statement import LIVE
from goodoffices.verify.verifier import Verdict

PROMISES = {
    1: "provenance",
    2: "nothing lost, nothing twice",
    4: "only to whom it is meant",
    8: "provable",
    9: "crossing is visible",
    12: "bad input gets a clear answer",
}


def as_words(verdict: Verdict) -> Iterator[str]:
    """The verdict, line by line."""
    account, trust = verdict.account, verdict.trust
    if account is not None:
        manifest = account.manifest
        yield f"Record of '{plain(account.name(manifest.office))}', exported {zulu(manifest.time[0])}"
        yield "live" if account.realm == LIVE else f"DRILL {account.realm.hex()}: nothing in it was meant"
        if trust is None:
            yield "Fingerprints below were not compared with anything (--trust FILE compares them):"
        for office in account.offices.values():
            known = (
                ""
                if trust is None
                else f"  trusted as '{plain(trust[office.id])}'"
                if office.id in trust
                else "  NOT TRUSTED"
            )
            yield f"  {office.id.hex()}  calls itself '{plain(office.name)}'{known}"
        for line in account.lines.values():
            first, second = (
                f"{plain(account.name(each))} {len(line.links[each])}" for each in line.pairing.offices
            )
            yield f"Line {line.folder}: entries of {first}, of {second}"
        yield _counts(account)
    for remark in verdict.remarks:
        yield f"Remark: {plain(remark)}"
    yield from finding_as_words(verdict.findings)
    yield ""
    if verdict.verified:
        yield _verified(account)
    else:
        count = len(verdict.findings)
        yield f"NOT VERIFIED: {counted(count, 'finding')}."
        yield from _begin_with(verdict.findings)


def _begin_with(findings: Sequence[Finding]) -> Iterator[str]:
    """Where one file is not as exported, much that stands on it is missing too: which to look at first."""
    changed = [each.where for each in findings if each.flaw == Flaw.HASH]
    if changed and len(findings) > len(changed):
        more = f", and {counted(len(changed) - 3, 'more', 'more')}" if len(changed) > 3 else ""
        yield f"Begin with what is not as it was exported: {', '.join(map(plain, changed[:3]))}{more}."
        yield "The other findings may follow from that."


def finding_as_words(findings: Iterable[Finding]) -> Iterator[str]:
    """Findings, each in a few lines."""
    for finding in findings:
        yield ""
        yield f"FINDING in {plain(finding.where)}: {finding.cause}"
        yield f"  expected: {plain(finding.expected)}"
        yield f"  found:    {plain(finding.found)}"
        yield from (f"  beside:   {plain(each)}" for each in finding.beside)
        yield f"  promise:  P{finding.promise} ({PROMISES[finding.promise]})"


def finding_as_json(each: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "where": each.where,
        "kind": str(each.flaw),
        "promise": f"P{each.promise}",
        "expected": each.expected,
        "found": each.found,
        "cause": str(each.cause),
        "beside": list(each.beside),
    }


def _counts(account: Account) -> str:
    notes, read = len(account.notes), sum(each.note is not None for each in account.notes.values())
    spoiled = sum(each.spoiled for each in account.notes.values())
    sealed = f", {notes - read - spoiled} sealed" if notes > read + spoiled else ""
    sealed += f", {spoiled} spoiled" if spoiled else ""
    words = "" if notes == read else f" ({read} with their words{sealed})"
    acts, mandates = counted(len(account.acts), "act"), counted(len(account.agreements), "mandate")
    return f"{counted(notes, 'note')}{words}, {acts}, {mandates}"


def _verified(account: Account | None) -> str:
    holds = "VERIFIED: every file, signature, chain and readable text holds."
    if account is None or not account.notes:
        return holds if account is None else f"{holds} There is no note in it."
    sealed = sum(each.note is None for each in account.notes.values())
    if not sealed:
        return holds
    what = "the notes are" if sealed == len(account.notes) else f"{sealed} of {len(account.notes)} notes are"
    return (
        f"{holds} The words of {what} sealed in it: who passed them on and when is verified, not what they"
        " say, nor who released them."
    )


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict for programs."""
    account = verdict.account
    result: dict[str, Any] = {
        "verdict": "verified" if verdict.verified else "findings",
        "compared_with_trust": verdict.trust is not None,
        "findings": [finding_as_json(each) for each in verdict.findings],
        "remarks": list(verdict.remarks),
    }
    if account is not None:
        spoiled = {
            "/".join(parts[:2]) for each in verdict.findings if len(parts := each.where.split("/")) > 2
        }
        result |= {
            "office": account.manifest.office.hex(),
            "realm": account.realm.hex(),
            "exported": account.manifest.time[0],
            "texts": account.manifest.texts,
            "offices": [
                {"fingerprint": each.id.hex(), "calls_itself": each.name} for each in account.offices.values()
            ],
            "lines": [
                {
                    "line": line.id.hex(),
                    "folder": line.folder,
                    "offices": [each.hex() for each in line.pairing.offices],
                    "entries": sum(len(line.links[each]) for each in line.pairing.offices),
                    "verified": line.folder not in spoiled,
                }
                for line in account.lines.values()
            ],
            "notes": len(account.notes),
            "acts": len(account.acts),
        }
    return result

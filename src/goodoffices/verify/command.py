# SPDX-License-Identifier: Apache-2.0
"""The verifier as a command: exit 0 verified, 1 findings, 2 not an export (or not understood)."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from goodoffices.core.checkpoint import read_vkey
from goodoffices.core.errors import OtherOfficeError, YourError
from goodoffices.core.record.checkpoints import JudgeStamp, Witnesses
from goodoffices.verify.briefing import looks_like_briefing, verify_briefing
from goodoffices.verify.output import as_json, as_words
from goodoffices.verify.page import hand_over
from goodoffices.verify.pair import Pair
from goodoffices.verify.verifier import NO_NAME, NotAnExport, verify

VERIFIED, FINDINGS, NOT_AN_EXPORT = 0, 1, 2

_PEM = re.compile(r"-----BEGIN (CERTIFICATE|X509 CRL)-----.*?-----END \1-----", re.DOTALL)
_TRUST = re.compile(r"([0-9a-fA-F]{64})(?:\s+(.*))?")


class Given(TypedDict):
    """What whoever verifies gave besides fingerprints."""

    witnesses: Witnesses
    authorities: JudgeStamp | None
    jobs: int | None


class BadTrustFile(YourError):
    """A trust file that cannot be used."""

    default_step = "One office per line: 64 hexadecimal digits, a space, a name. Lines with # are left out."


def read_witnesses(path: Path) -> Witnesses:
    """The outside witnesses in a trust file that was read before: one verifier key per line."""
    lines = _lines(path.read_text(encoding="utf-8-sig"))
    return tuple(read_vkey(line.strip()) for line in lines if _is_witness(line.strip()))


def _lines(text: str) -> list[str]:
    """Without certificates; each leaves as many ends of lines as it had, so that numbers stay right."""
    return _PEM.sub(lambda found: "\n" * found[0].count("\n"), text).splitlines()


def read_authorities(path: Path) -> JudgeStamp | None:
    """What judges time stamps by the certificates in a trust file that was read before; None without any."""
    blocks: dict[str, list[bytes]] = {"CERTIFICATE": [], "X509 CRL": []}
    for found in _PEM.finditer(path.read_text(encoding="utf-8-sig")):
        blocks[found[1]].append(found[0].encode())
    certificates, lists = blocks.values()
    if not certificates:
        return None
    # Only who has certificates needs the library that reads time stamps.
    from goodoffices.verify.stamps import Authorities

    try:
        return Authorities(b"\n".join(certificates), lists).judge
    except OtherOfficeError as error:
        raise BadTrustFile(f"{path}: {error.what}") from None


def _is_witness(line: str) -> bool:
    return line.count("+") >= 2 and not line.startswith("#") and _TRUST.fullmatch(line) is None


def read_trust(path: Path) -> dict[bytes, str]:
    """Names by fingerprint, from a file with one '<64 hex> name' per line; raises BadTrustFile.

    Lines that hold the verifier key of an outside witness are looked at, and left to ``read_witnesses``.
    """
    try:
        lines = _lines(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadTrustFile(f"{path} cannot be read: {error}.") from None
    trusted = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if _is_witness(line.strip()):
            try:
                read_vkey(line.strip())
            except OtherOfficeError as error:
                raise BadTrustFile(f"{path}, line {number}: {error.what}") from None
            continue
        found = _TRUST.fullmatch(line.strip())
        if found is None:
            raise BadTrustFile(f"{path}, line {number}, names no fingerprint.")
        trusted[bytes.fromhex(found[1])] = found[2] or NO_NAME
    return trusted


def run(
    folder: Path,
    trust: Path | None,
    *,
    as_machine: bool,
    other: Path | None = None,
    jobs: int | None = None,
) -> int:
    """Verify ``folder``, hold it against ``other`` if there is one, print the verdict, return the exit code."""
    if other is None and looks_like_briefing(folder):
        return _briefing(folder, trust, as_machine=as_machine)
    try:
        known = read_trust(trust) if trust is not None else None
        seen = read_witnesses(trust) if trust is not None else ()
        stamps = read_authorities(trust) if trust is not None else None
        given: Given = {"witnesses": seen, "authorities": stamps, "jobs": jobs}
        verdict = verify(folder, known, **given)
        second = verify(other, known, **given) if other is not None else None
    except YourError as error:
        if as_machine and isinstance(error, NotAnExport):
            _say(json.dumps({"verdict": "not an export", "what": error.what, "next": error.next_step}))
        else:
            sys.stderr.write(f"goodoffices verify: {error.what}\n  {error.next_step}\n")
        return NOT_AN_EXPORT
    if second is not None and other is not None:
        return _both(Pair((folder.name, other.name), (verdict, second)), as_machine=as_machine)
    if as_machine:
        _say(json.dumps(as_json(verdict), indent=2))
    else:
        for line in as_words(verdict):
            _say(line)
    return VERIFIED if verdict.verified else FINDINGS


def write_page(target: Path) -> int:
    """Write the second verifier to ``target``; the exit code."""
    try:
        digest = hand_over(target)
    except YourError as error:
        sys.stderr.write(f"goodoffices verify: {error.what}\n  {error.next_step}\n")
        return NOT_AN_EXPORT
    _say(f"wrote   {target}")
    _say(f"sha256  {digest}")
    sys.stderr.write("Open it in a browser, from disk, and drop an export's folder on it.\n")
    return VERIFIED


def _briefing(folder: Path, trust: Path | None, *, as_machine: bool) -> int:
    try:
        known = read_trust(trust) if trust is not None else None
        seen = read_witnesses(trust) if trust is not None else ()
        stamps = read_authorities(trust) if trust is not None else None
    except BadTrustFile as error:
        sys.stderr.write(f"goodoffices verify: {error.what}\n  {error.next_step}\n")
        return NOT_AN_EXPORT
    verdict = verify_briefing(folder, known, witnesses=seen, authorities=stamps)
    for line in [json.dumps(verdict.as_json(), indent=2)] if as_machine else verdict.as_words():
        _say(line)
    return VERIFIED if verdict.verified else FINDINGS


def _both(pair: Pair, *, as_machine: bool) -> int:
    if as_machine:
        _say(json.dumps(pair.as_json(), indent=2))
    else:
        for line in pair.as_words():
            _say(line)
    return VERIFIED if pair.verified else FINDINGS


def _say(line: str) -> None:
    # A terminal that cannot show a name shows its code; the verdict never depends on the terminal.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m goodoffices.verify``."""
    parser = argparse.ArgumentParser(
        prog="python -m goodoffices.verify",
        description="Verify an exported record offline. Exit 0 verified, 1 findings, 2 not an export.",
    )
    parser.add_argument("folder", type=Path, nargs="?", help="what 'goodoffices record export' wrote")
    parser.add_argument("other", type=Path, nargs="?", help="a second export, to hold against the first")
    parser.add_argument(
        "--trust", type=Path, metavar="FILE", help="'<64 hex> name', or a witness's key, per line"
    )
    parser.add_argument("--json", action="store_true", dest="as_machine", help="the verdict for programs")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="write the second verifier, a page, to FILE"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="on how many cores; all, if left out")
    given = parser.parse_args(arguments)
    if given.page is not None:
        return write_page(given.page)
    if given.folder is None:
        parser.error("name the folder of an export")
    words = {"as_machine": given.as_machine, "other": given.other, "jobs": given.jobs}
    return run(given.folder, given.trust, **words)

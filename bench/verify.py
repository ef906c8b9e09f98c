# SPDX-License-Identifier: Apache-2.0
"""The verifier: how fast a long record is verified, beside the bare signatures that it needs, in one run.

    .venv/bin/python bench/verify.py [--entries 50000] [--all]     # --all: 1,000,000

A line between two desks that was tested by the hour for years: entries of both sides, one in a hundred
with an act of its desk, receipts over 64 at a time. The export is made once in a temporary folder; then, in
the same run, the bare Ed25519 verifications on one core, the verifier on one core, and on all cores.
The figures to look at are the ratios; the machine's other work disturbs both sides of them alike.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from goodoffices.core import crypto, merkle
from goodoffices.core import record_layout as layout
from goodoffices.core.line import Entry, EntryKind, Receipt, commitment
from goodoffices.core.pairing import Pairing, PairingConfirmed
from goodoffices.core.readable import texts
from goodoffices.core.record import Examiner
from goodoffices.core.record_manifest import LIST, MANIFEST, Manifest, list_files, write_entry
from goodoffices.core.statement import LIVE, Signed, sign, state
from goodoffices.desk.founding import Founding, NewOfficer, found
from goodoffices.verify.ahead import cores
from goodoffices.verify.verifier import verify

START = 1_600_000_000_000
STEP = 1_800_000
RECEIPTED = 64


class Writer:
    """Writes an export file by file and remembers what the list needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {}

    def put(self, path: str | None, raw: bytes) -> None:
        assert path is not None
        self.files[path] = hashlib.sha256(raw).digest()
        place = self.folder / path
        if not place.parent.exists():
            place.parent.mkdir(parents=True)
        place.write_bytes(raw)


def chain(
    offices: tuple[Founding, Founding], line: bytes, count: int
) -> Iterator[tuple[Signed, bytes, bytes]]:
    """(signed entry, salt, body) of both sides by turns, each having seen the other's newest."""
    newest: list[tuple[bytes, int, bytes] | None] = [None, None]
    body, rng = b"\x80", random.Random(1)
    for at in range(count):
        me = at % 2
        mine, theirs = newest[me], newest[1 - me]
        salt = rng.randbytes(32)
        entry = Entry(
            line=line,
            writer=offices[me].office.id,
            incarnation=bytes([me]) * 16,
            number=mine[1] + 1 if mine else 1,
            previous=mine[2] if mine else None,
            seen=theirs,
            kind=EntryKind.ACTS if at < 2 else EntryKind.SYSTEM,
            time=(START + at * STEP, 2),
            commitment=commitment(salt, body),
            roster=1,
        )
        signed = sign(state(entry, LIVE), offices[me].desk_seed)
        newest[me] = (entry.incarnation, entry.number, signed.id)
        yield signed, salt, body


def made(folder: Path, count: int) -> list[tuple[bytes, bytes, bytes]]:
    """An export of ``count`` entries; returns (key, signature, message) of everything signed in it."""
    rng = random.Random(7)
    one, two = (
        found(name, [NewOfficer("duty", "duty")], LIVE, rng.randbytes, START) for name in ("Bern", "Tehran")
    )
    pair = (one, two) if one.office.id < two.office.id else (two, one)
    ids = (pair[0].office.id, pair[1].office.id)
    pairing = state(Pairing(offices=ids, offers=(bytes(32), bytes(32))), LIVE)
    signatures: list[tuple[bytes, bytes, bytes]] = []
    entries = list(chain(pair, pairing.id, count))
    heads = {entry.statement.read(Entry).writer: entry for entry, _, _ in entries}
    places = {
        writer: (e.statement.read(Entry).incarnation, e.statement.read(Entry).number, e.id)
        for writer, e in heads.items()
    }
    counts = {ids[0]: (count + 1) // 2, ids[1]: count // 2}
    manifest = Manifest(
        office=pair[0].office.id,
        roster=1,
        time=(START + count * STEP, 2),
        list_hash=bytes(32),
        files=0,
        texts=True,
        chains=tuple((pairing.id, writer, counts[writer], places[writer]) for writer in ids),
    )
    examiner, out = Examiner(manifest, LIVE), Writer(folder)
    for each in pair:
        out.put(examiner.office(each.office.raw), each.office.raw)
    line = examiner.line(pairing.raw)
    assert line is not None
    out.put(f"{line.folder}/pairing.cbor", pairing.raw)
    for each in pair:
        heard = PairingConfirmed(line=line.id, office=each.office.id, roster=1, time=(START, 2))
        confirmed = sign(state(heard, LIVE), each.officer_seeds["duty"])
        out.put(examiner.confirmation(line, confirmed.raw), confirmed.raw)
    by_path = {}
    for signed, salt, body in entries:
        content = signed.statement.read(Entry)
        name = examiner.account.name(content.writer)
        by_path[layout.entry(line.folder, content.time[0], name, content.number, signed.id)] = (
            signed,
            salt,
            body,
        )
    waiting: dict[bytes, list[tuple[bytes, int, bytes]]] = {ids[0]: [], ids[1]: []}
    receipts = []
    for path, (signed, salt, body) in sorted(by_path.items()):
        raw = write_entry(signed.raw, salt, body)
        out.put(examiner.entry(line, raw, path), raw)
        signatures += [(*pair_of(signed), signed.statement.raw)]
        content = signed.statement.read(Entry)
        reader = ids[1] if content.writer == ids[0] else ids[0]
        waiting[reader].append((content.incarnation, content.number, signed.id))
        if len(waiting[reader]) == RECEIPTED:
            receipts.append((reader, content.time, tuple(waiting[reader])))
            waiting[reader] = []
    for reader, at, named in receipts:
        receipt = Receipt(line=line.id, reader=reader, entries=named, time=at, roster=1)
        signed = sign(state(receipt, LIVE), next(each.desk_seed for each in pair if each.office.id == reader))
        out.put(examiner.receipt(line, signed.raw), signed.raw)
        signatures += [(*pair_of(signed), signed.statement.raw)]
    examiner.finish()
    assert not examiner.findings, examiner.findings[:3]
    for path, rows in texts(examiner.account):
        out.put(path, "".join(rows).encode())
    listed = b"".join(list_files(out.files.items()))
    (folder / LIST).write_bytes(listed)
    final = replace(manifest, list_hash=crypto.sha256(listed), files=len(out.files))
    (folder / MANIFEST).write_bytes(sign(state(final, LIVE), pair[0].desk_seed).raw)
    return signatures


def pair_of(signed: Signed) -> tuple[bytes, bytes]:
    ((key, signature),) = signed.signatures
    return key, signature


def bare(signatures: list[tuple[bytes, bytes, bytes]]) -> float:
    """Seconds of processor time for the signatures alone, keys loaded once."""
    keys = {key: ed25519.Ed25519PublicKey.from_public_bytes(key) for key, _, _ in signatures}
    began = time.process_time()
    for key, signature, message in signatures:
        keys[key].verify(signature, message)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument(
        "--all", action="store_true", help="a million entries: needs 8 GB of disk and an hour"
    )
    given = parser.parse_args()
    count = 1_000_000 if given.all else given.entries
    scratch = Path(tempfile.mkdtemp(prefix="goodoffices-bench-"))
    try:
        say = sys.stdout.write
        pid = os.fork()
        if pid == 0:  # what making it takes of memory is not the verifier's
            signatures = made(scratch / "export", count)
            sample = signatures[: min(len(signatures), 20_000)]
            seconds = bare(sample) / len(sample)
            (scratch / "bare").write_text(f"{seconds!r} {len(signatures)}")
            os._exit(0)
        os.waitpid(pid, 0)
        each, number = (scratch / "bare").read_text().split()
        needed = float(each) * int(number)
        began, wall = time.process_time(), time.monotonic()
        told = verify(scratch / "export", jobs=1)
        took, waited = time.process_time() - began, time.monotonic() - wall
        assert told.verified, told.findings[:3]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        say(f"{count:,} entries, {int(number):,} signatures\n")
        say(f"bare Ed25519      {needed:8.1f} s of processor time ({float(each) * 1e6:.0f} us each)\n")
        say(
            f"verifier, 1 core  {took:8.1f} s, {waited:.1f} s by the clock: {needed / took:.0%} of bare, goal 85 %\n"
        )
        say(f"memory            {peak:8.0f} MiB, goal 300\n")
        many = cores()
        before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        began = time.process_time()
        assert verify(scratch / "export", jobs=many).verified
        waited = time.monotonic() - wall
        after, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time() - began
        beside = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        say(
            f"verifier, {many} cores {waited:8.1f} s by the clock: {needed / waited / many:.0%} of bare times {many}"
        )
        say(f", goal 75 %; {own:.1f} s of processor time in the pass, {beside:.1f} s beside it\n")
        leaves = [merkle.plain_leaf(at.to_bytes(32, "big")) for at in range(min(count, 1 << 20))]
        proof = merkle.inclusion(leaves, len(leaves) // 3)
        say(f"proof of one      {32 * len(proof):8d} bytes for one entry of {len(leaves):,}, goal 4,096\n")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()

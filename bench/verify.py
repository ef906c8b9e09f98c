# SPDX-License-Identifier: Apache-2.0
"""The verifier: how fast a long record is verified, beside the bare signatures that it needs, in one run.

    .venv/bin/python bench/verify.py [--entries 50000] [--all] [--keep FOLDER]      # --all: 1,000,000

A line between two desks that tested it by the hour for years: entries of both sides, one in a hundred with an
act of its desk, receipts over 64 at a time, a checkpoint-free export in packs. It is made once, in a temporary
folder or in FOLDER, where a second run finds it; then, in the same run, the bare Ed25519 verifications of
exactly these signatures, the verifier on one core, and on all cores. The figures to look at are the ratios,
of processor time where the machine has other work.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from goodoffices.core import cbor, crypto, merkle
from goodoffices.core.act import CHANNEL_LANE, Act, ActType
from goodoffices.core.line import Entry, EntryKind, Item, Receipt, commitment
from goodoffices.core.mandate import DEFAULT_CLOCKS, Mandate, Role
from goodoffices.core.pairing import Pairing, PairingConfirmed
from goodoffices.core.readable.texts import texts
from goodoffices.core.record.examiner import Examiner
from goodoffices.core.record.manifest import LIST, MANIFEST, PACKED, Manifest, list_files, write_entry
from goodoffices.core.record.pack import ENDING, Ends, Looked, look, packed
from goodoffices.core.statement import LIVE, Signed, sign, state
from goodoffices.desk.founding import Founding, NewOfficer, found
from goodoffices.verify.ahead import cores
from goodoffices.verify.verifier import verify

START = 1_300_000_000_000
STEP = 600_000
RECEIPTED = 64
SAMPLE = 20_000

Triple = tuple[bytes, bytes, bytes]
"""Key, signature, message."""


@dataclass(frozen=True)
class Setting:
    """Two offices with a line between them, a third beyond, and their mandate."""

    pair: tuple[Founding, Founding]
    far: Founding
    pairing: bytes
    line: bytes
    mandate: Signed


def setting() -> Setting:
    """The offices, drawn from a seed of their own."""
    rng = random.Random(7)
    one, two, far = (
        found(name, [NewOfficer("duty", "duty")], LIVE, rng.randbytes, START)
        for name in ("Washington", "Bern", "Tehran")
    )
    first, second = (one, two) if one.office.id < two.office.id else (two, one)
    pairing = state(Pairing(offices=(first.office.id, second.office.id), offers=(bytes(32), bytes(32))), LIVE)
    roles = (Role.PARTY, Role.INTERMEDIARY, Role.PARTY)
    mandate = Mandate(
        name="A channel",
        offices=tuple(
            (int(role), each.office.id, each.office.signed[-1].id, False)
            for role, each in zip(roles, (one, two, far), strict=True)
        ),
        reading=1,
        forwarding=1,
        clocks={int(each): limit for each, limit in DEFAULT_CLOCKS.items()},
        languages=("en",),
        disclosure=1,
        record_use=1,
        acknowledgements=(1, 2),
        made=START,
        salt=bytes(32),
    )
    seeds = [each.officer_seeds["duty"] for each in (one, two, far)]
    return Setting((first, second), far, pairing.raw, pairing.id, sign(state(mandate, LIVE), *seeds))


class Acts:
    """The chain of one author's acts."""

    def __init__(self, setting: Setting, author: Founding, reader: bytes, rng: random.Random) -> None:
        self._setting, self._author, self._reader, self._rng = setting, author, reader, rng
        self._number = 0
        self._previous: bytes | None = None

    def next(self, at: int) -> Signed:
        self._number += 1
        act = Act(
            mandate=self._setting.mandate.id,
            author=self._author.office.id,
            recipient=self._reader,
            lane=CHANNEL_LANE,
            incarnation=bytes(16),
            sequence=self._number,
            previous=self._previous,
            roster=1,
            proof=1,
            time=(at, 2),
            type=ActType.AT_DESK,
            subject=self._rng.randbytes(32),
        )
        signed = sign(state(act, LIVE), self._author.desk_seed)
        self._previous = signed.id
        return signed


def chain(made: Setting, count: int) -> Iterator[tuple[Signed, bytes, bytes]]:
    """(signed entry, salt, body) of both sides by turns, each having seen the other's newest."""
    newest: list[tuple[bytes, int, bytes] | None] = [None, None]
    rng, pair = random.Random(1), made.pair
    acts = [Acts(made, pair[me], pair[1 - me].office.id, rng) for me in (0, 1)]
    for at in range(count):
        me, ms = at % 2, START + at * STEP
        mine, theirs = newest[me], newest[1 - me]
        salt, body = rng.randbytes(32), b"\x80"
        if at % 200 in (98, 99):
            body = cbor.encode([[int(Item.ACT), acts[me].next(ms).raw]])
        entry = Entry(
            line=made.line,
            writer=pair[me].office.id,
            incarnation=bytes([me]) * 16,
            number=mine[1] + 1 if mine else 1,
            previous=mine[2] if mine else None,
            seen=theirs,
            kind=EntryKind.ACTS if at < 2 or body != b"\x80" else EntryKind.SYSTEM,
            time=(ms, 2),
            commitment=commitment(salt, body),
            roster=1,
        )
        signed = sign(state(entry, LIVE), pair[me].desk_seed)
        newest[me] = (entry.incarnation, entry.number, signed.id)
        yield signed, salt, body


def receipts(made: Setting, places: list[tuple[int, tuple[bytes, int, bytes], int]]) -> Iterator[Signed]:
    """Receipts over 64 at a time. ``places``: (writer, place, ms), in the order of time."""
    waiting: tuple[list[tuple[bytes, int, bytes]], list[tuple[bytes, int, bytes]]] = ([], [])
    for writer, place, ms in places:
        waiting[writer].append(place)
        if len(waiting[writer]) == RECEIPTED:
            reader = made.pair[1 - writer]
            named = tuple(waiting[writer])
            receipt = Receipt(line=made.line, reader=reader.office.id, entries=named, time=(ms, 2), roster=1)
            waiting[writer].clear()
            yield sign(state(receipt, LIVE), reader.desk_seed)


class Making:
    """Writes an export of a line of ``count`` entries."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count, self.made = folder, count, setting()
        self.files: dict[str, bytes] = {}
        self.sample: list[Triple] = []
        self.signatures = 0

    def _put(self, path: str | None, raw: bytes) -> None:
        assert path is not None
        self.files[path] = hashlib.sha256(raw).digest()
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)

    def _signed(self, signed: Signed) -> None:
        for key, signature in signed.signatures:
            self.signatures += 1
            if len(self.sample) < SAMPLE:
                self.sample.append((key, signature, signed.statement.raw))

    def run(self) -> None:
        made, count = self.made, self.count
        ids = (made.pair[0].office.id, made.pair[1].office.id)
        newest: dict[int, tuple[int, tuple[bytes, int, bytes]]] = {}
        places: list[tuple[int, tuple[bytes, int, bytes], int]] = []

        def entries() -> Iterator[bytes]:
            for at, (signed, salt, body) in enumerate(chain(made, count)):
                entry = signed.statement.read(Entry)
                place = entry.incarnation, entry.number, signed.id
                newest[at % 2] = entry.number, place
                places.append((at % 2, place, entry.time[0]))
                self._signed(signed)
                self.signatures += body != b"\x80"
                yield write_entry(signed.raw, salt, body)

        def signed_receipts() -> Iterator[bytes]:
            for signed in receipts(made, places):
                self._signed(signed)
                yield signed.raw

        kinds = {"entries": list(packed(entries())), "receipts": list(packed(signed_receipts()))}
        manifest = Manifest(
            office=ids[0],
            roster=1,
            time=(START + count * STEP, 2),
            list_hash=bytes(32),
            files=0,
            texts=True,
            chains=tuple((made.line, ids[each], *newest[each]) for each in (0, 1)),
            layout=PACKED,
        )
        examiner = Examiner(manifest, LIVE)
        for founding in (*made.pair, made.far):
            self._put(examiner.office(founding.office.raw), founding.office.raw)
        self._put(examiner.mandate(made.mandate.raw, ()), made.mandate.raw)
        line = examiner.line(made.pairing)
        assert line is not None
        self._put(f"{line.folder}/pairing.cbor", made.pairing)
        for founding in made.pair:
            heard = PairingConfirmed(line=line.id, office=founding.office.id, roster=1, time=(START, 2))
            confirmed = sign(state(heard, LIVE), founding.officer_seeds["duty"])
            self._put(examiner.confirmation(line, confirmed.raw), confirmed.raw)
        ends = examiner.packed(line)
        for kind, raws in kinds.items():
            after = None
            for raw, looked in self._looked(kind, raws, ends):
                assert looked.name is not None
                after = examiner.pack(line, kind, looked, looked.name, after)
                self._put(looked.name, raw)
                self._put(f"{looked.name.removesuffix(ENDING)}.txt", "".join(looked.text).encode())
        examiner.finish()
        assert not examiner.findings, examiner.findings[:3]
        for path, rows in texts(examiner.account):
            self._put(path, "".join(rows).encode())
        listed = b"".join(list_files(self.files.items()))
        (self.folder / LIST).write_bytes(listed)
        final = replace(manifest, list_hash=crypto.sha256(listed), files=len(self.files))
        (self.folder / MANIFEST).write_bytes(sign(state(final, LIVE), made.pair[0].desk_seed).raw)

    def _looked(self, kind: str, raws: list[bytes], ends: Ends) -> Iterator[tuple[bytes, Looked]]:
        with ProcessPoolExecutor(cores()) as pool:
            yield from zip(raws, pool.map(partial(look, kind, ends=ends, ahead=True), raws), strict=True)


def make(folder: Path, count: int) -> None:
    """The export, and beside it the signatures to measure bare."""
    making = Making(folder / "export", count)
    making.run()
    sample = [[part.hex() for part in each] for each in making.sample]
    (folder / "bare").write_text(json.dumps([making.signatures, sample]))


def bare(sample: list[Triple]) -> float:
    """Seconds of processor time for one signature alone, keys loaded once."""
    keys = {key: ed25519.Ed25519PublicKey.from_public_bytes(key) for key, _, _ in sample}
    began = time.process_time()
    for key, signature, message in sample:
        keys[key].verify(signature, message)
    return (time.process_time() - began) / len(sample)


def apart(folder: Path, sample: list[Triple], jobs: int, told: Path) -> None:
    """Verify in a process of its own, with the bare signatures before and after, and write what it took."""
    pid = os.fork()
    if pid:
        assert os.waitpid(pid, 0)[1] == 0
        return
    before = bare(sample)
    began, wall = time.process_time(), time.monotonic()
    verdict = verify(folder, jobs=jobs)
    own, waited = time.process_time() - began, time.monotonic() - wall
    assert verdict.verified, verdict.findings[:3]
    usage, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    peak, largest = usage.ru_maxrss / 1024, children.ru_maxrss / 1024
    beside = children.ru_utime + children.ru_stime
    told.write_text(json.dumps([(before + bare(sample)) / 2, own, beside, waited, peak, largest]))
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--all", action="store_true", help="a million entries: 800 MB of disk, ten minutes")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="where the export is kept for a second run"
    )
    given = parser.parse_args()
    count = 1_000_000 if given.all else given.entries
    scratch = given.keep or Path(tempfile.mkdtemp(prefix="goodoffices-bench-"))
    try:
        say = sys.stdout.write
        if not (scratch / "bare").exists():
            pid = os.fork()
            if pid == 0:  # what making it takes of memory is not the verifier's
                make(scratch, count)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        number, triples = json.loads((scratch / "bare").read_text())
        sample: list[Triple] = [tuple(bytes.fromhex(part) for part in each) for each in triples]  # type: ignore[misc]
        say(f"{count:,} entries, {number:,} signatures\n")
        apart(scratch / "export", sample, 1, scratch / "told")
        each, own, _, waited, peak, _ = json.loads((scratch / "told").read_text())
        needed = each * number
        say(f"bare Ed25519      {needed:8.1f} s of processor time ({each * 1e6:.0f} us each)\n")
        say(f"verifier, 1 core  {own:8.1f} s, {waited:.1f} s by the clock: ")
        say(f"{needed / own:.0%} of bare, goal 85 %\n")
        say(f"memory            {peak:8.0f} MiB, goal 300\n")
        many = cores()
        apart(scratch / "export", sample, many, scratch / "told")
        each, own, beside, waited, peak, largest = json.loads((scratch / "told").read_text())
        needed = each * number
        say(
            f"verifier, {many} cores {waited:8.1f} s by the clock: {needed / waited / many:.0%} of bare times {many}"
        )
        say(
            f", goal 75 %\n                  {own:8.1f} s of processor time in the pass, {beside:.1f} s beside it: "
        )
        say(f"{needed / max(own, (own + beside) / many) / many:.0%} on {many} cores of its own\n")
        say(f"memory            {peak:8.0f} MiB in the pass, {largest:.0f} MiB in the largest worker\n")
        leaves = [merkle.plain_leaf(at.to_bytes(32, "big")) for at in range(min(count, 1 << 20))]
        proof = merkle.inclusion(leaves, len(leaves) // 3)
        say(f"proof of one      {32 * len(proof):8d} bytes for one entry of {len(leaves):,}, goal 4,096\n")
    finally:
        if given.keep is None:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()

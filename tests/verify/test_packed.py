# SPDX-License-Identifier: Apache-2.0
"""A long record lies in packs: the same is found in it as in a record of single files (P8, P12; ADR 0040)."""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core.line import Entry, commitment
from goodoffices.core.record import pack as record_pack
from goodoffices.core.record.manifest import LIST, MANIFEST, Manifest, read_entry, write_entry
from goodoffices.core.record.pack import Ends, Looked, look, unwrapped, wrapped
from goodoffices.core.record.quick import QuickReader
from goodoffices.core.record.stretch import Stretch
from goodoffices.core.statement import LIVE, read_signed, sign, state
from goodoffices.desk.export import export
from goodoffices.verify.output import as_json
from goodoffices.verify.verifier import verify
from tests.verify.channel import Channel, exported, files_of, sign_again, verdict


@pytest.fixture(scope="module")
def played() -> Channel:
    channel = Channel()
    channel.week()
    return channel


@pytest.fixture(autouse=True)
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every record were a long one, with packs of a few entries."""
    monkeypatch.setattr("goodoffices.desk.export.PACKS_FROM", 1)
    monkeypatch.setattr("goodoffices.desk.export.MANY", 6)
    monkeypatch.setattr("goodoffices.verify.ahead.FEWEST_PACKS", 1)


@pytest.fixture
def folder(played: Channel, tmp_path: Path) -> Path:
    return exported(played.middle, tmp_path / "export", played.now)


def packs(folder: Path, kind: str = "entries") -> list[Path]:
    return sorted(folder.glob(f"lines/tehran-*/{kind}/*.pack"))


def objects(pack: Path) -> list[bytes]:
    raw = pack.read_bytes()
    return [raw[start:end] for start, end in unwrapped(raw)]


def write(pack: Path, parts: list[bytes]) -> None:
    pack.write_bytes(b"".join(map(wrapped, parts)))


@pytest.mark.slow
def test_a_packed_record_says_what_the_same_record_in_single_files_says(
    played: Channel, tmp_path: Path
) -> None:
    for node in played.nodes:
        export(node.desk, tmp_path / node.name, played.now)
        export(node.desk, tmp_path / f"{node.name} single", played.now, packs_from=10_000)
        packed, single = (as_json(verdict(tmp_path / name)) for name in (node.name, f"{node.name} single"))
        assert packed == single
        assert packed["verdict"] == "verified"


def test_a_record_is_packed_once_a_line_is_long(
    played: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goodoffices.desk.export.PACKS_FROM", record_pack.MANY)
    folder = exported(played.west, tmp_path / "export", played.now)
    assert not list(folder.rglob("*.pack"))


def test_an_older_verifier_is_told_that_it_is_a_newer_layout(folder: Path, played: Channel) -> None:
    """P8: it says so, and does not take packs for faults: the manifest's field 8 must be understood."""
    old = read_signed((folder / MANIFEST).read_bytes()).statement
    content = old.parts[2]
    assert content[8] == 2
    newer = Manifest(**{**vars(old.read(Manifest)), "layout": 2})
    assert (
        sign(state(newer, old.realm), played.middle.founding.desk_seed).raw
        == (folder / MANIFEST).read_bytes()
    )


def _swap(folder: Path) -> None:
    first = packs(folder)[0]
    parts = objects(first)
    write(first, [parts[1], parts[0], *parts[2:]])


def _drop(folder: Path) -> None:
    pack = packs(folder)[1]
    write(pack, objects(pack)[:2] + objects(pack)[3:])


def _twice(folder: Path) -> None:
    pack = packs(folder)[1]
    write(pack, objects(pack) + objects(pack)[-1:])


def _again_in_the_next(folder: Path) -> None:
    first, second = packs(folder)[:2]
    write(second, objects(first)[-1:] + objects(second))


def _cut(folder: Path) -> None:
    pack = packs(folder)[1]
    pack.write_bytes(pack.read_bytes()[:-5])


def _more(folder: Path) -> None:
    pack = packs(folder)[1]
    pack.write_bytes(pack.read_bytes() + b"\x41")


def _empty(folder: Path) -> None:
    packs(folder)[1].write_bytes(b"")


def _long_head(folder: Path) -> None:
    pack = packs(folder)[0]
    part = objects(pack)[0]
    pack.write_bytes(b"\x5a" + len(part).to_bytes(4, "big") + part)


def _many_small(folder: Path) -> None:
    packs(folder)[1].write_bytes(b"\x40" * 100_000)


def _gigantic(folder: Path) -> None:
    packs(folder)[1].write_bytes(bytes(3_000_001))


def _renamed(folder: Path) -> None:
    pack = packs(folder)[1]
    pack.rename(pack.with_name(pack.name.replace("bern", "bonn").replace("tehran", "teheran")))


def _single(folder: Path) -> None:
    pack = packs(folder)[0]
    pack.with_name("20200101T000000000Z-bern-000001-00.cbor").write_bytes(objects(pack)[0])


def _text(folder: Path) -> None:
    text = packs(folder)[0].with_suffix(".txt")
    text.write_bytes(text.read_bytes().replace(b"entry 2 to", b"entry 3 to"))


def _no_text(folder: Path) -> None:
    packs(folder)[0].with_suffix(".txt").unlink()


def _receipt(folder: Path) -> None:
    pack = packs(folder, "receipts")[0]
    write(pack, objects(pack)[1:])


def _of_another_line(folder: Path) -> None:
    other = sorted(folder.glob("lines/washington-*/entries/*.pack"))[1]
    pack = packs(folder)[1]
    write(pack, sorted(objects(pack) + objects(other)[:1]))


DAMAGE: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "two entries exchanged": (_swap, {"place", "text"}),
    "an entry taken out": (_drop, {"gap"}),
    "an entry twice": (_twice, {"place", "fork"}),
    "an entry in two packs": (_again_in_the_next, {"place"}),
    "cut short": (_cut, {"entry"}),
    "something after the end": (_more, {"entry"}),
    "nothing in it": (_empty, {"entry", "gap"}),
    "a length not in its shortest form": (_long_head, {"entry"}),
    "a hundred thousand empty strings": (_many_small, {"entry"}),
    "gigantic": (_gigantic, {"too-large", "entry"}),
    "renamed": (_renamed, {"place"}),
    "a single file beside packs": (_single, {"belongs-to-nothing"}),
    "a text that says something else": (_text, {"text"}),
    "a text taken out": (_no_text, {"no-text"}),
    "a receipt taken out": (_receipt, {"text"}),
    "an entry of another line": (_of_another_line, {"entry"}),
}


@pytest.mark.parametrize("kept", [1, 4, 9])
def test_a_half_written_record_is_told_from_a_whole_one(kept: int, folder: Path) -> None:
    """P12: an export that broke off has no manifest; what is there is held against the list, where there is one."""
    (folder / MANIFEST).unlink()
    for path in files_of(folder)[kept:]:
        path.unlink()
    found = verdict(folder).findings
    assert {(MANIFEST, "missing"), (LIST, "missing")} <= {(each.where, str(each.flaw)) for each in found}


def test_a_record_inside_a_record_is_no_part_of_it(folder: Path, tmp_path: Path) -> None:
    """P12: nested, packs and all."""
    shutil.copytree(folder, tmp_path / "inner")
    (line,) = folder.glob("lines/tehran-*")
    shutil.move(tmp_path / "inner", line / "inner")
    assert {str(each.flaw) for each in verdict(folder).findings} == {"extra"}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_with_a_pack_is_found_though_its_list_is_signed_again(
    damage: str, folder: Path, played: Channel
) -> None:
    change, expected = DAMAGE[damage]
    change(folder)
    sign_again(folder, played.middle)
    told = verdict(folder)
    kinds = {str(each.flaw) for each in told.findings}
    assert expected <= kinds
    assert len(told.findings) < 40
    assert verify(folder, jobs=2).findings == verify(folder, jobs=1).findings


def test_every_object_of_a_pack_is_named_by_its_place_in_it(folder: Path, played: Channel) -> None:
    pack = packs(folder)[1]
    parts = objects(pack)
    parts[3] = parts[3][:-1] + bytes([parts[3][-1] ^ 1])
    write(pack, parts)
    sign_again(folder, played.middle)
    where = f"{pack.relative_to(folder).as_posix()}#4"
    assert where in {each.where for each in verdict(folder).findings}


# --- quickly and slowly ------------------------------------------------------------------------------


def _ends(played: Channel, folder: Path) -> Ends:
    (line,) = folder.glob("lines/tehran-*")
    offices = sorted((played.middle.founding.office, played.east.founding.office), key=lambda each: each.id)
    return Ends(played.lines[1], bytes(16), line.relative_to(folder).as_posix(), (offices[0], offices[1]))


def _damaged(raw: bytes, rng: random.Random) -> Iterator[bytes]:
    yield raw
    for _ in range(150):
        at = rng.randrange(len(raw))
        kind = rng.randrange(3)
        if kind == 0:
            yield raw[:at] + bytes([raw[at] ^ (1 << rng.randrange(8))]) + raw[at + 1 :]
        elif kind == 1:
            yield raw[:at] + rng.randbytes(1) + raw[at:]
        else:
            yield raw[:at] + raw[at + 1 :]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["entries", "receipts"])
def test_the_quick_look_never_says_anything_else_than_the_slow_one(
    kind: str, folder: Path, played: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each object of a pack, and each changed at random: one reading is for speed, the other is the rule."""
    ends, rng = _ends(played, folder), random.Random(kind)
    whole = [part for pack in packs(folder, kind) for part in objects(pack)[:4]]
    whole += list(_plain_ones(whole, played, rng)) if kind == "entries" else []
    given = [wrapped(raw) for part in whole for raw in _damaged(part, rng) if len(raw) >= record_pack.LEAST]
    quick = [_told(look(kind, raw, ends, ahead=False)) for raw in given]
    slowly: list[bytes] = []
    for name in ("entry", "receipt"):
        monkeypatch.setattr(QuickReader, name, lambda _, raw, *place: slowly.append(raw))
    assert quick == [_told(look(kind, raw, ends, ahead=False)) for raw in given]
    assert slowly == given
    assert sum(bool(refused) for refused, *_ in quick) > 4


def _plain_ones(entries: list[bytes], played: Channel, rng: random.Random) -> Iterator[bytes]:
    """The same entries with nothing in them for the pass: the kind that a quick look is for."""
    seeds = {node.me: node.founding.desk_seed for node in played.nodes}
    for raw in entries:
        signed, _, _ = read_entry(raw)
        for kind, body in ((1, b"\x80"), (4, b""), (4, bytes(30)), (9, bytes(300)), (3, b""), (2, None)):
            salt = rng.randbytes(32)
            old = signed.statement.read(Entry)
            content = replace(old, kind=kind, commitment=commitment(salt, body or b""))
            made = sign(state(content, LIVE), seeds[old.writer])
            yield write_entry(made.raw, salt if body is not None else None, body)


def test_a_quick_look_is_enough_for_an_entry_with_nothing_in_it(folder: Path, played: Channel) -> None:
    """Else a million of them would be read slowly, and nothing would say so."""
    ends = _ends(played, folder)
    reader = QuickReader(ends.line, ends.realm, ends.offices)
    parts = objects(packs(folder)[1])
    taken = [reader.entry(raw, 0, len(raw)) for raw in _plain_ones(parts, played, random.Random(1))]
    assert [each is not None for each in taken] == [True, True, True, True, False, True] * len(parts)


def _told(looked: Looked) -> tuple[object, ...]:
    found = [
        (each.writer, each.incarnation, *each.rows()) if isinstance(each, Stretch) else each
        for each in looked.found
    ]
    return (looked.refused, found, looked.receipts, looked.text, looked.name)


def test_files_of_a_packed_record_are_few(folder: Path) -> None:
    """P8: what a person has to look through does not grow by a file with every entry."""
    lines = [path for path in files_of(folder) if "/lines/" in path.as_posix()]
    entries = sum(len(objects(pack)) for pack in folder.glob("lines/*/entries/*.pack"))
    assert entries > 20
    assert len(lines) < entries

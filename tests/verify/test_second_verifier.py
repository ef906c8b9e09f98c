# SPDX-License-Identifier: Apache-2.0
"""The second verifier, a page opened from disk, gives the verdict of the first: on vectors, damage, at random (P8)."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from goodoffices.core.mandate import Forwarding
from goodoffices.core.sealed import read_sealed
from goodoffices.verify.output import as_json, as_words
from goodoffices.verify.page import OFFERED, PAGE, put_together
from goodoffices.verify.pair import Pair
from goodoffices.verify.verifier import verify
from tests.core import curve
from tests.core.test_vectors import FILES
from tests.desk.test_thin import Thin
from tests.vectors.check import run
from tests.verify.channel import Channel, exported, files_of, sign_again
from tests.verify.everything import everything
from tests.verify.resigning import AllKeys
from tests.verify.second import Second

pytestmark = pytest.mark.slow

CHECKS = Path(__file__).resolve().parent / "vector_checks.js"
WITHOUT_SECRETS = 110


@pytest.fixture(scope="module")
def played() -> Channel:
    channel = Channel()
    channel.week()
    return channel


@pytest.fixture(scope="module")
def folder(played: Channel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An export that every test leaves as it was."""
    made = exported(played.east, tmp_path_factory.mktemp("second") / "export", played.now)
    before = {path: path.read_bytes() for path in files_of(made)}
    yield made
    assert {path: path.read_bytes() for path in files_of(made)} == before


def test_the_page_in_the_tree_is_made_of_its_parts() -> None:
    """script/papers makes it."""
    assert PAGE.read_text(encoding="utf-8") == put_together()


# --- vectors --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vector_page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("vectors") / "page.html"
    more = CHECKS.read_text(encoding="utf-8")
    path.write_text(put_together(more, f"{OFFERED}, judgeVector"), encoding="utf-8")
    page = browser.new_context().new_page()
    page.goto(path.as_uri())
    return page


def test_every_vector_that_needs_no_secret_has_the_verdict_it_declares(vector_page: Page) -> None:
    """Ed25519's edge cases among them."""
    judged = 0
    for path in FILES:
        vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        told = vector_page.evaluate("(vector) => verifier.judgeVector(vector)", vector)
        if told is not None:
            judged += 1
            assert told == [vector["verdict"], vector.get("result")], path.stem
    assert judged >= WITHOUT_SECRETS


def odd_signatures() -> Iterator[tuple[bytes, bytes, bytes]]:
    """(key, signature, message): each part of small order or not, canonical or not; and S beyond L."""
    message, secret = b"text", 8 * 1234567
    points = curve.torsion()
    for shift in points:
        public = curve.encode(curve.add(curve.times(secret, curve.BASE), shift))
        for nonce_shift in points[::3]:
            signature = curve.sign_with(secret, public, 99, message, nonce_shift)
            yield public, signature, message
            s = int.from_bytes(signature[32:], "little")
            yield public, signature[:32] + (s + curve.L).to_bytes(32, "little"), message
    for point in points:
        small = curve.encode(point)
        for public in (small, small[:31] + bytes([small[31] ^ 0x80])):
            yield public, small + bytes(32), message
            yield public, curve.encode(curve.IDENTITY) + bytes(32), message
    public = curve.encode(curve.times(secret, curve.BASE))
    for y in (curve.P, curve.P + 1, 2**255 - 1):
        for sign in (0, 1 << 255):
            yield (y | sign).to_bytes(32, "little"), curve.sign_with(secret, public, 7, message), message
            yield public, (y | sign).to_bytes(32, "little") + bytes(32), message
    rng = random.Random(8032)
    for _ in range(100):
        yield rng.randbytes(32), rng.randbytes(63) + b"\0", message
        yield (
            public,
            curve.sign_with(secret, public, rng.getrandbits(250), message)[: rng.randint(60, 64)],
            message,
        )


def test_both_judge_odd_signatures_and_keys_alike(vector_page: Page) -> None:
    """The profile of docs/format.md §1.3 is held before WebCrypto is asked, and WebCrypto is cofactorless."""
    cases = [
        {"check": check, "input": {"key": key.hex(), "signature": signature.hex(), "message": message.hex()}}
        for key, signature, message in odd_signatures()
        for check in ("ed25519 key", "ed25519 signature")
    ]
    told = vector_page.evaluate("(cases) => Promise.all(cases.map(verifier.judgeVector))", cases)
    assert [verdict for verdict, _ in told] == [run(case)[0] for case in cases]
    assert {verdict for verdict, _ in told} == {"accepted", "Malformed", "WrongSigner"}


# --- damage ---------------------------------------------------------------------------------------------


def flipped(raw: bytes, number: int) -> bytes:
    at = len(raw) * (number % 7) // 7
    return raw[:at] + bytes([raw[at] ^ 1 << number % 8]) + raw[at + 1 :]


DAMAGE: dict[str, Callable[[bytes, int], bytes]] = {
    "flipped": flipped,
    "cut": lambda raw, number: raw[: (0, 1, -1)[number % 3]],
    "longer": lambda raw, _: raw + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_both_say_the_same_of_any_damaged_file(second: Second, folder: Path, damage: str) -> None:
    for number, path in enumerate(files_of(folder)):
        raw = path.read_bytes()
        path.write_bytes(DAMAGE[damage](raw, number))
        try:
            assert second.agrees(folder)["verdict"] == "findings", path
        finally:
            path.write_bytes(raw)


def test_both_say_the_same_of_every_bit_of_the_manifest(second: Second, folder: Path) -> None:
    path = folder / "manifest.cbor"
    raw = path.read_bytes()
    try:
        for at in range(0, len(raw), 13):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :])
            assert second.agrees(folder)["verdict"] == "findings", at
    finally:
        path.write_bytes(raw)


def test_both_say_the_same_of_a_missing_a_renamed_and_a_swapped_file(second: Second, folder: Path) -> None:
    files = files_of(folder)
    for path, other in zip(files[::2], files[1::2], strict=False):
        away = path.with_name(path.name.swapcase())
        path.rename(away)
        try:
            assert second.agrees(folder)["verdict"] == "findings", path
            shutil.move(away, folder.parent / "away")
            assert second.agrees(folder)["verdict"] == "findings", path
            shutil.copy(other, path)
            assert second.agrees(folder)["verdict"] == "findings", path
        finally:
            shutil.move(folder.parent / "away" if not away.exists() else away, path)


@pytest.mark.parametrize(
    "name", [".hidden", "notes.txt", "offices/x", "lines/Entries", "récit.txt", "a b", "-x"]
)
def test_both_name_an_extra_file_and_an_empty_folder(second: Second, folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(b"")
    assert second.agrees(folder)["verdict"] == "findings"
    path.unlink()
    path.mkdir()
    assert second.agrees(folder)["verdict"] == "findings"
    path.rmdir()


def test_both_name_a_link_and_follow_none(second: Second, folder: Path, tmp_path: Path) -> None:
    path = min(folder.glob("offices/*/office.txt"))
    away = tmp_path / "elsewhere"
    shutil.move(path, away)
    path.symlink_to(away)
    try:
        kinds = {each["kind"] for each in second.agrees(folder)["findings"]}
        assert kinds == {"no-plain-file", "missing"}
    finally:
        path.unlink()
        shutil.move(away, path)


# --- at random ------------------------------------------------------------------------------------------


def damaged(raw: bytes, rng: random.Random) -> bytes:
    """A few bits flipped, a piece cut out, doubled or replaced by another piece of the same file."""
    kind, at = rng.randrange(4), rng.randrange(len(raw))
    if kind == 0:
        made = bytearray(raw)
        for _ in range(rng.randint(1, 3)):
            made[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        return bytes(made)
    end = min(len(raw), at + rng.choice((1, 2, 32, 64)))
    if kind == 1:
        return raw[:at] + raw[end:]
    other = rng.randrange(len(raw))
    piece = raw[at:end]
    return raw[:other] + piece + raw[other + (len(piece) if kind == 2 else 0) :]


def test_both_say_the_same_of_what_a_holder_changes_at_random_and_signs_again(
    second: Second, folder: Path, played: Channel
) -> None:
    """P12: the list and the manifest fit, so everything under them is looked at. Seeded, so it can be repeated."""
    rng = random.Random(4)
    frame = {name: (folder / name).read_bytes() for name in ("files.sha256", "manifest.cbor")}
    files = [path for path in files_of(folder) if path.name not in frame]
    for round_ in range(100):
        path = rng.choice(files)
        raw = path.read_bytes()
        path.write_bytes(damaged(raw, rng))
        sign_again(folder, played.east)
        try:
            told = second.agrees(folder)
            assert (told["verdict"] == "verified") == (path.read_bytes() == raw), round_
        finally:
            path.write_bytes(raw)
            for name, content in frame.items():
                (folder / name).write_bytes(content)


@pytest.fixture(scope="module")
def full() -> Channel:
    return everything()


def test_both_say_the_same_of_what_somebody_with_every_key_changes_at_random(
    second: Second, full: Channel, tmp_path: Path
) -> None:
    """P8: every signature holds; what stands behind them decides. Seeded, so it can be repeated."""
    folder = exported(full.east, tmp_path / "export", full.now)
    assert second.agrees(folder)["verdict"] == "verified"
    rng = random.Random(5)
    keys = AllKeys(full, folder, rng)
    frame = {name: (folder / name).read_bytes() for name in ("files.sha256", "manifest.cbor")}
    files = [path for path in files_of(folder) if path.suffix == ".cbor" and path.name not in frame]
    kinds: set[str] = set()
    for _ in range(100):
        path = rng.choice(files)
        raw = path.read_bytes()
        path.write_bytes(keys.file(path.name, raw))
        sign_again(folder, full.east)
        try:
            kinds |= {each["kind"] for each in second.agrees(folder)["findings"]}
        finally:
            path.write_bytes(raw)
            for name, content in frame.items():
                (folder / name).write_bytes(content)
    assert kinds >= {
        "checkpoint",
        "credential",
        "entry",
        "gap",
        "item",
        "mandate",
        "note",
        "previous",
        "receipt",
        "seen",
        "text",
    }


def moved(folder: Path, other: Path, rng: random.Random) -> None:
    """A file taken out, put where another lies, renamed, or brought from another office's export."""
    files = [path for path in files_of(folder) if path.parent != folder]
    path, kind = rng.choice(files), rng.randrange(4)
    if kind == 0:
        path.unlink()
    elif kind == 1:
        path.write_bytes(rng.choice(files).read_bytes())
    elif kind == 2:
        path.rename(path.with_name(f"{rng.choice('az0')}{path.name}"))
    else:
        found = rng.choice(files_of(other))
        target = folder / found.relative_to(other)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(found, target)


def test_both_say_the_same_of_records_put_together_at_random_alone_and_against_each_other(
    second: Second, full: Channel, tmp_path: Path
) -> None:
    """P8: what a holder leaves out, moves, or takes from another record, and signs as its own."""
    rng = random.Random(6)
    whole = [exported(node, tmp_path / node.name, full.now) for node in full.nodes]
    for round_ in range(30):
        at = rng.randrange(3)
        folder = Path(shutil.copytree(whole[at], tmp_path / f"made {round_}"))
        for _ in range(rng.randint(1, 3)):
            moved(folder, rng.choice(whole), rng)
        sign_again(folder, full.nodes[at])
        alone, other = verify(folder), whole[rng.randrange(3)]
        second.agrees(folder, alone)
        if round_ % 3 == 0:
            second.agrees_on_two(Pair((folder.name, other.name), (alone, verify(other))), folder, other)


def test_both_hold_offices_against_a_trust_list(second: Second, folder: Path, played: Channel) -> None:
    """P1."""
    trust = f"# known\n{played.east.me.hex()} Tehran\n"
    told = second.judge(folder, trust)
    assert [each["kind"] for each in told["findings"]] == ["untrusted"] * 2
    assert told["compared_with_trust"] is True
    assert {each.flaw for each in verify(folder, {played.east.me: "Tehran"}).findings} == {"untrusted"}


def test_both_remark_on_an_office_that_the_trust_list_knows_by_another_name(
    second: Second, folder: Path, played: Channel
) -> None:
    """P1: people and programs read it; the fingerprint is what counts, and a list without a name says nothing."""
    trust = {played.east.me: "Vienna", played.middle.me: "no name", played.west.me: played.west.name}
    told = second.judge(folder, f"{played.east.me.hex()} Vienna\n{played.middle.me.hex()}\n")
    (remark,) = (each for each in told["remarks"] if each.startswith("trusted as"))
    assert remark in as_json(verify(folder, trust))["remarks"]
    assert remark.startswith("trusted as 'Vienna' is an office that calls itself 'Tehran': its fingerprint")
    assert f"Remark: {remark}" in list(as_words(verify(folder, trust)))


def test_both_verify_the_record_of_a_thin_line(second: Second, tmp_path: Path) -> None:
    """P8: notes sealed for a thin line, its keys on the way, and checkpoints over all of it."""
    channel = Thin(forwarding=Forwarding.AUTOMATIC)
    channel.thin(0, 1)
    channel.release(channel.west, channel.east)
    for node in channel.nodes:
        node.desk.checkpoints.now(channel.tick())
    channel.wait(3)
    for node in channel.nodes:
        folder = exported(node, tmp_path / node.name, channel.now)
        (sealed,) = folder.rglob("sealed-*")
        assert read_sealed(sealed.read_bytes()).chain is not None
        assert second.agrees(folder)["verdict"] == "verified"

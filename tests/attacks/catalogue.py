# SPDX-License-Identifier: Apache-2.0
"""The catalogue of attacks: what each file here is made of, and the ground on which they are played.

Each `test_NAME.py` that holds an ``ATTACK`` is one attack: ``committed`` plays it against real desks up to
where its victim looks, a test of its own shows that it is refused live, and `test_catalogue.py` has the
record of whoever is named verified, by both verifiers.
"""

from __future__ import annotations

import importlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodoffices.core import cbor
from goodoffices.core.act import CHANNEL_LANE, Act
from goodoffices.core.line import EntryKind
from goodoffices.core.record.findings import Flaw
from goodoffices.core.record.manifest import digest
from goodoffices.core.statement import Signed, sign, state
from goodoffices.desk import founding
from goodoffices.desk.context import Officer
from goodoffices.desk.export import export
from tests.verify.channel import Channel, Node

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORDS = ROOT / "tests" / "vectors" / "records"
PAGE = ROOT / "docs" / "attacks.md"
FEW = 1
"""Sealing keys per office: enough for a week, and records that are small to keep."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack, in words for `docs/attacks.md`, and what a verifier says of the record."""

    by: str
    does: str
    refused: str
    promise: int
    record: str | None = None
    """Whose export shows it; None where no record exists."""
    finds: tuple[Flaw, ...] = ()
    remarks: str = ""
    """A part of a remark, where the record shows it and nothing in it is wrong."""
    shows: str = ""
    """What shows it, where it is neither finding nor remark of one record."""


class Scene(Channel):
    """Washington, Bern and Tehran, and what a dishonest one of them can put on the wire."""

    def __init__(self, **how: Any) -> None:
        usual, founding.EPOCHS = founding.EPOCHS, FEW
        try:
            super().__init__(**how)
        finally:
            founding.EPOCHS = usual

    @property
    def west_line(self) -> bytes:
        return self.lines[0]

    @property
    def east_line(self) -> bytes:
        return self.lines[1]

    def box(self, mailbox: bytes) -> tuple[Node, bytes]:
        """Whose mailbox it is, and of which line."""
        return self._boxes[mailbox]

    def named(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def say(self, node: Node, line: bytes, *items: Any) -> None:
        """What a desk signs into its next entry, whatever it is."""
        with node.desk.context.transaction():
            encoded = [cbor.encode(each) for each in items]
            node.desk.lines._write(line, EntryKind.ACTS, encoded, self.tick(), urgent=False)
        self.pump()

    def act(self, signer: Officer, author: Node, kind: int, **fields: Any) -> Signed:
        """An act by whoever signs it, in whosever name."""
        values: dict[str, Any] = {
            "recipient": self.west.me,
            "lane": CHANNEL_LANE,
            "incarnation": self.rng.randbytes(16),
            "sequence": 1,
            "roster": 1,
            "proof": 1,
            "time": (self.tick(), 0),
        }
        act = Act(mandate=self.mandate, author=author.me, type=int(kind), **(values | fields))
        return sign(state(act, bytes(16)), signer.seed)

    def replace_copy(self, note: bytes, change: Callable[[bytes], bytes]) -> None:
        """Bern keeps something else in place of a note that it is to pass on."""
        ((old, raw, _, _),) = self.middle.desk.ledger.copies(note)
        other = change(raw)
        self.middle.db.execute(
            "UPDATE copy SET sealed=?, digest=? WHERE digest=?", (other, digest(other), old)
        )

    def forward(self, note: bytes) -> None:
        self.middle.desk.acts.forward(self.middle.officer, note, self.tick())
        self.pump()

    def found(self, node: Node) -> str:
        """What a desk's own page of findings says."""
        return "\n".join(row[4] for row in node.desk.ledger.findings())

    def state_at(self, node: Node, note: bytes) -> str:
        row = node.desk.ledger.note(note)
        return row.state if row is not None else "not here"

    def shown(self, node: Node, note: bytes) -> bytes | None:
        """The words that a desk shows as the author's."""
        row = node.desk.ledger.note(note)
        return node.desk.channels.words_inside(row) if row is not None and row.state == "verified" else None


def with_sealed(raw: bytes, at: int, value: Any) -> bytes:
    """A sealed note with one of its four parts exchanged."""
    parts = [*cbor.decode(raw)]
    parts[at] = value
    return cbor.encode(parts)


def attacks() -> dict[str, Any]:
    """Every attack's module, by its name."""
    modules = {}
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(f"tests.attacks.{path.stem}")
        if hasattr(module, "ATTACK"):
            modules[path.stem.removeprefix("test_")] = module
    return modules


def record_of(module: Any, folder: Path) -> Path:
    """The record of an attack, made now, as its holder would hand it to a stranger."""
    scene = module.committed()
    tampered = getattr(module, "tampered", None)
    export(scene.named(module.ATTACK.record).desk, folder, scene.now)
    if tampered is not None:
        tampered(scene, folder)
    return folder


def packed(folder: Path) -> bytes:
    """A folder as one small file; the same bytes for the same files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:xz", preset=9) as archive:
        for path in sorted(folder.rglob("*")):
            info = tarfile.TarInfo(path.relative_to(folder).as_posix() + ("/" if path.is_dir() else ""))
            if path.is_dir():
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = path.stat().st_size
                with path.open("rb") as file:
                    archive.addfile(info, file)
    return raw.getvalue()


def unpacked(raw: bytes, folder: Path) -> Path:
    """The folder that was packed."""
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def page() -> str:
    """`docs/attacks.md`, from the attacks themselves."""
    lines = [_HEAD]
    for by in BY:
        lines += ["", f"## {by}", "", "| attack | what refuses it live | what the record shows | promise |"]
        lines.append("| --- | --- | --- | --- |")
        for name, module in attacks().items():
            attack: Attack = module.ATTACK
            if attack.by == by:
                title = f"[{attack.does}](../tests/attacks/test_{name}.py)"
                lines.append(f"| {title} | {attack.refused} | {_shows(attack)} | P{attack.promise} |")
    return "\n".join(lines) + "\n"


def _shows(attack: Attack) -> str:
    told = attack.shows
    if attack.finds:
        told = f"{attack.record}'s: " + ", ".join(f"`{each.value}`" for each in attack.finds)
    elif attack.remarks:
        told = f'{attack.record}\'s, as a remark: "{attack.remarks}"'
    elif attack.record:
        told = f"{attack.record}'s: verified, since nothing went wrong"
    return told or "nothing: no record holds it"


BY = (
    "A hostile intermediary",
    "A hostile counterpart",
    "A hostile relay",
    "A thief with the disk",
    "A thief of the root",
    "A careless officer",
)

_ABOUT = (
    "What was tried, by whom, what refuses it while it happens, and what a stranger finds in the record"
    " afterwards. Each line is a file in `tests/attacks/`, played against real desks; findings are named as in"
    " [export.md](export.md#4-verdict). The records are vectors, `tests/vectors/records/`, each with its"
    " declared verdict, which both verifiers must give. This page is made from the tests:"
    " `python -m tests.attacks.write`."
)
_MORE = (
    "What is not refused, or not found, stands in the [threat model](threat-model.md) and the"
    " [roadmap](roadmap.md). Further tests of the same attackers: `tests/attacks/test_hostile_*.py`,"
    " `tests/attacks/test_thief_with_the_disk.py`, `tests/verify/test_attacks.py`, and the dishonest"
    " intermediary of the simulated world (`tests/simulation`)."
)
_HEAD = f"# Attacks\n\n{_ABOUT}\n\n{_MORE}"

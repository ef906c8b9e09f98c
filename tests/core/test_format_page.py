# SPDX-License-Identifier: Apache-2.0
"""docs/format.md and the code name the same fields under the same numbers."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from goodoffices.core import (
    act,
    backup,
    briefing,
    clearance,
    handover,
    line,
    mailboxes,
    mandate,
    note,
    office,
    pairing,
    sealed,
    service_traffic,
    stop,
    vouching,
)
from goodoffices.core.act import ActType
from goodoffices.core.line import Item
from goodoffices.core.note import Leaf
from goodoffices.core.statement import Kind
from goodoffices.core.thin import keys as thin_keys

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
TABLES: dict[str, type[Any]] = {
    "**ROOT (1)**": office.Root,
    "**ROSTER (2)**": office.Roster,
    "**PAPER_OFFICE (3)**": mandate.PaperOffice,
    "**MANDATE (4)**": mandate.Mandate,
    "**PAIRING (8)**": pairing.Pairing,
    "**PAIRING_CONFIRMED (9)**": pairing.PairingConfirmed,
    "**MAILBOXES (10)**": mailboxes.Mailboxes,
    "**NOTE (16)**": note.Note,
    "**CLEARANCE (40)**": clearance.Clearance,
    "**HANDOVER (41)**": handover.Handover,
    "**BACKUP (42)**": backup.Piece,
    "**STOP (29)**": stop.Stop,
    "**ROSTER_VOUCHED (57)**": vouching.Vouch,
    "**ACT (17)**": act.Act,
    "**ENTRY (24)**": line.Entry,
    "**RECEIPT (25)**": line.Receipt,
    "**HEAD (26)**": line.Head,
    "**LINE_TEST (27)**": service_traffic.LineTest,
    "**SERVICE_CHAT (28)**": service_traffic.ServiceChat,
    "**Header**": sealed.Header,
    "**BRIEFING (33)**": briefing.Briefing,
    "**THIN_LINE (54)**": thin_keys.ThinLine,
    "**THIN_KEYS (55)**": thin_keys.ThinKeys,
    "**THIN_HELD (56)**": thin_keys.ThinHeld,
}


def table_after(heading: str) -> list[tuple[int, str, bool]]:
    """(number, name, may be absent) of the rows of the first table after a heading."""
    rows = []
    for text in PAGE[PAGE.index(heading) :].splitlines()[1:]:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", text)[1:-1]]
        if cells and cells[0].isdigit():
            rows.append((int(cells[0]), cells[1], cells[2].endswith("?")))
        elif rows:
            break
    return rows


@pytest.mark.parametrize("heading", TABLES)
def test_the_page_lists_the_fields_of(heading: str) -> None:
    fields = dataclasses.fields(TABLES[heading])
    expected = [
        (each.metadata["key"], each.name, each.default is None and each.name != "revoked") for each in fields
    ]
    assert table_after(heading) == expected


def test_the_page_lists_every_kind_act_leaf_and_item() -> None:
    for kind in Kind:
        assert re.search(rf"\| {kind.name} \| {int(kind)} \|", PAGE)
    for each in ActType:
        assert f"| {int(each)} | {each.name} |" in PAGE
    for leaf in Leaf:
        assert f"\n| {int(leaf)} | " in PAGE
    for item in Item:
        assert f"| [{int(item)}, " in PAGE

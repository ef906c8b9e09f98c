# SPDX-License-Identifier: Apache-2.0
"""A briefing made from the chronicle: what can be proved as a briefing, what cannot in a text beside it.

Reports of incidents and public statements are this office's own words. They go into ``not-proved.txt``, outside
the folder that a verifier looks at, and the text says so before anything else (ADR 0063).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from goodoffices.core.errors import MachineError, NotAllowed, YourError
from goodoffices.core.record.layout import counted, plain
from goodoffices.core.statement import LIVE
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.briefing import Chosen, make_briefing
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.chronicle import ItemCard, own_papers
from goodoffices.desk.views.chronicle_export import MARKS, not_proved

PROVED = "briefing"
BESIDE = "not-proved.txt"


def require_mark(items: Sequence[ItemCard], mark: int) -> None:
    """Raise NotAllowed where an item is marked for fewer readers than the whole. ``mark``: as of a report."""
    strictest = max((each.mark for each in items), default=0)
    if strictest > mark:
        raise NotAllowed(
            f"An item among these is marked {MARKS[min(strictest, len(MARKS) - 1)]}.",
            "Choose that mark for the whole, or leave the item out.",
        )


def make_with_papers(
    desk: Desk, officer: Officer, chosen: Chosen, papers: Sequence[bytes], target: Path, now: int
) -> tuple[bytes, Path]:
    """The briefing's ID, and where it lies: the new folder ``target``, or with papers beside it one inside.

    Raises NotAllowed for a paper that is marked for fewer readers, NotFound for one that is not there.
    """
    if not papers:
        return make_briefing(desk, officer, chosen, target, now), target
    if target.exists() or target.is_symlink():
        raise YourError(f"{target} is there already.", "Name a folder that does not exist yet.")
    # Numbered from the narrowest on in a briefing, from the widest on in a report.
    mark = len(MARKS) - int(chosen.mark)
    found = own_papers(desk, desk.ledger.agreement(chosen.mandate), papers)
    require_mark(found, mark)
    office = desk.context.my_office()
    text = not_proved(office.name, plain(chosen.recipient), found, mark, drill=office.realm != LIVE)
    made = make_briefing(desk, officer, chosen, target / PROVED, now)
    try:
        target.chmod(0o700)
        (target / BESIDE).write_bytes(text)
    except OSError as error:
        raise MachineError(f"The briefing cannot be written: {error.strerror or error}.") from None
    deed = f"put {counted(len(found), 'paper')} beside a briefing, not proved"
    desk.note_down(officer.name, deed, AuditKind.EXPORT, now)
    return made, target / PROVED

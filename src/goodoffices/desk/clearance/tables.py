# SPDX-License-Identifier: Apache-2.0
"""The tables of drafts, clearances and notes that wait for further signatures. Storage only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goodoffices.db.sqlite import Connection


@dataclass(frozen=True)
class DraftRow:
    """One text in the making. ``matter``: the first of those that stand side by side."""

    id: bytes
    matter: bytes
    option: int
    mandate: bytes
    recipient: bytes
    at: int
    state: str
    """open | dropped | released"""
    note: bytes | None


@dataclass(frozen=True)
class VersionRow:
    """One version of a draft; its words are sealed."""

    draft: bytes
    version: int
    officer: bytes
    name: str
    at: int
    content: bytes
    words_sealed: bytes


@dataclass(frozen=True)
class ClearanceRow:
    """What one officer signed about one version."""

    draft: bytes
    version: int
    officer: bytes
    name: str
    at: int
    verdict: int
    signed_sealed: bytes


@dataclass(frozen=True)
class OpenRelease:
    """A note that some of the officers whom it needs have signed."""

    mandate: bytes
    lane: bytes
    draft: bytes
    version: int
    note: bytes
    at: int
    inside_sealed: bytes


_DRAFT = "id, matter, option, mandate, recipient, at, state, note"
_VERSION = "draft, version, officer, name, at, content, words_sealed"
_CLEARANCE = "draft, version, officer, name, at, verdict, signed_sealed"
_RELEASE = "mandate, lane, draft, version, note, at, inside_sealed"


class DraftTables:
    """Typed access; every method runs inside the transaction of its caller."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    def _all(self, sql: str, *values: Any) -> list[Any]:
        return self.db.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: Any) -> Any:
        return self.db.execute(sql, values).fetchone()

    # drafts

    def draft(self, draft_id: bytes) -> DraftRow | None:
        """A draft by its ID."""
        row = self._one(f"SELECT {_DRAFT} FROM draft WHERE id=?", draft_id)
        return DraftRow(*row) if row else None

    def open_drafts(self) -> list[DraftRow]:
        """Drafts that are neither released nor dropped, matter by matter, the newest matter first."""
        rows = self._all(
            f"SELECT {_DRAFT} FROM draft AS d WHERE state='open'"
            " ORDER BY (SELECT at FROM draft WHERE id=d.matter) DESC, matter, option"
        )
        return [DraftRow(*row) for row in rows]

    def side_by_side(self, matter: bytes) -> list[DraftRow]:
        """Every draft of one matter, by its option."""
        rows = self._all(f"SELECT {_DRAFT} FROM draft WHERE matter=? ORDER BY option", matter)
        return [DraftRow(*row) for row in rows]

    def add_draft(self, row: DraftRow) -> None:
        """Keep a new draft."""
        self.db.execute(
            f"INSERT INTO draft ({_DRAFT}) VALUES (?,?,?,?,?,?,?,?)",
            (row.id, row.matter, row.option, row.mandate, row.recipient, row.at, row.state, row.note),
        )

    def saved_by(self, once: str) -> tuple[bytes, int] | None:
        """(draft, version) that a form's token made."""
        row = self._one("SELECT draft, version FROM draft_version WHERE once=?", once)
        return (bytes(row[0]), int(row[1])) if row else None

    def close(self, draft: DraftRow, state: str, note: bytes | None) -> None:
        """A draft is dropped, or became a note."""
        self.db.execute("UPDATE draft SET state=?, note=? WHERE id=?", (state, note, draft.id))

    # versions

    def versions(self, draft_id: bytes) -> list[VersionRow]:
        """Every version, oldest first."""
        rows = self._all(f"SELECT {_VERSION} FROM draft_version WHERE draft=? ORDER BY version", draft_id)
        return [VersionRow(*row) for row in rows]

    def add_version(self, row: VersionRow, once: str | None) -> None:
        """Keep a version; none is ever changed."""
        self.db.execute(
            f"INSERT INTO draft_version ({_VERSION}, once) VALUES (?,?,?,?,?,?,?,?)",
            (row.draft, row.version, row.officer, row.name, row.at, row.content, row.words_sealed, once),
        )

    # clearances

    def clearances(self, draft_id: bytes) -> list[ClearanceRow]:
        """Every word on every version, oldest first."""
        rows = self._all(f"SELECT {_CLEARANCE} FROM clearance WHERE draft=? ORDER BY id", draft_id)
        return [ClearanceRow(*row) for row in rows]

    def add_clearance(self, row: ClearanceRow) -> None:
        """Keep an officer's word on a version."""
        self.db.execute(
            f"INSERT INTO clearance ({_CLEARANCE}) VALUES (?,?,?,?,?,?,?)",
            (row.draft, row.version, row.officer, row.name, row.at, row.verdict, row.signed_sealed),
        )

    # notes that wait for further signatures

    def open_release(self, mandate: bytes, lane: bytes) -> OpenRelease | None:
        """What is up for release in a lane; one at a time."""
        row = self._one(f"SELECT {_RELEASE} FROM release_open WHERE mandate=? AND lane=?", mandate, lane)
        return OpenRelease(*row) if row else None

    def open_releases(self) -> list[OpenRelease]:
        """Everything that is up for release."""
        return [OpenRelease(*row) for row in self._all(f"SELECT {_RELEASE} FROM release_open")]

    def release_of(self, draft_id: bytes) -> OpenRelease | None:
        """The release of one draft, while it waits for signatures."""
        row = self._one(f"SELECT {_RELEASE} FROM release_open WHERE draft=?", draft_id)
        return OpenRelease(*row) if row else None

    def keep_release(self, row: OpenRelease) -> None:
        """Keep a release with the signatures so far."""
        self.db.execute(
            f"INSERT OR REPLACE INTO release_open ({_RELEASE}) VALUES (?,?,?,?,?,?,?)",
            (row.mandate, row.lane, row.draft, row.version, row.note, row.at, row.inside_sealed),
        )

    def end_release(self, draft_id: bytes) -> bool:
        """No longer up for release; whether it was."""
        return self.db.execute("DELETE FROM release_open WHERE draft=?", (draft_id,)).rowcount > 0

    # what is being typed

    def unfinished(
        self, officer: bytes, mandate: bytes, recipient: bytes, draft: bytes
    ) -> tuple[int, bytes] | None:
        """(at, sealed fields) of what an officer was typing."""
        row = self._one(
            "SELECT at, words_sealed FROM unfinished WHERE officer=? AND mandate=? AND recipient=? AND draft=?",
            officer,
            mandate,
            recipient,
            draft,
        )
        return (int(row[0]), bytes(row[1])) if row else None

    def keep_unfinished(
        self, officer: bytes, mandate: bytes, recipient: bytes, draft: bytes, now: int, words: bytes
    ) -> None:
        """Keep what an officer is typing, in place of what was kept before."""
        self.db.execute(
            "INSERT OR REPLACE INTO unfinished VALUES (?,?,?,?,?,?)",
            (officer, mandate, recipient, draft, now, words),
        )

    def forget_unfinished(self, officer: bytes, mandate: bytes, recipient: bytes, draft: bytes) -> None:
        """It was saved, released or thrown away."""
        self.db.execute(
            "DELETE FROM unfinished WHERE officer=? AND mandate=? AND recipient=? AND draft=?",
            (officer, mandate, recipient, draft),
        )

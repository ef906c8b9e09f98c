# SPDX-License-Identifier: Apache-2.0
"""Reports of incident files in a briefing: signed parts, held to their marks (P1, P4, P8; ADR 0075)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goodoffices.core import crypto
from goodoffices.core.briefing import FILE, Parts, Sharing, read_briefing, write_briefing
from goodoffices.core.errors import Malformed, NotAllowed
from goodoffices.core.mandate import RecordUse
from goodoffices.core.readable.briefing import TEXT
from goodoffices.core.record.briefing import examine
from goodoffices.core.statement import sign, state
from goodoffices.desk.briefing import Chosen
from goodoffices.desk.incidents.files import IncidentFiles, NewReport
from goodoffices.desk.incidents.sharing import Extracts
from goodoffices.verify.briefing import verify_briefing
from tests.verify.channel import Channel, Node
from tests.verify.test_briefing import chosen, made_channel, make

SOURCE = "our man in the tower"


def reported(node: Node, now: int, **fields: Any) -> tuple[bytes, bytes]:
    """A file with one report in it, by their IDs."""
    files = IncidentFiles(node.desk.context)
    file = files.open(node.officer, "A flight", "Damascus", now)
    usual: dict[str, Any] = {"what": "It stayed.", "source": SOURCE, "known": now, "mark": 2, "grade": (2, 3)}
    return file, files.add(node.officer, file, NewReport(**usual | fields), now)


def let_out(node: Node, now: int, **fields: Any) -> bytes:
    """An extract of a new report, by its ID."""
    file, report = reported(node, now, **fields)
    (extract,) = Extracts(node.desk.context).make(node.officer, file, (report,), now, grade=True)
    return extract


def _brought(channel: Channel) -> bytes:
    west = channel.west
    made = let_out(west, channel.now, what="It has left.", mark=3)
    return Extracts(west.desk.context).one(made).raw


def with_reports() -> tuple[Channel, Chosen]:
    """Washington's note brings a report of Washington's; Tehran shows it beside one of its own."""
    channel, note = made_channel(bring=_brought)
    own = let_out(channel.east, channel.now)
    return channel, chosen(channel, note, notes={note: None}, reports=(own,))


@pytest.fixture(scope="module")
def played() -> tuple[Channel, Chosen]:
    return with_reports()


def test_chosen_reports_are_shown_with_their_signatures_and_the_rest_stays(
    played: tuple[Channel, Chosen], tmp_path: Path
) -> None:
    """P4, P8: whose each is, what is withheld, and that no entry proves their time, is said."""
    folder = make(*played, tmp_path / "briefing")
    told = verify_briefing(folder)
    assert told.verified
    text = (folder / TEXT).read_text(encoding="utf-8")
    assert "REPORTS from incident files of Tehran, as far as it shows them\nThey stand in no entry" in text
    assert "report 1   of what happened, TLP:GREEN" in text
    assert "| It stayed.\n" in text
    assert "grade      B3\n" in text
    assert "report of its author's\n    report 1   of what happened, TLP:AMBER" in text
    assert SOURCE not in text
    assert all(SOURCE.encode() not in path.read_bytes() for path in folder.iterdir())
    (report,) = told.as_json()["briefing"]["reports"]
    assert (report["mark"], report["withheld"]) == ("TLP:GREEN", 4)


def test_a_briefing_may_hold_reports_alone(played: tuple[Channel, Chosen], tmp_path: Path) -> None:
    channel, what = played
    folder = make(channel, replace(what, notes={}), tmp_path / "briefing")
    assert verify_briefing(folder).verified
    _, briefing, parts = read_briefing((folder / FILE).read_bytes())
    assert (briefing.reports, briefing.consents, parts.entries, parts.notes) == (1, 0, (), ())


def test_a_briefing_without_reports_is_as_it_was(played: tuple[Channel, Chosen], tmp_path: Path) -> None:
    """Older verifiers read it."""
    channel, what = played
    folder = make(channel, replace(what, reports=()), tmp_path / "briefing")
    assert read_briefing((folder / FILE).read_bytes())[1].reports is None


@pytest.mark.parametrize("own", [True, False])
def test_no_report_is_shown_more_widely_than_it_is_marked(
    played: tuple[Channel, Chosen], tmp_path: Path, own: bool
) -> None:
    """P4: one of its own, or one that a note brought."""
    channel, what = played
    wider = replace(what, mark=Sharing.CLEAR)
    wider = replace(wider, notes={}) if own else replace(wider, reports=())
    with pytest.raises(NotAllowed, match="not passed on as widely as TLP:CLEAR"):
        make(channel, wider, tmp_path / "briefing")


def test_a_report_that_was_corrected_since_does_not_go(tmp_path: Path) -> None:
    channel, note = made_channel()
    east, now = channel.east, channel.now
    file, report = reported(east, now)
    extracts = Extracts(east.desk.context)
    (made,) = extracts.make(east.officer, file, (report,), now)
    assert [each.id for each in extracts.lately()] == [made]
    correction = NewReport(what="It left.", source="radar", known=now, corrects=report)
    IncidentFiles(east.desk.context).add(east.officer, file, correction, now)
    with pytest.raises(NotAllowed, match="It was corrected"):
        make(channel, chosen(channel, note, reports=(made,)), tmp_path / "briefing")
    assert extracts.lately() == ()


def test_reports_take_nobody_elses_consent(tmp_path: Path) -> None:
    """P4: they are the office's own; a note beside them asks as ever."""
    channel, note = made_channel(RecordUse.WITH_CONSENT_OF_ALL)
    own = let_out(channel.east, channel.now)
    alone = chosen(channel, note, notes={}, reports=(own,))
    assert verify_briefing(make(channel, alone, tmp_path / "alone")).verified
    with pytest.raises(NotAllowed, match="Not signed yet"):
        make(channel, chosen(channel, note, reports=(own,)), tmp_path / "both")


def test_more_or_fewer_reports_than_the_officer_signed_are_found(
    played: tuple[Channel, Chosen], tmp_path: Path
) -> None:
    """P8."""
    channel, what = played
    signed, briefing, parts = read_briefing((make(channel, what, tmp_path / "briefing") / FILE).read_bytes())

    def again(other: Parts) -> bytes:
        made = state(replace(briefing, parts=crypto.sha256(other.raw)), signed.statement.realm)
        return write_briefing(sign(made, channel.east.officer.seed), other)

    for other in (replace(parts, reports=()), replace(parts, reports=None)):
        with pytest.raises(Malformed, match="another number of reports"):
            examine(again(other))

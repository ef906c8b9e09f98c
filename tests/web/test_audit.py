# SPDX-License-Identifier: Apache-2.0
"""The audit log: who did what, when, from which session; a gap shows, and nobody's secret stands in it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from goodoffices.core.errors import YourError
from goodoffices.core.office import Right
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.desk.views.audit import CHECKED
from goodoffices.web.deeds import DEEDS, told
from goodoffices.web.language import load
from tests.web.offices import PASSPHRASE, Browser, Offices
from tests.web.test_access import Clock

PEOPLE = [
    NewOfficer("duty", "officer 1", ALL_RIGHTS),
    NewOfficer("auditor", "officer 2", Right.AUDIT),
    NewOfficer("drafter", "officer 3", Right.DRAFT),
]


@pytest.fixture
def offices() -> Offices:
    offices = Offices(officers=PEOPLE)
    offices.agree()
    return offices


def _rows(offices: Offices, **filters: Any) -> list[Any]:
    asked: dict[str, Any] = {"kind": None, "officer": None, "before": None, "most": 200, **filters}
    return offices.washington.desk.ledger.audit_rows(**asked)


def _at(offices: Offices, name: str) -> Browser:
    browser = Browser(offices.washington)
    browser.sign_in(name)
    return browser


def test_sign_ins_and_what_is_done_stand_in_it_with_their_session(offices: Offices) -> None:
    """P10"""
    browser = _at(offices, "duty")
    (mandate,) = offices.washington.desk.ledger.mandates()
    to = offices.tehran.me.hex()
    browser.done(f"/channels/{mandate.hex()}/release", to=to, text="One.", language="en", precedence=2)
    browser.post("/record")
    browser.done("/sign-out")
    rows = [row for row in reversed(_rows(offices)) if row.session]
    assert [row.kind for row in rows] == ["sign-in", "act", "export", "sign-out"]
    assert len({row.session for row in rows}) == 1
    assert rows[1].what == "released note 1 to Tehran"
    assert browser.csrf[:8] not in {row.session for row in rows}


def test_every_signed_act_of_an_officer_stands_in_it(offices: Offices) -> None:
    """P10: on the way a note goes, three officers of three offices sign."""
    a, b, c = offices.washington, offices.bern, offices.tehran
    browser = Browser(a)
    browser.sign_in()
    (mandate,) = a.desk.ledger.mandates()
    to = c.me.hex()
    note = bytes.fromhex(
        browser.done(f"/channels/{mandate.hex()}/release", to=to, text="One.", language="en", precedence=2)[
            "id"
        ]
    )
    b.act(lambda d, now: d.acts.take(b.officer(), note, now))
    b.act(lambda d, now: d.acts.forward(b.officer(), note, now))
    c.act(lambda d, now: d.acts.open(c.officer(), note, now))
    did = [
        row.what
        for row in reversed(b.desk.ledger.audit_rows(kind="act", officer="duty", before=None, most=9))
    ]
    assert did == [
        f"signed 'seen' about note {note.hex()[:8]}",
        f"signed 'forwarded' about note {note.hex()[:8]}",
    ]


def test_a_refused_sign_in_stands_in_it_without_what_was_typed(offices: Offices) -> None:
    """P3: somebody types his passphrase where his name belongs."""
    browser = Browser(offices.washington)
    browser.sign_in("auditor", "not the passphrase at all")
    browser.sign_in(PASSPHRASE, "whatever")
    rows = _rows(offices, kind="refused")
    assert [row.officer for row in reversed(rows)] == ["auditor", "(no officer of this desk)"]
    everything = str(
        [tuple(row) for row in offices.washington.desk.ledger.db.execute("SELECT * FROM audit").fetchall()]
    )
    assert PASSPHRASE not in everything
    assert "not the passphrase" not in everything


def test_what_an_officer_has_no_right_to_stands_in_it(offices: Offices) -> None:
    """P10"""
    browser = _at(offices, "drafter")
    assert browser.post("/record").status_code == 403
    row = _rows(offices, kind="refused")[0]
    assert (row.officer, row.what) == ("drafter", "had no right to /record")


def test_how_a_session_ended_stands_in_it(offices: Offices) -> None:
    clock = Clock()
    browser = Browser(offices.washington, clock=clock)
    browser.sign_in("auditor")
    clock.seconds += 3600
    assert browser.get("/").status_code == 303
    assert _rows(offices, kind="sign-out")[0].what == "the session ended: nothing was done in it"


def test_only_the_auditor_reads_it_and_filters(offices: Offices) -> None:
    """P10"""
    assert _at(offices, "drafter").get("/audit").status_code == 403
    auditor = _at(offices, "auditor")
    page = auditor.json("/audit?kind=sign-in&officer=auditor")
    assert {(row["kind"], row["officer"]) for row in page["rows"]} == {("sign-in", "auditor")}
    assert page["broken_at"] is None
    assert auditor.json("/audit?number=1")["asked"]["number"] == 1
    assert auditor.json(f"/audit?before={page['count']}")["rows"][0]["number"] == page["count"] - 1
    assert "The log is whole" in auditor.get("/audit?kind=nonsense&before=x&number=99999999999999999").text


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM audit WHERE id=2",
        "UPDATE audit SET what='nothing' WHERE id=2",
        "UPDATE audit SET officer='auditor' WHERE id=2",
        "UPDATE audit SET chain=NULL WHERE id=2",
        "UPDATE audit SET session='00000000' WHERE id=2",
        "DELETE FROM audit WHERE id=1",
    ],
)
def test_a_row_taken_out_or_changed_shows(offices: Offices, damage: str) -> None:
    """P8"""
    auditor = _at(offices, "auditor")
    offices.washington.desk.ledger.db.execute(damage)
    broken = auditor.json("/audit")["broken_at"]
    assert broken == (1 if "id=1" in damage else 2)
    assert "The log was changed" in auditor.get("/audit").text


def test_a_log_cut_at_its_end_no_longer_has_the_mark_that_was_noted(offices: Offices) -> None:
    """P8: what the chain alone cannot show, the auditor's note does."""
    auditor = _at(offices, "auditor")
    noted = auditor.json("/audit")
    ledger = offices.washington.desk.ledger
    ledger.db.execute("DELETE FROM audit WHERE id=?", (noted["count"],))
    ledger._forget()
    offices.washington.desk.note_down("duty", "something else", AuditKind.OTHER, offices.time)
    asked = auditor.json(f"/audit?number={noted['count']}")
    assert asked["broken_at"] is None
    assert asked["asked"]["mark"] != noted["mark"]


def test_rows_older_than_the_chain_are_taken_into_it(offices: Offices) -> None:
    """P8: a desk that was there before keeps its log."""
    desk = offices.washington.desk
    desk.ledger.db.execute("UPDATE audit SET chain=NULL")
    desk.ledger._forget()
    assert desk.ledger.audit_break() is None
    desk.note_down("duty", "the first with a chain", AuditKind.OTHER, offices.time)
    assert desk.ledger.audit_break() is None
    assert all(row.chain for row in _rows(offices))


def test_what_was_undone_leaves_no_row(offices: Offices) -> None:
    """P2: done and written, or neither."""
    desk = offices.washington.desk
    before = desk.ledger.audit_rows(kind=None, officer=None, before=None, most=1)[0]

    def half() -> None:
        with desk.context.transaction():
            desk.ledger.audit(offices.time, "duty", "half done")
            raise YourError("It ends here.")

    with pytest.raises(YourError):
        half()
    desk.note_down("duty", "done", AuditKind.OTHER, offices.time)
    after = desk.ledger.audit_rows(kind=None, officer=None, before=None, most=1)[0]
    assert after.number == before.number + 1
    assert desk.ledger.audit_break() is None


def test_of_a_long_log_the_newest_rows_are_checked_and_all_on_demand(offices: Offices) -> None:
    """P8: a long log does not make its page slow, and hides nothing from who asks."""
    desk = offices.washington.desk
    with desk.context.transaction():
        for at in range(CHECKED + 20):
            desk.ledger.audit(at, "duty", "something")
    auditor = _at(offices, "auditor")
    desk.ledger.db.execute("UPDATE audit SET what='nothing' WHERE id=2")
    page = auditor.json("/audit")
    assert page["broken_at"] is None
    assert page["checked_from"] == page["count"] - CHECKED + 1
    assert "Check all rows" in auditor.get("/audit").text
    assert auditor.json("/audit?whole=1")["broken_at"] == 2
    desk.ledger.db.execute("UPDATE audit SET what='nothing' WHERE id=?", (page["count"] - 5,))
    assert auditor.json("/audit")["broken_at"] == page["count"] - 5
    desk.ledger.db.execute("DELETE FROM audit WHERE id=?", (page["count"] - CHECKED,))
    assert auditor.json("/audit")["broken_at"] is not None


@pytest.mark.parametrize("code", ["en", "fa", "ar", "fr"])
def test_a_row_is_told_in_the_language_of_the_page(code: str) -> None:
    """Promise P10: who audits reads what was done, with its names as they were written."""
    for deed in DEEDS:
        names = {name: f"{{{name}}} 7" for name in re.findall(r"\{(\w+)\}", deed)}
        shown = told(deed.format(**names), load()[code]) or ""
        assert (shown == deed.format(**names)) == (code == "en"), deed
        assert all(name in shown for name in names.values()), deed


def test_what_is_not_known_is_shown_as_it_was_written_and_a_name_decides_nothing() -> None:
    """Promise P12"""
    persian = load()["fa"]
    assert told("did something of a later version", persian) is None
    assert told("locked out tested the line Bern", persian) == "tested the line Bern را بیرون گذاشت"
    assert (
        told("signed 'seen' about note 1234abcd", persian)
        == "«مأموری دید» را دربارهٔ یادداشت 1234abcd امضا کرد"
    )


def test_the_log_is_read_in_the_language_of_the_page(offices: Offices) -> None:
    """Promise P10"""
    auditor = Browser(offices.bern)
    auditor.sign_in()
    page = auditor.get("/audit", **{"accept-language": "fa"}).text
    assert "با گذرواژه از" in page
    assert 'lang="en" dir="ltr">signed in by' not in page

# SPDX-License-Identifier: Apache-2.0
"""Drafts, clearances, and notes that several officers release, on real desks (ADR 0026)."""

from __future__ import annotations

from pathlib import Path

import pytest

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.clearance import Verdict
from goodoffices.core.errors import NotAllowed, NotNow, YourError
from goodoffices.core.note import Words, read_inside
from goodoffices.core.office import Right
from goodoffices.desk.clearance.drafting import Typed
from goodoffices.desk.export import export
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.desk.officers.writing import Draft
from goodoffices.verify.verifier import verify
from tests.web.offices import DeskInMemory, Offices

PEOPLE = [
    NewOfficer("duty", "officer 1", ALL_RIGHTS),
    NewOfficer("drafter", "officer 2", Right.DRAFT),
    NewOfficer("first", "officer 3", Right.RELEASE),
    NewOfficer("second", "officer 4", Right.RELEASE),
    NewOfficer("auditor", "officer 5", Right.AUDIT),
]


@pytest.fixture
def offices() -> Offices:
    return Offices(officers=PEOPLE, releasers=2)


@pytest.fixture
def mandate(offices: Offices) -> bytes:
    return offices.agree()


def _draft(offices: Offices, mandate: bytes, text: str = "We do not want a war.", **more: object) -> Draft:
    fields: dict[str, object] = {"precedence": 2, **more}
    words = Words(text=text, language="en", reason=str(fields.pop("reason", "")) or None)
    return Draft(mandate=mandate, recipient=offices.tehran.me, words=words, **fields)  # type: ignore[arg-type]


def _save(desk: DeskInMemory, draft: Draft, who: str = "drafter", **more: object) -> tuple[bytes, int]:
    return desk.act(lambda d, now: d.clearing.save(desk.officer(who), draft, now, **more))  # type: ignore[arg-type]


def _up(desk: DeskInMemory, draft: bytes, who: str = "first", version: int = 1, **more: object) -> bytes:
    return desk.act(lambda d, now: d.clearing.put_up(desk.officer(who), draft, version, now, **more))  # type: ignore[arg-type]


def _sign(desk: DeskInMemory, draft: bytes, note: bytes, who: str = "second") -> None:
    desk.act(lambda d, now: d.clearing.sign_release(desk.officer(who), draft, note, now))


def _judge(
    desk: DeskInMemory, draft: bytes, version: int, verdict: Verdict, who: str, words: str = ""
) -> None:
    desk.act(lambda d, now: d.clearing.judge(desk.officer(who), draft, version, verdict, words, now))


def test_two_of_four_release_and_both_signatures_reach_the_reader(offices: Offices, mandate: bytes) -> None:
    """P10"""
    a, b, c = offices.washington, offices.bern, offices.tehran
    draft, _ = _save(a, _draft(offices, mandate))
    note = _up(a, draft)
    assert a.desk.ledger.note(note) is None
    assert b.desk.ledger.notes(mandate) == []
    offices.time += 7 * 60_000
    _sign(a, draft, note)
    b.act(lambda d, now: d.acts.forward(b.officer(), note, now))
    row = c.desk.ledger.note(note)
    assert row is not None
    assert row.state == "verified"
    inside = c.desk.channels.words_inside(row)
    assert inside is not None
    both = {a.officer("first").public, a.officer("second").public}
    assert set(read_inside(inside).signed.signers) == both


def test_no_officer_counts_twice(offices: Offices, mandate: bytes) -> None:
    """P10"""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    note = _up(a, draft)
    for _ in range(3):
        _sign(a, draft, note, "first")
        assert _up(a, draft) == note
    assert a.desk.ledger.note(note) is None
    release = a.desk.clearing.tables.release_of(draft)
    assert release is not None
    assert a.desk.clearing.signed_so_far(release).signed.signers == (a.officer("first").public,)


def test_the_signature_of_an_officer_who_was_locked_out_since_does_not_count(
    offices: Offices, mandate: bytes
) -> None:
    """P10: out at once, before the root has signed a roster without him; the model of the release found it."""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    note = _up(a, draft)
    a.desk.ledger.db.execute(
        "INSERT INTO officer (folded, name, reading_check, added_ms, changed_ms, locked_out_ms, public)"
        " VALUES ('first', 'first', x'00', 0, 0, 1, ?)",
        (a.officer("first").public,),
    )
    with pytest.raises(NotNow, match="locked out"):
        _sign(a, draft, note)
    assert a.desk.ledger.note(note) is None
    assert a.desk.clearing.tables.release_of(draft) is None


@pytest.mark.parametrize("who", ["drafter", "auditor"])
def test_who_may_not_release_signs_nothing(offices: Offices, mandate: bytes, who: str) -> None:
    """P10"""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    with pytest.raises(NotAllowed):
        _up(a, draft, who)
    note = _up(a, draft)
    with pytest.raises(NotAllowed):
        _sign(a, draft, note, who)


def test_an_auditor_neither_drafts_nor_judges(offices: Offices, mandate: bytes) -> None:
    """P10"""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    with pytest.raises(NotAllowed):
        _save(a, _draft(offices, mandate), "auditor")
    with pytest.raises(NotAllowed):
        _judge(a, draft, 1, Verdict.COMMENT, "auditor", "Well.")


def test_where_one_is_enough_a_draft_is_released_by_one(offices: Offices) -> None:
    """P10"""
    alone = Offices(officers=PEOPLE)
    mandate = alone.agree()
    draft, _ = _save(alone.washington, _draft(alone, mandate))
    note = _up(alone.washington, draft)
    assert alone.bern.desk.ledger.note(note) is not None
    assert _up(alone.washington, draft) == note, "a second click is answered with the same note"


def test_a_release_by_one_alone_is_refused_where_two_are_needed(offices: Offices, mandate: bytes) -> None:
    """P10"""
    a = offices.washington
    with pytest.raises(NotAllowed, match="several officers"):
        a.act(lambda d, now: d.acts.release(a.officer("first"), _draft(offices, mandate), now))


def test_a_note_that_arrives_between_two_signatures_voids_nothing(
    offices: Offices, mandate: bytes, tmp_path: Path
) -> None:
    """P8, P9, P10: own acts go on meanwhile, and the record of every office verifies."""
    a, b, c = offices.washington, offices.bern, offices.tehran
    first, _ = _save(a, _draft(offices, mandate, "One."))
    note = _up(a, first)
    theirs, _ = _save(
        c, Draft(mandate=mandate, recipient=a.me, precedence=2, words=Words(text="Two.", language="en"))
    )
    other = _up(c, theirs)
    _sign(c, theirs, other)
    b.act(lambda d, now: d.acts.forward(b.officer(), other, now))
    assert a.desk.ledger.note(other) is not None
    a.act(lambda d, now: d.acts.open(a.officer(), other, now))
    _sign(a, first, note)
    b.act(lambda d, now: d.acts.forward(b.officer(), note, now))
    c.act(lambda d, now: d.acts.open(c.officer(), note, now))
    more, _ = _save(a, _draft(offices, mandate, "Three."))
    last = _up(a, more)
    _sign(a, more, last)
    b.act(lambda d, now: d.acts.forward(b.officer(), last, now))
    assert [row.number for row in c.desk.ledger.notes(mandate) if row.author == a.me] == [1, 2]
    for each in offices.desks.values():
        assert each.desk.ledger.findings() == []
        folder = tmp_path / each.office_name
        each.act(lambda d, now, to=folder: export(d, to, now))  # type: ignore[misc]
        assert verify(folder).findings == ()


def test_a_note_taken_down_leaves_no_trace_outside(offices: Offices, mandate: bytes) -> None:
    """P4: nobody learns that a note was drawn up and not released."""
    a, b = offices.washington, offices.bern
    draft, _ = _save(a, _draft(offices, mandate, "Too sharp."))
    _up(a, draft)
    a.act(lambda d, now: d.clearing.call_back(a.officer("second"), draft, now))
    again, _ = _save(a, _draft(offices, mandate, "Better."))
    note = _up(a, again)
    _sign(a, again, note)
    kept = b.desk.ledger.note(note)
    assert kept is not None
    assert kept.number == 1
    inside = b.desk.channels.words_inside(kept)
    assert inside is not None
    opened = read_inside(inside).note
    head = a.desk.ledger.chain_head(mandate, CHANNEL_LANE, a.me)
    assert head is not None
    assert opened.sequence == 2, "after the comparison of digits, as if nothing had been before"


def test_a_change_of_the_draft_takes_its_release_and_its_clearances_away(
    offices: Offices, mandate: bytes
) -> None:
    """P10: nobody's name stands under words that he has not seen."""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    _judge(a, draft, 1, Verdict.CLEARED, "second")
    note = _up(a, draft)
    _save(a, _draft(offices, mandate, "We do not want a war now."), of=draft, base=1)
    with pytest.raises(NotNow, match="not up for release"):
        _sign(a, draft, note)
    with pytest.raises(NotNow, match="version 2"):
        _up(a, draft, version=1)
    with pytest.raises(NotNow, match="version 2"):
        _judge(a, draft, 1, Verdict.CLEARED, "second")


def test_two_officers_at_one_draft_do_not_write_over_each_other(offices: Offices, mandate: bytes) -> None:
    """P2"""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    _save(a, _draft(offices, mandate, "By the first."), "first", of=draft, base=1)
    with pytest.raises(NotNow, match="first saved version 2 meanwhile"):
        _save(a, _draft(offices, mandate, "By the drafter."), of=draft, base=1)
    assert [each.name for each in a.desk.clearing.tables.versions(draft)] == ["drafter", "first"]


def test_one_form_saves_one_version(offices: Offices, mandate: bytes) -> None:
    """P2"""
    a = offices.washington
    asked = _draft(offices, mandate, once="token")
    assert _save(a, asked) == _save(a, asked)
    assert len(a.desk.clearing.tables.open_drafts()) == 1


def test_of_two_options_one_is_released_and_the_other_set_aside(offices: Offices, mandate: bytes) -> None:
    """P4: two answers to one question never both go out."""
    a = offices.washington
    hard, _ = _save(a, _draft(offices, mandate, "No."))
    soft, _ = _save(a, _draft(offices, mandate, "Not yet."), beside=hard)
    note = _up(a, soft)
    with pytest.raises(NotNow, match="in this lane already"):
        _up(a, hard, "second")
    _sign(a, soft, note)
    states = {each.id: each.state for each in a.desk.clearing.tables.side_by_side(hard)}
    assert states == {soft: "released", hard: "dropped"}
    with pytest.raises(NotNow, match="set aside"):
        _up(a, hard)


def test_nobody_clears_his_own_version(offices: Offices, mandate: bytes) -> None:
    """P10"""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    with pytest.raises(NotAllowed, match="another officer"):
        _judge(a, draft, 1, Verdict.CLEARED, "drafter")


def test_a_refused_version_is_released_only_by_saying_so(offices: Offices, mandate: bytes) -> None:
    """P10"""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    with pytest.raises(YourError, match="needs words"):
        _judge(a, draft, 1, Verdict.REFUSED, "second")
    _judge(a, draft, 1, Verdict.REFUSED, "second", "The minister has not seen it.")
    with pytest.raises(NotNow, match="second refused"):
        _up(a, draft)
    assert _up(a, draft, although_refused=True)


def test_a_refusal_ends_when_its_officer_clears(offices: Offices, mandate: bytes) -> None:
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    _judge(a, draft, 1, Verdict.REFUSED, "second", "Wait.")
    _judge(a, draft, 1, Verdict.CLEARED, "second")
    assert a.desk.clearing.refusing(draft, 1) == []
    assert [each.words for each in a.desk.clearing.opinions(draft)] == ["Wait.", ""]


def test_the_releaser_confirms_the_precedence(offices: Offices, mandate: bytes) -> None:
    """P10"""
    a, b = offices.washington, offices.bern
    draft, _ = _save(a, _draft(offices, mandate, precedence=3))
    note = _up(a, draft, precedence=1)
    _sign(a, draft, note)
    row = b.desk.ledger.note(note)
    assert row is not None
    assert row.precedence == 1


def test_flash_states_its_reason_and_keeps_to_the_budget(offices: Offices) -> None:
    """P10: what the mandate allows, every office keeps at release."""
    a = offices.washington
    mandate = offices.agree(flash_budget=(1, 3_600_000))
    draft, _ = _save(a, _draft(offices, mandate, precedence=4))
    with pytest.raises(YourError, match="why it is one"):
        _up(a, draft)
    note = _up(a, draft, reason="An attack within the hour.")
    _sign(a, draft, note)
    again, _ = _save(a, _draft(offices, mandate, precedence=4, reason="Once more."))
    with pytest.raises(NotNow, match="used up"):
        _up(a, again)
    offices.time += 3_600_001
    assert _up(a, again)


def test_what_ran_out_between_two_signatures_is_not_released(offices: Offices, mandate: bytes) -> None:
    """P9"""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate, valid_until=offices.time + 60_000))
    note = _up(a, draft)
    offices.time += 60_001
    with pytest.raises(YourError, match="expired"):
        _sign(a, draft, note)
    assert a.desk.ledger.note(note) is None


def test_what_is_being_typed_is_kept_for_its_officer_alone(offices: Offices, mandate: bytes) -> None:
    """P2, P3"""
    a = offices.washington
    mine, other = a.officer("drafter"), a.officer("first")
    to = offices.tehran.me
    window = Typed("window")
    a.act(
        lambda d, now: d.clearing.keep_unfinished(
            mine, mandate, to, None, {"text": "Half a sen"}, now, window
        )
    )
    kept = a.desk.clearing.unfinished(mine, mandate, to, None)
    assert kept is not None
    assert kept[1] == {"text": "Half a sen"}
    assert a.desk.clearing.unfinished(other, mandate, to, None) is None
    _save(a, _draft(offices, mandate, "Half a sentence.", once="window"))
    assert a.desk.clearing.unfinished(mine, mandate, to, None) is None


def test_one_window_does_not_write_over_what_another_keeps(offices: Offices, mandate: bytes) -> None:
    """P2: two windows of one officer write to the same reader; neither costs the other its words."""
    a = offices.washington
    mine, to = a.officer("drafter"), offices.tehran.me

    def keep(text: str, window: Typed) -> int:
        offices.time += 1000
        a.act(lambda d, now: d.clearing.keep_unfinished(mine, mandate, to, None, {"text": text}, now, window))
        kept = a.desk.clearing.unfinished(mine, mandate, to, None)
        assert kept is not None
        assert kept[1] == {"text": text}
        return kept[0]

    keep("One", Typed("one"))
    with pytest.raises(NotNow, match="Another window"):
        keep("Two", Typed("two"))
    at = keep("One, and on", Typed("one"))
    _save(a, _draft(offices, mandate, "Two", once="two"))
    assert a.desk.clearing.unfinished(mine, mandate, to, None) is not None
    # A page that began with what was kept goes on with it; the page that kept it is told.
    keep("Three", Typed("three", began=at))
    with pytest.raises(NotNow, match="Another window"):
        keep("One, late", Typed("one"))


def test_what_comes_in_behind_its_own_save_is_not_kept(offices: Offices, mandate: bytes) -> None:
    """P2: a slow request does not bring a saved text back as an unfinished one."""
    a = offices.washington
    mine, to = a.officer("drafter"), offices.tehran.me
    _save(a, _draft(offices, mandate, once="token"))
    a.act(
        lambda d, now: d.clearing.keep_unfinished(
            mine, mandate, to, None, {"text": "Half"}, now, Typed("token")
        )
    )
    assert a.desk.clearing.unfinished(mine, mandate, to, None) is None


def test_saving_what_did_not_change_voids_nothing(offices: Offices, mandate: bytes) -> None:
    """P10"""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate))
    _judge(a, draft, 1, Verdict.CLEARED, "second")
    assert _save(a, _draft(offices, mandate, once="again"), of=draft, base=1) == (draft, 1)


def test_texts_of_drafts_lie_sealed(offices: Offices, mandate: bytes) -> None:
    """P3: the unattended tier holds no word of them."""
    a = offices.washington
    draft, _ = _save(a, _draft(offices, mandate, "Sesame and lilies"))
    _judge(a, draft, 1, Verdict.COMMENT, "second", "Sesame is a bit much")
    _up(a, draft)
    a.act(
        lambda d, now: d.clearing.keep_unfinished(
            a.officer("first"), mandate, offices.tehran.me, None, {"text": "Sesame"}, now, Typed(None)
        )
    )
    for table in ("draft", "draft_version", "clearance", "release_open", "unfinished", "audit"):
        for row in a.desk.ledger.db.execute(f"SELECT * FROM {table}").fetchall():
            assert all(
                b"Sesame" not in (each if isinstance(each, bytes) else str(each).encode()) for each in row
            )


def test_withdrawing_by_a_note_of_several_takes_the_old_one_back(offices: Offices, mandate: bytes) -> None:
    """P9"""
    a = offices.washington
    one, _ = _save(a, _draft(offices, mandate, "One."))
    old = _up(a, one)
    _sign(a, one, old)
    words = Words(text="Instead.", language="en", replaces=old)
    two, _ = _save(a, Draft(mandate=mandate, recipient=offices.tehran.me, words=words, precedence=2))
    new = _up(a, two)
    assert not a.desk.acts.has_act(old, ActType.WITHDRAWN)
    _sign(a, two, new)
    assert a.desk.acts.has_act(old, ActType.WITHDRAWN)

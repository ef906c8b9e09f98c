# SPDX-License-Identifier: Apache-2.0
"""What a case's faults put off, in case time, before anything is played."""

from hypothesis import given
from hypothesis import strategies as st

from goodoffices.drill.form.case import parse
from goodoffices.drill.form.clocks import MINUTE
from goodoffices.drill.form.plan import Plan
from tests.drill.played import SMALL


def minute(after: int) -> str:
    return f"2020-01-05T{12 + after // 60:02}:{after % 60:02}:00Z"


def fault(what: str, first: int, last: int, extra: str = "") -> str:
    return f'\n[[fault]]\nwhat = "{what}"\nat = {minute(first)}\nuntil = {minute(last)}\n{extra}\n'


def plan(*faults: str) -> Plan:
    return Plan.of(parse(SMALL + "".join(faults)))


def passage(found: Plan, note: str = "first") -> dict[str, int]:
    start = found.time_of(note, "release") or 0
    return {d.what: (d.case_at - start) // 1000 for d in found.doings if d.note == note}


def test_a_note_arrives_when_the_cut_line_is_mended() -> None:
    """P2, P11"""
    before, cut = passage(plan()), passage(plan(fault("line cut", 0, 30, 'line = ["Aland", "Mid"]')))
    assert cut["see"] == before["see"] + 30 * 60
    assert cut["acknowledge"] == before["acknowledge"] + 30 * 60


def test_one_relay_that_is_down_delays_nothing() -> None:
    """P11"""
    assert passage(plan(fault("relay down", 0, 30, "relay = 2"))) == passage(plan())


def test_a_note_waits_while_neither_relay_hands_it_on() -> None:
    """P11: one is down, the other withholds."""
    down = fault("relay down", 0, 30, "relay = 1")
    hostile = fault("hostile relay", 0, 20, "relay = 2")
    assert passage(plan(down, hostile))["see"] == passage(plan())["see"] + 20 * 60


def test_a_relay_that_only_repeats_delays_nothing() -> None:
    """P2"""
    down = fault("relay down", 0, 30, "relay = 1")
    repeats = fault("hostile relay", 0, 20, 'relay = 2\nhow = "repeats"')
    assert passage(plan(down, repeats)) == passage(plan())


def test_who_is_asleep_acts_on_waking_and_what_follows_is_as_much_later() -> None:
    """P5"""
    before, asleep = passage(plan()), passage(plan(fault("officer asleep", 0, 15, 'office = "Mid"')))
    assert asleep["see"] == 15 * 60
    assert asleep["forward"] - asleep["see"] == before["forward"] - before["see"]


def test_a_late_translation_is_given_when_the_fault_ends() -> None:
    """P6"""
    given_ = (
        '\n[[translation]]\nnote = "first"\noffice = "Mid"\nlanguage = "fr"\ntext = "Un."\nafter = "5m"\n'
    )
    assert passage(plan(given_, fault("translation late", 0, 50, 'note = "first"')))["translate"] == 50 * 60


@given(st.integers(0, 90), st.integers(1, 90), st.sampled_from(["Aland", "Mid", "Beland"]))
def test_nobody_acts_where_somebody_is_asleep(first: int, long: int, office: str) -> None:
    """P5"""
    case = parse(SMALL + fault("officer asleep", first, first + long, f'office = "{office}"'))
    (asleep,) = case.faults
    acts = [d for d in Plan.of(case).doings if d.office == office and d.what not in ("fault", "mended")]
    assert acts
    assert not [d for d in acts if asleep.at <= d.case_at < asleep.until]


def test_reports_are_entered_when_they_became_known_and_their_file_is_opened_before() -> None:
    """P9"""
    case = parse(
        SMALL + '\n[[incident]]\nid = "f"\noffice = "Mid"\ntitle = "F"\n'
        '[[report]]\nid = "r"\nincident = "f"\nquestion = "Left?"\nclaim = "Yes."\nsource = "s"\n'
        f"known = {minute(40)}\n"
    )  # fmt: skip
    doings = [(d.what, d.case_at) for d in Plan.of(case).doings if not d.note]
    assert [what for what, _ in doings] == ["file", "report"]
    assert doings[1][1] - doings[0][1] == MINUTE

# SPDX-License-Identifier: Apache-2.0
"""Faults, expectations and papers in a case file: read, bounded, and refused with line and field."""

import pytest

from goodoffices.core.errors import BadCase
from goodoffices.drill.form.case import find, parse, shipped
from goodoffices.drill.form.exercise import Fault
from goodoffices.drill.form.plan import Plan
from tests.drill.played import SMALL

CUT = """
[[fault]]
what = "line cut"
line = ["Aland", "Mid"]
at = 2020-01-05T11:00:00Z
until = 2020-01-05T13:00:00Z
"""


def refused(text: str) -> str:
    with pytest.raises(BadCase) as told:
        parse(SMALL + text)
    return str(told.value)


def test_a_fault_is_read_with_its_times() -> None:
    """P11"""
    (fault,) = parse(SMALL + CUT).faults
    assert isinstance(fault, Fault)
    assert (fault.words(), fault.until - fault.at) == ("the line Aland–Mid is cut", 7_200_000)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (CUT.replace("line cut", "line cat"), "did you mean 'line cut'?"),
        (CUT.replace('line = ["Aland", "Mid"]\n', ""), "the field 'line' is missing"),
        (CUT.replace('"Aland", "Mid"', '"Aland", "Beland"'), "must name two offices that share a line"),
        (CUT.replace("13:00", "10:00"), "is not later than 'at'"),
        (CUT + "relay = 1\n", "has no meaning for 'line cut'"),
        (CUT + "ofice = 'Mid'\n", "did you mean 'office'?"),
        (CUT.replace("line cut", "relay down").replace('line = ["Aland", "Mid"]', "relay = 3"), "between 1 and 2"),
        ('\n[[expect]]\nnote = "frist"\nstep = "opened"\nwithin = "5m"\n', "did you mean 'first'?"),
        ('\n[[expect]]\nnote = "first"\nstep = "opened"\n', "the field 'within' is missing"),
        ('\n[[incident]]\nid = "x"\noffice = "Bonn"\ntitle = "X"\n', "'Bonn' is not an office of this case"),
        (
            '\n[[translation]]\nnote = "first"\noffice = "Aland"\nlanguage = "fr"\ntext = "Un mot."\n',
            "'Aland' does not get note 'first' on its way",
        ),
        (
            '\n[[briefing]]\nat = 2019-01-01T00:00:00Z\noffice = "Aland"\nto = "An ally"\nnotes = ["first"]\n',
            "is not earlier than the briefing",
        ),
        (
            CUT.replace("line cut", "translation late").replace('line = ["Aland", "Mid"]', 'note = "first"'),
            "has no translation in this case",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_line_and_field(changed: str, told: str) -> None:
    """P12"""
    said = refused(changed)
    assert told in said
    assert "case.toml:" in said


SAID = """
[[statement]]
id = "said"
by = "a minister"
at = 2020-01-05T13:00:00Z
what = "We meant it."
source = "a broadcast"
logged_by = "Aland"
"""
BRIEFED = """
[[briefing]]
at = 2020-01-05T14:00:00Z
office = "Aland"
to = "An ally"
notes = ["first"]
beside = ["said"]
"""


ALLOWED = '\n[channel]\noutside = "as evidence"\n'


def test_a_statement_is_logged_by_its_offices_and_goes_beside_a_briefing() -> None:
    """P8"""
    case = parse(SMALL + SAID + BRIEFED + ALLOWED)
    assert case.statements[0].logged_by == ("Aland",)
    doings = [each.what for each in Plan.of(case).doings if each.what in ("statement", "brief")]
    assert doings == ["statement", "brief"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (SAID.replace("logged_by", "loged_by"), "did you mean 'logged_by'?"),
        (SAID.replace('"Aland"', '"Alan"'), "did you mean 'Aland'?"),
        (SAID + "known = 2020-01-05T12:00:00Z\n", "lies before it was said"),
        (SAID.replace("2020-01-05T13:00:00Z", '"unknown"'), "needs at least a span of days"),
        (SAID + 'corrects = "said"\n', "there is no statement 'said' above this one"),
        (SAID + 'note = "frist"\n', "did you mean 'first'?"),
        (SAID + 'sharing = "TLP:PINK"\n', "field 'sharing'"),
        (SAID + SAID, "is already the id of [[statement]] 1"),
        (SAID.replace('"Aland"', '"Beland"') + BRIEFED, "Aland keeps no statement or report 'said'"),
        (SAID + BRIEFED.replace("T14", "T12:30:00Z #"), "became known only after the briefing"),
        (SAID.replace("a minister", "x" * 151), "field 'by'"),
    ],
)
def test_a_statement_that_cannot_be_is_refused_with_line_and_field(changed: str, told: str) -> None:
    """P12"""
    said = refused(changed)
    assert told in said
    assert "case.toml:" in said


REPORT = """
[[report]]
id = "{id}"
question = "Who fired?"
claim = "Nobody."
source = "an attaché"
"""
ONE = REPORT.format(id="one")
KEPT = ONE + 'incident = "shots"\n[[incident]]\nid = "shots"\noffice = "Aland"\ntitle = "Shots"\n'
ALONE = """
[[note]]
id = "alone"
from = "Aland"
to = "Mid"
at = 2020-01-05T13:00:00Z
text = "You alone."
"""
GIVEN = '\n[[translation]]\nnote = "first"\noffice = "Mid"\nlanguage = "fr"\ntext = "Un mot."\n'
EXPECTED = '\n[[expect]]\nnote = "alone"\nstep = "forwarded"\nwithin = "5m"\n'
ASSURED = '\n[[assurance]]\nnote = "first"\ntext = "It ends."\nkept_by = "Aland"\n'


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (ONE + "happened = 2020-01-05\nknown = 2020-01-01\n", "field 'known': lies before it happened"),
        (ONE + 'supersedes = "two"\n' + REPORT.format(id="two") + 'supersedes = "one"\n', "round in a circle"),
        (
            ONE + 'known = 2020-01-01\nsupersedes = "two"\n' + REPORT.format(id="two") + "known = 2020-01-02\n",
            "lies before that of report 'two'",
        ),
        (KEPT.replace("Nobody.", "ک" * 2_001), "field 'claim': is too long for what a desk signs: 4,002 bytes"),
        (ASSURED + "until = 2020-01-01T00:00:00Z\n", "is not later than the note that gives it"),
        (ASSURED.replace("It ends.", "ک" * 1_001), "field 'text': is too long"),
        (ASSURED + f'conditions = ["{"x" * 501}"]\n', "at most 16 conditions of 500 bytes"),
        (SAID + SAID.replace('"said"', '"more"').replace("T13", "T12") + 'corrects = "said"\n', "became known later"),
        (BRIEFED.replace('beside = ["said"]\n', ""), "by such a mandate nothing is shown to others"),
        (CUT + CUT.replace("11:00", "12:00"), "[[fault]] 1 is on then: the line Aland–Mid is cut"),
        (CUT.replace("2020-01-05T13", "2020-03-05T13"), "more than 30 days"),
        (ASSURED.replace('"first"', '"alone"').replace('"Aland"', '"Beland"') + ALONE, "Beland does not get note"),
        (
            BRIEFED.replace('"Aland"', '"Beland"').replace('"first"', '"alone"').replace('["said"]', "[]") + ALONE,
            "Beland does not get note 'alone', and cannot show it",
        ),
        (ALONE.replace("You alone.", "ک" * 30_001), "field 'text': is too long for what a desk signs: 60,002"),
        (ALONE.replace("You alone.", "x\\n\\n" * 4_100), "more than 4,000 paragraphs"),
        (GIVEN.replace("Un mot.", "ک" * 30_001), "field 'text': is too long for what a desk signs"),
        (KEPT.replace('"Shots"', f'"{"ک" * 151}"'), "field 'title': is too long for what a desk signs"),
        (f'\n[channel]\nrecord_use = "{"ک" * 951}"\n', "field 'record_use': is too long for a mandate"),
        (EXPECTED + ALONE, "nobody stands between Aland and Mid"),
        (EXPECTED.replace("alone", "first") + 'office = "Beland"\n', "is 'forwarded' at Mid only"),
        ("\n[[nots]]\nid = 'x'\n", f":{SMALL.count(chr(10)) + 2}: 'nots': there is no such section"),
    ],
)  # fmt: skip
def test_what_no_desk_would_take_is_told_before_the_drill_begins(changed: str, told: str) -> None:
    """P12"""
    assert told in refused(changed)


def test_every_shipped_case_says_what_is_made_up_and_where_it_is_from() -> None:
    """P4: a drill never passes for the record of what happened."""
    assert len(shipped()) >= 3
    for name in shipped():
        case = find(name)
        assert case.sources
        assert case.expectations
        assert all(note.made_up for note in case.notes)
        assert all(translation.made_up for translation in case.translations)

# SPDX-License-Identifier: Apache-2.0
"""A case file is read, or refused with line and field."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.errors import BadCase
from goodoffices.drill.form.case import find, parse, shipped
from goodoffices.drill.form.clocks import MINUTE, SECOND, parse_duration
from goodoffices.drill.form.forms import Case
from tests.drill.played import SMALL


def refusal(text: str) -> str:
    with pytest.raises(BadCase) as caught:
        parse(text, "mine.toml")
    return caught.value.what


def changed(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new, 1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_small_case_is_read_with_its_defaults() -> None:
    case = parse(SMALL)
    first = case.note("first")
    assert case.channel.path == ("Aland", "Mid", "Beland")
    assert (case.channel.reading, case.channel.forwarding) == ("open", "by hand")
    assert (first.via, first.seen_after, first.forward_after) == (("Mid",), (20 * SECOND,), (4 * MINUTE,))
    assert first.acknowledge == "received, considering"
    assert "wording" in first.made_up
    assert [clock.label for clock in case.clocks] == ["Aland", "Mid", "Beland"]


def test_every_shipped_case_is_read() -> None:
    assert "seven-days" in shipped()
    for name in shipped():
        assert find(name).name == name


def test_the_seven_days_hold_both_flight_reports_and_the_note_forwarded_within_five_minutes() -> None:
    case = find("seven-days")
    flights = [report for report in case.reports if "6Q501" in report.question]
    assert {report.claim for report in flights} == {"It has departed.", "It is still on the ground."}
    last = case.notes[-1]
    assert (last.sender, last.reader, last.precedence) == ("Tehran", "Washington", "FLASH")
    assert last.forward_after[0] is not None
    assert last.forward_after[0] < 5 * MINUTE
    assert case.assurances[0].note == last.id
    assert case.assurances[0].until is None


def test_all_invented_wording_of_the_seven_days_is_marked() -> None:
    assert all("wording" in note.made_up for note in find("seven-days").notes)


def test_a_case_file_is_found_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(SMALL, encoding="utf-8")
    assert find(str(tmp_path / "own.toml")).title == "A small case"


def test_a_file_that_is_not_there_is_refused_with_the_shipped_names(tmp_path: Path) -> None:
    with pytest.raises(BadCase, match="seven-days"):
        find(str(tmp_path / "nothing.toml"))


def test_a_text_is_kept_byte_for_byte() -> None:
    text = "  یک یادداشت\u200cها\t\r\n\n end  "
    escaped = text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    assert parse(changed('"One word."', f'"{escaped}"')).notes[0].text == text


BAD = [
    ('from = "Aland"', 'from = "Bonn"', "[[note]] 1, field 'from'", "'Bonn' is not an office of this case"),
    ('from = "Beland"', 'from = "Belland"', "[[note]] 2, field 'from'", "did you mean 'Beland'?"),
    ("precedence =", "precedense =", "[[note]] 1, field 'precedense'", "did you mean 'precedence'?"),
    ('"FLASH"', '"FAST"', "[[note]] 1, field 'precedence'", "not one of: FLASH"),
    ('"Asia/Tehran"', '"Asia/Teheran"', "[[office]] 3, field 'timezone'", "not an IANA time zone"),
    ('"Asia/Tehran"', '"../etc/passwd"', "[[office]] 3, field 'timezone'", "not an IANA time zone"),
    ("12:00:00Z", "26:00:00Z", "this is not TOML", ""),
    ("at = 2020-01-05T12:00:00Z", 'at = "noon"', "[[note]] 1, field 'at'", "without quotes"),
    ("at = 2020-01-05T12:00:00Z", "at = 12:00:00", "[[note]] 1, field 'at'", "not a time of day"),
    ("at = 2020-01-05T12:00:00Z", "at = 0001-01-05T12:00:00Z", "[[note]] 1, field 'at'", "the year 1"),
    ("at = 2020-01-05T12:00:00Z", "at = 2020-03-29T03:30:00", "[[note]] 1, field 'at'", "did not exist"),
    ("at = 2020-01-05T12:00:00Z", "at = 2020-10-25T03:30:00", "[[note]] 1, field 'at'", "came twice"),
    ('id = "second"', 'id = "first"', "[[note]] 2, field 'id'", "already the id of [[note]] 1"),
    ('"6m"', '"six"', "[[note]] 2, field 'forward_after'", "not a duration"),
    ('"6m"', "6", "[[note]] 2, field 'forward_after'", "not a whole number"),
    ('"6m"', '["1m", "2m"]', "[[note]] 2, field 'forward_after'", "2 durations, but 1 intermediary"),
    ('"6m"', '"6m"\nin_reply_to = "third"', "[[note]] 2, field 'in_reply_to'", "no note 'third'"),
    (
        '"6m"',
        '"6m"\nin_reply_to = "first"',
        "[[note]] 2, field 'in_reply_to'",
        "opened only at 051205Z JAN 20",
    ),
    ('"6m"', '"6m"\nreplaces = "first"', "[[note]] 2, field 'replaces'", "not one from Beland to Aland"),
    ('"6m"', '"6m"\nseen_after = "7m"', "[[note]] 2, field 'seen_after'", "nobody has seen"),
    ('"6m"', '"6m"\nopen_after = "never"\nacknowledge_after = "1m"', "'acknowledge_after'", "never comes"),
    ('"6m"', '"6m"\nrefuse_by = "Mid"', "[[note]] 2, field 'refuse_by'", "there is no 'refuse'"),
    ('to = "Beland"', 'to = "Mid"', "[[note]] 1, field 'forward_after'", "never forwarded"),
    ('to = "Beland"', 'to = "Aland"', "[[note]] 1, field 'to'", "also the sender"),
    ('role = "intermediary"', 'role = "party"', "[channel], field 'path'", "party, intermediary"),
    ('"One word."', '"One\\u0000word."', "[[note]] 1, field 'text'", "control character U+0000"),
    ('"One word."', '" "', "[[note]] 1, field 'text'", "is empty"),
    ('"One word."', f'"{"x" * 60_001}"', "[[note]] 1, field 'text'", "60,001 characters, at most 60,000"),
    ('text = "One word."\n', "", "[[note]] 1", "the field 'text' is missing"),
    (
        'title = "A small case"',
        "title = 3",
        "[case], field 'title'",
        "takes text in quotes, not a whole number",
    ),
    ('name = "small"', 'name = "Small Case"', "[case], field 'name'", "small letters"),
    ('name = "Mid"', 'name = "../Mid"', "[[office]] 2, field 'name'", "must begin with a letter"),
    ('name = "Mid"', 'name = "aland"', "[[office]] 2, field 'name'", "'aland' is already the name"),
    ("[[office]]", "[[ofice]]", "'ofice'", "did you mean 'office'?"),
]


@pytest.mark.parametrize(("old", "new", "where", "what"), BAD, ids=[f"{new[:30]!r}" for _, new, _, _ in BAD])
def test_a_mistake_is_named_by_line_and_field(old: str, new: str, where: str, what: str) -> None:
    """P12"""
    told = refusal(changed(old, new))
    assert re.match(r"mine\.toml:\d+: ", told)
    assert where in told
    assert what in told


def test_no_fault_is_told_of_a_clock_that_nobody_wrote() -> None:
    """P12: clocks are made of the offices where the case has none."""
    assert "[[clock]]" not in refusal(changed('name = "Mid"', 'name = "Aland"'))


def test_the_line_is_that_of_the_field_itself() -> None:
    """P12"""
    text = changed('from = "Beland"', '# from = "x"\nremark = """\n[[note]]\nfrom = 1\n"""\nfrom = "Bonn"')
    line = line_of(text, 'from = "Bonn"')
    assert f"mine.toml:{line}: [[note]] 2, field 'from'" in refusal(text)


def test_a_nested_key_is_found_too() -> None:
    text = SMALL + '\n[channel]\nlanguages = [\n  "en", # ] not the end\n]\nclocks.FLASH = "soon"\n'
    assert f"mine.toml:{line_of(text, 'clocks.FLASH')}: [channel.clocks], field 'FLASH'" in refusal(text)


def test_up_to_ten_mistakes_are_told_at_once() -> None:
    many = SMALL + "".join(f'\n[[event]]\nat = 2020-01-0{n}\nplace = "x"\n' for n in range(1, 10)) * 2
    told = refusal(many).strip().splitlines()
    assert len(told) == 11
    assert told[-1] == "... and 8 more."


def test_text_that_is_not_utf8_is_refused_with_its_line() -> None:
    with pytest.raises(BadCase, match=r"mine\.toml:2: byte \d+ is not UTF-8"):
        parse(b'[case]\nname = "\xff"', "mine.toml")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000, "a = " + "1" * 5000, "", "\ufeff", "[[case]]", "note = 3"]
)
def test_hostile_toml_is_refused(text: str) -> None:
    refusal(text)


def test_a_sealed_channel_needs_compared_digits() -> None:
    """P1: until both parties have compared, a sealed channel does not open."""
    text = SMALL + '\n[channel]\nreading = "sealed"\ndigits_compared = false\n'
    assert "[channel], field 'digits_compared'" in refusal(text)


def test_two_intermediaries_stand_on_a_path() -> None:
    text = SMALL.replace(
        '[[office]]\nname = "Beland"',
        '[[office]]\nname = "Post"\nrole = "intermediary"\ntimezone = "Asia/Tehran"\n\n'
        '[[office]]\nname = "Beland"',
    )
    case = parse(text)
    assert case.note("first").via == ("Mid", "Post")
    assert case.note("second").via == ("Post", "Mid")
    assert case.note("second").forward_after == (6 * MINUTE, 6 * MINUTE)


@given(st.text() | st.text(alphabet="[]{}\"=\n#'\\.a1 -:", max_size=60) | st.binary())
def test_any_text_is_a_case_or_a_bad_case(text: str | bytes) -> None:
    """P12"""
    assert_case_or_refusal(text)


@given(st.data())
def test_a_damaged_case_is_a_case_or_a_bad_case(data: st.DataObject) -> None:
    """P12: whatever a slip of the hand does to a good file."""
    text = SMALL + SEVEN[data.draw(st.integers(0, len(SEVEN))) :]
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(len(text), at + 40)))
    fragment = st.sampled_from(
        ['"', "]", "[[note]]\n", "= 3", "{}", "\\", "1979-05-27", '"never"', "'''", "\n"]
    )
    assert_case_or_refusal(text[:at] + data.draw(fragment | st.text(max_size=5)) + text[end:])


_ODD = """1|-1|1e400|nan|true|''|'Mid'|'first'|'5m'|'never'|'for now'|2020-01-05|07:32:00|2020-01-05T12:00:00
|9999-12-31T23:59:59-23:59|0001-01-01T00:00:00+23:59"""
_VALUES = st.recursive(
    st.sampled_from(_ODD.replace("\n", "").split("|")),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
    max_leaves=4,
)


@pytest.mark.slow
@given(st.data())
def test_any_value_in_any_field_is_a_case_or_a_bad_case(data: st.DataObject) -> None:
    """P12"""
    fields = [line for line in (SMALL + SEVEN).splitlines() if re.match(r"[a-z_]+ = [^\[]*$", line)]
    base = data.draw(st.sampled_from([SMALL, SEVEN]))
    field = data.draw(st.sampled_from([line for line in fields if line in base]))
    key = field.split(" = ")[0]
    assert_case_or_refusal(base.replace(field, f"{key} = {data.draw(_VALUES)}", 1))


def assert_case_or_refusal(text: str | bytes) -> None:
    try:
        outcome: Case | str = parse(text, "mine.toml")
    except BadCase as refused:
        outcome = refused.what
    assert isinstance(outcome, Case) or re.match(r"mine\.toml:\d+: ", outcome)


SEVEN = find("seven-days").text


@given(st.integers(0, 86_400_000))
def test_a_duration_reads_back(ms: int) -> None:
    minutes, rest = divmod(ms, MINUTE)
    assert parse_duration(f"{minutes}m{rest // SECOND}s{rest % SECOND}ms") == ms

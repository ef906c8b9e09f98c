# SPDX-License-Identifier: Apache-2.0
"""Forms of fields: what is refused, and what is a newer version's."""

from dataclasses import dataclass
from typing import Any

import pytest

from goodoffices.core.errors import Malformed, NewerVersion
from goodoffices.core.fields import (
    TIME,
    data,
    flag,
    from_map,
    key,
    language,
    listing,
    one_line,
    one_of,
    optional,
    row,
    text,
    to_map,
    uint,
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    name: str = key(1, text(5, minimum=1))
    count: int | None = key(2, optional(uint(9)), default=None)
    later: int | None = key(130, optional(uint(9)), default=None)


def test_an_absent_field_is_left_out() -> None:
    assert to_map(Sample(name="a")) == {1: "a"}
    assert from_map(Sample, {1: "a"}) == Sample(name="a")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {1: None},
        {1: "a", 2: None},
        {1: ""},
        {1: "abcdef"},
        {1: "éé€"},
        {1: b"a"},
        {1: "a", 2: True},
        (),
        None,
        "a",
    ],
)
def test_a_wrong_or_missing_field_is_refused(content: Any) -> None:
    with pytest.raises(Malformed):
        from_map(Sample, content)


def test_an_unknown_number_below_128_is_a_newer_version() -> None:
    for content in ({1: "a", 3: 0}, {1: "a", 127: 0}, {1: "a", "note": 0}):
        with pytest.raises(NewerVersion):
            from_map(Sample, content)


def test_an_unknown_number_from_128_on_may_be_ignored() -> None:
    assert from_map(Sample, {1: "a", 128: "anything", 2**64 - 1: ()}) == Sample(name="a")


def test_an_unknown_field_named_by_text_does_not_fill_the_finding() -> None:
    with pytest.raises(NewerVersion) as caught:
        from_map(Sample, {1: "a", "x" * 100_000: 0})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (uint(9), -1),
        (uint(9), 10),
        (uint(9), True),
        (uint(), 2**53),
        (uint(9), "1"),
        (one_of(1, 2), True),
        (one_of(1, 2), -1),
        (one_of(1, 2), "1"),
        (one_of(1, 2), {}),
        (data(3), b"ab"),
        (data(3), "abc"),
        (data(1, 2), b"abc"),
        (text(3), "abcd"),
        (text(3), b"abc"),
        (text(9), "\ud800"),
        (flag, 1),
        (flag, None),
        (listing(uint(9), 2), (1, 2, 3)),
        (listing(uint(9), 2), [1]),
        (listing(uint(9), 2, minimum=1), ()),
        (row(uint(9), flag), (1,)),
        (row(uint(9), flag), (1, True, 3)),
        (TIME, (0, True)),
        (TIME, (-1, 0)),
        (TIME, (2**48, 0)),
        (language, "e"),
        (language, "en_US"),
        (language, "فارسی"),
        (language, "--"),
    ],
)
def test_a_form_refuses(form: Any, value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each form words its own reason
        form(value)


@pytest.mark.parametrize("value", [3, 0, 255])
def test_an_unknown_code_is_a_newer_version_not_a_fault(value: int) -> None:
    with pytest.raises(NewerVersion):
        one_of(1, 2)(value)


@pytest.mark.parametrize(
    "name", ["Bern", "دفتر حفاظت منافع", "می‌خواهم", "Außenministerium", "国务院", "the foreign ministry 2"]
)
def test_a_name_in_any_script_is_a_name(name: str) -> None:
    assert one_line(120)(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "two\nlines",
        "tab\t",
        "nul\0",
        "\u202egnihton",
        "\u2066a\u2069",
        "a\u2028b",
        "a\u200bb",
        "\ufeffa",
        "\x9b31m",
    ],
    ids=ascii,
)
def test_a_name_cannot_change_how_what_stands_beside_it_reads(name: str) -> None:
    """P1: what others add cannot be mistaken. Overrides of direction and hidden characters are refused."""
    with pytest.raises(ValueError):  # noqa: PT011  each form words its own reason
        one_line(120)(name)

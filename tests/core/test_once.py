# SPDX-License-Identifier: Apache-2.0
"""What is worked out at its first use is worked out once, and kept with its object alone."""

from goodoffices.core.once import once


class Sum:
    """Counts how often it is worked out."""

    def __init__(self, *parts: int) -> None:
        self.parts, self.times = parts, 0

    @once
    def total(self) -> int:
        """All of it."""
        self.times += 1
        return sum(self.parts)


def test_what_never_changes_is_worked_out_once_for_each_object() -> None:
    """P8: an ID or what bytes say is asked for dozens of times while a note is on its way."""
    one, other = Sum(1, 2), Sum(3, 4)
    assert [one.total, one.total, other.total, one.total] == [3, 3, 7, 3]
    assert (one.times, other.times) == (1, 1)
    assert Sum.total.__doc__ == "All of it."

# SPDX-License-Identifier: Apache-2.0
"""What is worked out at its first use and kept with its object.

As ``functools.cached_property``, which takes a lock each time: whatever is asked here is a function of bytes that
never change, so that two threads at once work out the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 # used as a decorator
    """A property that is worked out once."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self._name = read.__name__
        self.__doc__ = read.__doc__

    @overload
    def __get__(self, obj: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, obj: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, obj: object | None, owner: type[Any] | None = None) -> Self | T:
        """Asked only as long as the object does not hold it."""
        if obj is None:
            return self
        found = vars(obj)[self._name] = self._read(obj)
        return found

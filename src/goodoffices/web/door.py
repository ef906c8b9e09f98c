# SPDX-License-Identifier: Apache-2.0
"""What the pages need of a running desk, and nothing more: the one place where web meets desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, TypeVar

from goodoffices.core.errors import MachineError
from goodoffices.desk.alarms.alarms import Alarms
from goodoffices.desk.alarms.engine import Moment
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.lines import RelayLike

T = TypeVar("T")


class Ringing(Protocol):
    """The alarms of a running desk."""

    @property
    def alarms(self) -> Alarms: ...
    def moment(self) -> Moment: ...


class Service(Protocol):
    """A running desk, as ``goodoffices.desk.service.DeskService`` is."""

    desk: Desk
    fault: MachineError | None

    @property
    def ringing(self) -> Ringing: ...
    @property
    def realm(self) -> bytes: ...
    @property
    def office_name(self) -> str: ...
    def now(self) -> int: ...
    def knows(self, name: str) -> bool: ...
    async def sign_in(self, name: str, passphrase: str) -> Officer: ...
    def still_in(self, officer: Officer) -> bool: ...
    def sign_out(self, officer: Officer) -> None: ...
    def act(self, operation: Callable[[Desk, int], T]) -> T: ...
    def relays(self) -> Sequence[RelayLike]: ...
    def changes(self) -> AsyncIterator[None]: ...
    def set_case_offset(self, offset: int | None) -> None: ...

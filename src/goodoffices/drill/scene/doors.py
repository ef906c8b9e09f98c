# SPDX-License-Identifier: Apache-2.0
"""A desk's doors as the player uses them: HTTP requests of a signed-in officer, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx2

from goodoffices.core.errors import MachineError

PATIENCE = 60.0
"""Seconds until the player gives up waiting for what should have happened."""
GLANCE = 0.02

T = TypeVar("T")


class Refused(MachineError):
    """A desk answered no; carries what it said."""

    default_step = "See the desk's page, and its log in the drill's folder."


class Door:
    """One officer's session at one desk."""

    def __init__(self, office: str, address: str, name: str, passphrase: str) -> None:
        self.office, self.address, self.name = office, address, name
        self._passphrase = passphrase
        self._http = httpx2.Client(
            base_url=address,
            headers={"Accept": "application/json", "Origin": address},
            timeout=60,
            trust_env=False,
        )
        self._csrf = ""

    def sign_in(self) -> None:
        """Begin a session."""
        answer = self._http.post("/sign-in", data={"name": self.name, "passphrase": self._passphrase})
        self._csrf = self._read(answer)["csrf"]

    def close(self) -> None:
        """End the connection; the session ends by itself, or with the desk."""
        self._http.close()

    def _read(self, answer: httpx2.Response) -> dict[str, Any]:
        try:
            said = answer.json()
        except ValueError:
            raise Refused(f"{self.office}'s desk answered {answer.status_code} without words.") from None
        if answer.status_code >= 400:
            raise Refused(f"{self.office}'s desk: {said.get('what', '?')}", said.get("next", ""))
        return dict(said)

    def look(self, path: str) -> dict[str, Any]:
        """A page, as JSON."""
        return self._read(self._signed_in(lambda: self._http.get(path)))

    def _signed_in(self, ask: Callable[[], httpx2.Response]) -> httpx2.Response:
        """The answer, after signing in once more where the session had ended: it ends after a quarter of an
        hour without an act, and when the same officer signs in many times elsewhere."""
        answer = ask()
        if answer.status_code == 401:
            self.sign_in()
            answer = ask()
        return answer

    def find(self, path: str) -> dict[str, Any] | None:
        """A page, or None while there is none."""
        answer = self._signed_in(lambda: self._http.get(path))
        return None if answer.status_code in (404, 409) else self._read(answer)

    def do(self, path: str, /, **fields: object) -> dict[str, Any]:
        """Submit a form."""
        data = {name: str(value) for name, value in fields.items() if value is not None}
        return self._read(
            self._signed_in(lambda: self._http.post(path, data=data, headers={"X-CSRF-Token": self._csrf}))
        )

    def save(self, path: str, /, **fields: object) -> bytes:
        """Submit a form whose answer is a file."""
        data = {name: str(value) for name, value in fields.items() if value is not None}
        answer = self._signed_in(
            lambda: self._http.post(path, data=data, headers={"X-CSRF-Token": self._csrf})
        )
        if answer.status_code >= 400:
            self._read(answer)
        return answer.content


def until(what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """Look again and again until there is an answer; raises MachineError when patience ends."""
    end = time.monotonic() + patience
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > end:
            raise MachineError(
                f"The drill waited {patience:.0f} s in vain: {what}.", "See the logs in its folder."
            )
        time.sleep(GLANCE)

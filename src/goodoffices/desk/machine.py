# SPDX-License-Identifier: Apache-2.0
"""A translating programme on this machine, where the office names one: an aid, marked, never more (ADR 0035).

It is given a text on its standard input and gives another on its standard output; languages stand in its
arguments. It runs without a shell, with nothing of this process's surroundings but where programmes lie,
for bounded time and output, one at a time. Nothing here signs, keeps or sends what it gives.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from dataclasses import dataclass
from pathlib import Path

from goodoffices.core.errors import MachineError, NotNow, YourError
from goodoffices.core.fields import language
from goodoffices.core.note import MAX_TEXT

TIMEOUT = 120.0
"""Seconds that it may take for one note."""
_LAST_WORDS = 2.0
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
)


@dataclass(frozen=True)
class Translator:
    """The programme by its command, with ``{from}`` and ``{to}`` where the languages go."""

    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """What stands in the record as its name."""
        return Path(self.command[0]).name[:120]


def read_translator(text: str) -> Translator:
    """From a command line; raises YourError."""
    try:
        command = tuple(shlex.split(text))
    except ValueError:
        command = ()
    if not command or not any("{to}" in each for each in command[1:]):
        raise YourError(
            "The translating programme is not written as a command with {to} among its arguments.",
            "Such as: --translator 'argos-translate --from-lang {from} --to-lang {to}'",
        )
    return Translator(command)


class TranslatingMachine:
    """The programme of a running desk, or none."""

    def __init__(self, translator: Translator | None, *, timeout: float = TIMEOUT) -> None:
        self._translator = translator
        self._timeout = timeout
        self._busy = False

    @property
    def name(self) -> str:
        """Its name; empty where there is none."""
        return self._translator.name if self._translator is not None else ""

    async def translate(self, text: str, source: str, target: str) -> str:
        """What the programme makes of a text. Raises NotNow, YourError or MachineError."""
        if self._translator is None:
            raise NotNow("No translating programme is set up at this desk.", "Write it by hand.")
        try:
            languages = {"from": language(source), "to": language(target)}
        except ValueError:
            raise YourError("The language is not named.", "Choose one of the list.") from None
        if any(each.startswith("-") for each in languages.values()):
            raise YourError("The language is not named.", "Choose one of the list.")
        if self._busy:
            raise NotNow("The translating programme is at work already.", "Wait until it is done.")
        self._busy = True
        try:
            return await self._run([_filled(each, languages) for each in self._translator.command], text)
        finally:
            self._busy = False

    async def _run(self, command: list[str], text: str) -> str:
        surroundings = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            running = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=surroundings,
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError):
            raise MachineError(
                "The translating programme cannot be started.", "Check the option --translator of this desk."
            ) from None
        try:
            async with asyncio.timeout(self._timeout):
                out = await _exchange(running, text.encode())
                code = await running.wait()
        except TimeoutError:
            raise MachineError(
                "The translating programme took too long and was ended.", "Write it by hand."
            ) from None
        finally:
            await _end(running)
        found = out.decode("utf-8", "replace").strip("\n")
        if code != 0 or not found.strip():
            raise MachineError(
                "The translating programme gave no translation.", "Check whether it knows both languages."
            )
        if len(out) > MAX_TEXT:
            raise MachineError(
                "The translating programme gave more than a note can hold.", "Write it by hand."
            )
        return found


async def _exchange(running: asyncio.subprocess.Process, text: bytes) -> bytes:
    assert running.stdin is not None
    assert running.stdout is not None
    reading = asyncio.ensure_future(_read(running.stdout))
    try:
        with contextlib.suppress(ConnectionError):  # it need not read all of it
            running.stdin.write(text)
            await running.stdin.drain()
        running.stdin.close()
        return await reading
    finally:
        reading.cancel()


async def _read(stream: asyncio.StreamReader) -> bytes:
    found = b""
    while len(found) <= MAX_TEXT and (piece := await stream.read(65_536)):
        found += piece
    return found


async def _end(running: asyncio.subprocess.Process) -> None:
    """It and what it started end with this request."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(
            _LAST_WORDS
        ):  # what was in the pipe; whoever fled the group may hold it open
            while await running.stdout.read(65_536):
                pass
    await running.wait()


def _filled(argument: str, languages: dict[str, str]) -> str:
    for name, value in languages.items():
        argument = argument.replace("{" + name + "}", value)
    return argument

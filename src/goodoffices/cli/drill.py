# SPDX-License-Identifier: Apache-2.0
"""``goodoffices drill``: rehearse a case on the real software, in a realm of its own."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from pathlib import Path

import click

from goodoffices.cli.output import Group, aside, say
from goodoffices.core.errors import GoodOfficesError, YourError
from goodoffices.core.record.layout import counted
from goodoffices.drill.form import case as cases
from goodoffices.drill.play.pace import HELP, QUICK, REAL, WATCHABLE, Conductor
from goodoffices.drill.play.player import Table, run
from goodoffices.drill.scene.stage import Stage
from goodoffices.drill.told import chronicle, page, terminal
from goodoffices.drill.told.after_action import after_action
from goodoffices.drill.told.observed import Observed
from goodoffices.web import pdf

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Group)
def drill() -> None:
    """Rehearse a case with real relays and desks, in a realm that never mixes with the live one."""


@drill.command(name="list")
def list_cases() -> None:
    """List the cases that come with the program."""
    for name in cases.shipped():
        say(f"{name}\t{cases.find(name).title}")


@drill.command()
@click.argument("case")
def check(case: str) -> None:
    """Read a CASE (a name or a TOML file) and say what is wrong with it; play nothing."""
    found = cases.find(case)
    notes, reports = counted(len(found.notes), "note"), counted(len(found.reports), "report")
    say(f"{found.name}: {notes}, {reports}, {counted(len(found.events), 'event')}")


@drill.command(name="run")
@click.argument("case")
@click.option("--json", "json_file", type=FILE, help="Write the result for programs to this file.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Leave the page and the exports here."
)
@click.option("--slow", is_flag=True, help="Slowly enough to watch.")
@click.option("--real-time", is_flag=True, help="Every minute inside a note's passage takes a minute.")
@click.option(
    "--seat", "seats", multiple=True, metavar="OFFICE", help="People act for this office, in a browser."
)
@click.option(
    "--patience", type=click.FloatRange(1, 86_400), help="Seconds until the script acts for a seat."
)
@click.option("--step", is_flag=True, help="Wait for Enter before each act.")
@click.option("--stay", is_flag=True, help="Leave relays and desks up until Ctrl-C, and say how to sign in.")
def run_case(
    case: str,
    json_file: Path | None,
    out: Path | None,
    slow: bool,
    real_time: bool,
    seats: tuple[str, ...],
    patience: float | None,
    step: bool,
    stay: bool,
) -> None:
    """Play CASE (a name or a TOML file): two relays, a desk for each office, everything through their doors.

    While it runs at a terminal, a letter and Enter conduct it: p pauses, g goes on, + and - change the speed,
    s lets the script act for a seat, q ends it. Beside the page it leaves an after-action report.
    """
    found = cases.find(case)
    for seat in seats:
        if seat not in found.channel.path:
            raise YourError(
                f"{seat!r} is no office of this case.", f"Offices are {', '.join(found.channel.path)}."
            )
    if out is not None and out.exists() and any(out.iterdir()):
        raise YourError(f"{out} is not empty.", "Name a folder that is empty or does not exist yet.")
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise YourError(f"There is no folder {json_file.parent}.", "Make it, or name another file.")
    speed = REAL if real_time else WATCHABLE if slow else QUICK
    stop = threading.Event()
    # Whoever stops the drill also stops the relays and desks that it started.
    signal.signal(signal.SIGTERM, (lambda *_: stop.set()) if stay else (lambda *_: sys.exit(143)))
    if stay:
        signal.signal(signal.SIGINT, lambda *_: stop.set())

    def show(observed: Observed, target: Path) -> None:
        told = chronicle.build(found, observed)
        say(terminal.render(told, shutil.get_terminal_size((100, 24)).columns))
        (target / f"{found.name}.html").write_text(page.render(told), encoding="utf-8")
        _after_action(told, target)
        if json_file is not None:
            json_file.write_text(chronicle.result_text(found, observed), encoding="utf-8")
        if out is not None or stay:
            aside(f"page and exports: {target}")

    def wait(stage: Stage) -> None:
        how_to_sign_in(stage)
        stop.wait()

    def conduct(conductor: Conductor, stage: Stage) -> None:
        if seats:
            how_to_sit_down(stage, seats)
        if sys.stdin.isatty() or step or seats:
            threading.Thread(target=_listen, args=(conductor,), daemon=True).start()

    observed = run(
        found, speed, out, aside, show, wait if stay else None, Table(seats, patience, step), conduct
    )
    if observed.lost or observed.doubled or not all(line.verified for line in observed.lines):
        aside("The run did not hold what it should: see above.")
        sys.exit(1)


def _listen(conductor: Conductor) -> None:
    """What is typed, a line at a time."""
    for line in sys.stdin:
        if not conductor.tell(line):
            aside(HELP)


def _after_action(told: chronicle.Chronicle, target: Path) -> None:
    report = page.render_after_action(after_action(told))
    name = told.case.name
    (target / f"{name}-after-action.html").write_text(report, encoding="utf-8")
    try:
        (target / f"{name}-after-action.pdf").write_bytes(pdf.made_of(report, style=""))
    except GoodOfficesError as error:
        aside(f"The after-action report is there as HTML only. For PDF: {error.next_step}")


def how_to_sit_down(stage: Stage, seats: tuple[str, ...]) -> None:
    """Where people sign in who act for an office."""
    say("Take your seats, each in a browser of its own:")
    for office in seats:
        names = " or ".join(officer.name for officer in stage.officers[office])
        say(
            f"  {office:<14} {stage.desks[office].address}   name: {names}   passphrase: {stage.passphrases[office]}"
        )


def how_to_sign_in(stage: Stage) -> None:
    """Addresses, names and passphrases of a drill that stays up, and how to try faults on it."""
    say("The desks are up, in the drill's realm. Sign in with a browser, each in a window of its own:")
    for office, desk in stage.desks.items():
        names = " or ".join(officer.name for officer in stage.officers[office])
        say(f"  {office:<14} {desk.address}   name: {names}   passphrase: {stage.passphrases[office]}")
    program = Path(sys.argv[0]) if sys.argv[0].endswith("goodoffices") else "goodoffices"
    say("To see what a fault does:")
    width = max(len("stop a relay"), *(len(f"kill {office}'s desk") for office in stage.desks)) + 2
    for relay in stage.relays:
        say(f"  {'stop a relay':<{width}}kill {relay.process.pid}")
    for office, desk in stage.desks.items():
        port = desk.address.rsplit(":", 1)[1]
        kill = f"kill {office}'s desk"
        say(f"  {kill:<{width}}kill -9 {desk.process.pid}")
        say(
            f"  {'  and start it again':<{width}}{program} desk serve --vault '{stage.vault(office)}' --port {port}"
        )
    say("Ctrl-C here stops what this drill started and removes its folder.")

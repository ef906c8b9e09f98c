# SPDX-License-Identifier: Apache-2.0
"""``goodoffices briefing``: show chosen parts of a record to a third party, and verify such a briefing."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from goodoffices.cli.output import Group, aside, passphrase, say
from goodoffices.cli.sign_in import stands_on
from goodoffices.core.briefing import Sharing
from goodoffices.core.consent import Question
from goodoffices.core.errors import NotFound, YourError
from goodoffices.core.extract import read_extract
from goodoffices.core.note import Leaf, read_inside
from goodoffices.core.record.layout import counted, plain, zulu
from goodoffices.desk import consent
from goodoffices.desk.briefing import Chosen, in_lanes
from goodoffices.desk.briefing_beside import BESIDE, make_with_papers
from goodoffices.desk.chronicle.gathering import AT_ONCE
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.incidents.sharing import Extracts
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import open_vault
from goodoffices.desk.views.briefing import step
from goodoffices.desk.views.custody import signed_at
from goodoffices.verify.briefing import looks_like_briefing
from goodoffices.verify.command import NOT_AN_EXPORT, run
from goodoffices.web.forms import identifier
from goodoffices.web.words import AUTHORITIES, LEAVES, RUNGS

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
MARKS = {each.label.removeprefix("TLP:"): each for each in Sharing}
_NOTE = re.compile(r"(.+?) (\d+)(?:: *([0-9, ]+))?")

vault_argument = click.argument("vault_folder", metavar="VAULT", type=FOLDER)
officer_option = click.option("--officer", required=True, help="Who signs in.")
passphrase_option = click.option("--passphrase-file", type=FILE, help="The passphrase, on the first line.")
unlock_option = click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
channel_option = click.option(
    "--channel", required=True, help="The channel's name, or 8 digits or more of its ID."
)


@click.group(cls=Group)
def briefing() -> None:
    """Show chosen parts of a record to a third party, each with proof."""


@contextmanager
def signed_in(
    folder: Path, unlock: Path | None, name: str, secret: Path | None, now: int
) -> Iterator[tuple[Desk, Officer]]:
    with open_vault(folder, unlock_path=unlock) as vault:
        desk = desk_of(vault)
        opened = vault.sign_in(name, passphrase(secret, f"Passphrase of {name}"))
        desk.unlock(opened.reading_key, now)
        yield desk, Officer(opened.name, opened.public, opened.seed)


def channel_of(desk: Desk, named: str) -> bytes:
    """The mandate of a channel that was named by its name, or by eight or more digits of its ID."""
    names = {each: desk.ledger.agreement(each).mandate.name for each in desk.ledger.mandates()}
    found = [each for each, name in names.items() if name == named]
    if not found and len(named) >= 8:
        found = [each for each in names if each.hex().startswith(named.lower())]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{each.hex()[:16]} '{plain(name)}'" for each, name in names.items())
    raise NotFound(
        f"{len(found)} channels here are called {plain(named)}.",
        f"Name one by its digits: {there}." if names else "No mandate is at this desk yet.",
    )


def _notes(desk: Desk, mandate: bytes) -> list[tuple[str, NoteRow]]:
    agreement = desk.ledger.agreement(mandate)
    return [(agreement.name_of(row.author), row) for row in desk.ledger.notes(mandate)]


def _told(desk: Desk, label: int, value: Any) -> str:
    """What a part says, in the words of the page on which a briefing is put together."""
    if label == Leaf.AUTHORITY:
        return AUTHORITIES.get(value, str(value))
    if label == Leaf.REPLY_BY:
        return zulu(value)
    if label == Leaf.CONFIDENTIAL:
        return "yes" if value else "no"
    if label == Leaf.REPORT:
        return plain(read_extract(value).report.what)
    if isinstance(value, tuple):
        return ", ".join(_told(desk, 0, each) for each in value) or "nothing"
    if isinstance(value, bytes):
        row = desk.ledger.note(value)
        if row is not None:
            return f"{plain(desk.ledger.agreement(row.mandate).name_of(row.author))} {row.number}"
        return value.hex()[:16]
    return plain(str(value).strip())


@briefing.command()
@vault_argument
@officer_option
@passphrase_option
@unlock_option
@channel_option
def parts(
    vault_folder: Path, officer: str, passphrase_file: Path | None, unlock_file: Path | None, channel: str
) -> None:
    """List a channel's notes with their numbered parts, the acts about them, and reports that were let out."""
    now = time.time_ns() // 1_000_000
    with (
        stands_on("'Briefing' of the channel"),
        signed_in(vault_folder, unlock_file, officer, passphrase_file, now) as (desk, _),
    ):
        for name, row in _notes(desk, channel_of(desk, channel)):
            say(f"{plain(name)} {row.number}")
            inside = desk.channels.words_inside(row)
            for at, (label, value) in enumerate(read_inside(inside).leaves if inside else (), 1):
                field = "Paragraph" if label == Leaf.PARAGRAPH else LEAVES.get(label, "another field")
                say(f"  part {at}: {field}: {_told(desk, label, value)[:80]}")
            for act in desk.ledger.acts_about(row.id):
                by = plain(desk.ledger.agreement(row.mandate).name_of(act.author))
                rung = RUNGS.get(step(act.type), "another act")
                say(f"  act {act.id.hex()[:16]}: {rung}, {by}, {zulu(signed_at(act))}")
        for each in Extracts(desk.context).lately():
            mark = Sharing(6 - each.shown.extract.mark).label
            say(f"report {each.id.hex()[:16]}: {mark} {plain(each.shown.report.what)[:80]}")


@briefing.command()
@vault_argument
@click.argument("target", metavar="FOLDER", type=FOLDER)
@officer_option
@passphrase_option
@unlock_option
@channel_option
@click.option("--for", "recipient", required=True, help="The third party, by name.")
@click.option("--mark", type=click.Choice(list(MARKS)), required=True, help="Who may pass it on (TLP 2.0).")
@click.option(
    "--note", "notes", multiple=True, help="'AUTHOR NUMBER', whole, or 'AUTHOR NUMBER: 2, 5' for parts."
)
@click.option("--act", "acts", multiple=True, help="An act, by the first digits of its ID.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    help="A report let out of an incident file, by its ID's first digits.",
)
@click.option("--purpose", help="What it is for.")
@click.option("--consent", "by_word", help="How a party on paper consented, which can sign nothing.")
@click.option("--along", is_flag=True, help="What stands in the same entries may be shown along.")
@click.option(
    "--beside",
    multiple=True,
    metavar="ID",
    help="A report or public statement of this office, to go beside the briefing as not proved; may be repeated.",
)
def make(
    vault_folder: Path,
    target: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    channel: str,
    recipient: str,
    mark: str,
    notes: tuple[str, ...],
    acts: tuple[str, ...],
    reports: tuple[str, ...],
    purpose: str | None,
    by_word: str | None,
    along: bool,
    beside: tuple[str, ...],
) -> None:
    """Write a briefing on VAULT's record into the new FOLDER. The desk must be stopped.

    With --beside the briefing lies in FOLDER/briefing, and FOLDER/not-proved.txt holds what only this office wrote
    down; `goodoffices chronicle list` names the IDs.
    """
    now = time.time_ns() // 1_000_000
    with signed_in(vault_folder, unlock_file, officer, passphrase_file, now) as (desk, who):
        mandate = channel_of(desk, channel)
        chosen = Chosen(
            mandate,
            recipient,
            MARKS[mark],
            dict(_chosen_note(desk, mandate, each) for each in notes),
            tuple(_chosen_act(desk, mandate, each) for each in acts),
            purpose,
            by_word,
            along,
            tuple(_chosen_report(desk, each) for each in reports),
        )
        while beside and not desk.chronicle.catch_up(AT_ONCE):
            pass
        papers = [identifier(each.lower(), "beside") for each in beside]
        made, folder = make_with_papers(desk, who, chosen, papers, target, now)
    say(f"briefing  {folder}")
    say(f"id        {made.hex()}")
    if papers:
        say(f"beside    {target / BESIDE}")
    aside(f"Read {folder}/briefing.txt before it goes out: an entry is shown whole.")


@briefing.command()
@vault_argument
@officer_option
@passphrase_option
@unlock_option
@channel_option
@click.option("--for", "recipient", required=True, help="The third party, by name.")
@click.option("--mark", type=click.Choice(list(MARKS)), required=True, help="The widest mark (TLP 2.0).")
@click.option("--note", "notes", multiple=True, required=True, help="'AUTHOR NUMBER', for each note.")
@click.option("--purpose", help="What it is for; the briefing states the same.")
def ask(
    vault_folder: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    channel: str,
    recipient: str,
    mark: str,
    notes: tuple[str, ...],
    purpose: str | None,
) -> None:
    """Ask the other offices for their consent to a briefing. The desk must be stopped, and sends it when it runs."""
    now = time.time_ns() // 1_000_000
    with signed_in(vault_folder, unlock_file, officer, passphrase_file, now) as (desk, who):
        mandate = channel_of(desk, channel)
        named = dict(_chosen_note(desk, mandate, each) for each in notes)
        chosen = Chosen(mandate, recipient, MARKS[mark], named, (), purpose)
        for lane, some in in_lanes(desk, chosen).items():
            question = Question(recipient, MARKS[mark], some, purpose)
            say(f"asked     {consent.ask(desk, who, mandate, lane, question, now).hex()}")


@briefing.command()
@vault_argument
@officer_option
@passphrase_option
@unlock_option
@channel_option
def consents(
    vault_folder: Path, officer: str, passphrase_file: Path | None, unlock_file: Path | None, channel: str
) -> None:
    """List what was asked of whom in a channel, and what was answered."""
    now = time.time_ns() // 1_000_000
    with signed_in(vault_folder, unlock_file, officer, passphrase_file, now) as (desk, _):
        mandate = channel_of(desk, channel)
        agreement = desk.ledger.agreement(mandate)
        for each in consent.asked(desk, mandate):
            asked = each.question
            say(
                f"{each.id.hex()[:16]}  {plain(agreement.name_of(each.by))} asks, for {plain(asked.recipient)}"
            )
            say(
                f"  {asked.mark.label}, {counted(len(asked.notes), 'note')},"
                f" for {plain(asked.purpose or 'no stated purpose')}"
            )
            for office in each.wanted:
                said = each.answers.get(office)
                what = "has not answered" if said is None else "consents" if said.given else "refuses"
                say(f"  {plain(agreement.name_of(office))} {what}{_reason(said.words if said else None)}")


def _reason(words: str | None) -> str:
    return f": {plain(words)}" if words else ""


@briefing.command()
@vault_argument
@click.argument("question")
@officer_option
@passphrase_option
@unlock_option
@channel_option
@click.option("--give/--refuse", "given", required=True, default=None, help="Consent, or refuse it.")
@click.option("--why", help="Words that the other offices read.")
def answer(
    vault_folder: Path,
    question: str,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    channel: str,
    given: bool,
    why: str | None,
) -> None:
    """Answer QUESTION, named by eight or more digits of its ID. The last answer counts. The desk must be stopped."""
    now = time.time_ns() // 1_000_000
    with signed_in(vault_folder, unlock_file, officer, passphrase_file, now) as (desk, who):
        known = [each.id for each in consent.asked(desk, channel_of(desk, channel))]
        found = [each for each in known if each.hex().startswith(question.lower())]
        if len(found) != 1 or len(question) < 8:
            raise NotFound(f"{len(found)} questions here begin with {question}.", "Give more digits of one.")
        say(f"answered  {consent.answer(desk, who, found[0], given, why, now).hex()}")


def _chosen_note(desk: Desk, mandate: bytes, text: str) -> tuple[bytes, tuple[int, ...] | None]:
    found = _NOTE.fullmatch(text.strip())
    if found is None:
        raise YourError(f"'{text}' names no note.", "Write the author's name and the note's number.")
    rows = [row for name, row in _notes(desk, mandate) if (name, row.number) == (found[1], int(found[2]))]
    if len(rows) != 1:
        raise NotFound(f"{len(rows)} notes here are '{found[1]} {found[2]}'.")
    leaves = tuple(int(each) - 1 for each in re.findall(r"\d+", found[3])) if found[3] else None
    return rows[0].id, leaves


def _chosen_act(desk: Desk, mandate: bytes, digits: str) -> bytes:
    acts = [act.id for _, row in _notes(desk, mandate) for act in desk.ledger.acts_about(row.id)]
    found = [each for each in acts if each.hex().startswith(digits.lower())]
    if len(found) != 1 or len(digits) < 8:
        raise NotFound(f"{len(found)} acts here begin with {digits}.", "Give eight or more digits of one.")
    return found[0]


def _chosen_report(desk: Desk, digits: str) -> bytes:
    found = [each.id for each in Extracts(desk.context).lately() if each.id.hex().startswith(digits.lower())]
    if len(found) != 1 or len(digits) < 8:
        raise NotFound(
            f"{len(found)} reports that were let out here begin with {digits}.",
            "Give eight or more digits of one.",
        )
    return found[0]


@briefing.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--trust", type=FILE, help="Fingerprints to compare with: '<64 hex> name' per line.")
@click.option("--json", "as_machine", is_flag=True, help="The verdict for programs.")
def verify(folder: Path, trust: Path | None, as_machine: bool) -> None:
    """Verify the briefing in FOLDER offline. Exit 0 verified, 1 findings, 2 not a briefing."""
    if not looks_like_briefing(folder):
        there = "is no briefing" if folder.exists() else "is not there"
        aside(f"goodoffices briefing verify: {folder} {there}.")
        aside(
            "  Name the folder that 'goodoffices briefing make' wrote; an export is verified by: goodoffices verify"
        )
        sys.exit(NOT_AN_EXPORT)
    sys.exit(run(folder, trust, as_machine=as_machine))

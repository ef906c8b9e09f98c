# SPDX-License-Identifier: Apache-2.0
"""What a batch of puts and deletes does to its mailboxes, decided apart from any database.

A store reads the counters of the mailboxes and what of the batch it knows already, asks here, and
writes down what comes back. So every store that gathers writes into batches decides alike.

What there is one of for each put is a named tuple: a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from goodoffices.relay.rules import ROW_COST, Limits, MailboxState, Refusal, Refused, after_delete, decide_put


class Put(NamedTuple):
    """Keep an envelope."""

    box: bytes
    id: bytes
    envelope: bytes
    now: int


class Stored(NamedTuple):
    """Outcome of a put: the new seq, or None for a repeat."""

    seq: int | None


class Delete(NamedTuple):
    """Delete an envelope and leave a tombstone."""

    box: bytes
    id: bytes
    now: int


class Mailbox(NamedTuple):
    """A mailbox as a batch sees it: its number in the database, and its counters."""

    no: int
    state: MailboxState


@dataclass
class Changes:
    """What is to be written. ``mailboxes`` holds the new counters of those that changed."""

    outcomes: list[Any] = field(default_factory=list)
    """One for each work: Stored or None, or a Refused for its waiter."""
    kept: list[tuple[int, int, bytes, int, bytes]] = field(default_factory=list)
    """New envelopes: number of the mailbox, seq, ID, time, bytes."""
    tombstones: list[tuple[bytes, int, int]] = field(default_factory=list)
    """Of what was deleted: ID, number of the mailbox, time."""
    mailboxes: dict[bytes, Mailbox] = field(default_factory=dict)
    used: int = 0
    """How many more bytes all mailboxes hold together now, as MailboxState.used counts."""


def decide_puts(
    puts: Sequence[Put],
    mailboxes: Mapping[bytes, Mailbox],
    known: Iterable[tuple[bytes, int]],
    used_in_all: int,
    limits: Limits,
) -> Changes:
    """Puts in their order. ``known`` holds ID and mailbox number of everything kept or remembered."""
    seen = set(known)
    changes = Changes()
    for box, key, envelope, now in puts:
        found = changes.mailboxes.get(box) or mailboxes.get(box)
        if found is None:
            changes.outcomes.append(Refused(Refusal.NO_RIGHT))
            continue
        no, state = found
        size = len(envelope)
        reply = decide_put(state, (key, no) in seen, size, used_in_all + changes.used, limits)
        if isinstance(reply, Refusal):
            changes.outcomes.append(Refused(reply))
        elif reply is None:
            changes.outcomes.append(Stored(None))
        else:
            seen.add((key, no))
            changes.used += size + ROW_COST
            changes.mailboxes[box] = Mailbox(no, reply)
            changes.kept.append((no, reply.last_seq, key, now, envelope))
            changes.outcomes.append(Stored(reply.last_seq))
    return changes


def decide_deletes(
    deletes: Sequence[Delete], mailboxes: Mapping[bytes, Mailbox], sizes: Mapping[tuple[bytes, int], int]
) -> Changes:
    """Deletes in their order. ``sizes`` tells how long each envelope that is there is, by ID and mailbox number."""
    there = dict(sizes)
    changes = Changes()
    for delete in deletes:
        changes.outcomes.append(None)
        found = changes.mailboxes.get(delete.box) or mailboxes.get(delete.box)
        size = there.pop((delete.id, found.no), None) if found else None
        if found is None or size is None:
            continue
        state = after_delete(found.state, size)
        changes.used += state.used - found.state.used
        changes.mailboxes[delete.box] = Mailbox(found.no, state)
        changes.tombstones.append((delete.id, found.no, delete.now))
    return changes

# SPDX-License-Identifier: Apache-2.0
"""What the relay decides, as pure functions: a request and a state in, a reply out.

No clock, storage or network. Every store calls these inside its own transaction, so that the memory,
SQLite and (later) PostgreSQL stores cannot come to different decisions.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

KIB = 1024
MIB = 1024 * KIB
DAY_MS = 86_400_000

# The size classes of the format (docs/format.md): cells of thin lines, then the four ordinary ones.
SIZE_CLASSES = (512, 576, 640, 704, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB)

# What a row costs beside its bytes. Counting it keeps many small envelopes, or many deleted ones,
# from growing the file past the quota.
ROW_COST = 256


class Refusal(Enum):
    """Every way in which the relay says no. ``http.py`` holds the one table from these to statuses."""

    MALFORMED = "malformed"
    NO_RIGHT = "no right"
    OTHER_RIGHTS = "other rights"
    NO_LENGTH = "no length"
    NOT_A_SIZE_CLASS = "not a size class"
    TOO_SLOW = "too slow"
    MAILBOX_FULL = "mailbox full"
    STORE_SHORT = "store short of room"
    NO_MORE_MAILBOXES = "no more mailboxes"
    TOO_OFTEN = "too often"
    BUSY = "busy"
    DISK_FULL = "disk full"
    STORE_FAILED = "store failed"
    STORE_AWAY = "store away"
    UNCONFIRMED = "unconfirmed"
    STOPPING = "stopping"


class Refused(Exception):
    """A request is refused. ``detail`` names the field for a malformed one; it never repeats input."""

    def __init__(self, refusal: Refusal, detail: str = "", retry_seconds: int | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.detail = detail
        self.retry_seconds = retry_seconds
        """When another try makes sense, where that is known better than the table of answers knows it."""


@dataclass(frozen=True)
class Limits:
    """The bounds of one relay."""

    mailbox_bytes: int = 64 * MIB  # waiting bytes, rows and tombstones counted with ROW_COST each
    store_bytes: int = 16_384 * MIB  # of all mailboxes together; see decide_put
    mailboxes: int = 10_000
    retention_ms: int = 30 * DAY_MS
    answer_bytes: int = MIB  # of one collect answer; a single envelope always fits
    answer_envelopes: int = 1_000


class Right(Enum):
    """The three separate rights on a mailbox."""

    PUT = "put"
    COLLECT = "collect"
    DELETE = "delete"


@dataclass(frozen=True)
class Rights:
    """SHA-256 of each right's secret: all that a relay keeps of them."""

    put: bytes
    collect: bytes
    delete: bytes

    def hash_of(self, right: Right) -> bytes:
        """The stored hash for one right."""
        if right is Right.PUT:
            return self.put
        return self.collect if right is Right.COLLECT else self.delete


NOBODY = Rights(bytes(32), bytes(32), bytes(32))  # no secret known to anybody hashes to zeros


class MailboxState(NamedTuple):
    """A mailbox's counters, as the store keeps them."""

    last_seq: int
    waiting: int
    bytes: int
    tombstones: int

    @property
    def used(self) -> int:
        """Bytes counted against the quota."""
        return self.bytes + ROW_COST * (self.waiting + self.tombstones)


class Opened(Enum):
    """The reply to opening a mailbox."""

    NEW = "new"
    SAME = "same"


def decide_open(existing: Rights | None, wanted: Rights, mailboxes: int, limits: Limits) -> Opened | Refusal:
    """Open a mailbox: new, the same again, or refused (taken with other rights, or too many)."""
    if existing is not None:
        return Opened.SAME if existing == wanted else Refusal.OTHER_RIGHTS
    if mailboxes >= limits.mailboxes:
        return Refusal.NO_MORE_MAILBOXES
    return Opened.NEW


def decide_put(
    state: MailboxState, known: bool, size: int, used_in_all: int, limits: Limits
) -> MailboxState | Refusal | None:
    """Put an envelope: the mailbox's next state, a refusal, or None when it is known already.

    A repeat is answered as stored even when the mailbox is full by now: it costs nothing, and the
    sender must learn that it can stop offering.

    ``used_in_all`` is what all mailboxes hold together. A mailbox may hold no more than what is still
    free after it (dynamic thresholds: Choudhury and Hahne, 1998). So however many mailboxes somebody
    fills, a part of the store stays free for those that hold little.
    """
    if known:
        return None
    cost = size + ROW_COST
    would_use = state.used + cost
    if would_use > limits.mailbox_bytes:
        return Refusal.MAILBOX_FULL
    if would_use > limits.store_bytes - used_in_all - cost:
        return Refusal.STORE_SHORT
    return MailboxState(state.last_seq + 1, state.waiting + 1, state.bytes + size, state.tombstones)


def after_delete(state: MailboxState, size: int) -> MailboxState:
    """The state once one envelope is deleted by its collector: it leaves a tombstone."""
    return MailboxState(state.last_seq, state.waiting - 1, state.bytes - size, state.tombstones + 1)


def expired_before(now: int, limits: Limits) -> int:
    """Envelopes and tombstones stored before this instant are purged at ``now``.

    A purged envelope leaves no tombstone: nobody collected it, so its sender may put it again.
    """
    return now - limits.retention_ms


def removable(state: MailboxState, used_ms: int, now: int, limits: Limits) -> bool:
    """Whether a mailbox may go: nothing in it, nothing to remember, and nobody used it for the retention time.

    Mailboxes opened from now on then start above the seqs that it gave, so that none is used again.
    Without this, somebody who opens mailboxes and leaves them would use the relay up for good.
    """
    return not state.waiting and not state.tombstones and used_ms < expired_before(now, limits)


def holds(rights: Rights | None, right: Right, secret: bytes | None) -> bool:
    """Whether ``secret`` opens ``right``. Takes the same steps for an unknown mailbox as for a known one."""
    wanted = (rights or NOBODY).hash_of(right)
    given = hashlib.sha256(secret or b"").digest()
    same = hmac.compare_digest(wanted, given)
    return same and rights is not None and secret is not None


def admitted(needed: bytes | None, given: bytes | None) -> bool:
    """Whether the admission secret fits, on a relay that asks for one."""
    if needed is None:
        return True
    return hmac.compare_digest(hashlib.sha256(needed).digest(), hashlib.sha256(given or b"").digest())


# --- what arrives, read strictly -----------------------------------------------------------------

_BOX = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


def read_box(text: str) -> bytes:
    """A mailbox ID: 32 lowercase hexadecimal digits."""
    if not _BOX.fullmatch(text):
        raise Refused(Refusal.MALFORMED, "The mailbox is 32 lowercase hexadecimal digits.")
    return bytes.fromhex(text)


def read_id(text: str) -> bytes:
    """An envelope ID: 64 lowercase hexadecimal digits."""
    if not _HASH.fullmatch(text):
        raise Refused(Refusal.MALFORMED, "The envelope ID is 64 lowercase hexadecimal digits.")
    return bytes.fromhex(text)


def read_bearer(header: bytes | None) -> bytes | None:
    """The secret of an ``Authorization: Bearer`` header; None when missing or not of the form."""
    if header is None or len(header) != 71 or header[:7].lower() != b"bearer ":
        return None
    text = header[7:].decode("latin-1")
    return bytes.fromhex(text) if _HASH.fullmatch(text) else None


def read_number(text: str | None, name: str, default: int, most: int) -> int:
    """A decimal number of a query between 0 and ``most``."""
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise Refused(Refusal.MALFORMED, f"{name} is a decimal number.")
    number = int(text)
    if number > most:
        raise Refused(Refusal.MALFORMED, f"{name} is at most {most}.")
    return number


def read_rights(body: bytes) -> Rights:
    """The body of an open request: exactly the three hashes, each once."""
    try:
        found = json.loads(body, object_pairs_hook=_no_repeats)
    except (ValueError, RecursionError):
        raise Refused(Refusal.MALFORMED, "The body is one JSON object.") from None
    if not isinstance(found, dict) or set(found) != {"put", "collect", "delete"}:
        raise Refused(Refusal.MALFORMED, "The body has put, collect and delete, nothing else.")
    for name, value in found.items():
        if not isinstance(value, str) or not _HASH.fullmatch(value):
            raise Refused(
                Refusal.MALFORMED, f"{name} is the SHA-256 of a secret: 64 lowercase hexadecimal digits."
            )
    rights = Rights(*(bytes.fromhex(found[name]) for name in ("put", "collect", "delete")))
    if len({rights.put, rights.collect, rights.delete}) != 3:
        raise Refused(Refusal.MALFORMED, "put, collect and delete are three different secrets.")
    return rights


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def check_size(size: int) -> None:
    """Refuse a length that is no size class: it would tell envelopes apart."""
    if size not in SIZE_CLASSES:
        raise Refused(Refusal.NOT_A_SIZE_CLASS)


# --- what is sent --------------------------------------------------------------------------------


def pack_collected(envelopes: list[tuple[int, bytes]]) -> bytes:
    """A collect answer: for each envelope 8 bytes seq, 4 bytes length (both big-endian), its bytes."""
    parts = []
    for seq, envelope in envelopes:
        parts.append(seq.to_bytes(8, "big") + len(envelope).to_bytes(4, "big"))
        parts.append(envelope)
    return b"".join(parts)


def pack_pushed(seq: int, envelope: bytes) -> bytes:
    """A push message: 8 bytes seq (big-endian), then the envelope."""
    return seq.to_bytes(8, "big") + envelope

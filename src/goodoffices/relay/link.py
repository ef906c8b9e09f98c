# SPDX-License-Identifier: Apache-2.0
"""The two ends of a byte pipe between the halves of a relay: frames, lost ones sent again. Sans I/O.

For what is slow and loses much (a modem, a radio): docs/format.md §16.6, ADR 0057. An end is told what there
is to carry and what came over the wire, and says which bytes to write next. Everything is sent again until
it is acknowledged; what comes twice is acknowledged twice and told once or twice, which stores bear. An end
that starts says so first: what the other had under way to the one before is begun anew.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from goodoffices.relay.rules import SIZE_CLASSES

MARK = b"\xc3\x5a"
OVERHEAD = 12
ANNOUNCE, CELL, PIECE, ACK, HELLO = range(1, 6)
CELLS = (512, 576, 640, 704)
"""Bytes of envelopes that go in one frame, without the zeros at their end."""
MOST_CONTENT = CELLS[-1] - OVERHEAD
PIECE_BYTES = 492
PIECES_AT_ONCE = 16
"""Pieces of long envelopes that are under way at once, so that a cell that comes does not wait behind many."""
ACKED = 8
"""Numbers that one acknowledgement names: the newest that came, so that a lost one is made good by the next."""
PARTS_KEPT = 32
"""Long envelopes of which pieces are kept until the others come."""
MOST_PIECES = -(-max(SIZE_CLASSES) // PIECE_BYTES)
SESSION = 8
REMEMBERED = 64
MOST_BOXES = 255
"""Mailboxes of one half that the other can name."""
SLACK = 50
"""Milliseconds that an acknowledgement may take beyond what the wire takes and a quarter of it."""


@dataclass(frozen=True)
class Announced:
    """The other half has a mailbox: its name, and the SHA-256 of its right to put."""

    box: bytes
    put: bytes


@dataclass(frozen=True)
class Came:
    """An envelope for a mailbox of this half. The other half is told so by ``kept``, once it is."""

    box: bytes
    envelope: bytes
    number: int


@dataclass(frozen=True)
class Carried:
    """An envelope is at the other half."""

    box: bytes
    envelope: bytes


Event = Announced | Came | Carried


@dataclass
class _Message:
    number: int
    sort: int
    box: int
    content: bytes
    envelope: tuple[bytes, bytes] | None = None
    again: int | None = None
    """When it is sent (again), ms; None: it never was."""


@dataclass
class _Parts:
    count: int
    pieces: dict[int, bytes] = field(default_factory=dict)


def frame(sort: int, box: int, number: int, content: bytes) -> bytes:
    """One frame."""
    head = MARK + bytes([sort, box]) + number.to_bytes(2, "big") + len(content).to_bytes(2, "big")
    return head + content + zlib.crc32(head + content).to_bytes(4, "big")


class Frames:
    """Frames found in a stream of bytes in which anything may be missing or spoilt."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def take(self, data: bytes) -> list[tuple[int, int, int, bytes]]:
        """(sort, box, number, content) of each whole frame."""
        self._kept += data
        found: list[tuple[int, int, int, bytes]] = []
        while True:
            start = self._kept.find(MARK)
            if start < 0:
                del self._kept[:-1]
                return found
            del self._kept[:start]
            if len(self._kept) < 8:
                return found
            size = int.from_bytes(self._kept[6:8], "big")
            if size > MOST_CONTENT:
                del self._kept[:1]
                continue
            if len(self._kept) < size + OVERHEAD:
                return found
            whole = bytes(self._kept[: size + OVERHEAD])
            if zlib.crc32(whole[:-4]).to_bytes(4, "big") != whole[-4:]:
                del self._kept[:1]
                continue
            del self._kept[: size + OVERHEAD]
            found.append((whole[2], whole[3], int.from_bytes(whole[4:6], "big"), whole[8:-4]))


class Link:
    """One end. ``bits``: what the wire takes in a second; ``delay``: ms from one end to the other."""

    def __init__(self, rng: Callable[[int], bytes], *, bits: int, delay: int) -> None:
        self.bits, self.delay = bits, delay
        self._number = int.from_bytes(rng(2), "big")
        self._frames = Frames()
        self._waiting: deque[_Message] = deque()
        self._long: list[tuple[int, int, _Message]] = []
        """Pieces by the length of their envelopes, shortest first: a receipt does not wait behind a mandate."""
        self._said = 0
        self._under_way: OrderedDict[int, _Message] = OrderedDict()
        self._left: dict[tuple[bytes, bytes], int] = {}
        """Pieces of an envelope that are not acknowledged."""
        self._mine: dict[bytes, tuple[int, bytes]] = {}
        self._theirs: dict[int, bytes] = {}
        self._acks: deque[int] = deque(maxlen=ACKED)
        self._ack_due = False
        self._ack_again: int | None = None
        """When the newest acknowledgement is said once more, if the wire has nothing else to do."""
        self._parts: OrderedDict[tuple[int, int], _Parts] = OrderedDict()
        self._done: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._free = 0
        self._session = rng(SESSION)
        self._hello = b""
        """The session of the other end."""
        self._greeted = False
        """The other end knows this session: only then is anything else said, and anything else believed."""
        self._say(HELLO, 0, self._session)

    # --- what is to be carried ------------------------------------------------------------------------

    def announce(self, box: bytes, put: bytes) -> bool:
        """A mailbox was opened at this half; False if that was known."""
        if box in self._mine or len(self._mine) >= MOST_BOXES:
            return False
        self._mine[box] = len(self._mine), put
        self._announce_all()
        return True

    def announced(self, box: bytes) -> bool:
        """Whether a mailbox is known to have been opened at this half."""
        return box in self._mine

    def carries(self, box: bytes) -> bool:
        """Whether the other half has this mailbox."""
        return box in self._theirs.values()

    def send(self, box: bytes, envelope: bytes) -> bool:
        """Carry an envelope to a mailbox of the other half; False if it is under way already, or unknown there."""
        index = next((at for at, known in self._theirs.items() if known == box), None)
        if index is None or (box, envelope) in self._left:
            return False
        cell = len(envelope) in CELLS and not any(envelope[-OVERHEAD:])
        if cell:
            self._say(CELL, index, envelope[:-OVERHEAD], (box, envelope))
        else:
            pieces = [envelope[at : at + PIECE_BYTES] for at in range(0, len(envelope), PIECE_BYTES)]
            for at, piece in enumerate(pieces):
                head = at.to_bytes(2, "big") + len(pieces).to_bytes(2, "big")
                self._say(PIECE, index, head + piece, (box, envelope))
        return True

    def kept(self, event: Came) -> None:
        """What came is in the store: it may be acknowledged."""
        self._acks.append(event.number)
        self._ack_due = True

    def _announce_all(self) -> None:
        said = {message.content for message in (*self._waiting, *self._under_way.values())}
        for name, (index, put) in self._mine.items():
            if name + put not in said:
                self._say(ANNOUNCE, index, name + put)

    def _say(self, sort: int, box: int, content: bytes, envelope: tuple[bytes, bytes] | None = None) -> None:
        message = _Message(self._number, sort, box, content, envelope)
        self._number = (self._number + 1) % 65_536
        self._said += 1
        if sort == PIECE:
            heappush(self._long, (len(envelope[1]) if envelope else 0, self._said, message))
        else:
            self._waiting.append(message)
        if envelope is not None:
            self._left[envelope] = self._left.get(envelope, 0) + 1

    # --- the wire ---------------------------------------------------------------------------------------

    def took(self, size: int) -> int:
        """Milliseconds for which so many bytes keep the wire busy."""
        return -(-size * 8_000 // self.bits)

    def write(self, now: int) -> bytes | None:
        """The next frame, if the wire is free and there is one to write."""
        if now < self._free:
            return None
        if self._ack_due:
            self._ack_due = False
            written = self._acknowledge(now)
            self._ack_again = self._free
            return written
        message = self._next(now)
        if message is None:
            if self._ack_again is None:
                return None
            # It costs little; a lost one costs the other end a whole frame.
            self._ack_again = None
            return self._acknowledge(now)
        self._ack_again = None
        written = self._on_wire(message.sort, message.box, message.number, message.content, now)
        message.again = (
            self._free + 2 * self.delay + 2 * self.took(OVERHEAD + 2 * ACKED) + SLACK + self.delay // 4
        )
        return written

    def _acknowledge(self, now: int) -> bytes:
        return self._on_wire(ACK, 0, 0, b"".join(each.to_bytes(2, "big") for each in self._acks), now)

    def _on_wire(self, sort: int, box: int, number: int, content: bytes, now: int) -> bytes:
        written = frame(sort, box, number, content)
        self._free = now + self.took(len(written))
        return written

    def _next(self, now: int) -> _Message | None:
        pieces = sum(message.sort == PIECE for message in self._under_way.values())
        late = next(
            (each for each in self._under_way.values() if each.again is not None and each.again <= now), None
        )
        if late is not None and late.sort != PIECE:
            self._under_way.move_to_end(late.number)
            return late
        if not self._greeted:
            return self._waiting_hello()
        if self._waiting:
            message = self._waiting.popleft()
        elif late is not None:
            self._under_way.move_to_end(late.number)
            return late
        elif self._long and pieces < PIECES_AT_ONCE:
            message = heappop(self._long)[2]
        else:
            return None
        self._under_way[message.number] = message
        return message

    def _waiting_hello(self) -> _Message | None:
        hello = next((each for each in self._waiting if each.sort == HELLO), None)
        if hello is not None:
            self._waiting.remove(hello)
            self._under_way[hello.number] = hello
        return hello

    def _may_write(self) -> bool:
        if not self._greeted:
            return any(each.sort == HELLO for each in self._waiting)
        pieces = sum(message.sort == PIECE for message in self._under_way.values())
        return bool(self._waiting or (self._long and pieces < PIECES_AT_ONCE))

    def next_wake(self, now: int) -> int | None:
        """When there is something to write, if nothing comes before."""
        if self._ack_due or self._ack_again is not None or self._may_write():
            return max(now, self._free)
        times = [each.again for each in self._under_way.values() if each.again is not None]
        return max(self._free, min(times)) if times else None

    def read(self, data: bytes) -> list[Event]:
        """What bytes from the wire bring."""
        events: list[Event] = []
        for sort, box, number, content in self._frames.take(data):
            if sort == ACK:
                events += self._acknowledged(content)
                continue
            if sort == ANNOUNCE and len(content) == 48:
                self._theirs[box] = content[:16]
                events.append(Announced(content[:16], content[16:]))
            elif sort == HELLO and len(content) == SESSION:
                self._greet(content)
            elif sort in (CELL, PIECE):
                mine = next((name for name, (index, _) in self._mine.items() if index == box), None)
                if mine is None or not self._greeted:
                    continue  # not acknowledged: where it goes is announced soon
                came = self._cell(mine, number, content) if sort == CELL else None
                came = self._piece(mine, box, number, content) if sort == PIECE else came
                if came is not None:
                    events.append(came)
                    continue  # acknowledged once it is kept
            self._acks.append(number)
            self._ack_due = True
        return events

    def _greet(self, session: bytes) -> None:
        if session != self._hello:
            self._hello = session
            # Its mailboxes have other numbers now, and pieces that it had are gone.
            self._theirs.clear()
            self._parts.clear()
            self._done.clear()
            self._left.clear()
            self._long.clear()
            self._waiting = deque(each for each in self._waiting if each.envelope is None)
            for number in [each.number for each in self._under_way.values() if each.envelope is not None]:
                del self._under_way[number]
            if not any(each.sort == HELLO for each in (*self._waiting, *self._under_way.values())):
                self._say(HELLO, 0, self._session)  # it announces once more: this may be an old word repeated
        self._announce_all()

    def _cell(self, mine: bytes, number: int, content: bytes) -> Came | None:
        envelope = content + bytes(OVERHEAD)
        return Came(mine, envelope, number) if len(envelope) in CELLS else None

    def _acknowledged(self, content: bytes) -> list[Event]:
        events: list[Event] = []
        for at in range(0, len(content) - 1, 2):
            message = self._under_way.pop(int.from_bytes(content[at : at + 2], "big"), None)
            self._greeted = self._greeted or (message is not None and message.sort == HELLO)
            if message is None or message.envelope is None:
                continue
            self._left[message.envelope] -= 1
            if not self._left[message.envelope]:
                del self._left[message.envelope]
                events.append(Carried(*message.envelope))
        return events

    def _piece(self, mine: bytes, box: int, number: int, content: bytes) -> Came | None:
        at, count = int.from_bytes(content[:2], "big"), int.from_bytes(content[2:4], "big")
        key = box, (number - at) % 65_536
        if not at < count <= MOST_PIECES or key in self._done:
            return None
        parts = self._parts.setdefault(key, _Parts(count))
        if parts.count != count:
            return None
        parts.pieces[at] = content[4:]
        self._parts.move_to_end(key)
        if len(parts.pieces) < count:
            if len(self._parts) > PARTS_KEPT:
                self._parts.popitem(last=False)
            return None
        del self._parts[key]
        self._done[key] = None
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        envelope = b"".join(parts.pieces[each] for each in range(count))
        return Came(mine, envelope, number) if len(envelope) in SIZE_CLASSES else None

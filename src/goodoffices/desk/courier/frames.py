# SPDX-License-Identifier: Apache-2.0
"""A bundle as a sequence of pictures, any sufficient part of which rebuilds it (RaptorQ, RFC 6330; ADR 0033)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import raptorq

from goodoffices.core import crypto
from goodoffices.core.courier import MAX_PICTURED, Frame, bundle_name, check_whole, read_frame
from goodoffices.core.errors import GoodOfficesError, Oversized, YourError

SYMBOL = 960
"""Bytes of the bundle in one picture: with its head a QR code of 117 x 117 modules at level M."""
SPARE = 0.75
"""Pictures beyond those that would do if none were lost: three in seven may be lost."""
MAX_SETS = 16
"""Sequences that may lie in one heap of pictures."""
MOST_PARTS, PARTS_OF = 64, 65_536
"""Parts of a sequence that are tried where all of it makes another bundle: so many, of so many pictures together."""
NO_PART = YourError(
    "There is no part of a courier's bundle in what was chosen.",
    "Choose the bundle's file, or take the pictures again, nearer.",
)


def frames_of(bundle: bytes) -> list[bytes]:
    """The pictures' contents; any few more than ``len(bundle) / SYMBOL`` of them are enough."""
    if len(bundle) > MAX_PICTURED:
        raise Oversized(
            f"The bundle has {len(bundle) // 1024} KiB; pictures carry {MAX_PICTURED // 1024} KiB.",
            "Carry it on a stick.",
        )
    needed = -(-len(bundle) // SYMBOL)
    encoder = raptorq.Encoder.with_defaults(bundle, SYMBOL)
    packets = encoder.get_encoded_packets(4 + int(needed * SPARE))
    return [Frame(bundle_name(bundle), len(bundle), SYMBOL, packet).raw for packet in packets]


class _Set:
    """The pictures of one sequence, and in which file the first of them stood."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.packets: dict[bytes, None] = {}


@dataclass
class Rebuilt:
    """What the sequences of a heap came to, each under the file that its first picture stood in."""

    whole: list[tuple[str, bytes]] = field(default_factory=list)
    lacking: list[tuple[str, YourError]] = field(default_factory=list)


class Heap:
    """Pictures as they come: in any order, some twice, some of another sequence, some of nothing at all."""

    def __init__(self) -> None:
        self.useless = 0
        """Codes that were no part of a bundle."""
        self._sets: dict[tuple[bytes, int, int], _Set] = {}

    def add(self, contents: Iterable[bytes], file: str = "") -> None:
        """Take what was read from pictures. Nothing that is in them stops the others."""
        for content in contents:
            try:
                frame = read_frame(content)
            except GoodOfficesError:
                self.useless += 1
                continue
            key = (frame.name, frame.length, frame.symbol)
            if key not in self._sets and len(self._sets) >= MAX_SETS:
                self.useless += 1
                continue
            packets = self._sets.setdefault(key, _Set(file)).packets
            if len(packets) < 4 * (frame.length // frame.symbol + 4):
                packets[frame.packet] = None

    def counts(self) -> list[tuple[int, int]]:
        """Per sequence: (different pictures here, pictures that are surely needed)."""
        return [(len(each.packets), -(-key[1] // key[2])) for key, each in self._sets.items()]

    def rebuilt(self) -> Rebuilt:
        """Every bundle that can be rebuilt, and what is the matter with each that cannot."""
        found = Rebuilt()
        for ((name, length, symbol), each), (here, needed) in zip(
            self._sets.items(), self.counts(), strict=True
        ):
            try:
                bundle = _whole(name, length, symbol, each.packets)
                if bundle is None:
                    raise _too_few(here, needed)
            except YourError as error:
                found.lacking.append((each.file, error))
            else:
                found.whole.append((each.file, bundle))
        return found

    def bundles(self) -> list[bytes]:
        """Every bundle that can be rebuilt; raises YourError if none can."""
        found = self.rebuilt()
        if not found.whole:
            raise found.lacking[0][1] if found.lacking else NO_PART
        return [bundle for _, bundle in found.whole]


def _too_few(here: int, needed: int) -> YourError:
    return YourError(
        f"The pictures are not enough yet to rebuild the bundle: {here} of the {needed} or more that it takes.",
        "Choose these again, with more of the same sequence.",
    )


def _whole(name: bytes, length: int, symbol: int, packets: Collection[bytes]) -> bytes | None:
    """The bundle that a sequence names; None if there are too few pictures. Raises YourError if they make another.

    One picture that is not of it spoils whatever it is rebuilt from, and anybody who saw one of them can make one. So
    other parts of what is here are tried: some hold none of it.
    """
    bundle = _rebuild(length, symbol, packets)
    if bundle is None or bundle_name(bundle) == name:
        return bundle
    for number in range(min(MOST_PARTS, PARTS_OF // len(packets))):
        part = sorted(packets, key=lambda packet: crypto.sha256(bytes([number]) + packet))
        other = _rebuild(length, symbol, part)
        if other is not None and bundle_name(other) == name:
            return other
    return check_whole(bundle, name)


def _rebuild(length: int, symbol: int, packets: Iterable[bytes]) -> bytes | None:
    decoder = raptorq.Decoder.with_defaults(length, symbol)
    for packet in packets:
        if (bundle := decoder.decode(packet)) is not None:
            return bytes(bundle)
    return None

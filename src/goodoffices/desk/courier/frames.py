# SPDX-License-Identifier: Apache-2.0
"""A bundle as a sequence of pictures, any sufficient part of which rebuilds it (RaptorQ, RFC 6330; ADR 0033)."""

from __future__ import annotations

from collections.abc import Iterable

import raptorq

from goodoffices.core.courier import MAX_PICTURED, Frame, bundle_name, check_whole, read_frame
from goodoffices.core.errors import GoodOfficesError, Oversized, YourError

SYMBOL = 960
"""Bytes of the bundle in one picture: with its head a QR code of 117 x 117 modules at level M."""
SPARE = 0.75
"""Pictures beyond those that would do if none were lost: three in seven may be lost."""
MAX_SETS = 16
"""Sequences that may lie in one heap of pictures."""


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


class Heap:
    """Pictures as they come: in any order, some twice, some of another sequence, some of nothing at all."""

    def __init__(self) -> None:
        self.useless = 0
        """Codes that were no part of a bundle."""
        self._sets: dict[tuple[bytes, int, int], dict[bytes, None]] = {}

    def add(self, contents: Iterable[bytes]) -> None:
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
            packets = self._sets.setdefault(key, {})
            if len(packets) < 4 * (frame.length // frame.symbol + 4):
                packets[frame.packet] = None

    def counts(self) -> list[tuple[int, int]]:
        """Per sequence: (different pictures here, pictures that are surely needed)."""
        return [(len(packets), -(-key[1] // key[2])) for key, packets in self._sets.items()]

    def bundles(self) -> list[bytes]:
        """Every bundle that can be rebuilt; raises YourError if none can."""
        if not self._sets:
            raise YourError(
                "There is no part of a courier's bundle in what was chosen.",
                "Choose the bundle's file, or take the pictures again, nearer.",
            )
        whole, lacking = [], []
        for ((name, length, symbol), packets), (here, needed) in zip(
            self._sets.items(), self.counts(), strict=True
        ):
            bundle = _rebuild(length, symbol, packets)
            if bundle is None:
                lacking.append(_too_few(here, needed))
                continue
            try:
                whole.append(check_whole(bundle, name))
            except YourError as error:
                lacking.append(error)
        if not whole:
            raise lacking[0]
        return whole


def _too_few(here: int, needed: int) -> YourError:
    return YourError(
        f"The pictures are not enough yet to rebuild the bundle: {here} of the {needed} or more that it takes.",
        "Choose these again, with more of the same sequence.",
    )


def _rebuild(length: int, symbol: int, packets: Iterable[bytes]) -> bytes | None:
    decoder = raptorq.Decoder.with_defaults(length, symbol)
    for packet in packets:
        if (bundle := decoder.decode(packet)) is not None:
            return bytes(bundle)
    return None

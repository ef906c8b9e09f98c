# SPDX-License-Identifier: Apache-2.0
"""Files as a person brings them, bundles and pictures in any mixture, to the bundles that they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from goodoffices.core import cbor
from goodoffices.core.courier import MARK
from goodoffices.core.errors import GoodOfficesError, Malformed
from goodoffices.desk.courier.frames import NO_PART, Heap

_BEGINS = cbor.encode([MARK])[1:]
_NEITHER = Malformed(
    "Neither a courier's bundle nor a picture (PNG, JPEG or WebP).",
    "Choose the file from the stick, whose name ends in .courier, or photographs of the pictures.",
)


@dataclass
class Gathered:
    """What a heap of files came to."""

    whole: list[tuple[str, bytes]] = field(default_factory=list)
    """Bundles, each with the file that it is, or in which its first picture stood."""
    heap: Heap = field(default_factory=Heap)
    useless: list[tuple[str, GoodOfficesError]] = field(default_factory=list)
    """Files of which nothing came, each with the reason."""

    def bundles(self) -> list[tuple[str, bytes]]:
        """Every bundle that is whole; raises YourError if there is none. Else what lacks pictures is useless."""
        rebuilt = self.heap.rebuilt()
        found = [*self.whole, *rebuilt.whole]
        if not found:
            raise rebuilt.lacking[0][1] if rebuilt.lacking else NO_PART
        self.useless += rebuilt.lacking
        return found


def gather(files: Iterable[tuple[str, bytes]]) -> Gathered:
    """Sort (name, content): a bundle is known by how it begins, everything else is tried as a picture."""
    from goodoffices.desk.courier.pictures import NoPicture, contents

    gathered = Gathered()
    for name, content in files:
        if content[1:].startswith(_BEGINS):
            gathered.whole.append((name, content))
            continue
        try:
            gathered.heap.add(contents(content), name)
        except NoPicture:
            gathered.useless.append((name, _NEITHER))
        except GoodOfficesError as error:
            gathered.useless.append((name, error))
    return gathered

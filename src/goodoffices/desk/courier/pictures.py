# SPDX-License-Identifier: Apache-2.0
"""Frames as QR codes on a screen or on paper, and back from photographs or scans of them."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from typing import Any, cast

import zxingcpp
from PIL import Image, UnidentifiedImageError

from goodoffices.core.errors import Malformed, Oversized

MAX_FILE = 32 << 20
"""Bytes of one photograph."""
MAX_PIXELS = 60_000_000
"""Of one photograph: more than any telephone makes, less than what would exhaust the memory."""
MAX_SIDE = 65_535
"""Of one photograph, in pixels: more than that no reader of codes takes."""
_RUN = re.compile("1+")
FORMATS = ("PNG", "JPEG", "WEBP")
LEVEL = "M"
"""Error correction of each code: a seventh of it may be smudged."""


class NoPicture(Malformed):
    """A file of another kind."""


def drawn(frame: bytes) -> str:
    """One frame as an inline SVG, sized by its surroundings."""
    points = _points(frame, 1)
    wide = points.width
    dark = points.tobytes("raw", "1;I")
    row_bytes = -(-wide // 8)
    path = []
    for y in range(points.height):
        bits = "".join(f"{byte:08b}" for byte in dark[y * row_bytes : (y + 1) * row_bytes])[:wide]
        path += [f"M{run.start()} {y}.5h{run.end() - run.start()}" for run in _RUN.finditer(bits)]
    return (
        f'<svg class="qr" viewBox="0 0 {wide} {points.height}" shape-rendering="crispEdges" aria-hidden="true">'
        f'<path stroke="#000" fill="none" d="{"".join(path)}"/></svg>'
    )


def png(frame: bytes, scale: int = 4) -> bytes:
    """One frame as a PNG, ``scale`` pixels a module, on a white margin."""
    out = io.BytesIO()
    _points(frame, scale).save(out, "PNG", optimize=False)
    return out.getvalue()


def _points(frame: bytes, scale: int) -> Image.Image:
    code = zxingcpp.create_barcode(frame, zxingcpp.BarcodeFormat.QRCode, ec_level=LEVEL)
    image = code.to_image(scale=scale, add_quiet_zones=True)
    height, width = image.shape
    return Image.frombytes("L", (width, height), bytes(cast("Any", image))).convert("1")


def contents(photograph: bytes) -> Iterator[bytes]:
    """What the QR codes in one picture say, in no order. Raises NoPicture, Malformed or Oversized."""
    if len(photograph) > MAX_FILE:
        raise Oversized(f"A picture of {len(photograph) >> 20} MiB; at most {MAX_FILE >> 20} are looked at.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities: whoever brings a picture fills no log with them
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(photograph), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
                    raise Oversized(
                        "A picture of more points than are looked at.", "Take it at a lower resolution."
                    )
                grey = image.convert("L")
    except UnidentifiedImageError as error:
        raise NoPicture(
            "A file of another kind: of pictures PNG, JPEG and WebP are read.",
            "Choose pictures of the codes, or a file with their text.",
        ) from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
    ) as error:
        raise Malformed("A picture that is cut short or damaged.", "Take it again.") from error
    for found in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)):
        if found.valid:
            yield bytes(found.bytes)

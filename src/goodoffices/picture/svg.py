# SPDX-License-Identifier: Apache-2.0
"""SVG elements as text, with every attribute and every word escaped in one place."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


def tag(name: str, *children: str, **attributes: str | float) -> str:
    """An element; ``children`` are markup already. ``class_`` stands for class, ``_`` in names for ``-``."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{given}>{''.join(children)}</{name}>" if children else f"<{name}{given}/>"


@dataclass(frozen=True, slots=True)
class Canvas:
    """A sheet of some width, drawn as it is or with left and right exchanged (but for the letters)."""

    width: float
    mirrored: bool = False

    def x(self, x: float) -> float:
        """Where something stands on the paper."""
        return self.width - x if self.mirrored else x

    def text(self, words: str, x: float, y: float, anchor: str = "start", **attributes: str | float) -> str:
        """Words that begin, end or have their middle at a place.

        Which end of the words that is must not hang on the direction of the page around them, so the
        element has its own: on a mirrored sheet words begin at their right end, so ends stay what they are.
        """
        way = "rtl" if self.mirrored else "ltr"
        return tag("text", escape(words), x=self.x(x), y=y, text_anchor=anchor, direction=way, **attributes)

    def line(self, x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> str:
        """A straight line."""
        return tag("line", x1=self.x(x1), y1=y1, x2=self.x(x2), y2=y2, **attributes)

    def rect(self, x: float, y: float, width: float, height: float, **attributes: str | float) -> str:
        """A rectangle by its upper corner on the side of smaller x."""
        left = self.width - x - width if self.mirrored else x
        return tag("rect", x=left, y=y, width=width, height=height, **attributes)


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{value:.1f}".removesuffix(".0")

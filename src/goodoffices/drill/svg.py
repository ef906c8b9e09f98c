# SPDX-License-Identifier: Apache-2.0
"""SVG elements as text, with every attribute and every word escaped in one place."""

from __future__ import annotations

from html import escape


def tag(name: str, *children: str, **attributes: str | float) -> str:
    """An element; ``children`` are markup already. ``class_`` stands for class, ``_`` in names for ``-``."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{given}>{''.join(children)}</{name}>" if children else f"<{name}{given}/>"


def text(words: str, x: float, y: float, **attributes: str | float) -> str:
    return tag("text", escape(words), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> str:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{value:.1f}".removesuffix(".0")

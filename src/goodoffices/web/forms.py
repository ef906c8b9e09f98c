# SPDX-License-Identifier: Apache-2.0
"""Reading what a form says: every fault names its field and what would do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from python_multipart.multipart import parse_options_header

from goodoffices.core.errors import NotAllowed, YourError
from goodoffices.core.fields import MAX_TIME
from goodoffices.desk.context import Officer
from goodoffices.web.words import FIELDS

_DIGITS = {ord(zero) + n: str(n) for zero in ("۰", "٠") for n in range(10)}
MAX_ONCE = 64


def require_form(content_type: str) -> None:
    """Raise NotAllowed unless what is sent is a form, in UTF-8 where it names a character set."""
    kind, options = parse_options_header(content_type)
    if kind not in (b"application/x-www-form-urlencoded", b"multipart/form-data", b""):
        named = kind[:60].decode("latin-1")
        raise NotAllowed(f"A form is expected, not '{named}'.", "Send the fields as a form.")
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":
        # The reader of forms takes any codec of Python's by its name; "punycode" takes seconds for one field.
        raise NotAllowed("A form is read as UTF-8 and nothing else.", "Send the fields as UTF-8.")


class Form:
    """The fields of a submitted form; an empty field counts as not given."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields

    def text(self, name: str) -> str:
        """A field as it was typed."""
        return self.fields.get(name, "")

    def word(self, name: str) -> str | None:
        """A field without blanks around it, or None."""
        return self.text(name).strip() or None

    def flag(self, name: str) -> bool:
        """A ticked box."""
        return self.text(name).strip().lower() in ("1", "on", "true", "yes")

    def long_text(self, name: str) -> str:
        """A text whose line ends are the writer's. Browsers send every line end as CR LF, whatever was
        typed, so a form of ours says so (``newlines=lf``) and gets back what was typed."""
        text = self.text(name)
        return text.replace("\r\n", "\n") if self.text("newlines") == "lf" else text

    def number(self, name: str, default: int | None = None, field_label: str = "") -> int | None:
        """A whole number, or the default. ``field_label``: what the page calls the field, where others differ."""
        word = self.word(name)
        if word is None:
            return default
        word = word.translate(_DIGITS)
        if not re.fullmatch(r"-?[0-9]{1,16}", word):
            field_label = field_label or label_of(name)
            raise YourError(
                f"The field '{field_label}' takes a whole number of at most 16 digits.",
                "Correct it and send it again.",
            )
        return int(word)

    def identifier(self, name: str) -> bytes | None:
        """An ID of 64 hexadecimal digits, or None."""
        word = self.word(name)
        return None if word is None else identifier(word, name)

    def time(self, name: str, field_label: str = "") -> int | None:
        """RFC 3339, or a time without a zone, which is Zulu. Milliseconds UTC, or None."""
        field_label = field_label or label_of(name)
        word = self.word(name)
        if word is None:
            return None
        try:
            moment = datetime.fromisoformat(word.translate(_DIGITS).upper())
        except ValueError:
            raise YourError(
                f"The field '{field_label}' takes a date and time.", "Write it as 2026-01-31T06:00Z."
            ) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        found = round(moment.timestamp() * 1000)
        if not 0 <= found <= MAX_TIME:
            raise YourError(
                f"The field '{field_label}' takes a time between 1970 and 9999.", "Correct the year."
            )
        return found


def listed(text: str) -> list[str]:
    """What a field names, one after another."""
    return [each for each in text.replace(",", " ").split() if each]


def label_of(name: str) -> str:
    """What the pages call a field; faults of a field say it so, for its name stands on no page."""
    return FIELDS.get(name, name)


def identifier(word: str, name: str) -> bytes:
    """32 bytes from 64 hexadecimal digits; raises YourError."""
    if not re.fullmatch(r"[0-9a-f]{64}", word):
        raise YourError(f"'{name}' takes 64 hexadecimal digits.", "Use the links of the desk's own pages.")
    return bytes.fromhex(word)


def once(form: Form, officer: Officer) -> str | None:
    """The form's one-time token, bound to the officer, so that a second submit releases nothing twice."""
    word = form.word("once")
    return None if word is None else f"{officer.public.hex()[:16]} {word[:MAX_ONCE]}"

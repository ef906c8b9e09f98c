# SPDX-License-Identifier: Apache-2.0
"""What a version of a draft holds, as the bytes that a clearance names and the vault seals."""

from __future__ import annotations

from goodoffices.core import cbor
from goodoffices.core.errors import VaultDamaged, YourError
from goodoffices.core.note import MAX_TEXT, words_of
from goodoffices.desk.officers.writing import Draft

MAX_CONTENT = 2 * MAX_TEXT + 65_536


def content_of(draft: Draft, salt: bytes) -> bytes:
    """CBOR [salt, mandate, recipient, precedence, valid until or null, leaves]."""
    if len(draft.words.text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        raise YourError(f"A note's text has at most {MAX_TEXT} bytes.", "Shorten it, or make two drafts.")
    leaves = [[label, value] for label, value in draft.words.leaves()]
    try:
        return cbor.encode(
            [salt, draft.mandate, draft.recipient, draft.precedence, draft.valid_until, leaves]
        )
    except ValueError:
        raise YourError("The text holds half a character and cannot be kept.", "Type it again.") from None


def draft_of(content: bytes) -> Draft:
    """Inverse of ``content_of``, without the salt."""
    value = cbor.decode(content, max_size=MAX_CONTENT)
    if not isinstance(value, tuple) or len(value) != 6:
        raise VaultDamaged("A draft in the vault has another form than this version writes.")
    _, mandate, recipient, precedence, valid_until, leaves = value
    return Draft(
        mandate=mandate,
        recipient=recipient,
        words=words_of(leaves),
        precedence=precedence,
        valid_until=valid_until,
    )

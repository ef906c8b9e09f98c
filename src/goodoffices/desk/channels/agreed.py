# SPDX-License-Identifier: Apache-2.0
"""A note that arrived, held against the mandate's forms and code books: what does not fit is its author's doing."""

from __future__ import annotations

from goodoffices.core.agreed import check_agreed
from goodoffices.core.errors import Foreign, NewerVersion, OtherOfficeError
from goodoffices.core.extract import check_extracts
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import OpenNote
from goodoffices.desk.ledger.ledger import Ledger


def require(ledger: Ledger, agreement: Agreement, opened: OpenNote, now: int) -> None:
    """Raise Foreign, and find, where an author signed what the mandate's forms or codes do not allow.

    It is no alteration on the way: the bytes are his. They are kept, and not shown as a form.
    """
    try:
        check_agreed(opened.note, opened.words, agreement.mandate)
        check_extracts(opened.words.reports, agreement.offices[opened.note.author])
    except NewerVersion:
        raise
    except OtherOfficeError as error:
        author = agreement.name_of(opened.note.author)
        what = f"{author} signed a note with a form, code or report that does not hold: {error.what}"
        ledger.find(now, error.fault, what, error.next_step, entry=opened.signed.id)
        raise Foreign(what) from None

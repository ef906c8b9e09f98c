# SPDX-License-Identifier: Apache-2.0
"""How an error is told: its HTTP status, and its words for a program."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from goodoffices.core.errors import (
    DigitsDiffer,
    GoodOfficesError,
    MachineError,
    NotAllowed,
    NotFound,
    NotNow,
    OtherOfficeError,
    Oversized,
    RelayError,
    WrongSecret,
)
from goodoffices.web.language import Language
from goodoffices.web.retold import retold


def status_of(error: GoodOfficesError) -> int:
    """The HTTP status of an error."""
    match error:
        case WrongSecret() | NotAllowed():
            return 403
        case NotFound():
            return 404
        case Oversized():
            return 413
        case NotNow() | OtherOfficeError() | DigitsDiffer():
            return 409
        case RelayError():
            return 502
        case MachineError():
            return 503
        case _:
            return 400


def told(error: GoodOfficesError, language: Language) -> dict[str, str]:
    """An error as JSON: for programs in English, and ``said`` for whoever reads it on a page."""
    said = (retold(text, language) or text for text in (error.what, error.next_step))
    return {"fault": error.fault, "what": error.what, "next": error.next_step, "said": " ".join(said)}


def as_json(data: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(data, ensure_ascii=False), status, media_type="application/json")

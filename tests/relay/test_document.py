# SPDX-License-Identifier: Apache-2.0
"""docs/relay-api.md: its examples are played against a relay, its statuses are those of the program."""

from __future__ import annotations

import http.client
import re
from pathlib import Path

from goodoffices.relay.answers import ANSWERS
from goodoffices.relay.rules import SIZE_CLASSES
from tests.relay.conftest import RelayProcess, Start

DOCUMENT = (Path(__file__).parents[2] / "docs" / "relay-api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```\n(> .*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
ZEROS = bytes(512)


def _said(relay: RelayProcess, example: str) -> tuple[str, str]:
    """Play one example; what the relay answered and what the document says it does."""
    asked = [line[2:] for line in example.splitlines() if line.startswith(">")]
    (wanted,) = (line[2:] for line in example.splitlines() if line.startswith("<"))
    method, path = asked[0].split()
    headers, rest = {}, asked[1:]
    if rest and rest[0].startswith("Authorization: "):
        headers["Authorization"] = rest.pop(0).removeprefix("Authorization: ")
    body = ZEROS if rest == ["512 bytes of zero"] else "\n".join(rest).encode() or None
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.headers["Content-Type"] == "application/octet-stream":
        assert content == (1).to_bytes(8, "big") + (512).to_bytes(4, "big") + ZEROS
        return f"{answer.status} seq 1, 512 bytes of zero", wanted
    return f"{answer.status} {content.decode()}".strip(), wanted


def test_the_examples_are_what_happens(start: Start) -> None:
    relay = start()
    assert len(EXAMPLES) == 7
    for example in EXAMPLES:
        said, wanted = _said(relay, example)
        assert re.fullmatch(re.escape(wanted).replace("…", ".+"), said), (said, wanted)


def test_every_refusal_and_size_class_stands_in_the_document() -> None:
    for answer in ANSWERS.values():
        assert re.search(rf"\b{answer.status}\b", DOCUMENT), answer
    for size in SIZE_CLASSES:
        assert str(size) in DOCUMENT

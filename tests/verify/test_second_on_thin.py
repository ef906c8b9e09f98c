# SPDX-License-Identifier: Apache-2.0
"""Records of thin lines with the second verifier beside the first: a disagreement fails (P8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from goodoffices.core.mandate import Reading
from tests.core.test_thin import TEXTS
from tests.desk.test_thin import both_thin, crossed, released
from tests.verify.channel import exported, verdict

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("second")]


def test_both_verifiers_take_a_note_that_came_over_a_thin_line_as_any_other(tmp_path: Path) -> None:
    """P1, P8: whoever exports, the wish, the keys and the note verify."""
    channel = both_thin(Reading.OPEN)
    note = released(channel, TEXTS["fa"], "fa")
    channel.pump()
    assert crossed(channel, note)
    for node in channel.nodes:
        told = verdict(exported(node, tmp_path / node.name, channel.now))
        assert told.findings == ()

# SPDX-License-Identifier: Apache-2.0
"""The second verifier beside the first, for the tests that ask for it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.verify.channel import JUDGES, PAIR_JUDGES
from tests.verify.second import Second


@pytest.fixture(scope="module")
def second(browser: Browser) -> Iterator[Second]:
    """The page, opened from disk. While it is open, each folder that a test verifies is put before it too."""
    opened = Second(browser)
    JUDGES.append(opened.agrees)
    PAIR_JUDGES.append(opened.agrees_on_two)
    yield opened
    JUDGES.remove(opened.agrees)
    PAIR_JUDGES.remove(opened.agrees_on_two)
    assert opened.wrong == []

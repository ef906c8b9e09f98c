# SPDX-License-Identifier: Apache-2.0
"""Two records held against each other by both verifiers: a disagreement fails (P1, P8)."""

import pytest

from tests.verify.test_two_records import *  # noqa: F403 - the very same tests

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("second")]

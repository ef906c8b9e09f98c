# SPDX-License-Identifier: Apache-2.0
"""Checkpoints once more, with the second verifier beside the first: a disagreement fails (P8)."""

import pytest

from tests.verify.test_checkpoints import *  # noqa: F403 - the very same tests

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("second")]

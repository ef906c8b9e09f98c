# SPDX-License-Identifier: Apache-2.0
"""Records and briefings with consent once more, with the second verifier beside the first (P4, P8)."""

import pytest

from tests.verify.test_consent import *  # noqa: F403 - the very same tests

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("second")]

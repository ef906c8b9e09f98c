# SPDX-License-Identifier: Apache-2.0
"""Every packed record once more, with the second verifier beside the first: a disagreement fails (P8)."""

import pytest

from tests.verify.test_packed import *  # noqa: F403 - the very same tests

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("second")]

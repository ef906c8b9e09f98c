# SPDX-License-Identifier: Apache-2.0
"""Processes for the runs of the simulated world, one per core up to four, shared by all its tests."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from goodoffices.drill.world.soak import pool


@pytest.fixture(scope="session")
def workers() -> Iterator[ProcessPoolExecutor]:
    """Each makes its own beginnings once."""
    with pool(min(4, os.cpu_count() or 1)) as made:
        yield made

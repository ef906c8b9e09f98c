# SPDX-License-Identifier: Apache-2.0
"""Processes for the runs of the simulated world, shared by all tests of it in one process of the test run."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from goodoffices.drill.world.soak import pool


@pytest.fixture(scope="session")
def workers() -> Iterator[ProcessPoolExecutor]:
    """Each makes its own beginnings once. Where the tests themselves run side by side, the cores are taken."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    with pool(min(4, len(os.sched_getaffinity(0))) if alone else 1) as made:
        yield made

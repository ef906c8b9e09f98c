# SPDX-License-Identifier: Apache-2.0
"""What a serving process sets for itself before it serves: its loop, its collector, no core dumps."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

FILES = 16_384


def no_core_dump() -> None:
    """Keys and texts are in this process's memory: a crash must not write them to a disk."""
    try:
        import resource
    except ImportError:
        return  # not on this system
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def many_files() -> None:
    """Room for what many connections take: a usual 1024 open files are soon gone."""
    try:
        import resource
    except ImportError:
        return  # not on this system
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def calm_collector() -> None:
    """Keep Python's collector of cycles out of a note's way: what the program consists of is not looked at again.

    By default it runs after every 700 new objects, some thirty times for one note: a fifth of the desk's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it exists; elsewhere the standard loop does the same, somewhat slower."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop

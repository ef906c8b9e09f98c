# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: how far Hypothesis searches, a browser, and that nothing leaves this machine."""

import os
import shutil
import sys
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from tests.postgres import Server, server
from tests.tokens import TokenShop, open_shop

# `fast` is the default: the same examples in every run, so that a red build is red again on the next machine.
# `deep` searches anew each time: GOODOFFICES_HYPOTHESIS=deep script/test tests/core
settings.register_profile(
    "fast", max_examples=60, deadline=None, derandomize=True, database=None, print_blob=True
)
settings.register_profile(
    "deep",
    max_examples=3000,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("GOODOFFICES_HYPOTHESIS", "fast"))


MOST_WORKERS = 4
# A browser, three desks, a PostgreSQL server, or Spin at its bound (tests/model/spin.py).
MEMORY_OF_ONE = 1 << 30


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` means: one per core that this process may use, from two to four.

    Two on a single core: much of a run is waiting for processes. Fewer only where memory is short.
    """
    del config
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(MOST_WORKERS, max(2, len(os.sched_getaffinity(0))), memory // MEMORY_OF_ONE))


def _is_here(address: object) -> bool:
    """Whether a socket address stays on this machine: a Unix socket, or a loopback address."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host == "localhost":
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _stay_on_this_machine(event: str, args: tuple[object, ...]) -> None:
    """An audit hook: whatever library opens the socket, it is seen here."""
    if event in {"socket.connect", "socket.bind", "socket.sendto"} and not _is_here(args[1]):
        raise PermissionError(f"a test may only use loopback addresses, not {args[1]!r}")


def pytest_configure(config: pytest.Config) -> None:
    """Guard the sockets before the first test module is imported."""
    del config
    sys.addaudithook(_stay_on_this_machine)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless. Tests that use it are `slow`; each opens a context of its own.

    It lives as long as one module: while Playwright runs, `asyncio.run` cannot be called in this thread.
    """
    chromium = shutil.which("chromium")
    assert chromium, "the package chromium is missing; script/test installs it"
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
    ]
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses to run as root with its sandbox
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium, args=["--no-first-run", "--disable-gpu", *quiet, *sandbox]
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for all tests of a run. Tests that use it are `slow`; each makes a database of its own."""
    with server() as running:
        yield running


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TokenShop:
    """PKCS#11 tokens for whoever asks; one shop a process."""
    return open_shop(tmp_path_factory.mktemp("softhsm"))

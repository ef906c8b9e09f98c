# SPDX-License-Identifier: Apache-2.0
"""Pictures of the vault: what the database held at one moment, whatever is written meanwhile.

While there is one, the log cannot be emptied of older pages: that is done when the last has gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from goodoffices.desk.vault.database import Reader, faults
from goodoffices.desk.vault.vault import Vault


@contextmanager
def picture(vault: Vault) -> Iterator[Reader]:
    """A reader that sees the database as it is now."""
    reader = vault.reader()
    vault.pictures += 1
    try:
        with faults():
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM fact")  # the first look takes the picture
        yield reader
    finally:
        vault.pictures -= 1
        vault.let_go(reader)

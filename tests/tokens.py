# SPDX-License-Identifier: Apache-2.0
"""PKCS#11 tokens in software (SoftHSM), for officers' keys that stay on one."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PIN = "271828"


def module() -> Path:
    """Where the distribution keeps SoftHSM's library."""
    places = [*Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"), *Path("/usr/lib/softhsm").glob("*.so")]
    assert places, "the package softhsm2 is missing; script/test installs it"
    return places[0]


@dataclass
class TokenShop:
    """Fresh tokens of this process. SoftHSM looks which there are once, so they are all made beforehand."""

    labels: list[str]

    def new(self) -> str:
        """The label of a token that nobody has; its PIN is that of all."""
        return self.labels.pop()


def open_shop(folder: Path, count: int = 9) -> TokenShop:
    """For the whole process, before the library is loaded: it reads its settings then."""
    tokens = folder / "tokens"
    tokens.mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    tool = shutil.which("softhsm2-util")
    assert tool, "the package softhsm2 is missing; script/test installs it"
    labels = [f"token-{at}" for at in range(count)]
    for label in labels:
        words = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "31415926"]
        subprocess.run([tool, *words], check=True, capture_output=True)
    return TokenShop(labels)

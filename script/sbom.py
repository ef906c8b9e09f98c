# SPDX-License-Identifier: Apache-2.0
"""The bill of materials from the locked requirements; run it as script/sbom."""
# ruff: noqa: INP001, TID251 - a script, no package; the number of a bill follows from what is locked

from __future__ import annotations

import json
import re
import sys
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "run.txt"
HASH = re.compile(r"sha256:([0-9a-f]{64})")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def version() -> str:
    """Of this tree."""
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "src/goodoffices/__init__.py").read_text())
    assert found is not None
    return found[1]


def bill() -> str:
    """The bill as JSON."""
    lock = LOCK.read_text(encoding="utf-8")
    bom = Bom()
    # Reproducible: the number follows from the lock, and no time is written.
    bom.serial_number = UUID(bytes=sha256(lock.encode()).digest()[:16], version=4)
    own = Component(
        name="goodoffices", version=version(), type=ComponentType.APPLICATION, bom_ref="goodoffices"
    )
    bom.metadata.component = own
    components = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        pinned = PINNED.match(block)
        if pinned is None:
            continue
        name, number = pinned.groups()
        component = Component(
            name=name,
            version=number,
            type=ComponentType.LIBRARY,
            purl=PackageURL("pypi", None, name.lower(), number),
            bom_ref=f"{name}=={number}",
            hashes=[
                HashType(alg=HashAlgorithm.SHA_256, content=each)
                for each in re.findall(r"sha256:([0-9a-f]{64})", block)
            ],
        )
        bom.components.add(component)
        components.append(component)
    bom.register_dependency(own, components)
    found = json.loads(JsonV1Dot6(bom).output_as_string())
    found["metadata"].pop("timestamp", None)
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(bill(), encoding="utf-8")

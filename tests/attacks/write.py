# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.attacks.write`: makes docs/attacks.md, and with `--records` vectors that are not there."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from goodoffices.verify.verifier import verify
from tests.attacks.catalogue import PAGE, RECORDS, attacks, packed, page, record_of


def main() -> None:
    """Write the page; with `--records` also each new record with its verdict."""
    PAGE.write_text(page(), encoding="utf-8")
    if "--records" not in sys.argv:
        return
    RECORDS.mkdir(exist_ok=True)
    for name, module in attacks().items():
        if module.ATTACK.record is None or (RECORDS / f"{name}.json").exists():
            continue  # a vector that was published stays as it is
        with tempfile.TemporaryDirectory() as place:
            folder = record_of(module, Path(place) / "record")
            told = verify(folder)
            (RECORDS / f"{name}.tar.xz").write_bytes(packed(folder))
        declared = {
            "verdict": "verified" if told.verified else "findings",
            "findings": sorted({each.flaw.value for each in told.findings}),
            "remark": module.ATTACK.remarks,
        }
        text = json.dumps(declared, indent=2) + "\n"
        (RECORDS / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

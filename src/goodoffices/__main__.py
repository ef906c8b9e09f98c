# SPDX-License-Identifier: Apache-2.0
"""``python -m goodoffices`` is the same as the ``goodoffices`` command."""

import sys

from goodoffices.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""``python -m goodoffices.verify FOLDER``."""

import sys

from goodoffices.verify.command import main

sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""What the pages show, as frozen dataclasses read from the desk."""

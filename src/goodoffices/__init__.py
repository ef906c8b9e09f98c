# SPDX-License-Identifier: Apache-2.0
"""Good Offices: written notes between two sides that do not speak, through an intermediary."""

__version__ = "0.1.0"

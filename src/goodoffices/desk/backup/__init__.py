# SPDX-License-Identifier: Apache-2.0
"""Backups: written continuously, sealed to the root and the keepers, restored on a new machine."""

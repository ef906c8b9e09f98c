# SPDX-License-Identifier: Apache-2.0
"""The relay's SQLite schema as numbered steps. Published steps are never edited."""

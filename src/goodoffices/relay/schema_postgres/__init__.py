# SPDX-License-Identifier: Apache-2.0
"""The relay's PostgreSQL schema as numbered steps. Published steps are never edited."""

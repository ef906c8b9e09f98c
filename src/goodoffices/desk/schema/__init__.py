# SPDX-License-Identifier: Apache-2.0
"""The desk's schema as numbered steps, all in the vault's one database. Published steps are never edited."""

# SPDX-License-Identifier: Apache-2.0
"""Data files from strangers, such as cases and forms: TOML, bounded, every fault named by line and field."""

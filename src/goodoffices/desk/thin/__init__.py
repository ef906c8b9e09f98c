# SPDX-License-Identifier: Apache-2.0
"""Thin lines: agreed, their keys, cells in and out, notes sealed from a chain."""

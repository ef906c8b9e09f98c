# SPDX-License-Identifier: Apache-2.0
"""Thin commands over everything else: parse, call, say."""

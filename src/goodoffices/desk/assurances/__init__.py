# SPDX-License-Identifier: Apache-2.0
"""Assurances: what was promised in notes, under which conditions, until when, and what became of it."""

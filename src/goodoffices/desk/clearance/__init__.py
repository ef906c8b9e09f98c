# SPDX-License-Identifier: Apache-2.0
"""Drafts, clearances, and notes that several officers release."""

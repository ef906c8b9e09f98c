# SPDX-License-Identifier: Apache-2.0
"""The record of each line: entries, receipts, incarnations, heads."""

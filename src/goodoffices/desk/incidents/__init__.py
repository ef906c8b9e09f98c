# SPDX-License-Identifier: Apache-2.0
"""Incident files: what happened, who says so, and what was known when."""

# SPDX-License-Identifier: Apache-2.0
"""The thin line: a note in one small cell, keys by a ratchet, a closed table of words."""

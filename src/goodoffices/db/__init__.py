# SPDX-License-Identifier: Apache-2.0
"""Small database tools that the relay and the vault share. No table of either is known here."""

# SPDX-License-Identifier: Apache-2.0
"""Who is on watch, in which order an alarm climbs, and how one watch hands over to the next (P5)."""

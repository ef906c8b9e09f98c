# SPDX-License-Identifier: Apache-2.0
"""The chronicle: everything that happened around a channel on one line of time, found again by its words."""

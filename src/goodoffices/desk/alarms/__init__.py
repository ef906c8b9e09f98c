# SPDX-License-Identifier: Apache-2.0
"""What waits for a person rings until one takes it: the alarms of a desk (P5)."""

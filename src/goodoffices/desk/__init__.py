# SPDX-License-Identifier: Apache-2.0
"""The node an office runs on its own premises: vault, record, delivery over all routes, clocks and alarms."""

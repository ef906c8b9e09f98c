# SPDX-License-Identifier: Apache-2.0
"""What was seen while a case was played, and how it is told: chronicle, picture, report."""

# SPDX-License-Identifier: Apache-2.0
"""What a case file says: read, checked, and when each thing in it is due."""

# SPDX-License-Identifier: Apache-2.0
"""Who belongs to the office and who is signed in now: coming, going, locked out."""

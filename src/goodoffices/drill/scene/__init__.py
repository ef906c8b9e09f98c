# SPDX-License-Identifier: Apache-2.0
"""What a case is played on: real relays and desks, and the doors through which they are used."""

# SPDX-License-Identifier: Apache-2.0
"""What officers do, each act signed with a key that only their sign-in opens."""

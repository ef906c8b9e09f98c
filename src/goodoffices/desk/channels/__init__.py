# SPDX-License-Identifier: Apache-2.0
"""What arrives on a channel, and what the desk does about it without an officer."""

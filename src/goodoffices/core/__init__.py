# SPDX-License-Identifier: Apache-2.0
"""The protocol, sans I/O: bytes and ``now`` in, decisions out. No clock, randomness, files or sockets."""

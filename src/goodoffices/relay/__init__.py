# SPDX-License-Identifier: Apache-2.0
"""The store-and-forward server of sealed envelopes. It is told no names, lines or content."""

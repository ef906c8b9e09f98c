# SPDX-License-Identifier: Apache-2.0
"""What a desk keeps at rest: one encrypted database that opens in two tiers."""

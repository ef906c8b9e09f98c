# SPDX-License-Identifier: Apache-2.0
"""The offline verifier of exported records. It stands on the core alone."""

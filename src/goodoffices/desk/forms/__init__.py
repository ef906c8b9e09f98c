# SPDX-License-Identifier: Apache-2.0
"""Forms and code books of one office: data files that it has, adds to, and proposes in mandates."""

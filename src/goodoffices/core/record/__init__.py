# SPDX-License-Identifier: Apache-2.0
"""The record: what an export holds, laid out, examined and told."""

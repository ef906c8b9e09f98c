# SPDX-License-Identifier: Apache-2.0
"""The texts of an export that a person reads without our software, made from the signed bytes."""

# SPDX-License-Identifier: Apache-2.0
"""Playing a case: each thing done when it is due, by the script or by a person."""

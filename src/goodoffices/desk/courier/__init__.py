# SPDX-License-Identifier: Apache-2.0
"""By hand: bundles on a stick or as pictures, when no relay is to be had."""

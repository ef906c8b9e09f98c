# SPDX-License-Identifier: Apache-2.0
"""The simulated world: whole offices and relays in one process, from one seed."""

# SPDX-License-Identifier: Apache-2.0
"""The desk's server-rendered pages. They ask the desk and never touch keys or tables."""

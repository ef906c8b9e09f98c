# SPDX-License-Identifier: Apache-2.0
"""Drawing as SVG text: the space–time picture, for a desk's pages and for the page that a drill leaves."""

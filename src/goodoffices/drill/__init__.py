# SPDX-License-Identifier: Apache-2.0
"""Drills: cases, their plan in time, and what a played case leaves behind.

Nothing here speaks to a desk: the player does, over HTTP, as officers do. The modules below read a
case file (``case``), lay it out in time (``plan``), and turn what was observed while it was played
(``observed``) into a chronicle, a text, a machine-readable result and a page.
"""

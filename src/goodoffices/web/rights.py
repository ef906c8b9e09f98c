# SPDX-License-Identifier: Apache-2.0
"""Which rights the routes name: of each set an officer must hold one. What names none answers nobody."""

from __future__ import annotations

from goodoffices.core.office import Right

NOBODY = Right(0)
ANYBODY = Right.DRAFT | Right.RELEASE | Right.DUTY | Right.KEYS | Right.AUDIT
READ = Right.DRAFT | Right.RELEASE | Right.DUTY | Right.AUDIT
"""Notes and drafts: a keeper of keys needs none of them."""
WRITE = Right.DRAFT | Right.RELEASE
JUDGE = Right.DRAFT | Right.RELEASE | Right.DUTY
TAKE_ALONG = Right.AUDIT | Right.KEYS
CHAT = Right.DUTY | Right.AUDIT

-- SPDX-License-Identifier: Apache-2.0
-- Forms of address and words that want care: advice before a release, and nothing more.

CREATE TABLE glossary (
    id          INTEGER PRIMARY KEY,
    term        TEXT NOT NULL,
    advice      TEXT NOT NULL
) STRICT;

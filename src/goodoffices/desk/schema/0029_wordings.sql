-- SPDX-License-Identifier: Apache-2.0
-- Forms and code books that this office added to those that come with the program (ADR 0060, ADR 0061). They are
-- there to be agreed on with others, so they lie in the unattended tier.

CREATE TABLE wording (
    id      BLOB PRIMARY KEY,    -- SHA-256 of raw
    at      INTEGER NOT NULL,
    officer TEXT NOT NULL,
    source  TEXT NOT NULL,       -- the file as it came
    raw     BLOB NOT NULL
) STRICT;

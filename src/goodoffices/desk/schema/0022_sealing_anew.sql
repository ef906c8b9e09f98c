-- SPDX-License-Identifier: Apache-2.0
-- Who asked for a note to be sealed anew, because a key that it was sealed to is gone (docs/format.md §8).

CREATE TABLE sealing_anew (
    note        BLOB NOT NULL,
    asker       BLOB NOT NULL,   -- a neighbour, or this office itself
    times       INTEGER NOT NULL,
    open        INTEGER NOT NULL,
    PRIMARY KEY (note, asker)
) STRICT, WITHOUT ROWID;

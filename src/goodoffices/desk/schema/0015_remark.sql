-- SPDX-License-Identifier: Apache-2.0
-- Words of our own beside a note that wait for a second officer, where the mandate asks for two.

CREATE TABLE remark_open (
    note        BLOB PRIMARY KEY REFERENCES note(id),
    officer     BLOB NOT NULL,   -- key of the officer who wrote them
    name        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    words_sealed BLOB NOT NULL
) STRICT;

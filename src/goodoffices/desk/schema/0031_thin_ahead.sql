-- SPDX-License-Identifier: Apache-2.0
-- Notes that came in a cell ahead of the entry that carries them (docs/format.md §16.5).

CREATE TABLE thin_ahead (
    digest      BLOB PRIMARY KEY,    -- SHA-256 of the sealed note
    line        BLOB NOT NULL,
    note        BLOB NOT NULL,       -- as its header says
    sealed      BLOB NOT NULL,
    at          INTEGER NOT NULL     -- by this desk's clock, ms
) STRICT, WITHOUT ROWID;

-- SPDX-License-Identifier: Apache-2.0
-- Thin lines (docs/format.md §16): who wants one, the chains of keys and how far each is used up.

CREATE TABLE thin_wish (
    line        BLOB NOT NULL REFERENCES line(id),
    office      BLOB NOT NULL,
    wanted      INTEGER NOT NULL,
    at          INTEGER NOT NULL,    -- as stated, ms
    signed      BLOB NOT NULL,
    PRIMARY KEY (line, office)
) STRICT, WITHOUT ROWID;

CREATE TABLE thin_chain (
    id          BLOB PRIMARY KEY,
    scope       BLOB NOT NULL,       -- a line or a mandate
    office      BLOB NOT NULL,       -- who seals
    recipient   BLOB NOT NULL,
    made        INTEGER NOT NULL,    -- by this desk's clock, ms
    signed      BLOB NOT NULL,
    next        INTEGER NOT NULL,
    state       BLOB                 -- null: not opened yet, or not for this office. Of a mandate: under the reading key
) STRICT, WITHOUT ROWID;
CREATE INDEX thin_chain_scope ON thin_chain(scope, office, recipient, made);

CREATE TABLE thin_held (             -- readers whose desks said that they have a chain's keys
    chain       BLOB NOT NULL,
    reader      BLOB NOT NULL,
    PRIMARY KEY (chain, reader)
) STRICT, WITHOUT ROWID;

CREATE TABLE thin_skipped (          -- keys of messages that were passed over
    chain       BLOB NOT NULL,
    number      INTEGER NOT NULL,
    key         BLOB NOT NULL,       -- of a mandate's chain: under the reading key
    PRIMARY KEY (chain, number)
) STRICT, WITHOUT ROWID;

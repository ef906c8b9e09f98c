-- SPDX-License-Identifier: Apache-2.0
-- Checkpoints (ADR 0015): what each writer signed over its chain so far, who cosigned, who witnessed.

CREATE TABLE checkpoint (
    id          INTEGER PRIMARY KEY,
    line        BLOB NOT NULL REFERENCES line(id),
    writer      BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    size        INTEGER NOT NULL,            -- entries that it covers
    root        BLOB NOT NULL,
    raw         BLOB NOT NULL,               -- with every signature and time stamp so far
    frontier    BLOB NOT NULL,               -- CBOR array: the tree's full subtrees, to go on from
    holds       INTEGER NOT NULL,            -- 0: it is not over the entries that are here; kept as evidence
    at          INTEGER NOT NULL,            -- made or arrived, by this desk's clock
    cosigned    INTEGER,                     -- when the counterpart's cosignature was here
    offered     INTEGER NOT NULL DEFAULT 0,  -- when it last went to the counterpart
    UNIQUE (line, writer, incarnation, size, root)
) STRICT;

CREATE TABLE outside (           -- what witnesses and time stamp authorities have given or still owe
    checkpoint  INTEGER NOT NULL REFERENCES checkpoint(id),
    who         TEXT NOT NULL,               -- the witness's or authority's address
    at          INTEGER NOT NULL,
    PRIMARY KEY (checkpoint, who)
) STRICT, WITHOUT ROWID;

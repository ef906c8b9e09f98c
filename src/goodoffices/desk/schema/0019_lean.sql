-- SPDX-License-Identifier: Apache-2.0
-- A note on its way waits for every page that a commit writes, and each encrypted page costs the same:
-- an index less, or a shorter key, is time (ADR 0036). Nothing that is kept changes.

-- The newest of a chain is remembered by the desk that writes it; after a start entry_place finds it.
DROP INDEX entry_newest;

-- Numbers, and how FLASH was spent: one index for both.
DROP INDEX note_number;
DROP INDEX note_own;
CREATE INDEX note_place ON note(mandate, author, lane, number, precedence, at);

-- Rungs that every note climbs are looked for by their note alone.
DROP INDEX act_mandate;
CREATE INDEX act_seldom ON act(mandate, type) WHERE type NOT IN (1, 2, 3, 7, 8, 13);

-- Both were there twice: as a table in the order of arrival, and as an index in that of the keys.
CREATE TABLE carried_lean (      -- which note or act went to which neighbour
    what        BLOB NOT NULL,
    to_office   BLOB NOT NULL,
    PRIMARY KEY (what, to_office)
) STRICT, WITHOUT ROWID;
INSERT INTO carried_lean SELECT what, to_office FROM carried;
DROP TABLE carried;
ALTER TABLE carried_lean RENAME TO carried;

CREATE TABLE chain (             -- authors' chains of acts and notes, one row per incarnation
    id          INTEGER PRIMARY KEY,
    mandate     BLOB NOT NULL,
    lane        BLOB NOT NULL,
    author      BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    UNIQUE (mandate, lane, author, incarnation)
) STRICT;
INSERT INTO chain (mandate, lane, author, incarnation)
    SELECT mandate, lane, author, incarnation FROM link
    GROUP BY mandate, lane, author, incarnation ORDER BY max(rowid);

CREATE TABLE link_lean (         -- places in those chains
    chain       INTEGER NOT NULL REFERENCES chain(id),
    sequence    INTEGER NOT NULL,
    id          BLOB NOT NULL,
    PRIMARY KEY (chain, sequence, id)
) STRICT, WITHOUT ROWID;
INSERT INTO link_lean
    SELECT chain.id, link.sequence, link.id FROM link JOIN chain USING (mandate, lane, author, incarnation);
DROP TABLE link;
ALTER TABLE link_lean RENAME TO link;

-- A form of a note is always asked for together with its note.
CREATE TABLE copy_lean (         -- every different sealed form in which a note came by
    position    INTEGER PRIMARY KEY,
    digest      BLOB NOT NULL,
    note        BLOB NOT NULL REFERENCES note(id),
    sealed      BLOB NOT NULL,
    entry       BLOB,            -- by which entry it came
    at          INTEGER NOT NULL,
    state       TEXT NOT NULL DEFAULT 'unopened',
    UNIQUE (note, digest)
) STRICT;
INSERT INTO copy_lean SELECT rowid, digest, note, sealed, entry, at, state FROM copy;
DROP TABLE copy;
ALTER TABLE copy_lean RENAME TO copy;

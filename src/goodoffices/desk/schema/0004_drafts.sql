-- SPDX-License-Identifier: Apache-2.0
-- Drafts, what officers say of them, and notes that wait for further signatures (ADR 0026). The first
-- version had a table for drafts and never wrote a row.

DROP TABLE draft;

CREATE TABLE draft (             -- one text in the making; drafts of one matter stand side by side
    id          BLOB PRIMARY KEY,
    matter      BLOB NOT NULL,   -- the first draft of it
    option      INTEGER NOT NULL,            -- 1, 2, 3 … within the matter
    mandate     BLOB NOT NULL REFERENCES mandate(id),
    recipient   BLOB NOT NULL,
    at          INTEGER NOT NULL,
    state       TEXT NOT NULL DEFAULT 'open',   -- open | dropped | released
    note        BLOB,            -- what it became
    once        TEXT UNIQUE      -- the form's token: saved twice, it is one draft
) STRICT;
CREATE INDEX draft_open ON draft(state, mandate);
CREATE INDEX draft_matter ON draft(matter, option);

CREATE TABLE draft_version (     -- never changed: a change is a version of its own
    draft       BLOB NOT NULL REFERENCES draft(id),
    version     INTEGER NOT NULL,
    officer     BLOB NOT NULL,   -- key of the officer who wrote it
    name        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    content     BLOB NOT NULL,   -- SHA-256 of the salted content
    words_sealed BLOB NOT NULL,
    once        TEXT UNIQUE,
    PRIMARY KEY (draft, version)
) STRICT;

CREATE TABLE clearance (         -- signed, and never leaves this desk
    id          INTEGER PRIMARY KEY,
    draft       BLOB NOT NULL REFERENCES draft(id),
    version     INTEGER NOT NULL,
    officer     BLOB NOT NULL,
    name        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    verdict     INTEGER NOT NULL,
    signed_sealed BLOB NOT NULL
) STRICT;
CREATE INDEX clearance_draft ON clearance(draft, version);

CREATE TABLE release_open (      -- a note drawn up and signed by some of those whom it needs: one a lane
    mandate     BLOB NOT NULL,
    lane        BLOB NOT NULL,
    draft       BLOB NOT NULL REFERENCES draft(id),
    version     INTEGER NOT NULL,
    note        BLOB NOT NULL,
    at          INTEGER NOT NULL,
    inside_sealed BLOB NOT NULL, -- statement, signatures so far, seed, leaves
    PRIMARY KEY (mandate, lane)
) STRICT, WITHOUT ROWID;

CREATE TABLE unfinished (        -- what an officer was typing when it was last kept
    officer     BLOB NOT NULL,
    mandate     BLOB NOT NULL,
    recipient   BLOB NOT NULL,
    draft       BLOB NOT NULL,   -- empty: a text of which no draft was made yet
    at          INTEGER NOT NULL,
    words_sealed BLOB NOT NULL,
    PRIMARY KEY (officer, mandate, recipient, draft)
) STRICT, WITHOUT ROWID;

-- The furthest link of a chain, not the newest row, is what the next one follows.
DROP INDEX link_newest;
CREATE INDEX link_furthest ON link(mandate, lane, author, sequence);
CREATE INDEX note_own ON note(mandate, author, precedence, at);

-- SPDX-License-Identifier: Apache-2.0
-- Relays added, removed and replaced while a line is in use (ADR 0043).

-- used | draining (ours: still collected from, until all that went there is here) | left
-- For the peer's mailboxes: used | left. What was left is kept: a peer whose vault went back collects there again.
ALTER TABLE route ADD COLUMN state TEXT NOT NULL DEFAULT 'used';

CREATE TABLE mailboxes (         -- every statement of where an office collects on a line, after the pairing's
    line        BLOB NOT NULL REFERENCES line(id),
    mine        INTEGER NOT NULL,            -- 1: ours, 0: the peer's
    version     INTEGER NOT NULL,
    id          BLOB NOT NULL,
    signed      BLOB,                        -- null: ours, known by the peer's word alone (a restored vault)
    at          INTEGER NOT NULL,
    confirmed   INTEGER,                     -- ours: when the peer's desk had said that it writes there
    until       BLOB,                        -- ours: the peer's newest entry then, as a place; null: it had none
    PRIMARY KEY (line, mine, version, id)
) STRICT, WITHOUT ROWID;

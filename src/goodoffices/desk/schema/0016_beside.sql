-- SPDX-License-Identifier: Apache-2.0
-- Words beside notes: what was inside their seals, and what waits for more officers' signatures.

CREATE TABLE beside (
    id            BLOB PRIMARY KEY REFERENCES act(id),
    note          BLOB NOT NULL,
    state         TEXT NOT NULL,   -- unopened | verified | sealed | unreadable | altered
    finding       TEXT,
    inside_sealed BLOB
) STRICT;
CREATE INDEX beside_of_note ON beside (note);
CREATE INDEX beside_unopened ON beside (id) WHERE state = 'unopened';

CREATE TABLE beside_open (
    id     BLOB PRIMARY KEY,       -- the act that it becomes
    note   BLOB NOT NULL REFERENCES note(id),
    at     INTEGER NOT NULL,
    sealed BLOB NOT NULL           -- the act with the signatures so far, and its words
) STRICT;
CREATE INDEX beside_open_of_note ON beside_open (note);

-- What an older version has kept without knowing what it was is opened at the next sign-in.
INSERT INTO beside SELECT id, subject, 'unopened', NULL, NULL FROM act WHERE type IN (20, 21) AND subject IS NOT NULL;

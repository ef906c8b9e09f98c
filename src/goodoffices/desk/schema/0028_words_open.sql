-- SPDX-License-Identifier: Apache-2.0
-- Transcripts wait for a second officer as remarks do; several may wait about one note.

CREATE TABLE words_open (
    slot         BLOB PRIMARY KEY,                  -- ID of the act; the note's, where an earlier version put it up
    note         BLOB NOT NULL REFERENCES note(id),
    type         INTEGER NOT NULL,                  -- of the act
    officer      BLOB NOT NULL,                     -- key of the officer who wrote them
    name         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    words_sealed BLOB NOT NULL,
    signed_sealed BLOB                              -- null: written before they were kept signed
) STRICT;
CREATE INDEX words_open_note ON words_open(note);
INSERT INTO words_open SELECT note, note, 6, officer, name, at, words_sealed, signed_sealed FROM remark_open;
DROP TABLE remark_open;

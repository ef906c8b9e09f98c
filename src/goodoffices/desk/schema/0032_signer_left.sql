-- SPDX-License-Identifier: Apache-2.0
-- Acts, notes and mandates that came when a roster was known here which no longer lets those sign who signed them
-- (ADR 0096). What its own office stands by later is taken out again.

CREATE TABLE signer_left (
    id       BLOB NOT NULL,          -- of the act, note or mandate
    author   BLOB NOT NULL,          -- in whose name it is signed
    mandate  BLOB NOT NULL,
    previous BLOB,                   -- what it says stands before it in its author's chain
    subject  BLOB,                   -- the note that it is about
    stated   INTEGER NOT NULL,       -- the roster by which it is signed
    known    INTEGER NOT NULL,       -- the roster that was here first
    who      TEXT NOT NULL,          -- who had left, under the names by which they were listed
    PRIMARY KEY (id, author)
) STRICT, WITHOUT ROWID;

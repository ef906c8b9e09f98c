-- SPDX-License-Identifier: Apache-2.0
-- That a note is at the desk is signed once the note itself is under way (ADR 0036). Until then it stands here,
-- written with the note: no crash forgets it.

CREATE TABLE arrived (
    note        BLOB PRIMARY KEY REFERENCES note(id),
    digest      BLOB NOT NULL    -- of the form in which it came first
) STRICT, WITHOUT ROWID;

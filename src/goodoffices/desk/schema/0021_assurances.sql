-- SPDX-License-Identifier: Apache-2.0
-- Assurances and what became of them, each signed, sealed to the office's reading key. Rows are only added; the
-- three columns of times let a locked desk warn before one lapses, and say nothing of what was promised.

CREATE TABLE assurance (
    id            BLOB PRIMARY KEY,
    note          BLOB NOT NULL,
    at            INTEGER NOT NULL,
    until         INTEGER,          -- ms UTC, of the newest change; NULL: no end was given
    warn_at       INTEGER,          -- from when on its end is near; NULL: nothing to warn of
    once          TEXT UNIQUE,      -- a form that was sent twice writes nothing twice
    signed_sealed BLOB NOT NULL
) STRICT;
CREATE INDEX assurance_warns ON assurance(warn_at) WHERE warn_at IS NOT NULL;

CREATE TABLE assurance_change (
    id            BLOB PRIMARY KEY,
    assurance     BLOB NOT NULL REFERENCES assurance(id),
    at            INTEGER NOT NULL,
    signed_sealed BLOB NOT NULL
) STRICT;
CREATE INDEX assurance_change_of ON assurance_change(assurance);

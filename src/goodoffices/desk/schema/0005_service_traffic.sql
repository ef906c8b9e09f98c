-- SPDX-License-Identifier: Apache-2.0
-- What became of line tests (ADR 0030), and a way to the entries of tests and chat that does not pass by the notes.

CREATE TABLE line_test (         -- one row per call, ours or theirs
    line        BLOB NOT NULL REFERENCES line(id),
    nonce       BLOB NOT NULL,
    mine        INTEGER NOT NULL,            -- 1: this desk's side called
    person      INTEGER NOT NULL,            -- 1: a person is asked for
    entry       BLOB NOT NULL,               -- the entry of the call
    at          INTEGER NOT NULL,            -- called, or arrived here; this desk's clock
    answered    INTEGER,                     -- the answer arrived here, or was given here
    answered_by TEXT,                        -- the officer's pseudonym; null: a desk
    locked      INTEGER,                     -- the answering desk was up but locked
    PRIMARY KEY (line, nonce, mine)
) STRICT, WITHOUT ROWID;
CREATE INDEX line_test_newest ON line_test(line, person, mine, at);

CREATE INDEX entry_chat ON entry(line, position) WHERE kind = 3;
CREATE INDEX entry_service ON entry(at) WHERE kind > 1;

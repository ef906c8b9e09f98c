-- SPDX-License-Identifier: Apache-2.0
-- Mailboxes and sealed envelopes. Only hashes of rights; no address, name or time of collection.

CREATE TABLE mailbox (
    no         INTEGER PRIMARY KEY,
    box        BLOB NOT NULL UNIQUE CHECK (length(box) = 16),
    may_put    BLOB NOT NULL CHECK (length(may_put) = 32),
    may_collect BLOB NOT NULL CHECK (length(may_collect) = 32),
    may_delete BLOB NOT NULL CHECK (length(may_delete) = 32),
    last_seq   INTEGER NOT NULL DEFAULT 0,
    waiting    INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,
    tombstones INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE envelope (
    mailbox INTEGER NOT NULL REFERENCES mailbox (no),
    seq     INTEGER NOT NULL,
    id      BLOB NOT NULL CHECK (length(id) = 32),
    at_ms   INTEGER NOT NULL,
    body    BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX envelope_by_seq ON envelope (mailbox, seq);
CREATE UNIQUE INDEX envelope_by_id ON envelope (id, mailbox);
CREATE INDEX envelope_by_time ON envelope (at_ms);

-- What was deleted, so that a late repeat of a put is answered as stored and not delivered again.
CREATE TABLE tombstone (
    id      BLOB NOT NULL,
    mailbox INTEGER NOT NULL REFERENCES mailbox (no),
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (id, mailbox)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_by_time ON tombstone (at_ms);

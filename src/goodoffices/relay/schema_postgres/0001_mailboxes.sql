-- SPDX-License-Identifier: Apache-2.0
-- Mailboxes and sealed envelopes. Only hashes of rights; no address, name or time of collection.

CREATE TABLE mailbox (
    no          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    box         bytea NOT NULL UNIQUE CHECK (octet_length(box) = 16),
    may_put     bytea NOT NULL CHECK (octet_length(may_put) = 32),
    may_collect bytea NOT NULL CHECK (octet_length(may_collect) = 32),
    may_delete  bytea NOT NULL CHECK (octet_length(may_delete) = 32),
    last_seq    bigint NOT NULL,
    waiting     bigint NOT NULL DEFAULT 0,
    bytes       bigint NOT NULL DEFAULT 0,
    tombstones  bigint NOT NULL DEFAULT 0,
    used_ms     bigint NOT NULL
) WITH (fillfactor = 50);  -- its counters change with every batch: room to write them beside the old ones
CREATE INDEX mailbox_by_use ON mailbox (used_ms) WHERE waiting = 0 AND tombstones = 0;

CREATE TABLE envelope (
    mailbox bigint NOT NULL REFERENCES mailbox (no),
    seq     bigint NOT NULL,
    id      bytea NOT NULL CHECK (octet_length(id) = 32),
    at_ms   bigint NOT NULL,
    body    bytea NOT NULL,
    PRIMARY KEY (mailbox, seq),
    UNIQUE (id, mailbox)
) WITH (toast_tuple_target = 8160);
-- Sealed bytes do not compress, and those of the ordinary class fit into a page.
ALTER TABLE envelope ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX envelope_by_time ON envelope (at_ms);

-- What was deleted, so that a late repeat of a put is answered as stored and not delivered again.
CREATE TABLE tombstone (
    id      bytea NOT NULL,
    mailbox bigint NOT NULL REFERENCES mailbox (no),
    at_ms   bigint NOT NULL,
    PRIMARY KEY (id, mailbox)
);
CREATE INDEX tombstone_by_time ON tombstone (at_ms);
CREATE INDEX tombstone_by_mailbox ON tombstone (mailbox);

-- One row: what is true of the relay as a whole. Mailboxes start above seq_floor.
CREATE TABLE relay (
    one       integer PRIMARY KEY CHECK (one = 1),
    seq_floor bigint NOT NULL
);
INSERT INTO relay (one, seq_floor) VALUES (1, 0);

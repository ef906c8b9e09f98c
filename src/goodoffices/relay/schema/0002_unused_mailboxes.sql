-- SPDX-License-Identifier: Apache-2.0
-- Mailboxes that nobody uses are removed; those made later start above every seq of the removed ones.
ALTER TABLE mailbox ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX mailbox_by_use ON mailbox (used_ms) WHERE waiting = 0 AND tombstones = 0;
CREATE TABLE relay (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    seq_floor INTEGER NOT NULL
) STRICT;
INSERT INTO relay (one, seq_floor) VALUES (1, 0);
-- So that a mailbox can go without a look at every tombstone.
CREATE INDEX tombstone_by_mailbox ON tombstone (mailbox);

-- SPDX-License-Identifier: Apache-2.0
-- Watches handed over, signed by both officers. They stay at this office (ADR 0034).

CREATE TABLE handover (
    id          BLOB PRIMARY KEY,
    at          INTEGER NOT NULL,
    state       TEXT NOT NULL,   -- offered | done | called back
    leaving     BLOB NOT NULL,   -- keys of the two officers
    coming      BLOB NOT NULL,
    holder      TEXT,            -- who has the watch since it was signed by both, by the name to sign in with
    done_at     INTEGER,
    signed_sealed BLOB NOT NULL
) STRICT;
CREATE INDEX handover_done ON handover(state, done_at);

-- SPDX-License-Identifier: Apache-2.0
-- Alarms, the roster of watches, and what wakes people. All of it is of the unattended tier: it works while
-- the desk is locked, and names neither counterparts nor words (P5).

CREATE TABLE alarm (             -- each step that waited for somebody, for ever: what was settled never rings again
    key         TEXT PRIMARY KEY,
    what        TEXT NOT NULL,
    subject     BLOB,
    loud        INTEGER NOT NULL,
    looks       INTEGER NOT NULL,
    state       TEXT NOT NULL,   -- awaited | ringing | taken | settled
    since_now   INTEGER NOT NULL,
    rings_at    INTEGER NOT NULL,            -- this and the other times without "now": the steady clock's
    due_at      INTEGER NOT NULL,
    lapse       INTEGER NOT NULL,
    level       INTEGER NOT NULL,
    climbs_at   INTEGER NOT NULL,
    again_at    INTEGER NOT NULL,
    rang        INTEGER NOT NULL,
    taken_by    TEXT,
    taken_now   INTEGER,
    lapses_at   INTEGER NOT NULL,
    recorded    INTEGER NOT NULL,
    settled_now INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX alarm_open ON alarm(key) WHERE state<>'settled';

CREATE TABLE alarm_clock (       -- the steady clock when alarms were last saved, and how far the record was read
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    boot        BLOB NOT NULL,
    steady      INTEGER NOT NULL,
    note        INTEGER NOT NULL,
    act         INTEGER NOT NULL,
    copy        INTEGER NOT NULL
) STRICT;

CREATE TABLE watch (             -- who is on watch, each week anew
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    days        INTEGER NOT NULL,            -- bit 0 is Monday: the day on which it begins
    starts      INTEGER NOT NULL,            -- minutes of the day, in the office's zone
    ends        INTEGER NOT NULL,            -- not after starts: on the next day
    levels      TEXT NOT NULL                -- JSON: who is woken first, then next
) STRICT;

CREATE TABLE address (           -- where an officer is woken outside the pages
    id          INTEGER PRIMARY KEY,
    officer     TEXT,                        -- null: the office, when nobody can be reached
    label       TEXT NOT NULL,
    url         TEXT NOT NULL,
    told_now    INTEGER,                     -- when it last took a message
    failed_now  INTEGER,                     -- when it last refused one since, or null
    failure     TEXT
) STRICT;

CREATE TABLE bell (              -- browsers that may ring, and see that something waits, without a sign-in
    token       BLOB PRIMARY KEY,            -- SHA-256 of what the browser keeps
    officer     TEXT NOT NULL,
    made        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

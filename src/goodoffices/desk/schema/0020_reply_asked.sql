-- SPDX-License-Identifier: Apache-2.0
-- Notes that ask for a reply by a time, kept where alarms see it while the desk is locked (ADR 0028), and
-- watches of one date, which stand instead of those of the week.

CREATE TABLE reply_asked (
    note        BLOB PRIMARY KEY REFERENCES note(id),
    until       INTEGER NOT NULL,            -- ms UTC, as its author wrote it
    answered    INTEGER NOT NULL DEFAULT 0   -- its reader's note names it as the one that it answers
) STRICT, WITHOUT ROWID;

ALTER TABLE watch ADD COLUMN on_date TEXT;   -- YYYY-MM-DD in the office's zone; null: each week

-- SPDX-License-Identifier: Apache-2.0
-- The vault's own tables. Everything else a desk keeps has tables in files of its own beside this one.

-- First tier: what the desk needs to work unattended (its signing seed, its sealing seeds).
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Second tier: an officer's signing seed and the office's reading key, wrapped under a key that only
-- the officer's passphrase yields. After a lock-out the row stays, the wrapped keys do not.
CREATE TABLE officer (
    folded        TEXT PRIMARY KEY,     -- the name as sign-in compares it
    name          TEXT NOT NULL,        -- the name as it is shown
    salt          BLOB,                 -- Argon2id, the officer's own
    memory_kib    INTEGER,
    passes        INTEGER,
    lanes         INTEGER,
    wrapped       BLOB,                 -- NULL once locked out
    reading_check BLOB NOT NULL,        -- tells one reading key from another without giving it
    added_ms      INTEGER NOT NULL,
    changed_ms    INTEGER NOT NULL,     -- when the passphrase was last set
    locked_out_ms INTEGER,
    CHECK ((wrapped IS NULL) = (locked_out_ms IS NOT NULL)),
    CHECK ((wrapped IS NULL) = (salt IS NULL))
) STRICT, WITHOUT ROWID;

-- SPDX-License-Identifier: Apache-2.0
-- Officers whose signing key a PKCS#11 token holds (ADR 0064). Their row in `officer` keeps the reading key alone,
-- wrapped under what the token computes once its PIN was given.

CREATE TABLE token (
    folded  TEXT PRIMARY KEY,   -- officer.folded
    module  TEXT NOT NULL,      -- the library that speaks to it
    serial  TEXT NOT NULL,      -- the token's own
    label   TEXT NOT NULL,      -- as people know it
    key_id  BLOB NOT NULL,      -- CKA_ID of its two keys: one signs, one computes
    public  BLOB NOT NULL,      -- the key that the roster lists
    UNIQUE (module, serial)     -- who is signed in to a token is one for the whole process: one officer each
) STRICT, WITHOUT ROWID;

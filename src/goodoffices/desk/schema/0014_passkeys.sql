-- SPDX-License-Identifier: Apache-2.0
-- Passkeys (ADR 0025). Where the authenticator offers a pseudo-random function, its output opens the
-- officer's keys; else the passkey is asked for beside the passphrase.

CREATE TABLE passkey (
    id          BLOB PRIMARY KEY,            -- the credential's own
    folded      TEXT NOT NULL,               -- officer.folded
    host        TEXT NOT NULL,               -- the name under which the desk was reached: it counts there alone
    label       TEXT NOT NULL,
    credential  BLOB NOT NULL,               -- public key, as the authenticator attested it
    sign_count  INTEGER NOT NULL,
    salt        BLOB,                        -- HKDF's, of the wrapping key
    wrapped     BLOB,                        -- signing seed and reading key; null: a second factor only
    added_ms    INTEGER NOT NULL,
    used_ms     INTEGER,
    CHECK ((salt IS NULL) = (wrapped IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_officer ON passkey(folded);

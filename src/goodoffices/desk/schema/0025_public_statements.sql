-- SPDX-License-Identifier: Apache-2.0
-- What was said in public, as this office logged it, each signed, sealed to the office's reading key. Rows are only
-- added.

CREATE TABLE public_statement (
    id            BLOB PRIMARY KEY,
    at            INTEGER NOT NULL,
    once          TEXT UNIQUE,     -- a form that was sent twice logs nothing twice
    signed_sealed BLOB NOT NULL
) STRICT;

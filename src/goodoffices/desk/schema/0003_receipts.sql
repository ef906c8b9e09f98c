-- SPDX-License-Identifier: Apache-2.0
-- What the peer once signed stays evidence, though it says now that it has lost what it had (P8).

CREATE TABLE kept_receipt (      -- receipts of own entries that are offered again
    entry       BLOB PRIMARY KEY REFERENCES entry(id),
    receipt     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The same finding is kept once: it is looked for with each that comes.
CREATE INDEX finding_same ON finding(what, line);

-- SPDX-License-Identifier: Apache-2.0
-- What went out by hand: its receipt does not say that a relay ever had it.

CREATE TABLE by_hand (           -- own entries that stood in a courier's bundle
    entry       BLOB PRIMARY KEY REFERENCES entry(id)
) STRICT, WITHOUT ROWID;

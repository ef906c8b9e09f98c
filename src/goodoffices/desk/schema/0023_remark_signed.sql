-- SPDX-License-Identifier: Apache-2.0
-- A remark that waits for its second officer is the act itself, signed by the first, who may go home.

ALTER TABLE remark_open ADD COLUMN signed_sealed BLOB;   -- null: written before; the first signs again

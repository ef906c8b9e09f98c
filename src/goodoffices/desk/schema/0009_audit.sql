-- SPDX-License-Identifier: Apache-2.0
-- The audit log becomes a chain: a row that is taken out, changed or put in between shows (ADR 0025).

ALTER TABLE audit ADD COLUMN kind TEXT NOT NULL DEFAULT 'other';
ALTER TABLE audit ADD COLUMN session TEXT NOT NULL DEFAULT '';   -- a mark of the session; empty: no page
ALTER TABLE audit ADD COLUMN chain BLOB;                         -- null: older than the chain, until the next row
CREATE INDEX audit_kind ON audit(kind, id);
CREATE INDEX audit_officer ON audit(officer, id);

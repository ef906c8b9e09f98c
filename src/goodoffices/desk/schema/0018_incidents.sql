-- SPDX-License-Identifier: Apache-2.0
-- Incident files and their reports, each signed, sealed to the office's reading key. Rows are only added.

CREATE TABLE incident (
    id            BLOB PRIMARY KEY,
    at            INTEGER NOT NULL,
    signed_sealed BLOB NOT NULL
) STRICT;

CREATE TABLE incident_report (
    id            BLOB PRIMARY KEY,
    incident      BLOB NOT NULL REFERENCES incident(id),
    at            INTEGER NOT NULL,
    once          TEXT UNIQUE,     -- a form that was sent twice enters nothing twice
    signed_sealed BLOB NOT NULL
) STRICT;
CREATE INDEX incident_report_of ON incident_report(incident);

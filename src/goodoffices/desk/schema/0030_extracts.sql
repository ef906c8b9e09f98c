-- SPDX-License-Identifier: Apache-2.0
-- Extracts of reports that officers let out of their files, to be put into notes and briefings; each lies sealed to
-- the office's reading key.

CREATE TABLE report_extract (
    id       BLOB PRIMARY KEY,    -- of the signed statement
    incident BLOB NOT NULL REFERENCES incident(id),
    report   BLOB NOT NULL REFERENCES incident_report(id),
    at       INTEGER NOT NULL,
    sealed   BLOB NOT NULL
) STRICT;

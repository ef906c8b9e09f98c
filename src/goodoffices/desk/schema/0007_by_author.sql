-- SPDX-License-Identifier: Apache-2.0
-- What an author's office had read is stated with every release: found by index, however long the channel has run.
DROP INDEX note_newest;
CREATE INDEX note_author ON note(mandate, lane, author);

-- SPDX-License-Identifier: Apache-2.0
-- Which key of the roster an officer's row holds, so that a locked-out officer's key can be taken out of
-- the roster although nobody can open the row any more. Rows of before are filled in at the next sign-in.

ALTER TABLE officer ADD COLUMN public BLOB;

-- The desk's record and its work in hand. Everything here is of the unattended tier: it can be read
-- by a desk that nobody has signed in to. Columns named *_sealed hold officers' texts, encrypted once
-- more under the reading key.

CREATE TABLE fact (              -- one row per setting of this desk
    name        TEXT PRIMARY KEY,
    value       BLOB NOT NULL
) STRICT;

CREATE TABLE office (            -- credentials known here, own office included
    id          BLOB PRIMARY KEY,
    credential  BLOB NOT NULL,
    introduced_by BLOB           -- the office that handed it over; null: own, or paired with
) STRICT;

CREATE TABLE line (
    id          BLOB PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    peer        BLOB NOT NULL REFERENCES office(id),
    pairing     BLOB NOT NULL,   -- the pairing statement
    my_offer    BLOB NOT NULL,
    their_offer BLOB NOT NULL,
    my_confirmation    BLOB,     -- signed, once the digits were typed here
    their_confirmation BLOB,     -- signed, once theirs has arrived
    incarnation BLOB NOT NULL,   -- under which this desk writes now
    made        INTEGER NOT NULL
) STRICT;

CREATE TABLE offer (             -- own offers that wait for the other side's
    digest      BLOB PRIMARY KEY,
    raw         BLOB NOT NULL,
    made        INTEGER NOT NULL,
    used        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE route (             -- own mailboxes (collect) and the peer's (put), per line and relay
    id          INTEGER PRIMARY KEY,
    line        BLOB REFERENCES line(id),   -- null while only offered
    offer       BLOB,
    relay       TEXT NOT NULL,
    mailbox     BLOB NOT NULL,
    put         BLOB NOT NULL,
    collect     BLOB,            -- null: the peer's mailbox
    remove      BLOB,
    made_at_relay INTEGER NOT NULL DEFAULT 0,
    cursor      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE entry (             -- the record: every link of both chains of every line
    position    INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE,
    line        BLOB NOT NULL REFERENCES line(id),
    writer      BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    number      INTEGER NOT NULL,
    previous    BLOB,
    kind        INTEGER NOT NULL,
    signed      BLOB NOT NULL,
    salt        BLOB NOT NULL,
    body        BLOB NOT NULL,
    at          INTEGER NOT NULL,            -- by this desk's clock
    receipt     BLOB,            -- the peer's signed receipt; own entries are offered until it is in
    urgent      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX entry_place ON entry(line, writer, incarnation, number);
CREATE INDEX entry_newest ON entry(line, writer, position);
CREATE INDEX entry_owed ON entry(line, writer, position) WHERE receipt IS NULL;

CREATE TABLE owed (              -- items that wait to be written into an entry of a line
    id          INTEGER PRIMARY KEY,
    line        BLOB NOT NULL REFERENCES line(id),
    item        BLOB NOT NULL,
    urgent      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE mandate (
    id          BLOB PRIMARY KEY,
    signed      BLOB NOT NULL,   -- with the signatures so far
    papers      BLOB NOT NULL,   -- CBOR array of signed attestations
    name        TEXT NOT NULL,
    made        INTEGER NOT NULL,
    in_force    INTEGER          -- when the last signature came in
) STRICT;

CREATE TABLE note (
    id          BLOB PRIMARY KEY,
    mandate     BLOB NOT NULL REFERENCES mandate(id),
    lane        BLOB NOT NULL,
    author      BLOB NOT NULL,
    recipient   BLOB NOT NULL,
    number      INTEGER NOT NULL,
    precedence  INTEGER NOT NULL,
    valid_until INTEGER,
    at          INTEGER NOT NULL,            -- released here, or arrived here
    carried_by  BLOB,            -- the office whose desk handed it over; null: own
    state       TEXT NOT NULL,   -- unopened | verified | altered | newer | unreadable
    finding     TEXT,            -- why it is altered or unreadable
    copy        BLOB,            -- digest of the copy that verified
    words_sealed BLOB            -- what was inside the seal, under the reading key
) STRICT;
CREATE INDEX note_newest ON note(mandate, lane);
CREATE INDEX note_number ON note(mandate, lane, author, number);

CREATE TABLE copy (              -- every different sealed form in which a note came by
    digest      BLOB PRIMARY KEY,
    note        BLOB NOT NULL REFERENCES note(id),
    sealed      BLOB NOT NULL,
    entry       BLOB,            -- by which entry it came
    at          INTEGER NOT NULL,
    state       TEXT NOT NULL DEFAULT 'unopened'
) STRICT;
CREATE INDEX copy_note ON copy(note);

CREATE TABLE act (
    position    INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE,
    mandate     BLOB NOT NULL,
    lane        BLOB NOT NULL,
    author      BLOB NOT NULL,
    type        INTEGER NOT NULL,
    subject     BLOB,
    signed      BLOB NOT NULL,
    at          INTEGER NOT NULL,
    from_office BLOB             -- which neighbour handed it over; null: own
) STRICT;
CREATE INDEX act_subject ON act(subject);
CREATE INDEX act_mandate ON act(mandate, type);

CREATE TABLE link (              -- places in authors' chains of acts and notes
    mandate     BLOB NOT NULL,
    lane        BLOB NOT NULL,
    author      BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    sequence    INTEGER NOT NULL,
    id          BLOB NOT NULL,
    previous    BLOB,
    PRIMARY KEY (mandate, lane, author, incarnation, sequence, id)
) STRICT;

CREATE INDEX link_newest ON link(mandate, lane, author);

CREATE TABLE carried (           -- which note or act went to which neighbour
    what        BLOB NOT NULL,
    to_office   BLOB NOT NULL,
    PRIMARY KEY (what, to_office)
) STRICT;

CREATE TABLE finding (           -- what was refused or does not hold, for ever
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    line        BLOB,
    entry       BLOB,
    fault       TEXT NOT NULL,
    what        TEXT NOT NULL,
    next        TEXT NOT NULL
) STRICT;

CREATE TABLE draft (
    id          INTEGER PRIMARY KEY,
    mandate     BLOB NOT NULL,
    lane        BLOB NOT NULL,
    officer     TEXT NOT NULL,
    at          INTEGER NOT NULL,
    words_sealed BLOB NOT NULL
) STRICT;

CREATE TABLE audit (             -- what officers did at this desk, beside the signed acts
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    officer     TEXT NOT NULL,
    what        TEXT NOT NULL
) STRICT;

-- One queue per user. What lies here tells how many events wait and until when; not whose, from whom or what they say.

CREATE TABLE queues (
    queue    INTEGER PRIMARY KEY AUTOINCREMENT,   -- never another queue's again: a late insert must not land there
    owner    BLOB NOT NULL UNIQUE,          -- blinded user id
    reserved INTEGER NOT NULL,              -- every seq up to here may have been given out; never given again
    expired  INTEGER NOT NULL               -- running total of what ran out unread
) STRICT;

-- A rowid table on purpose: WITHOUT ROWID is several times slower with bodies of 1 KiB.
CREATE TABLE events (
    row        INTEGER PRIMARY KEY,
    queue      INTEGER NOT NULL REFERENCES queues (queue) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,            -- seconds
    class      INTEGER NOT NULL,            -- 0 message, 1 signal, 2 system
    sender     BLOB NOT NULL,               -- keyed tag of (queue, sender): for quotas, clear and removal without opening
    event_id   BLOB NOT NULL,               -- keyed hash of sender, target and the sender's own id: a retry finds it
    body       BLOB NOT NULL,               -- sealed: sender, kind and payload together
    UNIQUE (queue, seq)
) STRICT;
CREATE INDEX events_expiry ON events (expires_at);

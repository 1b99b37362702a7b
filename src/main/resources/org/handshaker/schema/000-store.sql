-- The row of the store itself.

CREATE TABLE store (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    epoch     TEXT NOT NULL,              -- names this life of the store; renewed when a backup is put back
    is_backup INTEGER NOT NULL,           -- 1 in a copy taken before an upgrade, until it is opened as the store
    key_check BLOB NOT NULL               -- keyed hash by which the right master key is known; empty before the first start
) STRICT;
INSERT INTO store (one, epoch, is_backup, key_check) VALUES (1, '', 0, x'');

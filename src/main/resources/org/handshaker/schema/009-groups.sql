-- Groups. A group is one sealed row with its members in it; that somebody belongs to it is a row of theirs, found by keyed hashes.

CREATE TABLE groups (
    id_blind BLOB NOT NULL PRIMARY KEY,      -- HMAC(group)
    sealed   BLOB NOT NULL                   -- epoch, members with their roles, profile; bound to the row, in steps of 512 bytes
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    pair         BLOB NOT NULL PRIMARY KEY,  -- HMAC(member, group)
    member       BLOB NOT NULL,              -- HMAC(member): lists and counts somebody's groups
    group_sealed BLOB NOT NULL               -- the group, bound to this row
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_member ON memberships (member);

-- What was sent to a group lies here once for all its members; each has a short row among the events, whose own body is empty.
CREATE TABLE shared_bodies (
    row  INTEGER PRIMARY KEY AUTOINCREMENT,  -- never another's again
    refs INTEGER NOT NULL,                   -- events that still need it
    body BLOB    NOT NULL                    -- sealed: sender, group, kind and payload together
) STRICT;
ALTER TABLE events ADD COLUMN shared INTEGER;   -- row of the body, where it lies there

CREATE TRIGGER events_shared AFTER DELETE ON events WHEN OLD.shared IS NOT NULL
BEGIN
    UPDATE shared_bodies SET refs = refs - 1 WHERE row = OLD.shared;
    DELETE FROM shared_bodies WHERE row = OLD.shared AND refs <= 0;
END;

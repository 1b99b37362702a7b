-- Users. Whoever reads this file without the master key sees how many there are, and on which day each came.
CREATE TABLE users (
    row                INTEGER PRIMARY KEY,               -- taken from the random id, so that it tells no order of arrival
    id                 BLOB    NOT NULL UNIQUE,           -- 16 random bytes
    name_blind         BLOB    NOT NULL UNIQUE,           -- HMAC of the folded name: finds, does not tell
    name_sealed        BLOB    NOT NULL,                  -- the name, bound to the id
    created_day        INTEGER NOT NULL,                  -- days since 1970-01-01, never finer
    discoverable       INTEGER NOT NULL CHECK (discoverable IN (0, 1)),       -- 1: found by prefix, 0: by the exact name only
    presence_visible   INTEGER NOT NULL CHECK (presence_visible IN (0, 1)),   -- 1: connections may see this user online
    certificate_sealed BLOB,                              -- armored public certificate, bound to the id; NULL: none
    fingerprint_sealed BLOB,                              -- its fingerprint in hexadecimal, bound to the id
    key_changed_day    INTEGER,                           -- day on which this certificate came
    CHECK ((certificate_sealed IS NULL) = (fingerprint_sealed IS NULL)),
    CHECK ((certificate_sealed IS NULL) = (key_changed_day IS NULL))
) STRICT;

-- Start-up opens only the names that want to be found.
CREATE INDEX users_discoverable ON users (discoverable) WHERE discoverable = 1;

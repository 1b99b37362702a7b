-- Who may talk to whom. No row names two people: each side has a row of its own, found by keyed hashes that differ from
-- table to table and side to side, and the other person is sealed inside. Tables without row numbers tell no order either.

CREATE TABLE connections (
    pair        BLOB NOT NULL PRIMARY KEY,   -- HMAC(owner, peer): another one for (peer, owner)
    owner       BLOB NOT NULL,               -- HMAC(owner): lists and counts one side
    peer_sealed BLOB NOT NULL                -- id of the peer, bound to this row
) STRICT, WITHOUT ROWID;
CREATE INDEX connections_owner ON connections (owner);

-- The addressee's side of an unanswered request. Rows past their time are invisible at once and swept within a minute.
CREATE TABLE requests (
    row         INTEGER PRIMARY KEY,         -- taken from the random request id, so that it tells no order
    request_id  BLOB    NOT NULL UNIQUE,     -- 16 random bytes
    pair        BLOB    NOT NULL UNIQUE,     -- HMAC(asker, addressee)
    addressee   BLOB    NOT NULL,            -- HMAC(addressee); another one where the addressee has blocked the asker and sees nothing
    sealed      BLOB    NOT NULL,            -- asker's id, addressee's id, intro; bound to the request id
    expires_at  INTEGER NOT NULL             -- seconds since 1970
) STRICT;
CREATE INDEX requests_addressee ON requests (addressee, expires_at);
CREATE INDEX requests_expires_at ON requests (expires_at);

-- The asker's side of the same requests. It holds no id and no time that would link the two.
CREATE TABLE asked (
    pair             BLOB NOT NULL PRIMARY KEY,   -- HMAC(asker, addressee), not the one in requests
    asker            BLOB NOT NULL,               -- HMAC(asker)
    addressee_sealed BLOB NOT NULL                -- id of the addressee, bound to this row
) STRICT, WITHOUT ROWID;
CREATE INDEX asked_asker ON asked (asker);

CREATE TABLE blocks (
    pair           BLOB NOT NULL PRIMARY KEY,     -- HMAC(blocker, blocked)
    blocker        BLOB NOT NULL,                 -- HMAC(blocker)
    blocked_sealed BLOB NOT NULL                  -- id of the blocked user, bound to this row
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_blocker ON blocks (blocker);

-- Prekeys: what others need to seal something to a user who is not there. Opaque to the relay, and sealed here.

CREATE TABLE prekeys (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed  BLOB NOT NULL                         -- identity key, signed prekey, last resort; bound to the user
) STRICT, WITHOUT ROWID;

-- Each is handed out once. What was handed out leaves its digest behind, so that an upload that is repeated does not bring it back.
CREATE TABLE one_time_prekeys (
    row     INTEGER PRIMARY KEY,                  -- the oldest is handed out first
    user_id BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind    INTEGER NOT NULL CHECK (kind IN (0, 1)),   -- 0: elliptic curve, 1: kyber
    digest  BLOB    NOT NULL,                     -- HMAC of user, kind and prekey
    sealed  BLOB,                                 -- the prekey, bound to the digest; NULL: handed out
    UNIQUE (user_id, kind, digest)
) STRICT;

-- Another identity key that the one before did not sign waits here with all that came with it.
CREATE TABLE prekey_changes (
    user_id      BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed       BLOB    NOT NULL,                -- the whole upload, bound to the user
    effective_at INTEGER NOT NULL                 -- seconds since 1970-01-01
) STRICT, WITHOUT ROWID;
CREATE INDEX prekey_changes_due ON prekey_changes (effective_at);

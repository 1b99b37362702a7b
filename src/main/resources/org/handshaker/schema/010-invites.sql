-- Invites. The token itself is not here: whoever has it finds the row by its keyed hash. Rows go when used up or past their time.

CREATE TABLE invites (
    token_hash BLOB    NOT NULL PRIMARY KEY,      -- HMAC of the token, which holds 256 random bits
    invite_id  BLOB    NOT NULL UNIQUE,           -- 16 random bytes, by which its maker takes it back
    inviter    BLOB    NOT NULL,                  -- HMAC(inviter): lists and counts somebody's
    sealed     BLOB    NOT NULL,                  -- kind, inviter and group, bound to the row
    uses_left  INTEGER NOT NULL CHECK (uses_left > 0),
    expires_at INTEGER NOT NULL                   -- seconds since 1970-01-01
) STRICT, WITHOUT ROWID;
CREATE INDEX invites_inviter ON invites (inviter);
CREATE INDEX invites_expiring ON invites (expires_at);

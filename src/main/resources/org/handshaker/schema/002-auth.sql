-- How people prove who they are. Dates are whole days; what is finer lives minutes (refreshed, resets, spent_challenges) or
-- ends with what it announces (key_changes). No row id tells an order of arrival, hence WITHOUT ROWID.

CREATE TABLE passwords (
    user_id    BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    phc_sealed BLOB NOT NULL                      -- Argon2id PHC string, bound to the user
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    user_id   BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,                      -- HMAC of user and code; the row goes when the code is used
    PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id          BLOB    NOT NULL PRIMARY KEY,     -- 16 random bytes
    user_id     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash  BLOB    NOT NULL,                 -- SHA-256 of the one refresh token that is good now
    created_day INTEGER NOT NULL,                 -- days since 1970-01-01
    expires_day INTEGER NOT NULL                  -- last day on which the session may live; the token itself knows the second
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of ON sessions (user_id);
CREATE INDEX sessions_expiring ON sessions (expires_day);

-- Refresh tokens used in the last minute by a client that can name its try: lets it ask again when the answer was lost.
CREATE TABLE refreshed (
    token_hash BLOB    NOT NULL PRIMARY KEY,      -- SHA-256 of the used token
    session_id BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    retry_hash BLOB    NOT NULL,                  -- SHA-256 of the client's name for the try
    used_at    INTEGER NOT NULL                   -- seconds since 1970-01-01
) STRICT, WITHOUT ROWID;
CREATE INDEX refreshed_in ON refreshed (session_id);
CREATE INDEX refreshed_expiring ON refreshed (used_at);

-- Password resets under way, for names that exist and names that do not, in the same way.
CREATE TABLE resets (
    id         BLOB    NOT NULL PRIMARY KEY,      -- 16 random bytes; the OTP is an HMAC of it and is not here
    account    BLOB    NOT NULL,                  -- HMAC of the name
    asked_by   INTEGER NOT NULL CHECK (asked_by IN (0, 1)),   -- 0: a stranger, 1: a device that has signed in before
    tries      INTEGER NOT NULL,                  -- wrong codes so far
    expires_at INTEGER NOT NULL                   -- seconds since 1970-01-01
) STRICT, WITHOUT ROWID;
CREATE INDEX resets_of ON resets (account);
CREATE INDEX resets_expiring ON resets (expires_at);

-- Key challenges that have been answered, until they expire, so that each counts once.
CREATE TABLE spent_challenges (
    id         BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL                   -- seconds since 1970-01-01
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_challenges_expiring ON spent_challenges (expires_at);

-- Keys that wait for their time.
CREATE TABLE key_changes (
    user_id            BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    certificate_sealed BLOB,                      -- the key to come; NULL: the key on file, which gets no challenge before then
    fingerprint_sealed BLOB    NOT NULL,          -- of the key that this is about
    effective_at       INTEGER NOT NULL           -- seconds since 1970-01-01
) STRICT, WITHOUT ROWID;
CREATE INDEX key_changes_due ON key_changes (effective_at);

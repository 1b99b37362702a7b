-- Every change of a user's keys, as a chain of hashes. Rows are added and never changed; the head says how many there are.

CREATE TABLE key_log (
    user_id  BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,                    -- 1, 2, 3 …
    sealed   BLOB    NOT NULL,                    -- which key, what became of it, on which day, and the hashes; bound to user and position
    PRIMARY KEY (user_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_log_heads (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed  BLOB NOT NULL                         -- last position and its hash, bound to the user
) STRICT, WITHOUT ROWID;

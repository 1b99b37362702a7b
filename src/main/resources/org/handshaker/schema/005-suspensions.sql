-- Accounts that the operator has suspended. That somebody is, and nothing else: not since when, not why.
CREATE TABLE suspensions (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The day on which each user was last here, so that who never comes back is forgotten. Written at most once a day for each.

CREATE TABLE seen (
    user_id BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    day     INTEGER NOT NULL                      -- days since 1970-01-01, never finer
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_idle ON seen (day);

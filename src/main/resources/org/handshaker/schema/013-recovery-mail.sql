-- Where a code may be mailed to, where the operator and the user want it. The address itself is nowhere.

CREATE TABLE recovery_mail (
    user_id    BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    phc_sealed BLOB NOT NULL                      -- Argon2id PHC string of the address, bound to the user
) STRICT, WITHOUT ROWID;

-- Where to wake devices that hold no socket. No row tells an order of arrival, hence WITHOUT ROWID.

CREATE TABLE push_subscriptions (
    session_id BLOB NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sealed     BLOB NOT NULL                -- endpoint and keys of the device, bound to the session
) STRICT, WITHOUT ROWID;
CREATE INDEX push_subscriptions_of ON push_subscriptions (user_id);

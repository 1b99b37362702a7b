-- Bodies are sealed with keys that are forgotten hour by hour. The keys come from a chain that is in no table, on purpose: a
-- table is in every copy of this file, in its WAL and in its free pages. Here is only which chain belongs to this store.

ALTER TABLE store ADD COLUMN ratchet BLOB NOT NULL DEFAULT x'';      -- the chain's random id; empty before the first one

-- 0: as before this file, with one key for all; 1: with the key of its hour; 2: both, the first inside the second.
ALTER TABLE events ADD COLUMN sealing INTEGER NOT NULL DEFAULT 0;

-- What the first start after the upgrade has yet to seal; empty from then on.
CREATE INDEX events_unratcheted ON events (row) WHERE sealing = 0;

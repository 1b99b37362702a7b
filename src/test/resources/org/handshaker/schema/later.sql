-- A schema of a later version, for the tests of upgrades.
CREATE TABLE later (one INTEGER PRIMARY KEY) STRICT;

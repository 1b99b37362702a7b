-- A schema file that fails half-way, for the tests of upgrades.
CREATE TABLE half (one INTEGER PRIMARY KEY) STRICT;
CREATE TABLE half (one INTEGER PRIMARY KEY) STRICT;

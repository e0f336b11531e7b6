-- How many entries of the log are covered, in one row.
CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL);
INSERT INTO state VALUES (0, 0);

-- The latest rows, in the order of the log, in pieces of some kilobytes. They are read
-- from end to end.
CREATE TABLE recent (
  id INTEGER PRIMARY KEY,
  rows INTEGER NOT NULL,
  first_index INTEGER NOT NULL,
  first_time INTEGER NOT NULL,
  data BLOB NOT NULL
);

-- Older rows, up to 65,536 in a segment, which is written once. Times are milliseconds.
CREATE TABLE segment (
  id INTEGER PRIMARY KEY,
  rows INTEGER NOT NULL,
  first_index INTEGER NOT NULL,
  last_index INTEGER NOT NULL,
  earliest INTEGER NOT NULL,
  latest INTEGER NOT NULL,
  fences BLOB NOT NULL, -- the first term of each posting piece
  places BLOB NOT NULL,
  times BLOB NOT NULL
);

-- Which rows of a segment have which term, sorted by term: id is segment << 20 | piece.
CREATE TABLE posting (id INTEGER PRIMARY KEY, data BLOB NOT NULL);

-- Idempotency keys by day, so that old ones leave in one piece.
CREATE TABLE idem (
  day INTEGER NOT NULL,
  idem BLOB NOT NULL,
  body BLOB NOT NULL,
  log_index INTEGER NOT NULL,
  sub INTEGER NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (day, idem)
) WITHOUT ROWID;

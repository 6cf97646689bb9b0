-- What was seen of edges is kept once, however many share it: the columns of a statement are used by
-- whoever ran it, on the same days, as the same run proves. What an edge is takes seven numbers;
-- `words` says what three of them mean, and the views have the words.

CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL);
INSERT INTO words VALUES
    (0, ''),
    (1, 'READ_BY'), (2, 'WRITES'), (3, 'HAS_COLUMN'), (4, 'FEEDS'), (5, 'USED_BY'), (6, 'RAN'),
    (7, 'NAMED_IN'), (8, 'RUN_BY'), (9, 'PART_OF'), (10, 'PRECEDES'), (11, 'MEMBER_OF'),
    (12, 'OWNS'), (13, 'IN_DOMAIN'), (14, 'EXPOSES'), (15, 'SAME_AS'),
    (21, 'IDENTITY'), (22, 'TRANSFORMATION'), (23, 'AGGREGATION'), (24, 'JOIN'), (25, 'FILTER'),
    (26, 'GROUP_BY'), (27, 'SORT'), (28, 'WINDOW'), (29, 'CONDITIONAL'),
    (41, 'engine'), (42, 'openlineage'), (43, 'parsed'), (44, 'declared'), (45, 'manual'),
    (46, 'claimed');

CREATE TEMP TABLE known AS
SELECT *, dense_rank() OVER (
    ORDER BY sample, days, counts, evidence, named, clock
) AS sighting
FROM edges;
DROP VIEW links;
DROP TABLE edges;

CREATE TABLE sightings (
    id INTEGER PRIMARY KEY,
    first INTEGER,
    last INTEGER,
    total INTEGER NOT NULL,
    activity TEXT NOT NULL,  -- [[days], [counts]]
    certainty REAL NOT NULL,
    provenance REAL NOT NULL,
    parse REAL NOT NULL,
    resolve REAL NOT NULL,
    sample_start TEXT,
    sample_key TEXT,
    sample_source TEXT,
    sample_query TEXT,
    named INTEGER NOT NULL,
    clock TEXT,  -- [[quarters of an hour, UTC], [counts]], for reads, writes and runs
    edges INTEGER NOT NULL  -- how many share it
);
INSERT INTO sightings
SELECT
    sighting, first, last, total, '[' || days || ',' || counts || ']',
    json_extract(evidence, '$.certainty'), json_extract(evidence, '$.provenance'),
    json_extract(evidence, '$.parse'), json_extract(evidence, '$.resolve'),
    json_extract(sample, '$.start'), json_extract(sample, '$.key'),
    json_extract(sample, '$.query.namespace'), json_extract(sample, '$.query.name'),
    named, clock, count(*)
FROM known GROUP BY sighting;

CREATE TABLE edges (
    src INTEGER NOT NULL REFERENCES nodes,
    type INTEGER NOT NULL REFERENCES words,
    dst INTEGER NOT NULL REFERENCES nodes,
    role INTEGER NOT NULL REFERENCES words,
    via INTEGER NOT NULL,  -- 0: none
    origin INTEGER NOT NULL REFERENCES words,
    sighting INTEGER NOT NULL REFERENCES sightings,
    PRIMARY KEY (src, type, dst, role, via, origin)
) WITHOUT ROWID;
INSERT INTO edges
SELECT src, t.id, dst, r.id, via, o.id, sighting
FROM known
JOIN words t ON t.word = known.type
JOIN words r ON r.word = known.role
JOIN words o ON o.word = known.origin
ORDER BY src, t.id, dst;
DROP TABLE known;
CREATE INDEX edges_in ON edges (dst, type, src);
CREATE INDEX edges_via ON edges (via) WHERE via <> 0;
-- What is called the same is looked up by every question; there is little of it, often nothing.
CREATE INDEX edges_same_as ON edges (type, src) WHERE type = 15;

CREATE VIEW links AS
SELECT
    w.word AS type, s.title AS source, t.title AS target, r.word AS role, v.title AS via,
    o.word AS origin, seen.certainty,
    date(seen.first * 86400, 'unixepoch') AS first,
    date(seen.last * 86400, 'unixepoch') AS last,
    seen.total, seen.named,
    json_extract(q.facts, '$.sql.value') AS statement
FROM edges e
JOIN sightings seen ON seen.id = e.sighting
JOIN words w ON w.id = e.type
JOIN words r ON r.id = e.role
JOIN words o ON o.id = e.origin
JOIN titles s ON s.id = e.src
JOIN titles t ON t.id = e.dst
LEFT JOIN titles v ON v.id = e.via
LEFT JOIN nodes q ON q.label = 'Query' AND q.dataset = ''
    AND q.namespace = seen.sample_source AND q.name = seen.sample_query;

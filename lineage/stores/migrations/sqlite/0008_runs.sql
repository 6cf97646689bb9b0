-- How sure an edge is, and whether by name, is its own; what is left of a sighting, when it ran, is
-- shared by all edges of a statement. Times of the day are shown of what is read, written and run.

CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    certainty REAL NOT NULL,
    provenance REAL NOT NULL,
    parse REAL NOT NULL,
    resolve REAL NOT NULL,
    named INTEGER NOT NULL  -- 0: a column that is reached only through `*`, NATURAL or position
);
INSERT INTO evidence (certainty, provenance, parse, resolve, named)
SELECT DISTINCT certainty, provenance, parse, resolve, named FROM sightings;

CREATE TEMP TABLE known AS
SELECT id AS sighting, edges, first, last, total, activity,
    sample_start, sample_key, sample_source, sample_query, clock,
    (SELECT e.id FROM evidence e WHERE (e.certainty, e.provenance, e.parse, e.resolve, e.named)
        = (s.certainty, s.provenance, s.parse, s.resolve, s.named)) AS evidence,
    dense_rank() OVER (
        ORDER BY activity, sample_start, sample_key, sample_source, sample_query, clock
    ) AS runs
FROM sightings s ORDER BY id;
CREATE TEMP TABLE known_edges AS
SELECT src, type, dst, role, via, origin, runs, evidence
FROM edges JOIN known USING (sighting);
DROP VIEW links;
DROP TABLE edges;
DROP TABLE sightings;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    first INTEGER,
    last INTEGER,
    total INTEGER NOT NULL,
    activity TEXT NOT NULL,  -- [[days], [counts]]
    sample_start TEXT,
    sample_key TEXT,
    sample_source TEXT,
    sample_query TEXT,
    clock TEXT,  -- [[quarters of an hour, UTC], [counts]]
    edges INTEGER NOT NULL  -- how many share it
);
INSERT INTO runs
SELECT runs, first, last, total, activity,
    sample_start, sample_key, sample_source, sample_query, clock, sum(edges)
FROM known GROUP BY runs;

CREATE TABLE edges (
    src INTEGER NOT NULL REFERENCES nodes,
    type INTEGER NOT NULL REFERENCES words,
    dst INTEGER NOT NULL REFERENCES nodes,
    role INTEGER NOT NULL REFERENCES words,
    via INTEGER NOT NULL,  -- 0: none
    origin INTEGER NOT NULL REFERENCES words,
    runs INTEGER NOT NULL REFERENCES runs,
    evidence INTEGER NOT NULL REFERENCES evidence,
    PRIMARY KEY (src, type, dst, role, via, origin)
) WITHOUT ROWID;
INSERT INTO edges SELECT * FROM known_edges;
DROP TABLE known_edges;
DROP TABLE known;
CREATE INDEX edges_in ON edges (dst, type, src);
CREATE INDEX edges_via ON edges (via) WHERE via <> 0;
-- What is called the same is looked up by every question; there is little of it, often nothing.
CREATE INDEX edges_same_as ON edges (type, src) WHERE type = 15;

CREATE VIEW links AS
SELECT
    w.word AS type, s.title AS source, t.title AS target, r.word AS role, v.title AS via,
    o.word AS origin, sure.certainty,
    date(seen.first * 86400, 'unixepoch') AS first,
    date(seen.last * 86400, 'unixepoch') AS last,
    seen.total, sure.named,
    json_extract(q.facts, '$.sql.value') AS statement
FROM edges e
JOIN runs seen ON seen.id = e.runs
JOIN evidence sure ON sure.id = e.evidence
JOIN words w ON w.id = e.type
JOIN words r ON r.id = e.role
JOIN words o ON o.id = e.origin
JOIN titles s ON s.id = e.src
JOIN titles t ON t.id = e.dst
LEFT JOIN titles v ON v.id = e.via
LEFT JOIN nodes q ON q.label = 'Query' AND q.dataset = ''
    AND q.namespace = seen.sample_source AND q.name = seen.sample_query;

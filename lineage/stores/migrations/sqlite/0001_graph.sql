-- The graph. An id is (label, namespace, dataset, name); `dataset` is empty unless the node is a
-- column. Facts, evidence and samples are JSON; days count from 1970-01-01. The views at the end
-- are for people.

CREATE TABLE nodes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT NOT NULL,
    namespace TEXT NOT NULL,
    dataset TEXT NOT NULL,
    name TEXT NOT NULL,
    last_part TEXT NOT NULL,  -- of the name, folded: what people type
    facts TEXT NOT NULL  -- {"owner": {"at": "2026-01-31T00:00:00Z", "value": "sales"}}
);
CREATE UNIQUE INDEX nodes_by_name ON nodes (label, namespace, dataset, name);
CREATE INDEX nodes_by_last_part ON nodes (last_part, label);

CREATE TABLE edges (
    src INTEGER NOT NULL REFERENCES nodes,
    type TEXT NOT NULL,
    dst INTEGER NOT NULL REFERENCES nodes,
    role TEXT NOT NULL,  -- empty: none
    via INTEGER NOT NULL,  -- 0: none
    origin TEXT NOT NULL,
    first INTEGER,
    last INTEGER,
    total INTEGER NOT NULL,
    days TEXT NOT NULL,
    counts TEXT NOT NULL,
    evidence TEXT NOT NULL,
    sample TEXT,
    named INTEGER NOT NULL
);
CREATE UNIQUE INDEX edges_out ON edges (src, type, dst, role, via, origin);
CREATE INDEX edges_in ON edges (dst, type, src);
CREATE INDEX edges_via ON edges (via) WHERE via <> 0;

CREATE TABLE documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
);

CREATE TABLE shards (
    source TEXT NOT NULL,
    day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    keys BLOB NOT NULL,  -- 16 bytes a statement
    PRIMARY KEY (source, day)
);

CREATE TABLE meta (version INTEGER NOT NULL);
INSERT INTO meta VALUES (0);

CREATE VIEW titles AS
SELECT id, label, namespace || ':' || iif(dataset = '', '', dataset || '.') || name AS title
FROM nodes;

CREATE VIEW links AS
SELECT
    e.type, s.title AS source, t.title AS target, e.role, v.title AS via, e.origin,
    json_extract(e.evidence, '$.certainty') AS certainty,
    date(e.first * 86400, 'unixepoch') AS first,
    date(e.last * 86400, 'unixepoch') AS last,
    e.total, e.named,
    json_extract(q.facts, '$.sql.value') AS statement
FROM edges e
JOIN titles s ON s.id = e.src
JOIN titles t ON t.id = e.dst
LEFT JOIN titles v ON v.id = e.via
LEFT JOIN nodes q ON q.label = 'Query' AND q.dataset = ''
    AND q.namespace = json_extract(e.sample, '$.query.namespace')
    AND q.name = json_extract(e.sample, '$.query.name');

CREATE VIEW datasets AS SELECT namespace, name, facts FROM nodes WHERE label = 'Dataset';
CREATE VIEW columns AS SELECT namespace, dataset, name, facts FROM nodes WHERE label = 'Column';
CREATE VIEW jobs AS SELECT namespace, name, facts FROM nodes WHERE label = 'Job';
CREATE VIEW consumers AS SELECT namespace, name, facts FROM nodes WHERE label = 'Consumer';
CREATE VIEW principals AS SELECT namespace, name, facts FROM nodes WHERE label = 'Principal';
CREATE VIEW teams AS SELECT name, facts FROM nodes WHERE label = 'Team';
CREATE VIEW domains AS SELECT name, facts FROM nodes WHERE label = 'Domain';
CREATE VIEW queries AS
SELECT namespace AS source, name AS fingerprint, json_extract(facts, '$.sql.value') AS sql, facts
FROM nodes WHERE label = 'Query';

CREATE VIEW read_by AS
SELECT source AS dataset, target AS process, origin, certainty, first, last, total, statement
FROM links WHERE type = 'READ_BY';
CREATE VIEW writes AS
SELECT source AS job, target AS dataset, origin, certainty, first, last, total, statement
FROM links WHERE type = 'WRITES';
CREATE VIEW has_column AS
SELECT source AS dataset, target AS "column", origin, certainty FROM links WHERE type = 'HAS_COLUMN';
CREATE VIEW feeds AS
SELECT source AS "column", target AS into_column, role, via AS job, origin, certainty,
    first, last, total, statement
FROM links WHERE type = 'FEEDS';
CREATE VIEW used_by AS
SELECT source AS "column", target AS process, role, named, origin, certainty,
    first, last, total, statement
FROM links WHERE type = 'USED_BY';
CREATE VIEW ran AS
SELECT source AS process, target AS query, via AS principal, origin, first, last, total
FROM links WHERE type = 'RAN';
CREATE VIEW named_in AS
SELECT source AS dataset, target AS query, origin, first, last, total
FROM links WHERE type = 'NAMED_IN';
CREATE VIEW run_by AS
SELECT source AS process, target AS principal, origin, first, last, total
FROM links WHERE type = 'RUN_BY';
CREATE VIEW part_of AS
SELECT source AS job, target AS parent, origin FROM links WHERE type = 'PART_OF';
CREATE VIEW member_of AS
SELECT source AS principal, target AS team, origin FROM links WHERE type = 'MEMBER_OF';
CREATE VIEW owns AS
SELECT source AS team, target AS owned, origin FROM links WHERE type = 'OWNS';
CREATE VIEW in_domain AS
SELECT source AS member, target AS domain, origin FROM links WHERE type = 'IN_DOMAIN';
CREATE VIEW same_as AS
SELECT source AS dataset, target AS copy, origin, certainty FROM links WHERE type = 'SAME_AS';

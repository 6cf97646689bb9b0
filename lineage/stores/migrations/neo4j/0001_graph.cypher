// One node a name; the last part of a name, folded, is what people type.
CREATE CONSTRAINT dataset_by_name IF NOT EXISTS FOR (n:Dataset) REQUIRE (n.namespace, n.name) IS UNIQUE;
CREATE CONSTRAINT column_by_name IF NOT EXISTS FOR (n:Column) REQUIRE (n.namespace, n.dataset, n.name) IS UNIQUE;
CREATE CONSTRAINT job_by_name IF NOT EXISTS FOR (n:Job) REQUIRE (n.namespace, n.name) IS UNIQUE;
CREATE CONSTRAINT consumer_by_name IF NOT EXISTS FOR (n:Consumer) REQUIRE (n.namespace, n.name) IS UNIQUE;
CREATE CONSTRAINT principal_by_name IF NOT EXISTS FOR (n:Principal) REQUIRE (n.namespace, n.name) IS UNIQUE;
CREATE CONSTRAINT team_by_name IF NOT EXISTS FOR (n:Team) REQUIRE (n.namespace, n.name) IS UNIQUE;
CREATE CONSTRAINT domain_by_name IF NOT EXISTS FOR (n:Domain) REQUIRE (n.namespace, n.name) IS UNIQUE;
CREATE CONSTRAINT query_by_name IF NOT EXISTS FOR (n:Query) REQUIRE (n.namespace, n.name) IS UNIQUE;
CREATE INDEX dataset_by_last_part IF NOT EXISTS FOR (n:Dataset) ON (n.last_part);
CREATE INDEX column_by_last_part IF NOT EXISTS FOR (n:Column) ON (n.last_part);
CREATE INDEX job_by_last_part IF NOT EXISTS FOR (n:Job) ON (n.last_part);
CREATE INDEX consumer_by_last_part IF NOT EXISTS FOR (n:Consumer) ON (n.last_part);
CREATE INDEX principal_by_last_part IF NOT EXISTS FOR (n:Principal) ON (n.last_part);
CREATE INDEX team_by_last_part IF NOT EXISTS FOR (n:Team) ON (n.last_part);
CREATE INDEX domain_by_last_part IF NOT EXISTS FOR (n:Domain) ON (n.last_part);
CREATE INDEX query_by_last_part IF NOT EXISTS FOR (n:Query) ON (n.last_part);

// Which edges go via a job or a principal.
CREATE INDEX feeds_via IF NOT EXISTS FOR ()-[r:FEEDS]-() ON (r.via);
CREATE INDEX ran_via IF NOT EXISTS FOR ()-[r:RAN]-() ON (r.via);

// Beside the graph.
CREATE CONSTRAINT document_by_key IF NOT EXISTS FOR (n:Document) REQUIRE (n.kind, n.key) IS UNIQUE;
CREATE CONSTRAINT shard_by_day IF NOT EXISTS FOR (n:Shard) REQUIRE (n.source, n.day) IS UNIQUE;
CREATE CONSTRAINT lineage_store IF NOT EXISTS FOR (n:LineageStore) REQUIRE n.id IS UNIQUE;
MERGE (s:LineageStore {id: 'lineage'}) ON CREATE SET s.schema = 0, s.version = 0;

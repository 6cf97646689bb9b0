"""What stands behind: people behind a login, files behind tables, runs behind routines."""

import json

import pytest

from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.use.usage import who_uses
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.names import DatasetId
from lineage.stores import open_store

NAMESPACE = "warehouse"


@pytest.fixture
def graph(tmp_path):
    """Gives the store after statements that ran in this order, in that many imports."""

    def of(*statements, dialect="postgres", user="svc_bi", imports=1):
        store = open_store(f"sqlite:///{tmp_path}/{imports}.db", create=True)
        size = -(-len(statements) // imports)
        flags = SourceFlags(namespace=NAMESPACE, dialect=dialect)
        for start in range(0, len(statements), size):
            rows = [
                {"query": text, "user": user, "timestamp": f"2026-10-01T08:00:{start + n:02d}Z"}
                for n, text in enumerate(statements[start : start + size])
            ]
            (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
            options = ImportOptions(SourceBook.from_flags(flags), workers=1)
            assert import_paths(store, [str(tmp_path / "log.jsonl")], options).balanced
        return store

    return of


def ends(store, *types):
    """The edges of these types, as names."""
    return {(str(edge.key.source), str(edge.key.target)) for edge in store.scan_edges(types)}


def looked(user, dashboard=3):
    """A statement of a dashboard that somebody looks at."""
    said = json.dumps({"client": "Metabase", "dashboardId": dashboard, "userId": user})
    return f"SELECT a FROM s.t -- {said}"


def test_the_people_behind_a_login_are_principals_of_their_tool(graph):
    """A dashboard is run by its service's login and by each who looked; reads count once."""
    store = graph(looked(7), looked(8), looked(7))
    assert ends(store, EdgeType.RUN_BY) == {
        ("metabase:dashboard/3", f"{NAMESPACE}:svc_bi"),
        ("metabase:dashboard/3", "metabase:user/7"),
        ("metabase:dashboard/3", "metabase:user/8"),
    }
    (use,) = who_uses(store, DatasetId(NAMESPACE, "s.t")).consumers
    assert use.reads == 3
    assert len(list(store.scan_edges([EdgeType.RAN]))) == 1


def test_people_do_not_depend_on_the_order_of_imports(graph):
    """What a later import learns of columns takes no person back."""
    statements = (looked(7), looked(8), "CREATE TABLE s.t (a int, b int)", looked(9, dashboard=4))
    assert graph_hash(graph(*statements)) == graph_hash(graph(*statements, imports=4))


EXTERNAL = [
    ("hive", "CREATE EXTERNAL TABLE s.t (a INT) STORED AS ORC LOCATION 's3://lake/x/'"),
    ("databricks", "CREATE TABLE s.t (a INT) USING PARQUET LOCATION 's3://lake/x'"),
    ("spark", "CREATE TABLE s.t USING CSV OPTIONS (path 's3://lake/x', header 'true')"),
    ("athena", "CREATE EXTERNAL TABLE `s`.`t` (`a` int) LOCATION 's3a://lake/x'"),
    ("bigquery", "CREATE EXTERNAL TABLE s.t OPTIONS (format='CSV', uris=['s3://lake/x/*.csv'])"),
    (
        "bigquery",
        "CREATE EXTERNAL TABLE `s.t` WITH PARTITION COLUMNS (d DATE) WITH CONNECTION `p.us.c` "
        "OPTIONS (format='PARQUET', uris=['s3://lake/x/*'])",
    ),
    ("trino", "CREATE TABLE s.t (a int) WITH (external_location = 's3://lake/x', format = 'ORC')"),
    ("clickhouse", "CREATE TABLE s.t (a Int8) ENGINE = S3('s3://lake/x/*.csv', 'key', 'word')"),
    ("redshift", "create external table s.t (a int) stored as parquet location 's3://lake/x/'"),
]


@pytest.mark.parametrize(("dialect", "sql"), EXTERNAL)
def test_the_files_of_an_external_table_feed_it(graph, dialect, sql):
    """The path is read by a job that writes the table, and no consumer is made of it."""
    store = graph(sql, dialect=dialect)
    assert ends(store, EdgeType.READ_BY) == {("s3://lake:x", f"{NAMESPACE}:s.t <- x")}
    assert ends(store, EdgeType.WRITES) == {(f"{NAMESPACE}:s.t <- x", f"{NAMESPACE}:s.t")}
    assert ("s3://lake:x.*", f"{NAMESPACE}:s.t.*") in ends(store, EdgeType.FEEDS)


def test_the_stage_of_an_external_table_feeds_it(graph):
    """Snowflake names a stage in place of a path."""
    sql = "create external table s.t location=@lake/x/ file_format=(type=parquet)"
    found = ends(graph(sql, dialect="snowflake"), EdgeType.READ_BY)
    assert [source.partition(":")[2] for source, _ in found] == ["@lake/x/"]


def test_a_query_that_fills_an_external_table_writes_its_files(graph):
    """CREATE TABLE AS with a location: the files are an output, and are read by nobody yet."""
    sql = "CREATE TABLE s.t WITH (external_location = 's3://lake/x') AS SELECT a FROM s.u"
    store = graph(sql, dialect="trino")
    assert {target for _, target in ends(store, EdgeType.WRITES)} == {
        f"{NAMESPACE}:s.t",
        "s3://lake:x",
    }
    assert (f"{NAMESPACE}:s.u.a", "s3://lake:x.a") in ends(store, EdgeType.FEEDS)


def test_to_define_a_routine_is_not_to_run_it(graph):
    """Its reads and writes are known and counted as none; what it would drop is not dropped."""
    store = graph(
        "CREATE TABLE s.old (a int)",
        "CREATE PROCEDURE s.p() LANGUAGE plpgsql AS $$ BEGIN "
        "DROP TABLE s.old; INSERT INTO s.t SELECT a FROM s.u; END $$",
        "CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS $$ SELECT max(a) FROM s.u $$",
    )
    reads = {str(e.key.target): e.activity.total for e in store.scan_edges([EdgeType.READ_BY])}
    assert reads == {f"{NAMESPACE}:s.t <- s.u": 0, f"{NAMESPACE}:function s.f": 0}
    assert (f"{NAMESPACE}:s.t <- s.u", f"{NAMESPACE}:s.t") in ends(store, EdgeType.WRITES)
    old = DatasetId(NAMESPACE, "s.old")
    assert store.nodes([old])[old].value("dropped") == "false"


def test_what_a_routine_did_is_counted_where_its_statements_are_logged(graph):
    """The body and the logged statement are one job."""
    insert = "INSERT INTO s.t SELECT a FROM s.u"
    store = graph(
        f"CREATE PROCEDURE s.p() LANGUAGE plpgsql AS $$ BEGIN {insert}; END $$", insert, insert
    )
    assert [edge.activity.total for edge in store.scan_edges([EdgeType.READ_BY])] == [2]


@pytest.mark.parametrize("owner", ["team:finance", "group:finance", "user:finance", "finance"])
def test_owners_of_events_are_teams_by_their_name(tmp_path, owner):
    """The kind that a producer writes in front is no part of the name."""
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-10-01T00:00:00Z",
        "run": {"runId": "5f2b0a3e-0000-4000-8000-000000000001"},
        "job": {"namespace": "n", "name": "j"},
        "producer": "https://example.com",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "outputs": [
            {"namespace": "db", "name": "t", "facets": {"ownership": {"owners": [{"name": owner}]}}}
        ],
    }
    (tmp_path / "events.jsonl").write_text(json.dumps(event))
    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    options = ImportOptions(SourceBook.from_flags(SourceFlags()), workers=1)
    import_paths(store, [str(tmp_path / "events.jsonl")], options)
    assert ends(store, EdgeType.OWNS) == {("team:finance", "db:t")}

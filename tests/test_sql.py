"""SQL in, lineage out: the cases of `cases/sql/*.toml`, and what they cannot say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ingest.sql import (
    Catalog,
    Column,
    Context,
    Statement,
    Table,
    analyse,
    collapse,
    extract_case,
    packed,
    unpacked,
)

FOLDER = Path(__file__).parent / "cases" / "sql"
SCHEMAS = tomllib.loads((FOLDER / "schemas.toml").read_text())
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.toml"))
    for case in tomllib.loads(path.read_text()).get("case", ())
]


def facts(whole: Statement, error: str) -> dict[str, Any]:
    """What a case says of a statement, in a case's words; what is as usual is left out."""
    said: dict[str, Any] = {
        "reads": [str(table) for table in whole.reads],
        "writes": [str(table) for table in whole.writes],
        "edges": [
            (f"{edge.target_table}." if edge.target_table else "")
            + f"{edge.target} = {edge.role.value} {edge.source}"
            + (" masked" if edge.masked else "")
            for edge in (*whole.edges, *whole.influences)
        ],
        "uses": [
            f"{use.column} {use.role.value}" + ("" if use.named else " unnamed")
            for use in whole.uses
        ],
    }
    unusual = {
        "assigned": [str(column) for column in whole.assigned],
        "changes": [_change(change) for change in whole.changes if change.kind != "create"],
        "stars": [str(table) for table in whole.stars],
        "parse": "" if whole.parse == "full" else whole.parse,
        "dynamic": whole.dynamic,
        "error": error.split(":")[0],
    }
    return said | {key: value for key, value in unusual.items() if value}


def _change(change: Any) -> str:
    columns = [] if change.kind in ("clone", "like") else [name for name, _ in change.columns]
    return f"{change.kind} {change.table}" + "".join(
        [
            f" {','.join(columns)}" if columns else "",
            f" -> {change.new_name}" if change.new_name else "",
            f" -> {change.other}" if change.other else "",
        ]
    )


def run(sql: str, dialect: str = "", **schemas: dict[str, str]) -> Statement:
    """The whole of a text as one statement, over these tables."""
    return collapse(analyse(sql, dialect, Context(), Catalog(schemas)))


@pytest.mark.parametrize("case", CASES)
def test_a_text_has_the_lineage_that_its_case_says(case: dict[str, Any]) -> None:
    """Reads, writes, edges and uses are exactly those of the case."""
    catalog = Catalog({} if case.get("unknown") else SCHEMAS)
    context = Context(case.get("default_db", ""), case.get("default_schema", ""))
    analysis = analyse(case["sql"], case.get("dialect", ""), context, catalog)
    keys = {"name", "sql", "dialect", "unknown", "default_db", "default_schema"}
    expected = {key: value for key, value in case.items() if key not in keys}
    assert facts(collapse(analysis), analysis.error) == expected


def test_analyses_cross_a_process_pool() -> None:
    """What one process packs means the same when another unpacks it, whatever the statement."""
    for case in (param.values[0] for param in CASES):
        analysis = analyse(case["sql"], case.get("dialect", ""), Context("db"), Catalog(SCHEMAS))
        assert unpacked(packed(analysis)) == analysis


def test_statements_of_a_script_stay_apart() -> None:
    """Each statement has its own kind, reads and writes; the context is the one at the end."""
    sql = "USE mart; CREATE TEMP TABLE t AS SELECT x FROM a; DELETE FROM b; SELECT 1"
    analysis = analyse(sql, "duckdb", Context("db"), Catalog())
    assert [statement.kind for statement in analysis.statements] == [
        "use",
        "create_table",
        "delete",
        "select",
    ]
    assert analysis.statements[1].temporary
    assert analysis.context == Context("db", "mart")


def test_the_output_lists_the_targets_columns_in_order() -> None:
    """Positions count: the output of an INSERT is named as the target's columns are."""
    insert = run("INSERT INTO t SELECT b, a FROM s", t={"x": "", "y": ""})
    assert insert.output == ("x", "y")
    assert insert.output_complete
    assert not run("INSERT INTO t SELECT a, s.* FROM s").output_complete


def test_consulted_tables_are_those_whose_columns_matter() -> None:
    """A table is consulted whether or not the catalogue knows it."""
    insert = run("INSERT INTO t SELECT * FROM s")
    assert insert.consulted == (Table(("s",)), Table(("t",)))


def test_the_created_columns_and_types_are_a_change() -> None:
    """CREATE TABLE says its columns with their types, constraints left out."""
    created = run("CREATE TABLE t (id INT, name VARCHAR(10) NOT NULL, PRIMARY KEY (id))")
    assert created.changes[0].columns == (("id", "INT"), ("name", "VARCHAR(10)"))


class TestCatalog:
    """Names find columns although their leading parts are missing or their case differs."""

    catalog = Catalog({"db.mart.Orders": {"Id": "int"}, "a.t": {"x": ""}, "b.t": {"y": ""}})

    @pytest.mark.parametrize(
        "name", [("orders",), ("mart", "ORDERS"), ("x", "db", "mart", "orders")]
    )
    def test_the_shorter_name_is_the_end_of_the_longer(self, name: tuple[str, ...]) -> None:
        """Either side may lack leading parts."""
        found = self.catalog.columns(Table(name))
        assert found is not None
        assert found.types == {"Id": "int"}

    def test_two_answers_are_none(self) -> None:
        """A name that two tables answer to means neither."""
        assert self.catalog.columns(Table(("t",))) is None
        assert self.catalog.columns(Table(("a", "t"))) is not None

    def test_a_childs_changes_stay_in_it(self) -> None:
        """What a script creates or forgets is not known to the next one."""
        child = self.catalog.child()
        child.put(Table(("new",)), {"z": ""})
        child.forget(Table(("db", "mart", "orders")))
        assert child.columns(Table(("orders",))) is None
        assert child.columns(Table(("new",))) is not None
        assert self.catalog.columns(Table(("new",))) is None
        assert self.catalog.columns(Table(("orders",))) is not None

    def test_the_search_path_finds_the_schema_that_has_the_table(self) -> None:
        """An unqualified name is looked up schema by schema; a new one is in the first."""
        context = Context(search_path=("a", "b", "mart"))
        sql = "SELECT id FROM orders; SELECT q FROM fresh"
        found = analyse(sql, "postgres", context, self.catalog)
        assert [str(s.reads[0]) for s in found.statements] == ["mart.orders", "a.fresh"]


class TestExtract:
    """One line of `lineage extract`."""

    def test_a_line_has_the_keys_of_the_contract(self) -> None:
        """Upstreams of one output are listed with its name."""
        result = extract_case(
            {
                "id": "1",
                "sql": "INSERT INTO r SELECT a, CASE WHEN b > 1 THEN c END AS d FROM t",
                "dialect": "snowflake",
                "default_db": "DB",
                "default_schema": "S",
                "schemas": {"DB.S.T": {"A": "INT", "B": "INT", "C": "INT"}},
            }
        )
        assert result == {
            "id": "1",
            "status": "ok",
            "in_tables": ["DB.S.T"],
            "out_tables": ["DB.S.R"],
            "column_lineage": [
                {"down": "DB.S.R.A", "up": ["DB.S.T.A"]},
                {"down": "DB.S.R.D", "up": ["DB.S.T.C", "DB.S.T.B"]},
            ],
            "column_uses": [
                {"column": "DB.S.T.A", "roles": ["IDENTITY"], "named": True},
                {"column": "DB.S.T.B", "roles": ["CONDITIONAL"], "named": True},
                {"column": "DB.S.T.C", "roles": ["TRANSFORMATION"], "named": True},
            ],
        }

    @pytest.mark.parametrize(
        ("sql", "status"),
        [("SELECT 1", "ok"), ("SELECT x FROM t WHERE (", "partial"), ("SELECT ((", "error")],
    )
    def test_the_status_says_how_much_was_understood(self, sql: str, status: str) -> None:
        """Tables without columns are partial; nothing at all is an error with its reason."""
        result = extract_case({"id": "1", "sql": sql})
        assert result["status"] == status
        assert ("error" in result) == (status != "ok")


def test_a_column_through_two_temporary_tables_keeps_its_strongest_role() -> None:
    """Roles and masks compose along the chain."""
    whole = run(
        "CREATE TEMP TABLE a AS SELECT sha2(x) AS x, y FROM t;"
        "CREATE TEMP TABLE b AS SELECT sum(y) AS y, x FROM a GROUP BY x;"
        "INSERT INTO c SELECT y + 1 AS y, x FROM b",
        "snowflake",
    )
    source = Table(("T",))
    assert [(e.target, e.source, e.role.value, e.masked) for e in whole.edges] == [
        ("X", Column(source, "X"), "TRANSFORMATION", True),
        ("Y", Column(source, "Y"), "AGGREGATION", False),
    ]

"""Whatever stands in a log: no text stops the analysis, takes long, or depends on its values."""

from __future__ import annotations

import time
from string import Template

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sql import Analysis, Catalog, Context, analyse, collapse

CATALOG = Catalog({"orders": {"id": "int", "amount": "int", "status": "text", "day": "date"}})
DIALECTS = ("", "snowflake", "bigquery", "postgres", "tsql", "mysql", "spark", "trino", "oracle")

# $s stands for a string, $n for a number
TEMPLATES = (
    "SELECT id, $s, $n FROM orders WHERE status = $s AND amount > $n",
    "SELECT CASE WHEN status = $s THEN amount ELSE $n END FROM orders",
    "SELECT coalesce(status, $s), amount + $n, status || $s FROM orders LIMIT $n",
    "INSERT INTO report (a, b) VALUES ($n, $s)",
    "INSERT INTO report SELECT id, $s, count($n) FROM orders GROUP BY id HAVING count(*) > $n",
    "UPDATE orders SET status = $s, amount = $n WHERE id IN ($n, $n) OR status LIKE $s",
    "DELETE FROM orders WHERE day < $s",
    "WITH c AS (SELECT $s AS k, id FROM orders) SELECT k, id FROM c WHERE k = $s",
    "CREATE TABLE t AS SELECT id, $s FROM orders",
    "MERGE INTO report AS r USING orders AS o ON r.id = o.id AND o.status = $s "
    "WHEN MATCHED THEN UPDATE SET a = $n WHEN NOT MATCHED THEN INSERT (a, b) VALUES ($s, o.id)",
    "SELECT * FROM (VALUES ($n, $s)) AS v(a, b)",
    "SELECT sum(amount) OVER (ORDER BY day ROWS BETWEEN $n PRECEDING AND CURRENT ROW) FROM orders",
)
STRINGS = st.text(st.characters(exclude_characters="\x00\\", codec="utf-8"), max_size=12).map(
    lambda text: "'" + text.replace("'", "''") + "'"
)
NUMBERS = st.integers(0, 10**12).map(str)


def run(sql: str, dialect: str = "") -> Analysis:
    """The analysis over one known table."""
    return analyse(sql, dialect, Context(), CATALOG)


@given(st.sampled_from(TEMPLATES), st.sampled_from(DIALECTS), STRINGS, NUMBERS)
@settings(deadline=None, max_examples=300)
def test_values_never_change_the_lineage(
    template: str, dialect: str, string: str, number: str
) -> None:
    """Two texts that differ only in value literals have equal analyses, as masked text has."""
    text = Template(template)
    masked = run(text.substitute(s="'?'", n="0"), dialect)
    assert masked.statements[0].parse != "table_only"
    assert run(text.substitute(s=string, n=number), dialect) == masked


_WORDS = """
SELECT FROM WHERE ( ) , . ; * a b t.x 'x' 1 AS JOIN ON = IN WITH UNION ALL INSERT INTO VALUES
UPDATE SET MERGE USING WHEN MATCHED THEN CREATE TABLE PROCEDURE BEGIN END IF ELSE LOOP DECLARE FOR
CASE OVER PARTITION BY ORDER GROUP PIVOT UNNEST LATERAL $$ {{ }} @x #t :p EXEC EXECUTE IMMEDIATE
USE COPY UNLOAD TO CALL EXPLAIN ALTER RENAME DROP EXCHANGE SWITCH STAGE STREAM OUTPUT TOP BULK LOAD
INFILE OUTFILE DIRECTORY UNPIVOT COLUMNS VIEW BUILD
"""
WORDS = st.sampled_from(_WORDS.split())


@given(st.lists(WORDS, max_size=25).map(" ".join), st.sampled_from(DIALECTS))
@settings(deadline=None, max_examples=400)
def test_no_soup_of_words_raises(sql: str, dialect: str) -> None:
    """Any text gives an analysis, and the same one again."""
    assert run(sql, dialect) == run(sql, dialect)


@given(st.text(max_size=200), st.sampled_from(DIALECTS))
@settings(deadline=None, max_examples=200)
def test_no_text_raises(sql: str, dialect: str) -> None:
    """Not even one that is no SQL."""
    analysis = run(sql, dialect)
    assert all(not s.edges for s in analysis.statements if s.parse == "table_only")


BIG = {
    "3,000 unions": " UNION ALL ".join(f"SELECT a FROM t{i}" for i in range(3000)),
    "40 CTEs of 500 columns": "WITH "
    + ", ".join(
        f"c{i} AS (SELECT {', '.join(f'x{j}' for j in range(500))} FROM c{i - 1})"
        for i in range(40)
    ).replace("c-1", "t")
    + " SELECT * FROM c39",
    "5,000 statements": ";\n".join(f"INSERT INTO t{i} SELECT a FROM s{i}" for i in range(5000)),
    "10,000 conditions": "SELECT 1 FROM t WHERE " + " AND ".join(["a = 1"] * 10_000),
    "20,000 rows": "INSERT INTO t (a) VALUES " + ", ".join(["(1)"] * 20_000),
}


@pytest.mark.parametrize("name", BIG)
def test_size_costs_seconds_at_most(name: str) -> None:
    """Large texts are analysed in full, within ten seconds."""
    start = time.monotonic()
    analysis = run(BIG[name])
    assert not analysis.error
    assert time.monotonic() - start < 10


DEEP = {
    "parentheses": "SELECT " + "(" * 100_000 + "a" + ")" * 100_000 + " FROM t",
    "subqueries": "SELECT a FROM (" * 2000 + "t" + ")" * 2000,
    "calls": "SELECT " + "f(" * 3000 + "a" + ")" * 3000 + " FROM t",
    "cases": "SELECT " + "CASE WHEN a THEN " * 3000 + "1" + " END" * 3000 + " FROM t",
    "signs": "SELECT " + "- " * 50_000 + "a FROM t",
}


@pytest.mark.parametrize("name", DEEP)
def test_depth_degrades_to_tables(name: str) -> None:
    """What nests too deeply keeps its tables, and says why it has no columns."""
    analysis = run(DEEP[name])
    assert analysis.error == "too deeply nested"
    assert analysis.statements[0].parse == "table_only"


def test_a_long_chain_of_temporary_tables_is_seen_through() -> None:
    """Each is made of two columns of the one before: paths double, columns and depth do not."""
    made = "SELECT x.a + y.b AS a, x.b FROM m{0} x JOIN m{0} y ON true"
    chain = [f"CREATE TEMP TABLE m{i} AS {made.format(i - 1)}" for i in range(1, 1000)]
    start = time.monotonic()
    script = [
        "CREATE TEMP TABLE m0 AS SELECT a, b FROM t",
        *chain,
        "INSERT INTO z SELECT a FROM m999",
    ]
    whole = collapse(run(";".join(script)))
    assert {str(edge.source) for edge in whole.edges} == {"t.a", "t.b"}
    assert time.monotonic() - start < 10


def test_a_statement_beyond_the_budget_keeps_its_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are counted, not seconds, so that every machine gives up at the same point."""
    monkeypatch.setattr("ingest.sql.run.BUDGET", 10)
    analysis = run("SELECT " + ", ".join(f"c{i}" for i in range(50)) + " FROM t")
    assert analysis.error == "too costly"
    assert [str(table) for table in analysis.statements[0].reads] == ["t"]

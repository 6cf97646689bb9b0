"""What is stored is masked text: it has the lineage of every text that it stands for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.masking.template import TRUNCATED, mask
from ingest.sql import Analysis, Catalog, Context, analyse

FOLDER = Path(__file__).parent / "cases" / "sql"
CATALOG = Catalog(tomllib.loads((FOLDER / "schemas.toml").read_text()))
# Literals that name or place something where the mask does not know it: in a template's braces,
# as a pattern of columns, in a PIVOT that is the statement, as an ordinal of DISTINCT ON.
BEYOND_THE_MASK = {
    "dbt's ref and source are tables, other templates nothing",
    "COLUMNS by a pattern",
    "a pattern of columns that a mask has replaced means nobody knows which",
    "DuckDB's PIVOT as a statement",
    "an ordinal in DISTINCT ON",
}
STATEMENTS = [
    (case["sql"], case.get("dialect", ""))
    for path in sorted(FOLDER.glob("*.toml"))
    for case in tomllib.loads(path.read_text()).get("case", ())
    if case["name"] not in BEYOND_THE_MASK and not mask(case["sql"], case.get("dialect", "")).reason
]
# Dialects that read "…" as a string, or \ as an escape, are served by the plainest strings alone.
STRINGS = st.text("abcXYZ 019_-%", min_size=1, max_size=8).map(lambda text: f"'{text}'")


def run(sql: str, dialect: str) -> Analysis:
    """The analysis over the tables of the cases."""
    return analyse(sql, dialect, Context(), CATALOG)


@pytest.mark.parametrize(("sql", "dialect"), STATEMENTS)
def test_a_masked_statement_has_the_lineage_of_the_statement(sql: str, dialect: str) -> None:
    """Comments, white space and values carry no lineage: without them nothing is lost."""
    masked = mask(sql, dialect)
    assert masked.reason != TRUNCATED
    assert run(masked.text, dialect).statements == run(sql, dialect).statements


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_statements_of_one_template_have_one_lineage(data: st.DataObject) -> None:
    """Any strings may stand where the mask stands: template and lineage stay the same."""
    sql, dialect = data.draw(st.sampled_from(STATEMENTS))
    masked = mask(sql, dialect).text
    pieces = masked.split("'?'")
    filled = pieces[0] + "".join(data.draw(STRINGS) + piece for piece in pieces[1:])
    assert mask(filled, dialect).text == masked
    assert run(filled, dialect).statements == run(masked, dialect).statements

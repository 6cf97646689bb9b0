"""What is stored is masked text: it has the lineage of every text that it stands for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.masking.lexer import lexis, pieces
from ingest.masking.template import TRUNCATED, mask
from ingest.sql import Analysis, Catalog, Context, analyse

FOLDER = Path(__file__).parent / "cases" / "sql"
CATALOG = Catalog(tomllib.loads((FOLDER / "schemas.toml").read_text()))
STATEMENTS = [
    (case["sql"], case.get("dialect", ""))
    for path in sorted(FOLDER.glob("*.toml"))
    for case in tomllib.loads(path.read_text()).get("case", ())
    if not mask(case["sql"], case.get("dialect", "")).reason
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


def _with_other_literals(sql: str, dialect: str) -> Iterator[str]:
    """The statement as often as it has literals, each time with another one in place of one."""
    parts = pieces(sql, lexis(dialect))
    for i in range(1, len(parts), 2):
        other = {"'": "'Zq 9'", '"': '"Zq 9"'}.get(parts[i][0])
        if other is None and parts[i].isdecimal():
            other = "97"
        if other is not None:
            yield "".join((*parts[:i], other, *parts[i + 1 :]))


@pytest.mark.parametrize(("sql", "dialect"), STATEMENTS)
def test_a_literal_that_matters_is_part_of_the_template(sql: str, dialect: str) -> None:
    """With any one literal changed, either the template is another or the lineage is the same."""
    template, said = mask(sql, dialect).text, run(sql, dialect).statements
    for other in _with_other_literals(sql, dialect):
        if mask(other, dialect).text == template:
            assert run(other, dialect).statements == said, other


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

"""What is said of a statement is what DuckDB does when its columns are dropped or changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.oracle.statements import cases_of
from benchmarks.oracle.verdict import Case, verdict

CASES = [
    pytest.param(case, id=case.name[:60])
    for case in cases_of(Path(__file__).parent / "cases" / "oracle", without="beyond.sql")
]


@pytest.mark.parametrize("case", CASES)
def test_the_columns_that_a_statement_names_are_those_it_breaks_without(case: Case) -> None:
    """Each column dropped in turn: the statement fails for the named ones and no others."""
    truth = verdict(case)
    assert not truth.error
    assert truth.named == truth.breaks


@pytest.mark.parametrize("case", CASES)
def test_no_output_changes_with_a_column_that_was_not_said_to_influence_it(case: Case) -> None:
    """Values changed column by column: what is seen to change was claimed."""
    truth = verdict(case, worlds=1, trials=4)
    assert truth.rows
    assert not truth.missed

"""What the engine told of a statement wins, and parsing fills what it left out."""

from pathlib import Path

import pytest
import yaml

from ingest.deriving.stated import heed
from ingest.record import Stated, StatedEdge, StatedTable
from ingest.sql import Catalog, Context, analyse

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "stated" / "cases.yml").read_text())


def table(said):
    """A table, with the columns that the case tells of it."""
    (name, columns), *_ = said.items() if isinstance(said, dict) else [(said, ())]
    return StatedTable(tuple(name.split(".")), columns=tuple(columns))


def tables(said):
    """The tables of a case; None when it does not tell them."""
    return None if said is None else tuple(map(table, said))


def edge(said):
    """The column edge that a line stands for."""
    (source, column), (target, filled) = (end.rsplit(".", 1) for end in said.split(" > "))
    return StatedEdge(tuple(source.split(".")), column, tuple(target.split(".")), filled)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_engine_wins_and_the_text_completes(case):
    """Each case says what is known of the statement in the end."""
    said = case["stated"]
    stated = Stated(
        tables(said.get("reads")),
        tables(said.get("writes")),
        tuple(map(edge, said.get("feeds", ()))),
        said.get("scope", "named"),
    )
    found = heed(analyse(case["sql"], case.get("dialect", ""), Context(), Catalog()), stated)
    lines = {
        "reads": {str(one) for s in found.statements for one in s.reads},
        "writes": {str(one) for s in found.statements for one in s.writes},
        "edges": {f"{e.source} > {e.target} {e.role}" for s in found.statements for e in s.edges
                  if e.target_table},
        "uses": {f"{u.column} {u.role}{'' if u.named else '~'}"
                 for s in found.statements for u in s.uses},
    }  # fmt: skip
    expected = {key: set(case["expect"].get(key, ())) for key in lines}
    assert lines == expected
    assert not found.error

"""One name for one dataset, however it is spelled."""

from pathlib import Path

import pytest
import yaml

from ingest.canonical import as_typed, canonical, canonical_namespace
from ingest.identity import dataset_of
from ingest.sql import Catalog, Context, Table, analyse, collapse
from lineage.errors import InvalidName

CASES = yaml.safe_load((Path(__file__).parent / "identity" / "platforms.yml").read_text("utf-8"))
SPELLED = [(*spelling, case["dataset"]) for case in CASES for spelling in case["events"]]
STATEMENTS = [(sql, case["dataset"]) for case in CASES for sql in case.get("sql", ())]


@pytest.mark.parametrize(("namespace", "name", "expected"), SPELLED)
def test_events_of_every_producer_name_one_dataset(namespace, name, expected):
    """Whatever a producer calls it, it is the dataset; said again, it is the same."""
    found = canonical(namespace, name)
    assert str(found) == expected
    assert canonical(found.namespace, found.name) == found


@pytest.mark.parametrize(("sql", "expected"), STATEMENTS)
def test_statements_name_the_dataset_of_the_events(sql, expected):
    """A statement in a query log reads the dataset that the events tell of."""
    context = Context(sql.get("db", ""), sql.get("schema", ""))
    statement = collapse(analyse(sql["text"], sql["dialect"], context, Catalog({})))
    source = canonical_namespace(sql["source"])
    assert [str(dataset_of(table, source)) for table in statement.reads] == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3a://lake/raw/orders/", "s3://lake:raw/orders"),
        ("postgresql://Orders-DB:shop.public.orders", "postgres://orders-db:5432:shop.public.orders"),
        ("dbfs:/mnt/orders", "dbfs:/mnt/orders"),
        ("https://b.s3.amazonaws.com/raw/x.csv", "s3://b:raw/x.csv"),
    ],
)  # fmt: skip
def test_people_type_any_spelling(text, expected):
    """A namespace and name, split at some colon, or a URL, is found in its one spelling."""
    colons = (place for place, letter in enumerate(text) if letter == ":")
    assert expected in [str(as_typed(text[:i], text[i + 1 :])) for i in colons]


def test_a_quoted_name_keeps_its_case():
    """What is in mixed case was quoted, and is another table than the unquoted one."""
    quoted = dataset_of(Table(("SHOP", "PUBLIC", "Orders")), "snowflake://acme-prod")
    assert quoted.name == "SHOP.PUBLIC.Orders"
    assert dataset_of(Table(("shop", "public", "Orders")), "postgres://db").name.endswith("Orders")


def test_a_dot_in_a_table_name_is_protected():
    """A quoted name with a dot is not taken for a schema and a table."""
    assert dataset_of(Table(("shop", "odd.name")), "db").name == 'shop."odd.name"'
    assert canonical("snowflake://a-b", 'SHOP."odd.name"').name == 'SHOP."odd.name"'


@pytest.mark.parametrize(
    ("namespace", "name"), [("", "x"), ("db", " "), ("  ", ""), ("s3://b", "")]
)
def test_a_dataset_without_namespace_or_name_is_none(namespace, name):
    """A symlink without a namespace names nothing."""
    with pytest.raises(InvalidName):
        canonical(namespace, name)

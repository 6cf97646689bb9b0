"""From what a person types to the one thing that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.analyses.breaking.change import Change, ChangeKind, parse_change
from lineage.analyses.breaking.retype import Retyping, retyping
from lineage.errors import AmbiguousName, InvalidChange, UnknownName
from lineage.model import Batch, Edge, EdgeKey, EdgeType, Node
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId
from lineage.resolve import column_of, resolve_column, resolve_dataset, resolve_process
from lineage.store import Store
from lineage.stores import open_store

SNOW = "snowflake://acme"
DATASETS = [
    DatasetId(SNOW, "SHOP.PUBLIC.ORDERS"),
    DatasetId(SNOW, "SHOP.ARCHIVE.ORDERS"),
    DatasetId(SNOW, "SHOP.PUBLIC.REFUNDS"),
    DatasetId(SNOW, "REFUNDS"),
    DatasetId("postgres://db:5432", "shop.public.customers"),
    DatasetId("postgres://db:5432", 'shop.public."odd.name"'),
    DatasetId("kafka://bus:9092", "orders.placed"),
    DatasetId("kafka://bus:9092", "Orders.Placed"),
    DatasetId("s3://lake", "raw/orders.parquet"),
    DatasetId("bigquery", "p.d.Events"),
]
COLUMNS = [
    ColumnId(DATASETS[0], "AMOUNT"),
    ColumnId(DATASETS[1], "OLD_AMOUNT"),
    ColumnId(DATASETS[4], "address.city"),
    ColumnId(DATASETS[9], "userId"),
]
PROCESSES: list[NodeId] = [JobId("dbt", "model.shop.orders"), ConsumerId("metabase", "dashboard/3")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that holds the names above."""
    folder: Path = tmp_path_factory.mktemp("names")
    opened = open_store(f"sqlite:///{folder}/names.db", create=True)
    ids: list[NodeId] = [*DATASETS, *COLUMNS, *PROCESSES]
    edges = [Edge(EdgeKey(EdgeType.HAS_COLUMN, c.dataset, c)) for c in COLUMNS]
    opened.apply(Batch(nodes=tuple(map(Node, ids)), edges=tuple(edges)))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("snowflake://acme:SHOP.PUBLIC.ORDERS", 0),
        ("snowflake://acme:shop.public.orders", 0),
        ("public.orders", 0),
        ("Archive.Orders", 1),
        ("customers", 4),
        ("kafka://bus:9092:orders.placed", 6),
        ("orders.placed", 6),
        ("Orders.Placed", 7),
        ("s3://lake:raw/orders.parquet", 8),
        ('public."odd.name"', 5),
        ('"odd.name"', 5),
        ("d.Events", 9),
    ],
)
def test_a_dataset_is_meant_by_any_unique_end(store: Store, text: str, number: int) -> None:
    """Full names, ends, another case where the platform has none, quotes around dots."""
    assert resolve_dataset(store, text) == DATASETS[number]


def test_an_exact_match_beats_an_end(store: Store) -> None:
    """A name that is a whole name means that one, though others end in it."""
    assert resolve_dataset(store, "REFUNDS") == DATASETS[3]
    assert resolve_dataset(store, "refunds") == DATASETS[3]


def test_an_ambiguous_name_lists_the_candidates(store: Store) -> None:
    """Several datasets of one end are an error that names them all."""
    with pytest.raises(AmbiguousName) as caught:
        resolve_dataset(store, "orders")
    assert caught.value.candidates == (str(DATASETS[1]), str(DATASETS[0]))


def test_case_counts_where_the_platform_counts_it(store: Store) -> None:
    """A BigQuery table in another case is another table; the error shows the near one."""
    with pytest.raises(UnknownName) as caught:
        resolve_dataset(store, "d.events")
    assert str(DATASETS[9]) in caught.value.nearest


def test_an_unknown_name_suggests(store: Store) -> None:
    """A misspelling shows what looks alike, a column's name the dataset that has it."""
    with pytest.raises(UnknownName) as caught:
        resolve_dataset(store, "custmers")
    assert caught.value.nearest[0] == str(DATASETS[4])
    with pytest.raises(UnknownName) as caught:
        resolve_dataset(store, "amount")
    assert str(DATASETS[0]) in caught.value.nearest


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("public.orders.amount", 0),
        ("snowflake://acme:shop.public.orders.AMOUNT", 0),
        ("orders.old_amount", 1),
        ("customers.address.city", 2),
        ("Events.userid", 3),
    ],
)
def test_a_column_is_meant_by_its_dataset_and_name(store: Store, text: str, number: int) -> None:
    """The longest dataset that has the column; of several that match, the one that has it."""
    assert resolve_column(store, text) == COLUMNS[number]


def test_an_unknown_column_shows_those_of_the_dataset(store: Store) -> None:
    """The error names the columns that the dataset does have."""
    with pytest.raises(UnknownName) as caught:
        resolve_column(store, "public.orders.ammount")
    assert caught.value.nearest == (str(COLUMNS[0]),)
    with pytest.raises(UnknownName, match="AMOUNT"):
        column_of(store, DATASETS[0], "nothing")
    assert column_of(store, DATASETS[0], "amount") == COLUMNS[0]


def test_a_process_is_a_job_or_a_consumer(store: Store) -> None:
    """Jobs and consumers are found by full name or end."""
    assert resolve_process(store, "shop.orders") == PROCESSES[0]
    assert resolve_process(store, "metabase:dashboard/3") == PROCESSES[1]
    with pytest.raises(UnknownName):
        resolve_process(store, "nobody")


@pytest.mark.parametrize("text", ["", ".", ":", '"', "a:", ":a", "..", 'x."', "🂡"])
def test_no_text_is_more_than_an_unknown_name(store: Store, text: str) -> None:
    """Whatever is typed, the answer is an unknown name and no other error."""
    with pytest.raises(UnknownName):
        resolve_dataset(store, text)
    with pytest.raises(UnknownName):
        resolve_column(store, text)


@pytest.mark.parametrize(
    ("text", "kind", "subject", "argument"),
    [
        ("drop column shop.orders.discount", "drop column", "shop.orders.discount", ""),
        ("  DROP  Column a.b ", "drop column", "a.b", ""),
        ("rename column a.b to c", "rename column", "a.b", "c"),
        ("retype column a.b to numeric(10, 2)", "retype column", "a.b", "numeric(10, 2)"),
        ("nullable column a.b", "nullable column", "a.b", ""),
        ("not-null column a.b", "not-null column", "a.b", ""),
        ("drop dataset s3://lake:raw/a b.csv", "drop dataset", "s3://lake:raw/a b.csv", ""),
        ("rename dataset a to b", "rename dataset", "a", "b"),
        ("stop dataset a", "stop dataset", "a", ""),
        ("stop job a <- b", "stop job", "a <- b", ""),
        ("delay dataset a by 6h", "delay dataset", "a", "6h"),
        ("filter dataset a", "filter dataset", "a", ""),
        ("grain dataset a", "grain dataset", "a", ""),
        ("meaning column a.b", "meaning column", "a.b", ""),
        ("meaning column a.b removes 'x y'", "meaning column", "a.b", "'x y'"),
        ("retain dataset a 90d", "retain dataset", "a", "90d"),
        ("add column a.b", "add column", "a.b", ""),
        ('add column a."b c" text', "add column", 'a."b c"', "text"),
    ],
)
def test_a_change_in_words(text: str, kind: str, subject: str, argument: str) -> None:
    """Every kind of change is read, and its words say the same change again."""
    change = parse_change(text)
    assert change == Change(ChangeKind(kind), subject, argument)
    assert parse_change(str(change)) == change


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("remove a.b", "drop column DATASET.COLUMN"),
        ("rename column a.b", "rename column DATASET.COLUMN to NAME"),
        ("delay dataset a by lunch", "by 6h"),
        ("", "drop dataset DATASET"),
    ],
)
def test_what_is_no_change_is_told_how_to_write_one(text: str, hint: str) -> None:
    """The error shows the form that was meant, or all forms."""
    with pytest.raises(InvalidChange, match=hint):
        parse_change(text)


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("bigint", "int", Retyping.NARROWING),
        ("INT", "bigint", Retyping.WIDENING),
        ("integer", "int4", Retyping.SAME),
        ("varchar(50)", "varchar(10)", Retyping.NARROWING),
        ("varchar(50)", "text", Retyping.WIDENING),
        ("timestamp with time zone", "date", Retyping.NARROWING),
        ("decimal(10,4)", "decimal(12,2)", Retyping.NARROWING),
        ("numeric(10,2)", "numeric(12,4)", Retyping.WIDENING),
        ("text", "int", Retyping.INCOMPATIBLE),
        ("int", "text", Retyping.INCOMPATIBLE),
        ("", "int", Retyping.INCOMPATIBLE),
        ("geography", "int", Retyping.INCOMPATIBLE),
        ("geography", "GEOGRAPHY", Retyping.SAME),
    ],
)
def test_retyping(old: str, new: str, effect: Retyping) -> None:
    """What is not proven to keep every value is narrowing or incompatible."""
    assert retyping(old, new) is effect

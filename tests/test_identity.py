"""One name for one dataset, however it is spelled."""

import pytest

from ingest.identity import canonical, dataset_of
from ingest.sql import Table

SPELLINGS = [
    ("postgresql://Orders-DB", "shop.public.orders", "postgres://orders-db:5432:shop.public.orders"),
    ("postgres://orders-db:5432/", "shop.public.orders", "postgres://orders-db:5432:shop.public.orders"),
    ("s3a://lake", "/orders/", "s3://lake:orders"),
    ("s3://lake/raw", "orders", "s3://lake:raw/orders"),
    ("gs://lake", "/", "gs://lake:/"),
    ("snowflake://org-acc", "analytics.mart.orders", "snowflake://org-acc:ANALYTICS.MART.ORDERS"),
    ("snowflake://org-acc", "ANALYTICS.MART.Orders", "snowflake://org-acc:ANALYTICS.MART.Orders"),
    ("bigquery", "proj.ds.Table", "bigquery:proj.ds.Table"),
    ("food_delivery", "Public.Orders", "food_delivery:Public.Orders"),
    ("kafka://Bus:9092", "checkout.order-placed", "kafka://bus:9092:checkout.order-placed"),
    ("hdfs://nn:8020", "/warehouse/orders", "hdfs://nn:8020:/warehouse/orders"),
]  # fmt: skip


@pytest.mark.parametrize(("namespace", "name", "expected"), SPELLINGS)
def test_canonical(namespace, name, expected):
    """Every spelling of a dataset has one canonical form."""
    assert str(canonical(namespace, name)) == expected


@pytest.mark.parametrize(("namespace", "name", "_"), SPELLINGS)
def test_canonical_is_idempotent(namespace, name, _):
    """The canonical form of a canonical form is itself."""
    once = canonical(namespace, name)
    assert canonical(once.namespace, once.name) == once


def test_path_in_sql_meets_path_in_events():
    """A COPY from s3a:// and a Spark event on s3:// name one dataset."""
    by_sql = dataset_of(Table(("s3a://lake/orders/",), "path"), "snowflake://x")
    assert by_sql == canonical("s3://lake", "orders")


def test_a_dot_in_a_table_name_is_protected():
    """A quoted name with a dot is not taken for a schema and a table."""
    assert dataset_of(Table(("shop", "odd.name")), "db").name == 'shop."odd.name"'

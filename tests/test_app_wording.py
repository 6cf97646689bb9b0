"""The words of the pages: names, counts, dates, messages, CSV."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views import wording
from app.views.effects import csv_of
from lineage.names import DatasetId


@pytest.mark.parametrize(
    ("namespace", "name", "short", "place"),
    [
        ("snowflake://acme", "ANALYTICS.MART.ORDERS", "ORDERS", "snowflake · ANALYTICS.MART"),
        ("postgres://db:5432", 'shop."odd.name".t', "t", "postgres · shop.odd.name"),
        ("kafka://bus:9092", "checkout.order-placed", "checkout.order-placed", "kafka"),
        ("s3://lake", "raw/orders/v2", "v2", "s3 · raw/orders"),
        ("s3://lake", "/", "/", "s3"),
        ("bigquery", "proj.set.table", "table", "bigquery · proj.set"),
        ("file", "/data/x.parquet", "x.parquet", "file · data"),
    ],
)
def test_a_dataset_is_called_by_its_last_part(
    namespace: str, name: str, short: str, place: str
) -> None:
    """The rest of the name says where it is; the dots of a topic are no levels."""
    dataset = DatasetId(namespace, name)
    assert (wording.short_name(dataset), wording.place(dataset)) == (short, place)


@pytest.mark.parametrize(
    ("namespace", "told", "kind"),
    [
        ("snowflake://acme", "", "table"),
        ("snowflake://acme", "view", "view"),
        ("postgres://db", "materialized_view", "view"),
        ("kafka://bus", "", "topic"),
        ("s3://lake", "", "file"),
        ("gs://lake", "table", "file"),
    ],
)
def test_the_kind_of_a_dataset_is_told_or_follows_from_its_platform(
    namespace: str, told: str, kind: str
) -> None:
    """What holds files or topics needs nobody to say so."""
    assert wording.dataset_kind(DatasetId(namespace, "x"), told) == kind


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("snowflake://acme:ANALYTICS.MART.ORDERS", "ANALYTICS.MART.ORDERS"),
        ("postgres://db:5432:shop.orders", "shop.orders"),
        ("looker:user/6", "user/6"),
        ("dbt:model.shop.orders", "model.shop.orders"),
        ("plain", "plain"),
    ],
)
def test_the_name_in_an_identifier(identifier: str, name: str) -> None:
    """A namespace may hold a scheme and a port."""
    assert wording.name_in(identifier) == name


@given(st.text())
def test_escaped_text_holds_no_markup(text: str) -> None:
    """Every character that Markdown could read as markup stands behind a backslash."""
    escaped = wording.escaped(text)
    assert not set("`*_[]()<>$:") & set(re.sub(r"\\.", "", escaped))
    assert "\n" not in escaped


@pytest.mark.parametrize("text", ["http://x.example", "see https://x.example", "a@b.example"])
def test_no_address_becomes_a_link(text: str) -> None:
    """It reads the same, but Markdown no longer finds an address in it."""
    escaped = wording.escaped(text).replace("\\", "")
    assert not re.search(r"https?://|www\.|\w@\w", escaped)
    assert escaped.replace("\u2060", "") == text


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_a_long_list_ends_in_a_number(names: list[str], words: str) -> None:
    """Three names, then how many more."""
    assert wording.first_names(names, 3) == words


@pytest.mark.parametrize(
    ("day", "words"), [(None, "never"), (100, "today"), (99, "yesterday"), (58, "42 days ago")]
)
def test_how_long_ago(day: int | None, words: str) -> None:
    """Days are counted back from the end of the logs."""
    assert wording.days_ago(day, 100) == words


def test_weeks_end_with_the_last_day() -> None:
    """The last week holds the last seven days; what is older than the first week is left out."""
    weeks = wording.weekly([1, 93, 94, 100], [50, 1, 2, 4], 100, weeks=2)
    assert weeks == [1, 6]


def test_no_cell_of_a_csv_is_a_formula() -> None:
    """A name from a log that begins like a formula is text in a spreadsheet, too."""
    names = ["=1+1", "+1", "-1", "@x", "a,b", 'say "x"', "fine"]
    rows = list(csv.reader(io.StringIO(csv_of({"who": list(names)}))))
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+1", "'-1", "'@x", *names[4:]]

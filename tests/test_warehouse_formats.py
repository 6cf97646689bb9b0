"""Warehouses' logs in every encoding, and with strange values: what all their formats promise."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files.objects import json_objects
from ingest.formats.find import FORMATS
from ingest.record import Ignored, QueryRecord, Read, ReadOptions, Rejected

CASES = Path(__file__).parent / "cases" / "formats"
_BY_NAME = {one.name: one for one in FORMATS}
# Cases of one flat object a record, which a table can hold.
_TABLES = (
    "bigquery-datahub",
    "bigquery-jobs.jobs",
    "clickhouse-query-log.lineage",
    "databricks-lineage",
    "databricks-query-history",
    "redshift-query-detail.steps",
    "snowflake-access-history",
    "trino-queries.mysql",
)
_WAREHOUSES = sorted(
    {name.split(".")[0] for name in _TABLES}
    | {"bigquery-audit-log", "trino-query-completed", "athena-query-executions"}
)


def _read(name: str, text: str) -> list[Read]:
    made = _BY_NAME[name.split(".")[0]].read(io.StringIO(text, newline=""), ReadOptions())
    return [_placeless(one) for one in made]


def _placeless(one: Read) -> Read:
    return msgspec.structs.replace(one, line=0)


def _objects(name: str) -> list[dict[str, object]]:
    (file,) = (CASES / name).glob("input.json*")
    objects = json_objects(io.StringIO(file.read_text(encoding="utf-8")))
    return [one[1] for one in objects if isinstance(one, tuple)]


def _as_csv(found: list[dict[str, object]]) -> str:
    columns = list(dict.fromkeys(name for one in found for name in one))
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(columns)
    for one in found:
        rows.writerow([_cell(one.get(name)) for name in columns])
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("name", _TABLES)
def test_every_encoding_tells_the_same(name: str) -> None:
    """JSON Lines, a JSON array, CSV with nested values as JSON: the same records."""
    found = _objects(name)
    lines = "".join(json.dumps(one) + "\n" for one in found)
    wanted = _read(name, lines)
    assert any(isinstance(one, QueryRecord) for one in wanted)
    assert _read(name, json.dumps(found)) == wanted
    assert _read(name, json.dumps(found, indent=1)) == wanted
    assert _read(name, _as_csv(found)) == wanted


def _leaves(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, (*path, key))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _leaves(one, (*path, place))
    yield path


_STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 1), st.text(max_size=3), st.just("2026-01-02"),
    st.just([]), st.just({}), st.just([None]), st.just([""]), st.just([{}]), st.just({"a": None}),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_WAREHOUSES), st.data())
def test_strange_values_are_read_or_refused(name: str, data: st.DataObject) -> None:
    """Whatever stands in one place of a record: it is read, ignored or refused, never an error."""
    cases = sorted(case.name for case in CASES.glob(f"{name}*") if [*case.glob("input.json*")])
    found = _objects(data.draw(st.sampled_from(cases)))
    record = json.loads(json.dumps(data.draw(st.sampled_from(found))))
    *path, last = data.draw(st.sampled_from([path for path in _leaves(record) if path]))
    place = record
    for key in path:
        place = place[key]
    place[last] = data.draw(_STRANGE)
    for one in _read(name, json.dumps(record)):
        assert isinstance(one, (QueryRecord, Ignored, Rejected))

"""Every log format: what each case folder's input becomes, record by record.

A case is a folder `tests/cases/formats/<format>[.<variant>]` with `input.*`, `expected.jsonl`,
`source.txt` (where the input is from) and, if needed, `options.json`.
"""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
from pathlib import Path

import msgspec
import pytest

import ingest.formats
from ingest.files.reading import find_inputs, head, open_text
from ingest.formats.find import FORMATS, OPENLINEAGE, detect
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected
from lineage.errors import UnreadableInput

CASES = Path(__file__).parent / "cases" / "formats"
NAMES = sorted(case.name for case in CASES.iterdir())
_RECORDS = {"query": QueryRecord, "ignored": Ignored, "rejected": Rejected}


def _options(case: Path) -> dict:
    file = case / "options.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _expected(case: Path) -> list[Read]:
    lines = (case / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [msgspec.convert(one, _RECORDS[one.pop("record")]) for one in found]


@pytest.mark.parametrize("name", NAMES)
def test_format_gives_the_expected_records(name: str) -> None:
    """The format is found by content, and reads every record with its place and its fate."""
    case = CASES / name
    options = _options(case)
    (source,) = find_inputs([str(next(case.glob("input.*")))])
    detection = detect(head(source), options.pop("format", ""))
    assert detection.name == name.split(".")[0]
    if detection.kind == "events":
        return
    with open_text(source) as stream:
        found = list(detection.format.read(stream, msgspec.convert(options, ReadOptions)))
    assert found == _expected(case)


@pytest.mark.parametrize("name", NAMES)
def test_every_case_says_where_it_is_from(name: str) -> None:
    """A sample of unknown origin proves nothing."""
    assert len((CASES / name / "source.txt").read_text()) > 20


def test_every_format_module_is_registered_and_has_a_case() -> None:
    """A format that is not in the registry is not found; one without a case is not tested."""
    modules = [
        importlib.import_module(f"ingest.formats.{found.name}")
        for found in pkgutil.iter_modules(ingest.formats.__path__)
    ]
    made = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    assert {one.name for one in made} == {one.name for one in FORMATS}
    assert {one.name for one in FORMATS} == {name.split(".")[0] for name in NAMES}


def test_every_format_says_how_to_export() -> None:
    """A user is told what to run at home, and what he gets."""
    for one in FORMATS:
        assert one.title
        assert len(one.export) > 30


def test_unknown_content_names_what_was_seen_and_what_is_known() -> None:
    """Nobody has to guess why a file was refused."""
    with pytest.raises(
        UnreadableInput, match=r"x\.csv: unknown format; its columns are a, b.*"
    ) as e:
        detect(Head("x.csv", "a,b\n1,2\n"))
    assert "lineage formats" in str(e.value)
    assert "--map" in str(e.value)


@pytest.mark.parametrize("text", ["", "  \n", "hello world\n", "{}", "[]", "{", '{"eventTime": 1}'])
def test_content_that_is_no_log_is_refused(text: str) -> None:
    """Neither prose nor empty files nor strange JSON pass for a log."""
    with pytest.raises(UnreadableInput):
        detect(Head("x", text))


def test_prose_in_a_message_column_is_no_statement() -> None:
    """An application's log with a `message` column is not taken for a query log."""
    with pytest.raises(UnreadableInput):
        detect(Head("app.csv", "timestamp,user,message\n2026-01-02T03:04:05Z,ana,user logged in\n"))


def test_hint_beats_content_and_must_exist() -> None:
    """`--source` wins over detection; a wrong name is told what it may have meant."""
    assert detect(Head("x", "a,b\n"), "postgres-csvlog").name == "postgres-csvlog"
    assert detect(Head("x", ""), OPENLINEAGE).kind == "events"
    with pytest.raises(UnreadableInput, match="did you mean snowflake-query-history"):
        detect(Head("x", "a,b\n"), "snowflake")
    with pytest.raises(UnreadableInput, match="no format 'nope': `lineage formats` lists them"):
        detect(Head("x", "a,b\n"), "nope")


def _generic(text: str, options: ReadOptions) -> list[Read]:
    (one,) = (found for found in FORMATS if found.name == "generic")
    return list(one.read(io.StringIO(text, newline=""), options))


def test_generic_says_what_it_matched_and_assumed() -> None:
    """The user hears which column is what, and that times without a zone were taken for UTC."""
    heard: list[str] = []
    text = "sql,who,ts\nselect 1,ana,2026-01-02 03:04:05\nselect 2,bo,2/1/2026\n"
    _generic(text, ReadOptions(columns={"user": "who"}, notice=heard.append))
    assert heard[0] == "columns: text=sql, start=ts, user=who"
    assert heard[1] == "times without a zone were read as UTC: say --timezone"
    assert "'2/1/2026' cannot be told apart" in heard[2]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"texts": "a"}, "--map knows text, .*; not 'texts'"),
        ({"text": "nope"}, "--map text=nope: the file has the columns a, b"),
        ({}, "no column of statements among a, b"),
    ],
)
def test_generic_refuses_a_mapping_that_does_not_fit(columns: dict, message: str) -> None:
    """A mapping that names nothing is an error that says what there is."""
    with pytest.raises(UnreadableInput, match=message):
        _generic("a,b\n1,2\n", ReadOptions(columns=columns))


def test_unknown_time_zone_is_an_error() -> None:
    """A zone that does not exist is not taken for UTC."""
    with pytest.raises(UnreadableInput, match="unknown time zone 'Mars/Base'"):
        _generic("query,user\nselect 1,ana\n", ReadOptions(timezone="Mars/Base"))

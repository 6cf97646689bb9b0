"""From a path to text: what is found, unpacked and decoded; rows, objects and times out of it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.delimited import COMMAS, csv_rows, csv_style
from ingest.files.objects import json_objects
from ingest.files.reading import bytes_read, find_inputs, head, open_text, undecodable_bytes
from ingest.files.tables import read_table
from ingest.record import Rejected
from lineage.errors import UnreadableInput


def _names(folder: Path, *paths: str) -> list[str]:
    return [
        one.path.relative_to(folder).as_posix()
        for one in find_inputs([str(folder / p) for p in paths])
    ]


def test_find_inputs(tmp_path: Path) -> None:
    """Files, folders with all below, globs: in a stable order, nothing twice, nothing hidden."""
    for name in ("b/2.csv", "b/1.csv", "b/c/3.csv", "b/.hidden", "b/.git/x", "a.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert _names(tmp_path, "b", "a.csv") == ["b/1.csv", "b/2.csv", "b/c/3.csv", "a.csv"]
    assert _names(tmp_path, "b/2.csv", "b/*.csv", "**/*.csv") == [
        *("b/2.csv", "b/1.csv", "a.csv", "b/c/3.csv"),
    ]
    assert _names(tmp_path, "b/.hidden") == ["b/.hidden"]


@pytest.mark.parametrize("name", ["missing.csv", "*.nope", "empty"])
def test_nothing_to_read_is_an_error(tmp_path: Path, name: str) -> None:
    """A path that means no file is said, never skipped."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableInput, match=name.replace("*", r"\*")):
        find_inputs([str(tmp_path / name)])


TEXT = "a,b\r\n1,ä\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        gzip.compress(TEXT.encode(), mtime=0),
        bz2.compress(TEXT.encode()),
        lzma.compress(TEXT.encode("utf-16")),
        gzip.compress(TEXT.encode()[:5], mtime=0) + gzip.compress(TEXT.encode()[5:], mtime=0),
    ],
)
def test_open_text(tmp_path: Path, content: bytes) -> None:
    """Compression and encoding are told by the first bytes; line ends stay as they are."""
    (tmp_path / "x").write_bytes(content)
    (source,) = find_inputs([str(tmp_path / "x")])
    assert head(source).text == TEXT
    with open_text(source) as stream:
        assert stream.read() == TEXT
        assert bytes_read(stream) == len(content)


def test_undecodable_bytes_are_replaced_and_counted(tmp_path: Path) -> None:
    """A broken character costs itself, and the user hears of it once."""
    (tmp_path / "x").write_bytes(b"a\xff\xfeb\xc3")
    (source,) = find_inputs([str(tmp_path / "x")])
    head(source)
    before = undecodable_bytes()
    with open_text(source) as stream:
        assert stream.read() == "a\ufffd\ufffdb\ufffd"
    assert undecodable_bytes() - before == 3


def test_damaged_file_is_named(tmp_path: Path) -> None:
    """A compressed file that ends too early says so, with its name."""
    (tmp_path / "x.gz").write_bytes(gzip.compress(os.urandom(200_000), mtime=0)[:100_000])
    (source,) = find_inputs([str(tmp_path / "x.gz")])
    with pytest.raises(UnreadableInput, match=r"x\.gz is damaged"), open_text(source) as stream:
        stream.read()


def test_zstandard_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    (tmp_path / "x.zst").write_bytes(b"\x28\xb5\x2f\xfd....")
    (source,) = find_inputs([str(tmp_path / "x.zst")])
    with pytest.raises(UnreadableInput, match="pip install zstandard"):
        head(source)


def test_standard_input_and_pipes_are_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking for the format takes nothing away from what is read after."""
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(b"from stdin", mtime=0)))
    )
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("from a pipe",))
    writer.start()
    for source in find_inputs(["-", str(tmp_path / "pipe")]):
        first = head(source).text
        with open_text(source) as stream:
            assert stream.read() == first
        assert first.startswith("from ")
    writer.join()


def _rows(text: str) -> list[object]:
    lines = io.StringIO(text, newline="")
    return [
        one.line if isinstance(one, Rejected) else one
        for one in csv_rows(lines, None, lambda row: row[0].isdigit(), csv_style([text]))
    ]


def test_broken_rows_do_not_swallow_what_follows() -> None:
    """A row of the wrong width and a quote that is never closed cost only themselves."""
    text = 'n,t\n1,"a\nb"\n2\n\n3,"never\nclosed, it\n4,"x ""y"" z"\n5,"also\n6,q\n7,"r"\n'
    assert _rows(text) == [
        (1, ["n", "t"]), (2, ["1", "a\nb"]), 4, 6, (8, ["4", 'x "y" z']), 9, (10, ["6", "q"]),
        (11, ["7", "r"]),
    ]  # fmt: skip


@settings(deadline=None)
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(blacklist_characters="\0\r")), min_size=2, max_size=2),
        min_size=1,
    )
)
def test_csv_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    """Whatever is in the cells, rows come back, each with the line where it begins."""
    import csv

    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    found = list(csv_rows(io.StringIO(text.getvalue(), newline=""), {2}, bool, COMMAS))
    assert [one[1] for one in found if not isinstance(one, Rejected)] == rows
    starts = [1]
    for row in rows:
        starts.append(starts[-1] + 1 + sum(cell.count("\n") for cell in row))
    assert [one[0] for one in found if not isinstance(one, Rejected)] == starts[:-1]


OBJECTS = [{"a": n, "b": "x" * (n % 7) + "\n}{[],"} for n in range(50)]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, OBJECTS)),
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=1),
        json.dumps({"Records": OBJECTS}),
        json.dumps({"QueryExecutions": OBJECTS}, indent=2),
        "\n".join(json.dumps(one, indent=1) for one in OBJECTS),
        "".join(map(json.dumps, OBJECTS)),
    ],
)
@pytest.mark.parametrize("chunk", [3, 64, 1_000_000])
def test_json_objects_in_every_shape(
    text: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines, arrays, wrappers, on one line or many; however the stream is cut into chunks."""
    monkeypatch.setattr(
        "ingest.files.objects.CHUNK", max(chunk, len(text) if "\n" in text else chunk)
    )
    found = list(json_objects(io.StringIO(text)))
    assert [one[1] for one in found if not isinstance(one, Rejected)] == OBJECTS


def test_long_array_on_one_line_is_never_held_whole() -> None:
    """An array is read object by object; what is in memory does not grow with it."""

    class Endless(io.StringIO):
        given = 0

        def read(self, size: int | None = -1) -> str:
            self.given += 1
            return ("[" if self.given == 1 else "") + '{"a": "xxxxxxxxxx"},' * 50_000

    stream = Endless()
    objects = json_objects(stream)
    for _ in range(120_000):
        assert next(objects) == (1, {"a": "xxxxxxxxxx"})
    assert stream.given <= 3


def test_broken_objects_do_not_swallow_what_follows() -> None:
    """A broken object costs itself, in lines and in arrays."""
    lines = '{"a":1}\n{"a":\n{"a":3}\n[1]\n{"a":5}\n'
    found = [
        one.line if isinstance(one, Rejected) else one[1]
        for one in json_objects(io.StringIO(lines))
    ]
    assert found == [{"a": 1}, 2, {"a": 3}, 4, {"a": 5}]
    array = '[{"a":1},\n{"a":},\n{"a":3},\n{"a":"4}]'
    found = [
        one.line if isinstance(one, Rejected) else one[1]
        for one in json_objects(io.StringIO(array))
    ]
    assert found == [{"a": 1}, 2, {"a": 3}, 4]


@pytest.mark.parametrize(
    "text", ["A;b\n1;2\n", '[{"A":"1","b":2}]', "a\tB\n1\t2\n", "x|a|b\n0|1|2\n"]
)
def test_tables_by_name(text: str) -> None:
    """Columns are found by any of their names, without case; what is missing is empty."""
    table = read_table(io.StringIO(text), {"one": ("a1", "a"), "two": ("b",), "no": ("c",)}, bool)
    assert [cells for _, cells in table.cells] == [("1", "2", "")]
    assert table.matched.keys() == {"one", "two"}


MOMENT = 1_767_323_045_250_000  # 2026-01-02 03:04:05.25 UTC


@pytest.mark.parametrize(
    "stamp",
    [
        *("2026-01-02T03:04:05.25Z", "2026-01-02 03:04:05.250 UTC", "2026-01-02 03:04:05.250000"),
        *("2026-01-01 19:04:05.250 -0800", "2026-01-02T08:34:05.25+05:30", "1767323045.25"),
        *("1767323045250", "1767323045250000", "1767323045250000000", "2026/1/2 3:04:05.25"),
        *("2026-01-02 03:04:05.25+00", "2026-01-02 04:04:05.25 Europe/Berlin"),
        *("20260102T030405.25Z", "2026-01-02 03:04:05,250"),
    ],
)
def test_times(stamp: str) -> None:
    """One moment in the spellings that logs have."""
    assert Clock().micros(stamp) == MOMENT


def test_times_without_zone_are_those_of_the_source() -> None:
    """Summer and winter; the hour that comes twice is told by its abbreviation."""
    clock = Clock("Europe/Berlin")
    assert clock.micros("2026-01-02 04:04:05.25") == MOMENT
    assert clock.micros("2026-01-02 04:04:05.25 CET") == MOMENT
    twice = [clock.micros(f"2026-10-25 02:30:00 {zone}") for zone in ("CEST", "CET")]
    assert twice[1] - twice[0] == 3_600_000_000
    heard: list[str] = []
    clock.tell(heard.append)
    assert heard == []


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        ("1/2/2026 3:04", "day and month of '1/2/2026 3:04' cannot be told apart"),
        ("02.01.2026", "cannot be told apart"),
        ("yesterday", "neither ISO 8601 nor epoch"),
        ("2026-13-45 00:00:00", "neither ISO 8601 nor epoch"),
        ("2026-01-02 03:04:05 CET", "zone 'CET' .* is ambiguous: say --timezone"),
        ("12", "neither ISO 8601 nor epoch"),
    ],
)
def test_times_that_cannot_be_read_say_why(stamp: str, why: str) -> None:
    """No time is ever guessed."""
    with pytest.raises(UnreadableTime, match=why):
        Clock().micros(stamp)

"""From a path to text: what is found, unpacked and decoded; rows, objects and times out of it."""

from __future__ import annotations

import bz2
import datetime as dt
import decimal
import gzip
import io
import json
import lzma
import os
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather

from ingest.files.delimited import COMMAS, csv_rows, csv_style
from ingest.files.objects import json_objects
from ingest.files.reading import (
    bytes_read,
    find_inputs,
    head,
    losses,
    open_text,
)
from ingest.files.tables import read_table, table_columns
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


def packed(content: bytes, codec: str) -> bytes:
    """The content in a frame of zstd or lz4."""
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, codec) as stream:
        stream.write(content)
    return out.getvalue().to_pybytes()


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
        packed(TEXT.encode(), "zstd"),
        packed(TEXT.encode("utf-16"), "lz4"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
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
    with open_text(source) as stream:
        assert stream.read() == "a\ufffd\ufffdb\ufffd"
        (loss,) = losses(stream)
    assert "x: 3 bytes are not UTF-8" in loss


LINES = "".join(f'{{"n": {n}, "x": "{n * n}"}}\n' for n in range(20_000)).encode()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(LINES, mtime=0),
        bz2.compress(LINES, 1),
        lzma.compress(LINES),
        packed(LINES, "zstd"),
        packed(LINES, "lz4"),
    ],
    ids=["gz", "bz2", "xz", "zst", "lz4"],
)
def test_what_a_damaged_file_has_before_the_damage_is_read(tmp_path: Path, content: bytes) -> None:
    """A packed file that ends too early gives what it has, and the user hears that it is damaged.

    One that is damaged from its first bytes is an error that names it.
    """
    (tmp_path / "x").write_bytes(content[: len(content) * 3 // 4])
    (source,) = find_inputs([str(tmp_path / "x")])
    with open_text(source) as stream:
        text = stream.read()
        (loss,) = losses(stream)
    assert LINES.decode().startswith(text)
    assert len(text) > len(LINES) / 4
    assert "x is damaged, what follows is lost" in loss
    (tmp_path / "x").write_bytes(content[:12])
    with pytest.raises(UnreadableInput, match="x is damaged"):
        head(source)


def test_lz4_blocks_of_java(tmp_path: Path) -> None:
    """Spark's own frame of LZ4 blocks is read, stored blocks too."""
    codec = pa.Codec("lz4_raw")
    middle = codec.compress(LINES[9:-9], asbytes=True)
    blocks = [(0x10, LINES[:9], 9), (0x20, middle, len(LINES) - 18), (0x10, LINES[-9:], 9)]
    frame = b"".join(
        struct.pack("<8sBiii", b"LZ4Block", token | 7, len(data), size, 0) + data
        for token, data, size in [*blocks, (0x10, b"", 0)]
    )
    (tmp_path / "x").write_bytes(frame)
    (source,) = find_inputs([str(tmp_path / "x")])
    with open_text(source) as stream:
        assert stream.read() == LINES.decode()


def test_packed_files_need_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the message says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name, content in (("x.zst", packed(LINES, "zstd")), ("x.parquet", b"PAR1....PAR1")):
        (tmp_path / name).write_bytes(content)
        (source,) = find_inputs([str(tmp_path / name)])
        with pytest.raises(UnreadableInput, match=f"{name} is readable only with pyarrow: pip"):
            head(source)


NO_LOGS = {
    "zip": (b"PK\x03\x04\x14\0\0\0a.csv", "a zip archive: unpack it"),
    "docx": (b"PK\x03\x04\x14\0\x06\0\x08\0[Content_Types].xml", "an Office document: save"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Office document: save"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7-Zip archive: unpack it"),
    "rar": (b"Rar!\x1a\x07\x01\0", "a RAR archive: unpack it"),
    "snappy": (b"\xff\x06\0\0sNaPpY....", "packed with Snappy: unpack it"),
    "pdf": (b"%PDF-1.7\n1 0 obj", "a PDF document"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
    "sqlite": (b"SQLite format 3\x00" + bytes(80), "an SQLite database"),
    "avro": (b"Obj\x01\x04\x16avro.schema", "an Avro file: export as Parquet"),
    "xel": (bytes(range(256)) * 3, "binary, no log that is known"),
    "tar": (b"queries.csv".ljust(257, b"\0") + b"ustar\x0000", "a tar archive: unpack it"),
}


@pytest.mark.parametrize("name", NO_LOGS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_what_is_no_text_says_what_it_is(tmp_path: Path, name: str, pack: Callable) -> None:
    """Archives, documents and images are told by their first bytes, packed ones too."""
    content, what = NO_LOGS[name]
    (tmp_path / "x").write_bytes(pack(content))
    (source,) = find_inputs([str(tmp_path / "x")])
    with pytest.raises(UnreadableInput, match=f"x is {what}"):
        open_text(source)


def test_files_that_are_one_log(tmp_path: Path) -> None:
    """The parts of a rolled log are read one behind the other, by number, however packed."""
    folder = tmp_path / "eventlog_v2_app-1"
    folder.mkdir()
    (folder / "events_10_app-1").write_text("c")
    (folder / "events_2_app-1.zst").write_bytes(packed(b"b", "zstd"))
    (folder / "events_1_app-1").write_text("a\n")
    (folder / "appstatus_app-1").write_text("")
    (tmp_path / "duckdb_log_entries.csv").write_text("entries\n")
    (tmp_path / "duckdb_log_contexts.csv").write_text("contexts\n")
    texts = []
    for source in find_inputs([str(tmp_path)]):
        with open_text(source) as stream:
            texts.append(stream.read())
            assert bytes_read(stream) == source.size
    assert texts == ["contexts\nentries\n", "a\nb\nc"]
    named = sorted(map(str, folder.iterdir()))
    (source,) = find_inputs(named)
    assert [path.name for path in source.more] == ["events_2_app-1.zst", "events_10_app-1"]


ROWS = [
    {
        "QUERY_TEXT": "select 'ä\n' from t",
        "START_TIME": dt.datetime(2026, 1, 2, 3, 4, 5, 250_000, dt.UTC),
        "LOCAL": dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - a time without zone
        "DAY": dt.date(2026, 1, 2),
        "SESSION_ID": decimal.Decimal("12345678901234567890"),
        "RATIO": decimal.Decimal("1.50"),
        "COUNT": 3.0,
        "TAGS": [{"key": "dag", "value": "nightly"}],
        "BLOB": b"select 1",
        "ID": bytes(range(240, 256)),
        "OK": True,
        "NONE": None,
    }
]
SHOWN = (
    "select 'ä\n' from t", "2026-01-02T03:04:05.250000Z", "2026-01-02 03:04:05", "2026-01-02",
    "12345678901234567890", "1.50", "3", '[{"key":"dag","value":"nightly"}]', "select 1",
    "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff", "true", "",
)  # fmt: skip


def _columnar(kind: str, table: pa.Table) -> bytes:
    out = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, out, row_group_size=300)
    elif kind == "feather":
        feather.write_feather(table, out, chunksize=300)
    else:
        opened = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
        with opened(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=300)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "feather", "file", "stream"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_columnar_files_are_read_as_the_tables_they_are(
    tmp_path: Path, kind: str, pack: Callable
) -> None:
    """Parquet and Arrow come as JSON Lines: times with and without zone, decimals, bytes, nested.

    Their progress ends at their size.
    """
    zoned = pa.array([ROWS[0]["START_TIME"]], pa.timestamp("ns", "America/New_York"))
    table = pa.Table.from_pylist(ROWS).set_column(1, "START_TIME", zoned)
    table = table.set_column(0, "QUERY_TEXT", table.column(0).dictionary_encode())
    (tmp_path / "x").write_bytes(pack(_columnar(kind, pa.concat_tables([table] * 1000))))
    (source,) = find_inputs([str(tmp_path / "x")])
    fields = {name: (name.lower(),) for name in table.column_names}
    with open_text(source) as stream:
        found = [cells for _, cells in read_table(stream, fields, bool).cells]
        assert bytes_read(stream) == source.size
        assert losses(stream) == ()
    assert found == [SHOWN] * 1000


def test_damaged_columnar_file_is_named(tmp_path: Path) -> None:
    """A Parquet file that was cut off has lost its index: it says so, with its name."""
    content = _columnar("parquet", pa.Table.from_pylist(ROWS))
    (tmp_path / "x.parquet").write_bytes(content[:-20])
    (source,) = find_inputs([str(tmp_path / "x.parquet")])
    with pytest.raises(UnreadableInput, match=r"x\.parquet is damaged"):
        head(source)


def test_first_line_is_seen_whole(tmp_path: Path) -> None:
    """A first record with a long statement does not hide the format."""
    (tmp_path / "x").write_text(json.dumps({"query": "x" * 200_000, "user": "ana"}) + "\n{}\n")
    (source,) = find_inputs([str(tmp_path / "x")])
    assert table_columns(head(source).text) == ("query", "user")


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


@pytest.mark.parametrize("form", ["lines", "document"])
def test_half_a_character_is_replaced(form: str) -> None:
    """A JSON escape of one half stands for none, which no store could hold; whole ones stay."""
    text = r'{"half": "a\ud83d", "whole": "\ud83d\ude42"}' + "\n"
    text = text if form == "lines" else f"[\n{text}]"
    (found,) = json_objects(io.StringIO(text, newline=""))
    assert not isinstance(found, Rejected)
    assert found[1] == {"half": "a\ufffd", "whole": "\U0001f642"}


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


def test_what_is_broken_before_the_header_is_told() -> None:
    """A quote that is never closed in front of a table costs itself, and is counted."""
    table = read_table(io.StringIO('"export of\na,b\n1,2\n'), {"one": ("a",)}, bool)
    assert table.matched == {"one": "a"}
    first, *rows = table.cells
    assert isinstance(first, Rejected)
    assert rows == [(3, ("1",))]

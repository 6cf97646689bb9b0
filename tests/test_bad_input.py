"""Whatever is wrong with a file: what can be read is read, the rest counted, and the user told."""

import gzip
import io
import json
import tarfile
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest

from ingest.declared.sources import SourceBook, SourceFlags
from ingest.files.reading import find_inputs, head, open_text
from ingest.formats.find import detect
from ingest.pipeline import ImportOptions, import_paths
from ingest.record import ReadOptions
from lineage.errors import UnreadableInput
from lineage.stores import open_store

HEADER = "query_id,query_text,user_name,start_time,execution_status\n"
ROW = "{},select id from orders where id > {},ana,2026-01-02T03:04:05Z,SUCCESS\n"
LOG = HEADER + "".join(ROW.format(f"q{n}", n) for n in range(2000))
LINE = '{"query": "select id from orders", "timestamp": 1767323045, "user": "bo"}'


def tar(content: bytes) -> bytes:
    """An archive of one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("queries.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


# Files → records imported, dead letters by reason, and what the user is told.
READ: Mapping[str, tuple[dict[str, bytes], int, dict[str, int], tuple[str, ...]]] = {
    "header in another case and order, more and fewer columns": (
        {"x.csv": b"Start_Time,Z,Query_Text,USER_NAME\n2026-01-02T03:04:05Z,z,select a from t,b\n"},
        1, {}, ("columns: text=Query_Text, start=Start_Time, user=USER_NAME",),
    ),
    "an export cut in the middle of a row": (
        {"x.csv": (LOG[:-40]).encode()}, 1999, {"broken_record": 1}, (),
    ),
    "an export cut in the middle of a quoted statement": (
        {"x.csv": (HEADER + ROW.format("q", 1) + 'q2,"select id\n from orders').encode()},
        1, {"broken_record": 1}, (),
    ),
    "a JSON array cut in the middle": (
        {"x.json": f'[{LINE}, {LINE[:30]}'.encode()}, 1, {"broken_record": 1}, (),
    ),
    "two formats in one folder, and what is no log": (
        {
            "d/a.csv": (HEADER + ROW.format("q", 1)).encode(),
            "d/b.jsonl": LINE.encode(),
            "d/c.png": b"\x89PNG\r\n\x1a\n",
            "d/d.docx": b"PK\x03\x04\x14\0\x06\0\x08\0[Content_Types].xml",
        },
        2, {}, ("skipped 2 of 4 files", "c.png is a PNG image", "d.docx is an Office document"),
    ),
    "a header without rows": ({"x.csv": HEADER.encode()}, 0, {}, ("x.csv has no records",)),
    "an empty file beside a log": (
        {"d/a.csv": b"", "d/b.jsonl": LINE.encode()}, 1, {}, ("skipped 1 of 2", "a.csv: empty"),
    ),
    "bytes that are not UTF-8": (
        {"x.jsonl": LINE.replace("bo", "J\xfcrgen").encode("latin-1")},
        1, {}, ("x.jsonl: 1 bytes are not UTF-8", "iconv"),
    ),
    "dates as a spreadsheet makes them": (
        {"x.csv": (HEADER + ROW.replace("2026-01-02T03:04:05Z", "1/2/2026 3:04")).encode()},
        0, {"bad_time": 1}, ("day and month of '1/2/2026 3:04' cannot be told apart: export",),
    ),
    "a truncated gzip": (
        {"x.csv.gz": gzip.compress(LOG.encode(), mtime=0)[:-300]},
        None, {"broken_record": 1}, ("x.csv.gz is damaged, what follows is lost",),
    ),
    "NUL bytes": (
        {"x.csv": (HEADER + ROW.format("q", 1).replace("orders", "ord\0ers")).encode()}, 1, {}, (),
    ),
    "lines of a program between the records": (
        {"x.jsonl": f"{LINE}\nTraceback:\n at x\n{LINE}\n".encode()}, 1, {"broken_record": 2}, (),
    ),
}  # fmt: skip

# Files → what the error says; nothing is imported.
REFUSED: Mapping[str, tuple[dict[str, bytes], tuple[str, ...]]] = {
    "an empty file": ({"x.csv": b""}, ("nothing to read", "x.csv: empty")),
    "a folder of SQL": (
        {"d/a.sql": b"select 1 from t;\n", "d/b.sql": b"-- daily\ncreate table x as select 1"},
        ("nothing to read", "neither who ran it nor when: `lineage extract`"),
    ),
    "a tar archive": ({"x.tar": tar(LOG.encode())}, ("x.tar is a tar archive: unpack it",)),
    "a packed tar archive": (
        {"x.tgz": gzip.compress(tar(LOG.encode()))}, ("x.tgz is a tar archive: unpack it",),
    ),
    "a 7-Zip archive": ({"x.7z": b"7z\xbc\xaf\x27\x1c\0\4"}, ("x.7z is a 7-Zip archive",)),
    "columns without statements": (
        {"x.csv": b"sql\nselect 1\n"}, ("its columns are sql", "--map text=COLUMN"),
    ),
    "a gzip without content": ({"x.gz": gzip.compress(LOG.encode())[:12]}, ("x.gz is damaged",)),
}  # fmt: skip


def written(folder: Path, files: Mapping[str, bytes]) -> str:
    """The path to import: the folder of the files, or the one file."""
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    first = next(iter(files))
    return str(folder / first.partition("/")[0])


def imported(folder, files):
    """The report of an import of these files."""
    store = open_store(f"sqlite:///{folder / 'graph.db'}", create=True)
    book = SourceBook.from_flags(SourceFlags(namespace="shop://x", dialect="snowflake"))
    return import_paths(store, [written(folder, files)], ImportOptions(book, workers=1))


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read(tmp_path, name):
    """Good records are imported, bad ones counted by reason, and the user hears what to do."""
    files, count, dead, told = READ[name]
    report = imported(tmp_path, files)
    assert report.balanced
    assert report.dead_letters == dead
    assert report.imported == count if count is not None else 1000 < report.imported < 2000
    warnings = "\n".join(report.warnings)
    assert [part for part in told if part not in warnings] == [], warnings


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_log_is_refused_with_what_to_do(tmp_path, name):
    """The error says what the file is, by name, and what can be done."""
    files, told = REFUSED[name]
    with pytest.raises(UnreadableInput) as refused:
        imported(tmp_path, files)
    assert [part for part in told if part not in str(refused.value)] == [], refused.value


def test_array_on_one_line_is_read_in_bounded_memory(tmp_path):
    """An export of one long line takes no more memory than a short one."""
    one = json.dumps(
        {"query": "select 1 from t " + "x" * 500, "user": "bo", "timestamp": 1767323045}
    )
    peaks = []
    for count in (8_000, 24_000):
        (tmp_path / "x.json").write_text(f"[{','.join([one] * count)}]")
        (source,) = find_inputs([str(tmp_path / "x.json")])
        tracemalloc.start()
        with open_text(source) as stream:
            records = detect(head(source)).format.read(stream, ReadOptions())
            assert sum(1 for _ in records) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5

"""A file that was read to its end is not read again, and nobody can tell but by the time."""

from __future__ import annotations

import shutil

import pytest

from ingest import portioning
from tests.trusted_logs import export, hash_of, month, row, take

UNREAD = "SELECT FROM WHERE (((", "SELECT 'open"


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that imports open."""
    names = []
    really = portioning.open_text

    def open_text(source):
        names.append(source.name)
        return really(source)

    monkeypatch.setattr(portioning, "open_text", open_text)
    return names


@pytest.fixture
def rows():
    """Statements that are understood and hang on no session; and one that failed."""
    plain = [one for one in month(sessions=False) if not one[1].startswith(UNREAD)]
    return [*plain, (*row(900, "SELECT id FROM orders")[:5], "FAIL")]


def test_the_same_bytes_are_not_read_again(tmp_path, opened, rows):
    """Under another name, too; the report says what reading them again would say."""
    url = f"sqlite:///{tmp_path}/a.db"
    log = export(rows, tmp_path / "log.csv")
    take(url, [log])
    before = hash_of(url)
    longer = tmp_path / "longer.csv"
    longer.write_bytes((tmp_path / "log.csv").read_bytes() + b"\r\n")
    read = take(url, [str(longer)])
    copied = shutil.copy(log, tmp_path / "copy.csv")
    spared = take(url, [copied])
    assert opened == [log, str(longer)]
    assert (spared.read, spared.duplicate, spared.ignored) == (
        len(rows), len(rows) - 1, {"failed": 1}
    )  # fmt: skip
    assert (spared.read, spared.duplicate, spared.ignored) == (
        read.read, read.duplicate, read.ignored
    )  # fmt: skip
    assert hash_of(url) == before


def test_a_file_that_grew_is_read(tmp_path, opened, rows):
    """And only what is new in it counts."""
    url = f"sqlite:///{tmp_path}/a.db"
    log = export(rows[:-5], tmp_path / "log.csv")
    take(url, [log])
    export(rows, tmp_path / "log.csv")
    assert take(url, [log]).imported == 4
    assert opened == [log, log]


@pytest.mark.parametrize(
    "more", ["CREATE TEMPORARY TABLE t AS SELECT id FROM orders", "SELECT 'open"]
)
def test_what_may_mean_more_later_is_read_again(tmp_path, opened, rows, more):
    """A session that goes on elsewhere; a statement that a later version may understand."""
    url = f"sqlite:///{tmp_path}/a.db"
    log = export([*rows, row(901, more)], tmp_path / "log.csv")
    take(url, [log])
    take(url, [log])
    assert opened == [log, log]

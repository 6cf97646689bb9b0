"""What was not understood is told, kept, and counted once on the day it is understood."""

import msgspec
import pytest
from click.testing import CliRunner

from app.cli import cli
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.deriving import analysing, remembered, version
from ingest.folding.dead_letters import letters_of
from ingest.pipeline import import_paths, replay
from ingest.sql import Analysis
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.stores import open_store
from tests.trusted_logs import export, hash_of, month, options, row, take

COLUMNS = {"text": "statement", "user": "who", "query_id": "id"}


@pytest.fixture
def sqlite(tmp_path):
    """Opens a new SQLite store of that name."""
    opened = []

    def new(name):
        opened.append(open_store(f"sqlite:///{tmp_path}/{name}.db", create=True))
        return opened[-1]

    yield new
    for store in opened:
        store.close()


def generic(**more):
    """Options of an import of any CSV."""
    flags = SourceFlags(namespace="pg://shop", dialect="postgres", format="generic")
    return options(book=SourceBook.from_flags(flags), **more)


def totals(store):
    """How often each process ran, all together."""
    return sum(edge.activity.total for edge in store.scan_edges([EdgeType.RAN]))


def worse(monkeypatch, word):
    """An analyser that understands no statement with this word."""
    real, code = analysing.analyse, remembered._analyser

    def analyse(sql, *more):
        if word in sql:
            return Analysis((), more[1], "unparsable: too new")
        return real(sql, *more)

    def install(analyse, code):
        monkeypatch.setattr(analysing, "analyse", analyse)
        monkeypatch.setattr(remembered, "_analyser", code)  # what one has made is its own

    install(analyse, lambda: b"worse")
    return lambda: install(real, code)


def test_letters_say_what_where_and_how_often(tmp_path, sqlite):
    """Reason, file, line, masked text, tokens and digest; a text met twice is one letter."""
    rows = [row(n, f"SELECT 'open{n // 2} FROM orders") for n in range(4)]
    store = sqlite("letters")
    path = export([*rows, row(9, "SELECT id FROM orders")], tmp_path / "log.csv")
    import_paths(store, [path], options())
    found = letters_of(store, 10)
    assert (found.total, found.reasons) == (4, {"truncated": 4})
    assert [(one.count, one.file, one.line) for one in found.letters] == [
        (2, path, 2),
        (2, path, 4),
    ]
    assert len({one.digest for one in found.letters}) == 2
    assert all("open" not in one.sql and len(one.digest) == 32 for one in found.letters)


def test_an_upgrade_understands_what_is_in_the_store(tmp_path, sqlite, monkeypatch):
    """Statements that no analyser understood count after an upgrade, their files gone."""
    path = export(month(), tmp_path / "log.csv")
    store, clean = sqlite("upgraded"), sqlite("clean")
    better = worse(monkeypatch, "daily")
    dead = sum(import_paths(store, [path], options()).dead_letters.values())
    better()
    import_paths(clean, [path], options())
    (tmp_path / "log.csv").unlink()
    report = replay(store, options())
    assert report.balanced
    assert report.revived == report.imported == dead - letters_of(clean, 0).total > 0
    assert graph_hash(store) == graph_hash(clean)
    assert letters_of(store, 0) == letters_of(clean, 0)
    assert replay(store, options()).imported == 0


def test_a_rerun_counts_what_is_understood_by_now(tmp_path, sqlite, monkeypatch):
    """New statements of a template that is understood by now bring the old ones back."""
    rows = month(sessions=False)
    store, clean = sqlite("old"), sqlite("clean")
    better = worse(monkeypatch, "daily")
    import_paths(store, [export(rows[:40], tmp_path / "a.csv")], options())
    better()
    import_paths(store, [export(rows[40:], tmp_path / "b.csv")], options())
    import_paths(clean, [export(rows, tmp_path / "c.csv")], options())
    assert graph_hash(store) == graph_hash(clean)


def test_replay_reads_files_again_as_they_were_read(tmp_path, sqlite):
    """Records without a time count once a new --map says where their time is."""
    path = tmp_path / "log.csv"
    lines = [f"{n},SELECT id FROM orders,ANA,2026-10-0{n + 1}T08:00:00Z" for n in range(5)]
    path.write_text("\n".join(["id,statement,who,begun", *lines, "9,SELECT 'open,ANA,"]) + "\n")
    said = generic(columns={**COLUMNS, "start": "who"})
    store, clean = sqlite("mapped"), sqlite("clean")
    right = generic(columns={**COLUMNS, "start": "begun"})
    first = import_paths(store, [str(path)], said)
    assert (first.imported, sum(first.dead_letters.values())) == (0, 6)
    import_paths(clean, [str(path)], right)
    report = replay(store, options(columns=right.columns))
    assert report.balanced
    assert report.imported == 5
    assert graph_hash(store) == graph_hash(clean)
    assert letters_of(store, 0) == letters_of(clean, 0)


def test_a_letter_goes_when_the_engine_tells_its_statement(tmp_path, sqlite):
    """A text that nobody understands is no dead letter when another log says what it did."""
    store = sqlite("told")
    query = '"q1","MERGE WHAT 1 2 3 (((","ANA","2026-10-01 08:00:00.000 +0000","1","SUCCESS"\n'
    history = tmp_path / "history.csv"
    header = "query_id,query_text,user_name,start_time,session_id,execution_status\n"
    history.write_text(header + query)
    import_paths(store, [str(history)], options())
    assert letters_of(store, 0).total == 1
    touched = [{"objectName": "SHOP.PUBLIC.ORDERS", "objectDomain": "Table", "columns": []}]
    access = {
        "QUERY_ID": "q1",
        "QUERY_START_TIME": "2026-10-01T08:00:00Z",
        "USER_NAME": "ANA",
        "DIRECT_OBJECTS_ACCESSED": touched,
        "BASE_OBJECTS_ACCESSED": touched,
        "OBJECTS_MODIFIED": [],
    }
    told = tmp_path / "access.jsonl"
    told.write_bytes(msgspec.json.encode(access) + b"\n")
    import_paths(store, [str(told)], options())
    assert letters_of(store, 0).total == 0
    assert totals(store) == 1


def test_an_older_analysis_is_derived_again(fresh_url, tmp_path, monkeypatch):
    """What another analyser derived is derived anew by the next import, as in a clean run."""
    path = export(month(), tmp_path / "log.csv")
    clean, url = f"sqlite:///{tmp_path}/clean.db", fresh_url()
    take(clean, [path])
    now = version.ANALYSER
    monkeypatch.setattr(version, "ANALYSER", now - 1)
    real = analysing.analyse

    def coarse(sql, *more):
        found = real(sql.replace("sum(amount)", "sum(id)"), *more)
        statements = (msgspec.structs.replace(s, parse="table_only") for s in found.statements)
        return msgspec.structs.replace(found, statements=tuple(statements))

    monkeypatch.setattr(analysing, "analyse", coarse)
    take(url, [path])
    assert hash_of(url) != hash_of(clean)
    monkeypatch.setattr(analysing, "analyse", real)
    monkeypatch.setattr(version, "ANALYSER", now)
    report = take(url, [])
    assert hash_of(url) == hash_of(clean)
    assert any("derived again" in one for one in report.warnings)
    assert take(url, []).warnings == ()


def test_what_an_analyser_no_longer_understands_waits_for_one_that_does(
    tmp_path, sqlite, monkeypatch
):
    """Deriving again loses nothing: what is not understood is a dead letter until it is."""
    path = export(month(), tmp_path / "log.csv")
    store, clean = sqlite("again"), sqlite("clean")
    for one in (store, clean):
        import_paths(one, [path], options())
    better = worse(monkeypatch, "daily")
    import_paths(store, [], options(rederive=True))
    assert totals(store) < totals(clean)
    assert letters_of(store, 0).total > letters_of(clean, 0).total
    better()
    import_paths(store, [], options(rederive=True))
    assert graph_hash(store) == graph_hash(clean)
    assert letters_of(store, 0) == letters_of(clean, 0)


def test_behind_the_retention_records_are_refused(fresh_url, tmp_path):
    """What the ledger has forgotten is not counted twice; coverage still knows its days."""
    path = export(month(sessions=False), tmp_path / "log.csv")
    url = fresh_url()
    first = take(url, [path], options(retain=10))
    before = hash_of(url)
    again = take(url, [path])
    assert (again.imported, again.dead_letters) == (0, {})
    assert again.ignored["before_retention"] > 0
    assert again.duplicate > 0
    assert again.coverage == first.coverage
    assert hash_of(url) == before


def test_events_behind_the_retention_are_refused(tmp_path, sqlite):
    """Events have a ledger too, and a mark in it."""
    event = {
        "eventType": "COMPLETE",
        "job": {"namespace": "n", "name": "j"},
        "inputs": [{"namespace": "db", "name": "t"}],
        "producer": "https://example.com",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }
    lines = [
        msgspec.json.encode(
            event | {"run": {"runId": f"r{day}"}, "eventTime": f"2026-10-{day:02d}T08:00:00Z"}
        )
        for day in range(1, 21)
    ]
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(lines))
    store = sqlite("events")
    assert import_paths(store, [str(path)], options(retain=5)).imported == 20
    report = import_paths(store, [str(path)], options())
    assert (report.ignored, report.duplicate) == ({"before_retention": 15}, 5)


def test_the_ledger_is_as_large_as_its_retention(tmp_path, sqlite):
    """Sixteen bytes a statement are given back behind the mark."""
    path = export(month(sessions=False), tmp_path / "log.csv")
    store = sqlite("retained")
    import_paths(store, [path], options(retain=10))
    logged = store.logged()["snowflake://shop"].days
    shards = store.shards([("snowflake://shop", day) for day in logged])
    last = max(logged)
    assert {day for (_, day), shard in shards.items() if shard.keys} == {
        day for day in logged if day > last - 10
    }


def test_the_command_line_replays(tmp_path):
    """`lineage replay` needs no flags: it remembers how the files were read."""
    url = f"sqlite:///{tmp_path}/cli.db"
    take(url, [export(month(), tmp_path / "log.csv")])
    done = CliRunner().invoke(cli, ["replay", "--store", url, "--format", "json"])
    assert done.exit_code == 0, done.output
    report = msgspec.json.decode(done.stdout)
    assert (report["read"], report["duplicate"], report["imported"]) == (96, 96, 0)
    told = CliRunner().invoke(cli, ["replay", "--store", url]).stdout
    assert told.startswith("0 of 24 records that were not understood are understood now.")
    top = CliRunner().invoke(
        cli, ["dead-letters", "--top", "1", "--store", url, "--format", "json"]
    )
    assert len(msgspec.json.decode(top.stdout)["letters"]) == 1

"""A certificate at use: what makes it void, checked on the store and offline; what it prints."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli import cli
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.proof.certificate import Certificate
from lineage.analyses.proof.platforms import platform_of
from lineage.analyses.proof.prove import prove_unused
from lineage.analyses.proof.verifying import Verification, read_certificate, verify
from lineage.analyses.stewardship.notices import announce
from lineage.errors import UnreadableInput
from lineage.model import EdgeKey, EdgeType
from lineage.names import DatasetId, JobId
from lineage.store import Store
from lineage.stores import open_store
from tests.proof_world import (
    DEAD,
    END,
    MART,
    NOW,
    RAW,
    Change,
    World,
    fill,
    filled,
    proof,
    table,
)

_UNRELATED: dict[str, Change] = {
    "a reader of another": lambda world: world.read(MART, "ben"),
    "a job beside": lambda world: world.job("other", RAW, table("other")),
    "a record about another": lambda world: world.unread("merge other", END),
    "a day before": lambda world: world.logged["db"].remove(END - 95),
    "another source": lambda world: world.logged.update(lake={END - 3}),
    "a read that is not counted yet": lambda world: world.read(DEAD, "ben", (END + 9,)),
}


@pytest.mark.parametrize("change", _UNRELATED.values(), ids=_UNRELATED)
def test_an_unrelated_change(change: Change) -> None:
    """What is about other datasets, or other days, does not touch the evidence."""
    assert proof(change, as_of=END).evidence_hash == proof(as_of=END).evidence_hash


def _once_more(world: World) -> None:
    key = EdgeKey(EdgeType.READ_BY, RAW, JobId("jobs", "load"))
    world.edge(key, (*world.edges[key].activity.days, END))


_RELATED: dict[str, tuple[Change, str]] = {
    "a read long ago": (
        lambda world: world.read(DEAD, "ben", (END - 300,)), "READ_BY db:shop.dead → bi:ben",
    ),
    "a bot": (lambda world: world.read(DEAD, "scan", kind="system"), "bi:scan"),
    "a writer": (lambda world: world.job("more", RAW, DEAD), "WRITES jobs:more → db:shop.dead"),
    "a day of a writer": (
        lambda world: world.job("load", RAW, DEAD, (END - 1,)), "WRITES jobs:load → db:shop.dead",
    ),
    "a fact": (lambda world: world.fact(DEAD, tags="pii"), "db:shop.dead"),
    "a day": (lambda world: world.logged["db"].remove(END - 9), "log of db"),
    "a record": (lambda world: world.unread("drop dead", END), "may name db:shop.dead"),
    "what was declared": (lambda world: world.listen(("dump",)), "log of db"),
    "a hold": (lambda world: world.fact(DEAD, hold="true"), "decisions about db:shop.dead"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "what"), _RELATED.values(), ids=_RELATED)
def test_a_change_of_the_evidence(change: Change, what: str) -> None:
    """Whatever a certificate rests on makes it void when it changes, and is named."""
    found = _verified(proof(), change)
    assert not found.valid
    assert any(what in one.what for one in found.changes), found.changes


def _verified(certificate: Certificate, *changes: Change, now: dt.datetime = NOW) -> Verification:
    with filled(*changes) as store:
        return verify(store, certificate, now)


def test_seven_days() -> None:
    """It holds for seven days after the last day that was looked at, and then no more."""
    assert _verified(proof(), now=NOW + dt.timedelta(days=7)).valid
    over = _verified(proof(), now=NOW + dt.timedelta(days=8))
    assert not over.valid
    assert "valid until 2026-11-07" in over.verdict


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_one_changed_byte(data: st.DataObject) -> None:
    """No letter or digit of a certificate can be changed: it is void, or not read at all."""
    body = msgspec.json.encode(_CERTIFICATE)
    place = data.draw(st.integers(0, len(body) - 1).filter(lambda at: body[at : at + 1].isalnum()))
    changed = body[:place] + (b"1" if body[place : place + 1] != b"1" else b"2") + body[place + 1 :]
    try:
        certificate = read_certificate(changed, "x.cert.json")
    except UnreadableInput:
        return
    if certificate != _CERTIFICATE:
        assert certificate.sealed().seal != certificate.seal


_CERTIFICATE = proof()


def test_what_came_after() -> None:
    """A read after it was issued speaks against a certificate, though its evidence is the same."""

    def later(world: World) -> None:
        world.logged["db"] |= {END + 1, END + 2}
        world.read(DEAD, "ben", (END + 2,))

    found = _verified(_CERTIFICATE, later, now=NOW + dt.timedelta(days=3))
    assert (found.valid, found.state, found.looked_up_to) == (False, "REFUTED", "2026-11-02")
    assert found.evidence_hash == _CERTIFICATE.evidence_hash
    assert found.counter_example is not None
    assert found.counter_example.who == "bi:ben"
    quiet = _verified(_CERTIFICATE, lambda world: world.logged["db"].update((END + 1, END + 2)))
    assert quiet.valid


def test_a_decision_after() -> None:
    """A notice that was opened after the certificate was issued makes it void."""
    with filled() as store:
        later = NOW + dt.timedelta(hours=3)
        announce(store, f"drop dataset {DEAD}", "2027-01-01", "sam", now=later)
        assert not verify(store, _CERTIFICATE, later).valid
        assert verify(store, _CERTIFICATE, NOW).changes


def test_only_a_proof_is_valid() -> None:
    """What proves nothing is never valid, however unchanged."""
    nothing = proof(agreed=())
    with filled(agreed=()) as store:
        assert not verify(store, nothing, NOW).valid


def test_no_certificate() -> None:
    """A file that is none is refused with its name and how one is made."""
    for body in (b"", b"[]", b'{"state": "PROVEN"}', b"\xff"):
        with pytest.raises(UnreadableInput, match=r"x\.json is no certificate.*prove-unused"):
            read_certificate(body, "x.json")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a store with the world, in which a person once read `dead`."""
    url = f"sqlite:///{tmp_path}/x.db"
    store = open_store(url, create=True)
    fill(store, lambda world: world.read(DEAD, "Jane Doe", (END - 100,), "person"))
    store.close()
    return url


def test_command_line(url: str, tmp_path: Path) -> None:
    """0 when proven and valid, else 1; JSON has the keys of the contract; all of it offline."""
    file, snapshot, key = tmp_path / "dead.cert.json", tmp_path / "x.snap", tmp_path / "key"
    key.write_text("sixteen bytes and more")
    made = _run("prove-unused", "dead", "--store", url, "--to", str(file), "--format", "json")
    assert made.exit_code == 0, made.output
    keys = {"state", "facts", "counter_example", "missing", "set", "evidence_hash", "valid_until"}
    answer = json.loads(made.stdout)
    assert keys <= answer.keys()
    assert answer["store"] == url
    assert _run("prove-unused", "mart", "--store", url).exit_code == 1
    used = ("--as-of", "2026-11-01")
    at_use = _run("verify", str(file), "--store", url, *used, "--format", "json")
    assert (at_use.exit_code, json.loads(at_use.stdout)["valid"]) == (0, True)
    assert keys <= json.loads(at_use.stdout).keys()
    assert _run("verify", str(file), "--store", url, "--as-of", "2027-01-01").exit_code == 1
    packed = _run("snapshot", "--to", str(snapshot), "--key", str(key), "--store", url)
    assert packed.exit_code == 0, packed.output
    offline = ("--snapshot", str(snapshot), "--key", str(key))
    found = _run("verify", str(file), *offline, *used, "--format", "json")
    assert json.loads(found.stdout)["changes"] == []
    assert found.exit_code == 0
    again = _run("prove-unused", "dead", *offline, "--format", "json")
    assert json.loads(again.stdout)["evidence_hash"] == answer["evidence_hash"]


def test_persons_stay_in_the_house(url: str, tmp_path: Path) -> None:
    """The operator sees who read; the file that is written for others does not name persons."""
    file = tmp_path / "x.cert.json"
    shown = _run("prove-unused", "dead", "--store", url, "--to", str(file), "--explain")
    assert "Jane Doe" in shown.output
    assert "Jane" not in file.read_text()
    _run("prove-unused", "dead", "--window", "120d", "--store", url, "--to", str(file))
    assert "a person read shop.dead" in file.read_text()
    assert "Jane" not in file.read_text()


def test_text_for_people(url: str) -> None:
    """The verdict comes first, then the eight conditions; statements are printed whole."""
    text = _run("prove-unused", "dead", "--store", url).output
    assert text.startswith("PROVEN, for these logs: nobody needs shop.dead.")
    assert "DROP TABLE shop.dead;" in text
    assert "REFUTED" in _run("prove-unused", "raw", "--store", url).output


@pytest.mark.parametrize(
    ("namespace", "name", "kind", "drop"),
    [
        ("snowflake://x", "DB.S.T", "table", "DROP TABLE DB.S.T;"),
        ("snowflake://x", "DB.S.lower", "view", 'DROP VIEW DB.S."lower";'),
        ("postgres://h:5432", "shop.public.order", "table", 'DROP TABLE shop.public."order";'),
        ("postgres://h:5432", 'shop.public."a""b"', "table", 'DROP TABLE shop.public."a""b";'),
        ("bigquery", "my-project.d.t", "table", "DROP TABLE `my-project`.d.t;"),
        ("mysql://h:3306", "shop.orders", "table", "DROP TABLE shop.orders;"),
        ("mssql://h:1433", "db.dbo.my table]", "table", "DROP TABLE db.dbo.[my table]]];"),
        ("unknown", "a.b", "table", "DROP TABLE a.b;"),
        ("s3://lake", "raw/it's", "table", "aws s3 rm --recursive 's3://lake/raw/it'\"'\"'s/'"),
        (
            "kafka://bus:9092", "t; rm -rf /", "topic",
            "kafka-topics.sh --bootstrap-server bus:9092 --delete --topic 't; rm -rf /'",
        ),
    ],
)  # fmt: skip
def test_drop_statements(namespace: str, name: str, kind: str, drop: str) -> None:
    """A drop is spelled as the platform spells it; no name can end its quotes."""
    dataset = DatasetId(namespace, name)
    platform = platform_of(dataset)
    assert platform.spell(platform.drop, dataset, "view" if kind == "view" else "table") == drop


def test_dynamic_sql_from_a_log(tmp_path: Path) -> None:
    """Dynamic SQL of a log is kept without its values, and stands in the way of a proof."""
    log = tmp_path / "log.jsonl"
    rows = [
        ("create table shop.public.dead as select id from shop.public.raw", "2026-10-01"),
        ("execute immediate 'select * from t where a = ''secret''' || :x", "2026-10-05"),
        ("select 1 from shop.public.raw", "2026-10-09"),
    ]
    log.write_text(
        "\n".join(
            json.dumps({"query": sql, "user": "etl", "timestamp": f"{day}T08:00:00Z",
                        "schema": "public", "database": "shop"})
            for sql, day in rows
        )
    )  # fmt: skip
    store = open_store(f"sqlite:///{tmp_path}/x.db", create=True)
    flags = SourceFlags(namespace="snowflake://x", dialect="snowflake")
    for _ in range(2):
        import_paths(store, [str(log)], ImportOptions(SourceBook.from_flags(flags), workers=1))
    kept = [document.body for document in store.documents("dynamic_sql")]
    assert len(kept) == 1
    assert b"secret" not in kept[0]
    found = _dead(store)
    assert any(one.reason == "dynamic SQL" for one in found.missing), found.missing
    store.close()


def test_a_bucket_of_which_others_tell(tmp_path: Path) -> None:
    """What is declared of a namespace without a log of its own counts: that others tell of it."""
    (tmp_path / "log.jsonl").write_text(
        json.dumps({"query": "copy into 's3://lake/dead/' from shop.public.raw", "user": "etl",
                    "timestamp": "2026-10-31T08:00:00Z"})
    )  # fmt: skip
    declared = "sources: {wh: {files: ['*.jsonl'], namespace: 'snowflake://x', dialect: snowflake}"
    for lake, told in (("", False), (", lake: {namespace: 's3://lake', unlogged: []}", True)):
        (tmp_path / "sources.yml").write_text(declared + lake + "}")
        book = SourceBook.load(tmp_path / "sources.yml")
        store = open_store(f"sqlite:///{tmp_path}/{told}.db", create=True)
        import_paths(store, [str(tmp_path / "log.jsonl")], ImportOptions(book, workers=1))
        found = prove_unused(store, [DatasetId("s3://lake", "dead")], issued=NOW)
        assert ("no log of s3://lake" not in str(found.missing)) is told
        store.close()


def _dead(store: Store) -> Certificate:
    dead = DatasetId("snowflake://x", "SHOP.PUBLIC.DEAD")
    return prove_unused(store, [dead], issued=NOW)

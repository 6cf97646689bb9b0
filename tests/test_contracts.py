"""Data contracts: read and written without loss, drafted from use, held against what was seen."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ingest.declared.contract_drafts import draft
from ingest.declared.contract_files import contract_text, read_contract, written
from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import impact
from lineage.analyses.breaking.policy import Action, read_policy, rule_on
from lineage.analyses.stewardship.contracts import (
    Contract,
    contract_of,
    contracts,
    keep_contract,
    promised_by,
    tie,
)
from lineage.analyses.stewardship.deciding import Actor
from lineage.analyses.stewardship.keeping import Kept, check_contracts
from lineage.analyses.stewardship.needs import needs
from lineage.analyses.stewardship.stewardship import Level, stewardship_of
from lineage.calendar import day_of
from lineage.errors import AmbiguousName, InvalidDecision, UnknownName, UnreadableInput
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Role, Shard
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, TeamId
from lineage.store import Store
from lineage.stores import open_store

CASES = Path(__file__).parent / "cases" / "contracts"
WHOLE = sorted(CASES.glob("whole.*"))
ORDERS = DatasetId("postgres://h:5432", "db.shop.orders")
BOARD, PERSON, LOADER = ConsumerId("bi", "board"), ConsumerId("db", "ana"), JobId("etl", "load")
WHO = Actor("ana", "agreed", dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
DAYS = tuple(range(day_of("2026-08-01"), day_of("2026-10-31") + 1))
DAILY = Activity(DAYS, (1,) * len(DAYS))
COLUMNS = {"id": "INTEGER", "amount": "NUMERIC(10,2)", "state": "TEXT", "note": "TEXT"}


def shop() -> Batch:
    """`orders`, filled every day at 03:15, of which a dashboard and a person use three columns."""
    edges = [
        Edge(EdgeKey(EdgeType.WRITES, LOADER, ORDERS), DAILY, clock=Activity((13,), (92,))),
        Edge(EdgeKey(EdgeType.READ_BY, ORDERS, BOARD), DAILY),
        Edge(EdgeKey(EdgeType.READ_BY, ORDERS, PERSON), DAILY),
        Edge(EdgeKey(EdgeType.OWNS, TeamId("team", "sales"), ORDERS)),
        Edge(EdgeKey(EdgeType.OWNS, TeamId("team", "finance"), BOARD)),
    ]
    uses = [("id", Role.JOIN, BOARD), ("amount", Role.AGGREGATION, BOARD),
            ("state", Role.FILTER, BOARD), ("amount", Role.IDENTITY, PERSON)]  # fmt: skip
    for name, role, reader in uses:
        column = ColumnId(ORDERS, name)
        edges.append(Edge(EdgeKey(EdgeType.USED_BY, column, reader, role), DAILY))
    nodes = [Node(ORDERS, {"rows_written": Fact("", "500")})]
    for place, (name, type_) in enumerate(COLUMNS.items()):
        column = ColumnId(ORDERS, name)
        edges.append(Edge(EdgeKey(EdgeType.HAS_COLUMN, ORDERS, column)))
        nodes.append(Node(column, {"type": Fact("", type_), "ordinal": Fact("", str(place))}))
    nodes += [Node(BOARD, {"kind": Fact("", "dashboard"), "title": Fact("", "Board")}),
              Node(PERSON, {"kind": Fact("", "person")})]  # fmt: skip
    shards = tuple(Shard(ORDERS.namespace, day, 0, bytes(16)) for day in DAYS)
    return Batch(tuple(nodes), tuple(edges), shards=shards)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """The shop, in SQLite."""
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    opened.apply(shop())
    yield opened
    opened.close()


def contract(folder: Path, **said: object) -> Contract:
    """A contract about `orders`, in force unless said otherwise."""
    whole = {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "c1", "version": "1.0.0",
        "status": "active",
        "schema": [{"name": "orders", "physicalName": "shop.orders", "properties": [
            {"name": name, "physicalType": type_} for name, type_ in COLUMNS.items()
        ]}],
    } | said  # fmt: skip
    path = folder / "contract.json"
    path.write_text(json.dumps(whole))
    return read_contract(path)


@pytest.mark.parametrize("path", WHOLE, ids=[path.name for path in WHOLE])
def test_a_contract_is_kept_as_it_was_written(kept: Store, path: Path) -> None:
    """To the byte in its own form; in the other form with the same content, unknown keys too."""
    taken = keep_contract(kept, read_contract(path), WHO)
    again = contract_of(kept, taken.id)
    assert contract_text(again, again.form) == path.read_text(encoding="utf-8")
    as_json = json.loads(contract_text(again, "json"))
    as_yaml = yaml.load(contract_text(again, "yaml"), Loader=yaml.BaseLoader)
    assert list(as_json) == list(as_yaml)
    assert _plain(as_json) == as_yaml


def _plain(value: object) -> object:
    """A JSON value with its scalars as YAML's plainest loader gives them."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n", "holds no mapping"),
        ("{: bad", "neither JSON nor YAML"),
        ("a: 1\n", "neither `kind: DataContract` nor `apiVersion`"),
        ("apiVersion: v2.2.2\nkind: DataContract\nid: x\n", "is ODCS v2.2.2; versions 3.0 to 3.2"),
        ("apiVersion: v3.0.2\nkind: DataContract\n", "has no `id`"),
        ("apiVersion: v3.0.2\nid: x\nschema: {}\n", "`schema` is no list"),
        ("a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n"
         + "".join(f"{n}: &{n} [{', '.join([f'*{p}'] * 8)}]\n"
                   for p, n in ("ab", "bc", "cd", "de", "ef", "fg", "gh")), "values"),
    ],
)  # fmt: skip
def test_what_is_no_contract_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """The message says why; references that grow without end are not followed."""
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(UnreadableInput, match=says):
        read_contract(path)


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({}, Level.SUPPORTED),
        ({"slaProperties": [{"property": "latency", "value": 1, "unit": "d"}]}, Level.GUARANTEED),
        ({"status": "draft"}, Level.UNAWARE),
        ({"status": "retired"}, Level.UNAWARE),
        ({"customProperties": [{"property": "supportLevel", "value": "best-effort"}]},
         Level.BEST_EFFORT),
    ],
)  # fmt: skip
def test_a_contract_in_force_is_a_support_level(
    kept: Store, tmp_path: Path, said: dict[str, object], level: Level
) -> None:
    """Guaranteed when it promises a service, supported when not; a draft promises nothing."""
    keep_contract(kept, contract(tmp_path, **said), WHO)
    known = stewardship_of(kept)[ORDERS]
    assert known.contract is not None
    assert (known.contract.level, known.support.level) == (level, level)


def test_the_next_version_takes_the_place_of_the_last(kept: Store, tmp_path: Path) -> None:
    """What it no longer is about is promised no more."""
    keep_contract(kept, contract(tmp_path), WHO)
    keep_contract(kept, contract(tmp_path, version="2.0.0", schema=[]), WHO)
    assert [one.version for one in contracts(kept)] == ["2.0.0"]
    assert stewardship_of(kept) == {}


def test_the_servers_of_a_contract_tell_which_of_several_datasets_is_meant(
    kept: Store, tmp_path: Path
) -> None:
    """Without them the one that is meant must be said."""
    other = DatasetId("snowflake://acme", "DB.SHOP.ORDERS")
    kept.apply(Batch(nodes=(Node(other),)))
    with pytest.raises(AmbiguousName, match="say --dataset"):
        tie(kept, contract(tmp_path))
    server = {"type": "snowflake", "account": "acme", "database": "DB", "schema": "SHOP"}
    one = [{"name": "ORDERS", "properties": []}]
    made = tie(kept, contract(tmp_path, servers=[server], schema=one))
    assert made.datasets[0].dataset == other
    assert tie(kept, contract(tmp_path), str(ORDERS)).datasets[0].dataset == ORDERS
    with pytest.raises(InvalidDecision, match="is about 2 datasets"):
        tie(kept, contract(tmp_path, schema=one + one), str(ORDERS))


class TestCheck:
    """A promise against what was seen, and what consumers need."""

    def clauses(
        self, store: Store, made: Contract, as_of: str = "2026-10-31"
    ) -> dict[tuple[str, str], tuple[Kept, str]]:
        """(kind, column or promise) → what became of it and what was seen."""
        answer = check_contracts(store, [tie(store, made)], day_of(as_of))
        return {
            (one.kind, one.column or one.promised.partition(" ")[0]): (one.kept, one.seen)
            for one in answer.contracts[0].clauses
        }

    def test_a_contract_that_is_kept(self, kept: Store, tmp_path: Path) -> None:
        """What nobody uses is said, and is no violation."""
        answer = check_contracts(kept, [tie(kept, contract(tmp_path))])
        assert answer.kept
        assert answer.verdict == (
            "1 contract kept, as far as the logs tell; 1 promised and unused."
        )

    def test_columns(self, kept: Store, tmp_path: Path) -> None:
        """One that is gone, one of another kind of type, one that is used and not promised."""
        columns = [("id", "VARCHAR"), ("amount", "DECIMAL(12,2)"), ("gone", "INT")]
        properties = [{"name": name, "physicalType": type_} for name, type_ in columns]
        schema = [{"name": "shop.orders", "properties": properties}]
        found = self.clauses(kept, contract(tmp_path, schema=schema))
        assert found["schema", "id"] == (Kept.BROKEN, "INTEGER")
        assert found["schema", "amount"] == (Kept.KEPT, "NUMERIC(10,2)")
        assert found["schema", "gone"] == (Kept.BROKEN, "there is no such column")
        assert found["use", "state"] == (Kept.UNPROMISED, "1 user as FILTER")

    @pytest.mark.parametrize(
        ("service", "as_of", "expected"),
        [
            (("latency", 1, "d"), "2026-10-31", (Kept.KEPT, "last written on 2026-10-31")),
            (("latency", 36, "h"), "2026-11-04", (Kept.BROKEN, "last written on 2026-10-31")),
            (("frequency", 1, "w"), "2026-10-31", (Kept.KEPT, "written daily")),
            (("timeOfAvailability", "05:30+02:00", ""), "2026-10-31",
             (Kept.KEPT, "usually there by 03:30 UTC")),
            (("timeOfAvailability", "03:00", ""), "2026-10-31",
             (Kept.BROKEN, "usually there by 03:30 UTC")),
            (("retention", 3, "y"), "2026-10-31", (Kept.UNKNOWN, "not to be seen in the logs")),
        ],
    )  # fmt: skip
    def test_services(
        self, kept: Store, tmp_path: Path, service: tuple[str, object, str], as_of: str,
        expected: tuple[Kept, str],
    ) -> None:  # fmt: skip
        """Freshness by the days and times of the writes; what logs do not show is not judged."""
        key, value, unit = service
        sla = [{"property": key, "value": value, "unit": unit}]
        found = self.clauses(kept, contract(tmp_path, slaProperties=sla), as_of)
        assert found["service", key.lower()] == expected

    @pytest.mark.parametrize(
        ("rule", "failed", "expected"),
        [
            ({"metric": "rowCount", "mustBeGreaterThan": 499}, "", Kept.KEPT),
            ({"metric": "rowCount", "mustBeBetween": [1, 400]}, "", Kept.BROKEN),
            ({"metric": "rowCount", "mustBe": 5, "unit": "percent"}, "", Kept.UNKNOWN),
            ({"type": "sql", "query": "select 1", "mustBe": 0}, "", Kept.UNKNOWN),
            ({"type": "sql", "query": "select 1", "mustBe": 0}, "is_positive", Kept.BROKEN),
        ],
    )  # fmt: skip
    def test_quality(
        self, kept: Store, tmp_path: Path, rule: dict[str, object], failed: str, expected: Kept
    ) -> None:
        """By the counts and failed checks that events told of."""
        if failed:
            kept.apply(Batch(nodes=(Node(ORDERS, {"failed_checks": Fact("", failed)}),)))
        schema = [{"name": "shop.orders", "quality": [rule], "properties": []}]
        found = self.clauses(kept, contract(tmp_path, schema=schema))
        metric = str(rule.get("metric") or rule["type"])
        assert found["quality", metric][0] is expected


def test_a_draft_promises_what_is_used(kept: Store, tmp_path: Path) -> None:
    """Columns with roles and types, freshness by the writes, named consumers; people unnamed."""
    made = draft(needs(kept, ORDERS))
    (table,) = made["schema"]
    assert [one["name"] for one in table["properties"]] == ["id", "amount", "state"]
    assert table["properties"][1]["customProperties"] == [
        {"property": "usedAs", "value": ["IDENTITY", "AGGREGATION"]},
        {"property": "usedBy", "value": ["finance"]},
        {"property": "users", "value": 2},
    ]
    assert [(one["property"], one["value"]) for one in made["slaProperties"]] == [
        ("frequency", 1), ("latency", 1), ("timeOfAvailability", "03:30+00:00"),
    ]  # fmt: skip
    assert made["team"] == {"name": "sales"}
    named = made["customProperties"][0]["value"]
    assert [one.get("name", one.get("people")) for one in named] == ["Board", "fewer than 5"]
    assert "ana" not in written(made, "yaml")
    path = tmp_path / "draft.yaml"
    path.write_text(written(made, "yaml"))
    answer = check_contracts(kept, [tie(kept, read_contract(path))])
    assert answer.kept
    assert {one.kept for one in answer.contracts[0].clauses} == {Kept.KEPT}


def test_the_gate_asks_whether_a_contract_promises_what_changes(
    kept: Store, tmp_path: Path
) -> None:
    """A column that the contract does not list is not promised."""
    properties = [{"name": "id"}, {"name": "amount"}]
    keep_contract(
        kept, contract(tmp_path, schema=[{"name": "orders", "properties": properties}]), WHO
    )
    known = contracts(kept)
    assert promised_by(known, ORDERS) == "active"
    policy = read_policy(
        "rules: [{name: promised, when: {contract: [active]}, then: block}]", "p.yml"
    )
    for column, action in (("amount", Action.BLOCK), ("state", Action.ALLOW)):
        answer = impact(kept, [parse_change(f"drop column shop.orders.{column}")])
        assert rule_on(policy, answer, kept).action is action


def test_an_unknown_contract_is_an_error(kept: Store, tmp_path: Path) -> None:
    """By its id or its dataset it is found."""
    keep_contract(kept, contract(tmp_path), WHO)
    assert contract_of(kept, "c1") == contract_of(kept, "shop.orders")
    with pytest.raises(UnknownName, match="contract 'c2'; nearest: c1"):
        contract_of(kept, "c2")

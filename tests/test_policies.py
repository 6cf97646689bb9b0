"""Policies: what a rule decides of an answer, and what it would have decided before."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from lineage.analyses.breaking.impact import Impact
from lineage.analyses.breaking.items import Item
from lineage.analyses.breaking.policy import Announced, read_policy, rule_on
from lineage.analyses.listening.coverage import Coverage, Window
from lineage.analyses.listening.unread import Unjudged
from lineage.errors import InvalidPolicy
from lineage.model import Batch, Edge, EdgeKey, EdgeType, Fact, Node
from lineage.names import ConsumerId, DatasetId, TeamId
from lineage.stores import open_store
from tests.command_line import lineage

CASES = sorted((Path(__file__).parent / "cases" / "policies").glob("*.toml"))
ORDERS = DatasetId("db", "orders")
ITEM = {
    "ring": "fails", "kind": "consumer", "title": "", "team": None, "severity": 50,
    "level": "high", "band": "certain", "base": 1.0, "certainty": 1.0, "cause": "",
    "importance": 0.5, "roles": [], "columns": [], "path": ["db:orders"], "statement": None,
    "alive": True, "last": None, "next": None,
}  # fmt: skip


def answer_of(ask: dict) -> Impact:
    """An answer with the items of a case; what a case does not say is of no account."""
    items = msgspec.convert([{**ITEM, **one} for one in ask.get("items", [])], tuple[Item, ...])
    return Impact(
        change="drop dataset orders",
        verdict="",
        items=items,
        teams=(),
        unjudged=tuple(
            Unjudged(id_, "only its tables were read") for id_ in ask.get("unjudged", [])
        ),
        elsewhere=0,
        ignored=0,
        coverage=Coverage("", 1.0, 0, 0, (), 0, 0, ()),
        window=Window(None, None, 0),
        truncated=ask.get("truncated", False),
        weights=1,
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_policy(path: Path, tmp_path: Path) -> None:
    """What a policy says about items, as the case tells."""
    case = tomllib.loads(path.read_text())
    policy = read_policy(case["policy"], path.name)
    store = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    facts = {"support": Fact("", case["support"])} if "support" in case else {}
    nodes = [Node(ORDERS, facts)]
    for text, tier in case.get("tiers", {}).items():
        nodes.append(Node(ConsumerId(*text.split(":")), {"tier": Fact("", tier)}))
    owns = (
        [EdgeKey(EdgeType.OWNS, TeamId("team", case["owner"]), ORDERS)] if "owner" in case else []
    )
    store.apply(Batch(tuple(nodes), tuple(map(Edge, owns))))
    for ask in case["ask"]:
        announced = {"db:orders": Announced(ask["announced"])} if "announced" in ask else {}
        ruling = rule_on(
            policy,
            answer_of(ask),
            store,
            not_understood=ask.get("not_understood", ()),
            unknown=ask.get("unknown", ()),
            announced=announced,
        )
        assert ruling.action == ask["action"]
        assert [[one.rule, one.item] for one in ruling.findings] == ask.get("findings", [])
        if ruling.findings:
            first = ruling.findings[0]
            assert f"rule “{first.rule}”" in ruling.verdict
            assert first.item in ruling.verdict
    store.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [{name: x, then: explode}]", "rules[0].then"),
        ("rules: [{name: x, when: {colour: [red]}, then: warn}]", "colour"),
        ("rules: [{name: x, when: {ring: [late]}, then: warn}]", "when.ring"),
        ("rules: [{name: ' ', then: warn}]", "no name"),
        ("rules: [", "policy.yml"),
        ("otherwise: block", "rules"),
    ],
)
def test_a_policy_that_is_none_is_refused(text: str, said: str) -> None:
    """A word that is not known never passes in silence: the error says where it stands."""
    with pytest.raises(InvalidPolicy, match=re.escape(said)):
        read_policy(text, "policy.yml")


def test_a_policy_is_tried_on_the_changes_that_were_made(sample_store: str, tmp_path: Path) -> None:
    """The column that was dropped in August is judged by what was known before that day."""
    (tmp_path / "policy.yml").write_text(
        "rules: [{name: strict, when: {ring: [fails]}, then: block}]"
    )
    done = lineage(
        "policy", "test", f"{tmp_path}/policy.yml", "--store", sample_store, "--format", "json"
    )
    (one,) = json.loads(done.stdout)["replayed"]
    assert one["change"].endswith("RAW.CRM.CONTACTS.FAX_NUMBER")
    assert one["day"] == "2026-08-18"
    assert one["ruling"]["action"] == "block"


def replayed(tmp_path: Path, *rows: str) -> list[dict]:
    """What `policy test` says of the changes in a log of these rows: time, login, text."""
    (tmp_path / "policy.yml").write_text("rules: []")
    log, store = tmp_path / "log.csv", f"sqlite:///{tmp_path}/graph.db"
    lines = (f"q{number},{row}\n" for number, row in enumerate(rows))
    log.write_text("query_id,start_time,user_name,query_text\n" + "".join(lines))
    lineage("import", str(log), "--namespace", "postgres://db", "--store", store)
    done = lineage("policy", "test", f"{tmp_path}/policy.yml", "--store", store, "--format", "json")
    return json.loads(done.stdout)["replayed"]


def test_a_change_is_dated_by_its_last_run(tmp_path: Path) -> None:
    """A statement that only changes a table is of the day on which the log has it."""
    found = replayed(
        tmp_path,
        "2026-10-01 08:00:00Z,ann,create table shop.a (x int)",
        "2026-10-02 08:00:00Z,ann,select x from shop.a",
        "2026-10-05 08:00:00Z,ann,alter table shop.a rename column x to z",
        "2026-10-07 08:00:00Z,ann,alter table shop.a add column w int",
        "2026-10-09 08:00:00Z,ann,drop table shop.a",
    )
    assert [one["day"] for one in found] == ["2026-10-09", "2026-10-07", "2026-10-05"]
    assert found[2]["verdict"] == "Renaming shop.a.x breaks 1 consumer."


def test_a_type_of_the_past_is_judged_by_the_one_before_it(tmp_path: Path) -> None:
    """A column that was made a text breaks who computed with it, though it is a text by now."""
    found = replayed(
        tmp_path,
        '2026-10-01 08:00:00Z,ann,"create table shop.a (x int, y varchar(5))"',
        "2026-10-02 08:00:00Z,ann,select x * 2 from shop.a",
        "2026-10-05 08:00:00Z,ann,alter table shop.a alter column x type varchar(20)",
        "2026-10-07 08:00:00Z,ann,alter table shop.a alter column y type varchar(9)",
    )
    assert [one["verdict"] for one in found] == [
        "Retyping shop.a.y breaks nothing that was seen.",
        "Retyping shop.a.x breaks 1 consumer.",
    ]

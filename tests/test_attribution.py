"""Who a statement is for, by what tools leave in comments, tags and names."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from ingest.attribution import Rule, Rules, attribute, explain
from ingest.masking.machine import is_machine
from ingest.masking.template import mask
from lineage.errors import UnreadableInput

CASES = Path(__file__).parent / "cases" / "attribution"
TOOLS = [
    case
    for name in ("tools.yml", "variants.yml")
    for case in yaml.safe_load((CASES / name).read_text(encoding="utf-8"))
]
LOGINS = yaml.safe_load((CASES / "logins.yml").read_text(encoding="utf-8"))
NAMESPACE = "snowflake://acme"
RULES = Rules.load()


@pytest.mark.parametrize("case", TOOLS, ids=[case["issuer"] for case in TOOLS])
def test_issuer(case: dict) -> None:
    """The most specific thing known is found, with its person, address and kind."""
    issuer = attribute(
        tuple(case.get("comments", ())),
        case.get("hints", {}),
        case.get("user", ""),
        NAMESPACE,
        RULES,
    )
    assert f"{issuer.namespace}:{issuer.name}" == case["issuer"]
    assert issuer.kind == case["kind"]
    assert issuer.person == case.get("person", "")
    assert issuer.url == case.get("url", "")
    assert issuer.writes == case.get("writes", False)


@pytest.mark.parametrize(
    ("kind", "login"), [(kind, login) for kind, logins in LOGINS.items() for login in logins]
)
def test_class_of_a_login(kind: str, login: str) -> None:
    """Names say whether a person, a tool, a job, a service or the system itself asks."""
    assert RULES.principal_class(login) == kind


def test_principals_of_the_site_go_first() -> None:
    """What sources.yml says of a login beats what its name looks like."""
    rules = Rules.load({"system": ("ana*",), "person": ("svc_bob",)})
    assert rules.principal_class("ana_the_scanner") == "system"
    assert rules.principal_class("svc_bob") == "person"
    assert attribute((), {}, "anab", NAMESPACE, rules).kind == "system"


def test_runs_and_traces_never_enter_the_answer() -> None:
    """Two runs of one use are the same issuer."""
    runs = [
        attribute(
            (f'Looker Query Context \'{{"user_id":6,"history_slug":"{run}"}}\'',),
            {},
            "u",
            NAMESPACE,
            RULES,
        )
        for run in ("a1", "b2")
    ]
    assert runs[0] == runs[1]


def test_explain_says_which_rules_fired() -> None:
    """The first answer wins; the others are named with their rule and their worth."""
    found = explain(
        ('{"app": "dbt", "node_id": "model.shop.daily"}',),
        {"query_source": '{"job_info":{"job_id":"88"}}'},
        "ana",
        NAMESPACE,
        RULES,
    )
    assert [one.issuer.rule for one in found] == ["dbt", "databricks-run", "principal"]
    assert [one.issuer.confidence for one in found] == [0.9, 0.95, 0.5]


def test_site_rules_are_written_in_the_same_form() -> None:
    """A site teaches its own comments, before those that ship with the program."""
    rule = msgspec.convert(
        {
            "name": "ours",
            "where": ["comment"],
            "match": r"report=(?P<report>\w+)",
            "yields": [{"namespace": "reports", "name": "{report}", "kind": "report"}],
        },
        Rule,
    )
    rules = Rules.load(more=(rule,))
    issuer = attribute(("report=pnl, chart_id: 1",), {}, "u", NAMESPACE, rules)
    assert (issuer.namespace, issuer.name, issuer.rule) == ("reports", "pnl", "ours")


def test_wrong_expression_of_a_site_is_an_error() -> None:
    """A rule that cannot be compiled is refused before anything is read."""
    rule = msgspec.convert({"name": "x", "where": ["comment"], "match": "(", "yields": []}, Rule)
    with pytest.raises(UnreadableInput, match="wrong expression"):
        Rules.load(more=(rule,))


def test_names_from_a_log_cannot_steer_a_terminal() -> None:
    """Control characters of a tag do not reach a name."""
    issuer = attribute(("application='a%1B%5B31mb'",), {}, "", NAMESPACE, RULES)
    assert issuer.name == "a [31mb"


@pytest.mark.parametrize(
    ("sql", "machine"),
    [
        ("select 1", True),
        ("select now()", True),
        ("explain select * from t", True),
        ("show tables", True),
        ("select * from t where 1 = 0", True),
        ("SELECT * FROM t WHERE 1 <> 1 LIMIT 0", True),
        ("select a from t limit 0", True),
        ("select top 0 a from t", True),
        ('SELECT SUBSTRING("a", 1, 1234) AS "substring1234" FROM t LIMIT 10000', True),
        ("select * from information_schema.columns where table_name = 'x'", True),
        ("select c.relname from pg_class c join pg_catalog.pg_namespace n on true", True),
        ("select a from t limit 10", False),
        ("select a from t where 1 = 1 and b = 2", False),
        ("insert into t select 1", False),
        ("select 1 into t", False),
        ("select 1 from dual", True),
        ("SELECT SYSDATE FROM SYS.DUAL", True),
        ("select a, (select 1 from dual) from t", False),
        ("select * from t where 1=2", True),
        ("select * from t where (1 != 1)", True),
        ("select * from t where 1 <> 2", False),
        ("select * from t limit 0 offset 0", True),
        ("select * from t limit 20 offset 0", False),
        ("select name from sqlite_master where type = 'table'", True),
        ("select count(*) as failures from (select id from t) dbt_internal_test", True),
        ("select * from pg_things join orders on true", False),
        ("create table t (a int)", False),
        ("with q as (select 1 as a) select * from q join t on true", False),
    ],
)
def test_machine_statements(sql: str, machine: bool) -> None:
    """Probes, profilers and catalogue look-ups are no use of data; real reads and writes are."""
    assert is_machine(mask(sql, "postgres").text) is machine


@pytest.mark.parametrize(
    "sql",
    [
        "select * from dba_segments",
        "select column_name from all_tab_columns where owner = 'X'",
        "select c.* from user_constraints c join all_cons_columns k on k.owner = c.owner",
        "select * from v$session",
        "select text from SYS.USER_VIEWS",
    ],
)
def test_the_dictionary_of_oracle_is_its_own(sql: str) -> None:
    """Views of Oracle's dictionary are no data there; elsewhere tables may bear their names."""
    assert is_machine(mask(sql, "oracle").text, "oracle")
    assert not is_machine("select * from user_views", "postgres")
    assert not is_machine("select * from all_orders", "oracle")

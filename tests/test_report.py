"""The report of a change in each of its forms: one set of items, and names that stay names."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from streamlit.testing.v1 import AppTest

from app.text import impact as terminal
from app.text import impact_csv, impact_html, impact_json, impact_markdown, impact_sarif
from app.text.impact_report import Report, numbered, report_of, without_people
from app.views.effects import picture
from app.views.picture import card_id
from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import Impact, impact
from lineage.analyses.breaking.impacted import nodes_of, people_among
from lineage.analyses.breaking.policy import read_policy, rule_on
from lineage.analyses.breaking.subjects import tied
from lineage.analyses.reach.graph import Graph
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Role, Sample, Shard
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, QueryId, TeamId
from lineage.store import Store
from lineage.stores import open_store

ROOT = Path(__file__).parents[1]
TODAY = 20_390
HOSTILE = (
    "=cmd|'/c calc'!A1",
    "<script>alert(1)</script>",
    "[click](https://evil.example) ![x](https://evil.example/p.png)",
    "a | b\n\n# heading\n```\nrm -rf\n```",
    "@everyone <!-- lineage impact --> :tada: #1",
    "\x1b[31mred\x1b[0m \u202egnp.exe",
    '"><img src=x onerror=alert(1)>',
)
STATEMENT = "select amount from orders -- ```\n``` </pre><script>alert(2)</script> where amount > ?"


def edge(
    type_: EdgeType, source, target, role: Role | None = None, via: JobId | None = None
) -> Edge:
    """An edge that was active on each of the last ninety days."""
    days = tuple(range(TODAY - 89, TODAY + 1))
    sample = Sample("2025-10-28T00:00:00Z", "k", QueryId("db", "q"))
    return Edge(EdgeKey(type_, source, target, role, via), Activity(days, (1,) * 90), sample=sample)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """`orders.amount`, used by hostile dashboards, a person, and a job that others depend on."""
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    orders, daily, job = DatasetId("db", "orders"), DatasetId("db", "daily"), JobId("dbt", "daily")
    amount, total = ColumnId(orders, "amount"), ColumnId(daily, "total")
    boards = [ConsumerId("bi", f"board/{number}") for number in range(len(HOSTILE))]
    ana, late = ConsumerId("db", "ana.lopez"), ConsumerId("bi", "late")
    edges = [
        edge(EdgeType.HAS_COLUMN, orders, amount),
        edge(EdgeType.WRITES, job, daily),
        edge(EdgeType.FEEDS, amount, total, Role.AGGREGATION, job),
        edge(EdgeType.READ_BY, daily, late),
        edge(EdgeType.OWNS, TeamId("team", "=sales"), orders),
        edge(EdgeType.OWNS, TeamId("team", HOSTILE[1]), boards[0]),
    ]
    for reader in (*boards, ana, job):
        edges += [edge(EdgeType.READ_BY, orders, reader)]
        edges += [edge(EdgeType.USED_BY, amount, reader, Role.FILTER)]
    nodes = [
        Node(board, {"title": Fact("", title), "kind": Fact("", "dashboard")})
        for board, title in zip(boards, HOSTILE, strict=True)
    ]
    nodes += [Node(late, {"kind": Fact("", "dashboard")}), Node(ana, {"kind": Fact("", "person")})]
    nodes.append(Node(QueryId("db", "q"), {"sql": Fact("", STATEMENT), "parse": Fact("", "full")}))
    shards = tuple(Shard("db", TODAY - day, 0, bytes(16)) for day in range(90))
    opened.apply(Batch(tuple(nodes), tuple(edges), shards=shards))
    yield opened
    opened.close()


@pytest.fixture
def answer(store: Store) -> Impact:
    """What dropping the column does."""
    return impact(store, [parse_change("drop column orders.amount")])


@pytest.fixture
def report(answer: Impact) -> Report:
    """The report of it."""
    return report_of(answer, store="sqlite:///graph.db", explain=True)


class Elements(HTMLParser):
    """The names and attributes of the elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps their names."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_every_form_holds_the_same_items(report: Report, answer: Impact) -> None:
    """List, teams, CSV, SARIF and JSON are one set."""
    ids = sorted((item.ring.value, item.kind, item.id) for item in answer.items)
    assert len(ids) == len(HOSTILE) + 4
    rows = csv.DictReader(io.StringIO(impact_csv.render(report)))
    assert sorted((row["ring"], row["kind"], row["id"]) for row in rows) == ids
    results = json.loads(impact_sarif.render(report))["runs"][0]["results"]
    found = [
        (one["ruleId"], place["kind"], place["fullyQualifiedName"])
        for one in results
        for place in one["locations"][0]["logicalLocations"]
    ]
    assert sorted(found) == ids
    items = json.loads(impact_json.render(report, answer))["items"]
    assert sorted((one["ring"], one["kind"], one["id"]) for one in items) == ids
    told = [
        (one.item.ring.value, one.item.kind, one.item.id) for p in report.parts for one in p.lines
    ]
    assert sorted(told) == ids


@pytest.mark.parametrize(
    "change",
    [
        "drop column MART.ORDERS.VOUCHER_CODE",
        "drop column DELIVERY_KPI.IS_SALE_PERIOD",
        "retype column MART.ORDERS.AMOUNT to varchar(20)",
        "rename dataset VAT_REPORT to VAT",
        "delay dataset checkout.order-placed by 6h",
        "stop dataset archive.bus.order_placed",
        "drop dataset MART.ORDERS",
    ],
)
def test_the_list_the_graph_and_the_csv_are_one_set(sample_store: str, change: str) -> None:
    """What a change of the retailer does is the same in all three, whoever fails with it too."""
    store, said = open_store(sample_store), [parse_change(change)]
    answer = impact(store, said)
    items = {(item.kind, item.id) for item in answer.items}
    rows = csv.DictReader(io.StringIO(impact_csv.render(report_of(answer, store="x"))))
    assert {(row["kind"], row["id"]) for row in rows} == items
    ((_, subject),) = tied(store, said).known
    start = subject.dataset if isinstance(subject, ColumnId) else subject
    assert isinstance(start, DatasetId)
    drawn = picture(Graph(store, answer.window.as_of), [start], answer.items, answer.window)
    cards = {node["id"] for node in drawn["nodes"] if node["impact"] not in ("origin", "")}
    assert cards == {card_id(node.id) for node in nodes_of(store, answer.items).values()}
    assert len(cards) == len(items)


@pytest.mark.parametrize("change", ["drop column db:orders.amount", "add column db:orders.more"])
def test_no_two_lines_of_a_terminal_are_empty(store: Store, change: str) -> None:
    """With items and without, the parts stand one empty line apart."""
    answer = impact(store, [parse_change(change)])
    ruling = rule_on(read_policy("rules: []", "p"), answer, store)
    for gate in (None, ruling):
        out = Console(file=io.StringIO(), width=200, color_system=None)
        out.print(terminal.render(report_of(answer, store=store.url, ruling=gate)))
        lines = [line.strip() for line in out.file.getvalue().splitlines()]  # type: ignore[attr-defined]
        assert not [n for n, line in enumerate(lines[:-1]) if not line and not lines[n + 1]]


def test_no_name_becomes_markup_in_html(report: Report) -> None:
    """Names and statements make no element and no attribute."""
    page = Elements(impact_html.render(report))
    assert not page.tags & {"script", "img", "a"}
    assert page.attributes <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "title",
    }  # fmt: skip


def test_no_name_becomes_markup_in_markdown(report: Report) -> None:
    """No link, picture, heading, mention, comment or element of a name survives."""
    text = impact_markdown.render(report)
    assert text.count(impact_markdown.MARKER) == 1
    outside = re.sub(r"^(`{3,})(?!`).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "rm -rf" in outside  # the fence of the name did not open a block
    assert not re.search(
        r"(?<!\\)<(?!/?details>|/?summary>|/?sub>|!-- lineage impact -->\n)", outside
    )
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert not re.search(r"@\w|:tada:|(?<!\\)#1", outside)
    headings = re.findall(r"^#+ .*", outside, re.MULTILINE)
    assert not [one for one in headings if one.startswith("# ")]


def test_a_statement_cannot_leave_its_block(report: Report) -> None:
    """The fence is longer than any in the statement."""
    text = impact_markdown.render(report)
    assert f"````sql\n{STATEMENT}\n````" in text


def test_no_cell_is_a_formula(report: Report) -> None:
    """No cell of the CSV begins like one."""
    cells = [cell for row in csv.reader(io.StringIO(impact_csv.render(report))) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert "'=sales" not in cells  # only what is a name there
    assert any(cell.startswith("'=cmd") for cell in cells)


@pytest.mark.parametrize("render", [impact_markdown.render, impact_html.render, impact_csv.render])
def test_no_name_steers_a_terminal(report: Report, render) -> None:
    """Escape sequences and characters that turn the direction are gone from every form."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", render(report))


def test_the_terminal_shows_names_as_they_are(report: Report) -> None:
    """No escape sequence and no markup of rich comes from a name."""
    out = Console(file=io.StringIO(), width=200, color_system=None)
    out.print(terminal.render(report))
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in text
    assert "[click](https://evil.example)" in text
    assert "severity" in text


def test_what_leaves_names_teams_and_no_people(store: Store, answer: Impact) -> None:
    """A person is a number in every form, notices too; a dashboard keeps its name."""
    people = people_among(store, [item.id for item in answer.items])
    assert people == {"db:ana.lopez"}
    leaving = without_people(answer, numbered(answer, people))
    report = report_of(leaving, store="sqlite:///graph.db")
    assert len(report.lines) == len(answer.items)
    for form in (
        impact_markdown.render(report),
        impact_html.render(report),
        impact_csv.render(report),
        impact_sarif.render(report),
        impact_json.render(report, leaving),
    ):
        assert "ana.lopez" not in form
        assert "person" in form
        assert "late" in form


def test_sarif_has_what_its_schema_requires(report: Report, tmp_path, monkeypatch) -> None:
    """Version, driver, rules by index, messages, and a place in the file of the change."""
    monkeypatch.chdir(tmp_path)
    log = json.loads(impact_sarif.render(report, ("db/a b.sql",)))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "db/a%20b.sql"
        assert place["region"]["startLine"] == 1
    marks = [result["partialFingerprints"]["item/v1"] for result in run["results"]]
    assert len(set(marks)) == len(marks)


def test_a_notice_says_what_happens_to_what_is_theirs(report: Report) -> None:
    """It names the change, its items and what is asked; nobody is written to without a team."""
    by_team = {part.team: part for part in report.parts}
    notice = by_team[HOSTILE[1]].notice
    assert "We plan to drop column orders.amount." in notice
    assert "These will fail" in notice
    assert by_team["no known team"].notice == ""


def test_a_report_too_long_for_a_comment_says_so(answer: Impact) -> None:
    """Nothing is cut in silence: whole teams are left out, and counted."""
    items, teams = [], []
    for number in range(400):
        team = f"team {number}"
        item = msgspec.structs.replace(
            answer.items[0], id=f"bi:{number}", title="x" * 200, team=team
        )
        items.append(item)
        teams.append(msgspec.structs.replace(answer.teams[0], team=team, items=(item.id,)))
    long = msgspec.structs.replace(answer, items=tuple(items), teams=tuple(teams))
    text = impact_markdown.render(report_of(long, store="s"))
    assert len(text) < 65_536
    cut = re.search(r"\*\*(\d+) more teams: the report is cut here", text)
    assert cut
    assert text.count("#### team") + int(cut.group(1)) == 400


def test_the_gate_is_in_the_report(store: Store, answer: Impact) -> None:
    """What blocks is said first, with the rule and the item."""
    policy = read_policy("rules: [{name: stop, when: {ring: [fails]}, then: block}]", "policy.yml")
    ruling = rule_on(policy, answer, store)
    report = report_of(answer, store="s", ruling=ruling)
    assert "rule “stop”" in impact_markdown.render(report).split("**Change:**")[0]
    assert "rule “stop”" in impact_html.render(report)
    assert json.loads(impact_json.render(report, answer))["gate"]["action"] == "block"


def test_the_page_shows_and_offers_the_same_report(sample_store, monkeypatch) -> None:
    """A notice a team, without people, and the report as Markdown, HTML and CSV."""
    monkeypatch.setenv("LINEAGE_STORE", sample_store)
    page = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=600)
    page.switch_page("views/impact.py")
    page.query_params["change"] = "drop column MART.ORDERS.VOUCHER_CODE"
    page.run()
    assert not page.exception
    labels = [one.proto.label for one in page.get("download_button")]
    assert labels == ["Markdown", "HTML", "CSV"]
    team = next(box for box in page.selectbox if "checkout" in box.options)
    team.select("checkout").run()
    (notice,) = [one.value for one in page.code if "We plan to drop column" in one.value]
    assert "- a person (1)" in notice
    assert "JULIA" not in notice

"""Files of aliases: other names that people give datasets, which can be taken back."""

import json

import pytest
from click.testing import CliRunner

from app.cli import cli
from ingest.declared.aliases import read_aliases
from ingest.declared.declare import read_declarations
from ingest.declared.sources import SourceBook
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.answers import schema_of
from lineage.analyses.identity.identity import explain
from lineage.analyses.identity.merged import merged
from lineage.analyses.use.usage import who_uses
from lineage.errors import UnreadableInput
from lineage.hash import graph_hash
from lineage.resolve import resolve_dataset
from lineage.stores import open_store

OLD, NEW = "snowflake://ab12345.eu-central-1", "snowflake://acme-prod"
EVENTS = [
    ("build", [("kafka://bus:9092", "orders")], [(OLD, "shop.raw.orders")]),
    ("report", [(NEW, "SHOP.RAW.ORDERS")], [(NEW, "SHOP.MART.DAILY")]),
    ("query", [("trino://t:8080", "hive.shop.orders")], [("hive://ms:9083", "shop.daily")]),
]
RULES = """namespace,name,to_namespace,to_name,regex
snowflake://AB12345.eu-central-1.aws,,snowflake://acme-prod,,
trino://t.*,hive\\.(.+),hive://ms:9083,\\1,yes
"""


def event(number, job, inputs, outputs):
    """A run of a job that was done."""
    named = lambda some: [{"namespace": one, "name": other} for one, other in some]  # noqa: E731
    return {
        "eventType": "COMPLETE",
        "eventTime": f"2026-10-0{number}T00:00:00Z",
        "run": {"runId": f"r{number}"},
        "job": {"namespace": "jobs", "name": job},
        "inputs": named(inputs),
        "outputs": named(outputs),
    }


@pytest.fixture
def log(tmp_path):
    """A file of events."""
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(json.dumps(event(i, *one)) for i, one in enumerate(EVENTS, 1)))
    return path


def take(url, *paths, aliases=()):
    """The store after an import of these files."""
    store = open_store(url, create=True)
    said = read_declarations(aliases=[str(path) for path in aliases])
    options = ImportOptions(SourceBook(), declarations=said, workers=1)
    import_paths(store, [str(path) for path in paths], options)
    return store


def file(tmp_path, text, name="aliases.csv"):
    """A file of aliases."""
    path = tmp_path / name
    path.write_text(text)
    return path


def users(store, text):
    """Who uses the dataset of that name."""
    view = merged(store)
    return {use.consumer for use in who_uses(view, resolve_dataset(view, text)).consumers}


def test_an_account_and_a_catalogue_get_another_name(tmp_path, log):
    """A rule for a namespace, and a pattern, make one of what two collectors name differently."""
    store = take(f"sqlite:///{tmp_path}/a.db", log, aliases=[file(tmp_path, RULES)])
    assert users(store, f"{OLD}:SHOP.RAW.ORDERS") == {"jobs:report"}
    assert str(resolve_dataset(merged(store), "hive.shop.orders")) == "hive://ms:9083:shop.orders"
    (link,) = explain(store, resolve_dataset(merged(store), "hive.shop.orders")).datasets[0].links
    assert link.rule == "alias"
    assert link.evidence[0].startswith("aliases.csv, line 3: ")
    store.close()


def test_rules_apply_to_what_is_there_and_are_taken_back(tmp_path, log):
    """A new file changes what was imported before it; an empty one leaves no trace."""
    url = f"sqlite:///{tmp_path}/a.db"
    take(url, log).close()
    store = open_store(url)
    before = graph_hash(store)
    assert users(store, f"{OLD}:SHOP.RAW.ORDERS") == set()
    take(url, aliases=[file(tmp_path, RULES)]).close()
    assert users(store, f"{OLD}:SHOP.RAW.ORDERS") == {"jobs:report"}
    after = graph_hash(store)
    other = take(f"sqlite:///{tmp_path}/b.db", log, aliases=[file(tmp_path, RULES)])
    assert graph_hash(other) == after
    take(url, aliases=[file(tmp_path, RULES.splitlines()[0] + "\n")]).close()
    assert graph_hash(store) == before
    store.close()
    other.close()


def test_rules_are_kept_for_later_imports(tmp_path, log):
    """Datasets that appear after the file was read get their other names too."""
    url = f"sqlite:///{tmp_path}/a.db"
    take(url, aliases=[file(tmp_path, RULES)]).close()
    store = take(url, log)
    assert users(store, f"{NEW}:SHOP.RAW.ORDERS") == {"jobs:report"}
    assert len(explain(store).datasets) == 2
    store.close()


def test_rules_may_stand_in_sources_yml(tmp_path):
    """`aliases` of sources.yml are rules like those of a file; without it nothing is said."""
    path = file(
        tmp_path,
        "aliases: [{namespace: 'trino://t.*', name: 'x\\.(.+)', to_name: '\\1', regex: true}]",
        "sources.yml",
    )
    (rule,) = SourceBook.load(path).aliases
    assert (rule.to_name, rule.regex, rule.place) == (r"\1", True, f"{path}: aliases[0]")
    assert SourceBook.load(file(tmp_path, "sources: {}", "other.yml")).aliases is None


def test_exact_names_are_read_in_any_spelling(tmp_path):
    """A rule is about the dataset that it names, however it spells it."""
    rules = read_aliases(file(tmp_path, RULES))
    assert rules[0].namespace == OLD
    assert read_aliases(file(tmp_path, "[]", "none.json")) == ()


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("kafka://(,,x,,yes", "unterminated"),
        (r"kafka://.*,,\2,,yes", "group reference"),
        ("kafka://b,t,,,", "to_namespace"),
        ("kafka://b,t,x", "number of its cells"),
    ],
)
def test_a_rule_that_says_nothing_is_an_error(tmp_path, line, wrong):
    """File, line and what is wrong with it are told; nothing is imported."""
    path = file(tmp_path, RULES + line + "\n")
    with pytest.raises(UnreadableInput, match=wrong) as error:
        read_aliases(path)
    assert "aliases.csv, line 4" in str(error.value)


def test_at_the_command_line(tmp_path, log):
    """Import, explain, decide, write the rules, and read them into another store."""
    run = CliRunner().invoke
    url = f"sqlite:///{tmp_path}/a.db"
    assert not run(cli, ["import", str(log), "--store", url, "--workers", "1"]).exception
    pair = ["kafka://bus:9092:orders", f"{NEW}:SHOP.RAW.ORDERS"]
    said = ["--reason", "one feed", "--by", "ann", "--store", url]
    assert "decision 1" in run(cli, ["identity", "merge", *pair, *said]).output
    text = run(cli, ["identity", "explain", "--store", url]).output
    assert "1 dataset has several identifiers" in text
    assert "ann: one feed" in text
    answer = json.loads(
        run(cli, ["identity", "explain", "--store", url, "--format", "json"]).output
    )
    assert set(json.loads(schema_of("identity"))["$defs"]["IdentityAnswer"]["properties"]) == (
        answer.keys() - {"store"}
    )
    rules = tmp_path / "rules.csv"
    assert not run(cli, ["identity", "aliases", "--to", str(rules), "--store", url]).exception
    other = take(f"sqlite:///{tmp_path}/b.db", log, aliases=[rules])
    assert str(resolve_dataset(merged(other), pair[0])) == pair[1]
    other.close()
    assert "taken back" in run(cli, ["identity", "undo", "1", *said]).output
    assert "Every dataset has one" in run(cli, ["identity", "explain", "--store", url]).output

"""What people declare: sources, owners, members, consumers, catalogues."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.declared.catalogs import read_catalogue
from ingest.declared.consumer_files import read_consumer_files
from ingest.declared.owner_files import read_member_files, read_owner_files
from ingest.declared.people import (
    ConsumerEntry,
    MemberBook,
    Membership,
    OwnerBook,
    Ownership,
)
from ingest.declared.sources import SourceBook, SourceFlags
from lineage.errors import UnreadableInput
from lineage.names import PrincipalId, dataset

BOOK = """
sources:
  warehouse:
    files: ["snowflake/*"]
    namespace: snowflake://acme
    dialect: snowflake
    default_db: ANALYTICS
    timezone: UTC
    catalog: ["catalog.csv"]
  rest:
    files: ["*.csv"]
principals:
  system: ["scan*"]
static: ["snowflake://acme:REF.*"]
external: ["s3://drop*"]
environments:
  dev: ["*:DEV_*", "*:*.PR_*"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the book above."""
    (tmp_path / "sources.yml").write_text(BOOK)
    return tmp_path


def test_first_source_that_matches_wins(folder: Path) -> None:
    """Paths are relative to the file; what is said is taken over."""
    book = SourceBook.load(folder / "sources.yml")
    source = book.of(str(folder / "snowflake" / "2026" / "x.csv"), "snowflake")
    assert (source.name, source.namespace, source.default_db) == (
        *("warehouse", "snowflake://acme", "ANALYTICS"),
    )
    assert source.catalog == (folder / "catalog.csv",)
    assert book.of(str(folder / "a.csv")).name == "rest"
    assert [one.name for one in book.all()] == ["warehouse", "rest"]
    assert book.names(str(folder / "a.csv"))
    assert not book.names(str(folder / "a.json"))


def test_paths_are_found_from_any_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file is the same source, however its path is written."""
    monkeypatch.chdir(folder)
    book = SourceBook.load(Path("sources.yml"))
    assert book.of("snowflake/../snowflake/x.csv").name == "warehouse"


def test_what_is_missing_gets_a_default_and_a_warning(folder: Path) -> None:
    """Nothing is silently assumed: each sentence names the flag."""
    book = SourceBook.load(folder / "sources.yml")
    source = book.of(str(folder / "a.csv"), "postgres")
    assert (source.dialect, source.namespace) == ("postgres", "postgres://unknown")
    assert len(book.warnings) == 1
    assert "source rest has no namespace" in book.warnings[0]
    assert "--namespace" in book.warnings[0]
    assert book.of("/elsewhere/x").namespace == "sql://unknown"
    assert any("--dialect" in warning for warning in book.warnings)


def test_flags_win(folder: Path) -> None:
    """What is said on the command line beats the file, and serves without one."""
    flags = SourceFlags(namespace="trino://lake:8443", timezone="Europe/Berlin", format="generic")
    book = SourceBook.load(folder / "sources.yml", flags)
    source = book.of(str(folder / "snowflake" / "x"))
    assert (source.namespace, source.timezone, source.dialect) == (
        *("trino://lake:8443", "Europe/Berlin", "snowflake"),
    )
    assert book.format_of(str(folder / "snowflake" / "x")) == "generic"
    alone = SourceBook.from_flags(flags)
    assert alone.of("x", "trino").name == "trino://lake:8443"
    assert alone.warnings == ()


def test_datasets_and_logins_by_pattern(folder: Path) -> None:
    """Static and external datasets need no producer; environments and classes follow patterns."""
    book = SourceBook.load(folder / "sources.yml")
    assert book.is_external(dataset("snowflake://acme", "REF.COUNTRY"))
    assert book.is_external(dataset("s3://drop-zone", "x"))
    assert not book.is_external(dataset("snowflake://acme", "RAW.REF"))
    assert book.environment(dataset("snowflake://acme", "DEV_ANA.X.Y")) == "dev"
    assert book.environment(dataset("snowflake://acme", "A.PR_12.Y")) == "dev"
    assert book.environment(dataset("snowflake://acme", "A.B.Y")) == "prod"
    assert book.rules.principal_class("scan_all") == "system"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: [", "is no YAML"),
        ("source: {}", "unknown key 'source'"),
        ("sources: 5", "sources: Expected `object`, got `int`"),
        ("sources: {a: {file: [x]}}", r"sources\.a: .*unknown field `file`"),
        ("sources: {a: {files: x}}", r"sources\.a: Expected `array`, got `str`.*files"),
        ("principals: {robots: [x]}", r"principals\.robots: the classes are"),
        ("static: x", "static: Expected `array`"),
        ("rules: [{name: r, where: [comment], match: '(', yields: []}]", "rules: rule r: wrong"),
        ("rules: [{name: r, where: [comment], yield: []}]", "rules: .*unknown field `yield`"),
        (
            "rules: [{name: r, where: comment, yields: []}]",
            r"rules: Expected `array`.*\[0\]\.where",
        ),
        ("rules: [{name: r, where: [user], decode: xml, yields: []}]", "rules: .*'xml'"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    """Who wrote it finds the place at once."""
    (tmp_path / "s.yml").write_text(text)
    with pytest.raises(UnreadableInput, match=message) as error:
        SourceBook.load(tmp_path / "s.yml")
    assert "s.yml" in str(error.value)


def test_rules_and_classes_of_the_site_in_one_file(tmp_path: Path) -> None:
    """A site's rules go before those of the program, and use the same groups of places."""
    (tmp_path / "s.yml").write_text(
        "principals: {system: [probe_*]}\n"
        "rules:\n"
        "- {name: ours, where: [program], match: '^(?P<app>checkout)', rank: 2,\n"
        "   yields: [{namespace: app, name: '{app}', kind: application}]}\n"
    )
    rules = SourceBook.load(tmp_path / "s.yml").rules
    found = rules.issuer((), {"application_name": "checkout-7f9c"}, "svc", "n")
    assert (found.name, found.rule) == ("checkout", "ours")
    assert rules.principal_class("probe_1") == "system"


def test_missing_book(tmp_path: Path) -> None:
    """A file that is not there is an error, not an empty book."""
    with pytest.raises(UnreadableInput, match="No such file"):
        SourceBook.load(tmp_path / "none.yml")


def test_most_specific_owner_wins() -> None:
    """A name before a pattern, a longer pattern before a shorter; case is not compared."""
    book = OwnerBook(
        (
            Ownership("*", "all"),
            Ownership("snowflake://acme:SHOP.*", "shop"),
            Ownership("mart.*", "mart"),
            Ownership("orders", "orders"),
            Ownership("snowflake://acme:SHOP.RAW.ORDERS", "raw"),
        )
    )

    def team(name: str) -> str:
        owner = book.owner_of(dataset("snowflake://acme", name))
        return owner.team if owner else ""

    assert team("SHOP.RAW.ORDERS") == "raw"
    assert team("CRM.MART.ORDERS") == "orders"
    assert team("SHOP.RAW.ITEMS") == "shop"
    assert team("CRM.MART.ITEMS") == "mart"
    assert team("CRM.RAW.ITEMS") == "all"
    assert OwnerBook(()).owner_of(dataset("n", "x")) is None


def test_members_by_full_name_login_or_pattern() -> None:
    """A login of one namespace before the same login anywhere, before a pattern."""
    book = MemberBook(
        (Membership("svc_*", "bots"), Membership("svc_dbt", "data"), Membership("a:svc_dbt", "a"))
    )
    assert book.team_of(PrincipalId("a", "svc_dbt")) == "a"
    assert book.team_of(PrincipalId("b", "SVC_DBT")) == "data"
    assert book.team_of(PrincipalId("b", "svc_x")) == "bots"
    assert book.team_of(PrincipalId("b", "ana")) == ""


def test_bad_rows_are_reported_with_their_place(tmp_path: Path) -> None:
    """Good rows count, bad ones are said with file and line."""
    file = tmp_path / "x.csv"
    file.write_text("Dataset,Team,Contact\na,t,#c\n,t,\nb\nc,u,\n")
    owners, problems = read_owner_files([str(file)])
    assert tuple(owners) == (Ownership("a", "t", "", "#c"), Ownership("c", "u"))
    assert tuple(problems) == (
        f"{file}, line 3: dataset or team is empty",
        f"{file}, line 4: the number of its cells is not that of the header",
    )
    file.write_text("id,title,tier\nx:1,One,Tier 2\nx:2,Two,\nx:3,Three,gold\n,,\n")
    consumers, problems = read_consumer_files([str(file)])
    assert tuple(consumers) == (ConsumerEntry("x:1", "One", tier=2), ConsumerEntry("x:2", "Two"))
    assert [problem.partition(": ")[2] for problem in problems] == [
        "tier 'gold' is not one of 1 to 4",
        "id is empty",
    ]
    file.write_text("login,team\nana,t\n,\n")
    members, _ = read_member_files([str(file)])
    assert tuple(members) == (Membership("ana", "t"),)


def test_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    """An owners file that is none is an error, not an empty one."""
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnreadableInput, match="no column 'dataset' among a, b"):
        read_owner_files([str(tmp_path / "x.csv")])


CATALOGUES = {
    "information_schema": (
        "TABLE_CATALOG,TABLE_SCHEMA,TABLE_NAME,COLUMN_NAME,ORDINAL_POSITION,DATA_TYPE\n"
        "D,S,T,B,2,TEXT\nD,S,T,A,1,NUMBER\n",
        {"D.S.T": {"A": "NUMBER", "B": "TEXT"}},
    ),
    "without catalog and position": (
        "table_schema;table_name;column_name;data_type\ns;t;b;int\ns;t;a;text\n",
        {"s.t": {"b": "int", "a": "text"}},
    ),
    "names only": ("table_name,column_name\nt,a\n", {"t": {"a": ""}}),
    "a dot in a name": ("table_name,column_name\nt.x,a\n", {'"t.x"': {"a": ""}}),
    "JSON rows": ('[{"TABLE_NAME":"t","COLUMN_NAME":"a","DATA_TYPE":"INT"}]', {"t": {"a": "INT"}}),
    "JSON lines": (
        '{"table_name":"t","column_name":"b"}\n{"table_name":"t","column_name":"a"}\n',
        {"t": {"b": "", "a": ""}},
    ),
    "mapping": ('{"d.s.t": {"b": "INT", "a": "TEXT"}}', {"d.s.t": {"b": "INT", "a": "TEXT"}}),
    "lists": (
        '{"t": ["b", "a"], "u": [{"name": "c", "type": "INT"}, ["d", "TEXT"]]}',
        {"t": {"b": "", "a": ""}, "u": {"c": "INT", "d": "TEXT"}},
    ),
    "nested": (
        '{"tables": [{"name": "t", "columns": [{"name": "a", "type": "INT"}]}]}',
        {"t": {"a": "INT"}},
    ),
}


@pytest.mark.parametrize("name", CATALOGUES)
def test_catalogue(tmp_path: Path, name: str) -> None:
    """The columns of each table in their order, whatever the file looks like."""
    text, tables = CATALOGUES[name]
    (tmp_path / "c").write_text(text)
    found = read_catalogue(tmp_path / "c", "n")
    assert found.namespace == "n"
    assert {table: list(columns.items()) for table, columns in found.tables.items()} == {
        table: list(columns.items()) for table, columns in tables.items()
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column for the table name among a, b"),
        ("", "no column for the table name among none"),
        ("{bad", "is no JSON"),
        ('{"t": 5}', "describes no columns"),
        ('{"t": [{"x": 1}]}', "names no column"),
        ("table_name,column_name\nt\n", "line 2: t is no row of it"),
        ("{}", "no table in it"),
    ],
)
def test_what_is_no_catalogue(tmp_path: Path, text: str, message: str) -> None:
    """A file that is none says what was looked for."""
    (tmp_path / "c").write_text(text)
    with pytest.raises(UnreadableInput, match=message):
        read_catalogue(tmp_path / "c", "n")

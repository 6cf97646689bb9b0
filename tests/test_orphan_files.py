"""What people tell of sizes, prices, domains, products and policies: read as it is meant."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli
from ingest.declared.catalogs import read_catalogue
from ingest.declared.domains import Places, read_domain_files
from ingest.declared.price_files import read_prices
from lineage.analyses.breaking.policy import read_policy
from lineage.analyses.disuse.orphan_policy import Label, read_orphan_policy
from lineage.analyses.estate.domains import Domains, products
from lineage.errors import InvalidPolicy, UnreadableInput
from lineage.names import DatasetId
from lineage.stores import open_store

SIZES = Path(__file__).parent / "cases" / "sizes"
EXPECTED = tomllib.loads((SIZES / "expected.toml").read_text())
MART = "db:shop.mart.orders"


@pytest.mark.parametrize("file", sorted(EXPECTED))
def test_sizes_of_tables(file: str) -> None:
    """The size of every table in an export, parts added up; views and dropped tables have none."""
    sizes = read_catalogue(SIZES / file, "db").sizes
    found = {
        name: {key: value for key in ("bytes", "rows") if (value := getattr(size, key)) is not None}
        for name, size in sizes.items()
    }
    assert found == EXPECTED[file]


def test_every_export_has_an_expectation() -> None:
    """No file of the folder is left unread."""
    assert {path.name for path in SIZES.iterdir()} - {"expected.toml"} == set(EXPECTED)


def test_a_catalogue_of_columns_is_not_taken_for_one_of_sizes(tmp_path: Path) -> None:
    """information_schema.columns stays a catalogue of columns, whatever else its rows hold."""
    path = tmp_path / "columns.csv"
    path.write_text("table_schema,table_name,column_name,data_type,bytes\nmart,orders,id,int,8\n")
    found = read_catalogue(path, "db")
    assert found.tables == {"mart.orders": {"id": "int"}}
    assert not found.sizes


DOMAINS = """
domains:
  checkout: ["shop.checkout.*", "db:shop.mart.orders"]
  mart: ["shop.mart.*"]
products:
  orders: {domain: checkout, exposes: [shop.mart.orders], description: What was ordered}
"""


def written(folder: Path, name: str, text: str) -> str:
    """The path of a file with that text."""
    (folder / name).write_text(text)
    return str(folder / name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("domains.yml", DOMAINS),
        (
            "domains.csv",
            "dataset,domain,product\nshop.checkout.*,checkout,\nshop.mart.orders,checkout,orders\n"
            "shop.mart.*,mart,\n",
        ),
    ],
)
def test_domains_and_products(tmp_path: Path, name: str, text: str) -> None:
    """The most specific pattern gives the domain; a product exposes what it names, no more."""
    book, problems = read_domain_files([written(tmp_path, name, text)])
    places = Places(book)
    orders, other = DatasetId("db", "shop.mart.orders"), DatasetId("db", "shop.mart.stock")
    assert not problems
    assert [places.domain(one) for one in (orders, other)] == ["checkout", "mart"]
    assert [places.products(one) for one in (orders, other)] == [["orders"], []]
    assert places.domain(DatasetId("db", "elsewhere.t")) == ""


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (lambda path: read_domain_files([path]), "domain: {a: [b]}", "unknown field `domain`"),
        (lambda path: read_domain_files([path]), "products: {p: {exposes: [a]}}", "`domain`"),
        (lambda path: read_domain_files([path]), "{}", "neither"),
        (read_prices, "rates: {storage: 3}", "unknown field `storage`"),
        (read_prices, "currency: EUR", "no price"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path, read, text, says) -> None:
    """Which file, what in it, and where it is described."""
    path = written(tmp_path, "file.yml", text)
    with pytest.raises(UnreadableInput, match=says) as refused:
        read(path)
    assert path in str(refused.value)


def test_the_policy_is_a_section_of_the_gates_file() -> None:
    """One file serves both; a word that nobody knows is an error in either."""
    text = "rules: []\norphans: {classes: [ghost], roots: {datasets: ['db:a*']}, quiet: {days: 30}}"
    policy = read_orphan_policy(text, "policy.yml")
    assert policy == read_policy(text, "policy.yml").orphans
    assert policy.classes == (Label.GHOST,)
    assert (policy.quiet.days, policy.quiet.seasonal) == (30, 400)
    for wrong in ("orphans: {clases: []}", "orphans: {classes: [ghosts]}", "rules: []", "[1]"):
        with pytest.raises(InvalidPolicy, match=r"policy\.yml.*docs/orphans\.md"):
            read_orphan_policy(wrong, "policy.yml")


def run(*arguments: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert not result.exception, result.output
    return result.stdout


def test_domains_sizes_and_prices_are_imported_and_said_anew(tmp_path: Path) -> None:
    """What a file says reaches the graph; a later file takes the place of an earlier one."""
    url = f"sqlite:///{tmp_path}/lineage.db"
    rows = "database,schema,table_name,bytes\nshop,mart,orders,2e12\n"
    sizes = written(tmp_path, "sizes.csv", rows)
    policy = written(tmp_path, "policy.yml", "orphans: {common: 1}")
    prices = written(tmp_path, "prices.yml", "currency: EUR\nrates: {storage_per_tb_month: 20}\n")
    domains = written(tmp_path, "domains.yml", DOMAINS)
    run("import", "--store", url, "--namespace", "db", "--catalog", sizes, "--prices", prices,
        "--domains", domains)  # fmt: skip
    store = open_store(url)
    orders = DatasetId("db", "shop.mart.orders")
    assert [one.description for one in products(store, Domains(store))] == ["What was ordered"]
    place = Domains(store).of(orders)
    assert place is not None
    assert place.name == "checkout"
    answer = run("orphans", "--store", url, "--policy", policy)
    assert "2.0 TB · about 40 EUR a month" in answer
    moved = written(tmp_path, "moved.yml", "domains: {stock: ['shop.mart.*']}")
    run("import", "--store", url, "--domains", moved)
    place = Domains(store).of(orders)
    assert place is not None
    assert (place.name, products(store, Domains(store))) == ("stock", ())
    store.close()

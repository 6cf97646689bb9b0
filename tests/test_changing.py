"""What `lineage impact` takes for a change, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import lineage

ROOT = Path(__file__).parents[1]
FILES = {
    "drop.sql": "ALTER TABLE ANALYTICS.MART.ORDERS DROP COLUMN VOUCHER_CODE;",
    "retype.sql": "ALTER TABLE ANALYTICS.MART.CUSTOMERS ALTER COLUMN COUNTRY SET DATA TYPE INT;",
    "new.sql": "CREATE TABLE ANALYTICS.MART.NEW_ONE (ID INT);",
    "elsewhere.sql": "ALTER TABLE ANALYTICS.MART.NO_SUCH DROP COLUMN A;",
    "strange.sql": "FROBNICATE ANALYTICS.MART.ORDERS;",
    "old_model.sql": "select order_id, status from raw.shop.orders where status = 'paid'",
    "new_model.sql": "select order_id from raw.shop.orders where status = 'paid'",
    "old.avsc": '{"type": "record", "name": "o", "fields": [{"name": "order_id", "type": "string"},'
    ' {"name": "device_id", "type": "string"}]}',
    "new.avsc": '{"type": "record", "name": "o",'
    ' "fields": [{"name": "order_id", "type": "string"}]}',
    "block.yml": "rules: [{name: fails, when: {ring: [fails]}, then: block}]",
    "allow.yml": "{rules: [], not_understood: warn, unknown: allow, unjudged: allow}",
    "bad.yml": "rules: [{name: x, when: {rings: [fails]}, then: block}]",
}
ORDERS = "drop column MART.ORDERS.VOUCHER_CODE"
CASES = [
    (("impact", ORDERS), 0, "breaks"),
    (("impact", "drop", "column", "MART.ORDERS.VOUCHER_CODE"), 0, "breaks"),
    (("impact", ORDERS, "--policy", "block.yml"), 1, "blocks the change"),
    (("impact", ORDERS, "--policy", "allow.yml"), 0, "lets the change pass"),
    (("impact", "--ddl", "drop.sql"), 0, "breaks"),
    (("impact", "--files", "drop.sql", "retype.sql"), 0, "Together the changes break"),
    (("impact", "--files", "drop.sql", "elsewhere.sql"), 0, "Could not be judged (1)"),
    (("impact", "--ddl", "new.sql", "--policy", "block.yml"), 0, "No change of a dataset"),
    (("impact", "--ddl", "elsewhere.sql", "--policy", "block.yml"), 1, "rule “unknown”"),
    (("impact", "--ddl", "strange.sql", "--policy", "block.yml"), 1, "rule “not_understood”"),
    (("impact", "--ddl", "strange.sql", "--policy", "allow.yml"), 0, "with a warning"),
    (
        ("impact", "--sql", "old_model.sql", "new_model.sql", "--subject", "STAGING.STG_ORDERS"),
        0,
        "ANALYTICS.STAGING.STG_ORDERS.status".lower(),
    ),
    (
        ("impact", "--schema", "old.avsc", "new.avsc", "--subject", "archive.bus.order_placed"),
        0,
        "device_id",
    ),
    (("impact",), 2, "say a change"),
    (("impact", "drop column MART.ORDERS.NO_SUCH"), 2, "unknown column"),
    (("impact", "--ddl", "elsewhere.sql"), 2, "unknown"),
    (("impact", "turn the table"), 2, "is no change"),
    (("impact", ORDERS, "--policy", "bad.yml"), 2, "rings"),
    (("impact", ORDERS, "--format", "pdf"), 2, "'pdf' is not one of"),
    (("impact", ORDERS, "--snapshot", "none.snap"), 4, "lineage snapshot --to"),
    (("impact", "--ddl", "none.sql"), 3, "there is no such file"),
    (("impact", "--sql", "none.sql", "new_model.sql"), 3, "there is no such file"),
    (("impact", ORDERS, "--policy", "none.yml"), 3, "none.yml"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), CASES, ids=lambda value: None)
def test_a_change_and_its_exit_code(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path, sample_store: str
) -> None:
    """Each form of a change is read; what is wrong ends with its code and says what to do."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    done = lineage(*arguments, cwd=tmp_path, store=sample_store)
    assert done.returncode == code, done.stderr
    assert said.lower() in " ".join((done.stdout + done.stderr).split()).lower()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_one_document_on_standard_output(form: str, tmp_path: Path, sample_store: str) -> None:
    """Also when the gate says no."""
    (tmp_path / "block.yml").write_text(FILES["block.yml"])
    more = ("--policy", "block.yml", "--format", form)
    done = lineage("impact", ORDERS, *more, cwd=tmp_path, store=sample_store)
    assert done.returncode == 1
    assert json.loads(done.stdout)


def test_a_migration_from_standard_input(tmp_path: Path, sample_store: str) -> None:
    """`--ddl -` reads it from there."""
    done = lineage("impact", "--ddl", "-", cwd=tmp_path, store=sample_store, said=FILES["drop.sql"])
    assert done.returncode == 0, done.stderr
    assert "breaks" in done.stdout

"""Masking: what stays of a statement, and that equal templates have equal lineage."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.masking import many
from ingest.masking.many import ManyMasks
from ingest.masking.template import TRUNCATED, Masks, fingerprint, mask
from ingest.sql import Catalog, Context, analyse

CASES = Path(__file__).parent / "cases" / "masking"
MASKINGS = [
    pytest.param(case, id=f"{file.stem}-{number}")
    for file in sorted(CASES.glob("*.yml"))
    for number, case in enumerate(yaml.safe_load(file.read_text(encoding="utf-8")), 1)
]
DIALECTS = ("", "postgres", "snowflake", "bigquery", "mysql", "tsql", "spark", "duckdb", "oracle")


@pytest.mark.parametrize("case", MASKINGS)
def test_masked_text(case: dict) -> None:
    """Values go, names stay, comments come out; masking what is masked changes nothing."""
    dialect = case.get("dialect", "")
    masked = mask(case["sql"], dialect)
    assert masked.text == case["masked"]
    assert list(masked.comments) == case.get("comments", [])
    assert masked.reason == case.get("reason", "")
    if not masked.reason:
        assert mask(masked.text, dialect).text == masked.text


def _lineage(sql: str, dialect: str) -> list[object]:
    """All of the analysis but its text."""
    return [
        (one.kind, one.reads, one.writes, one.edges, one.uses, one.output, one.parse)
        for one in analyse(sql, dialect, Context(), Catalog()).statements
    ]


@pytest.mark.parametrize("case", [c for c in MASKINGS if not c.values[0].get("reason")])
def test_masked_text_has_the_lineage_of_the_statement(case: dict) -> None:
    """What is analysed is the masked text, so it must mean the same."""
    dialect = case.get("dialect", "")
    if _parses(case["sql"], dialect):
        assert _parses(case["masked"], dialect)
    assert _lineage(case["masked"], dialect) == _lineage(case["sql"], dialect)


def _parses(sql: str, dialect: str) -> bool:
    try:
        sqlglot.parse(sql, read=dialect or None)
    except sqlglot.errors.SqlglotError:
        return False
    return True


_WORDS = st.text(st.characters(blacklist_characters="\\\0\r\n", blacklist_categories=("Cs",)))
_STRINGS = _WORDS.filter(lambda text: "://" not in text and text[:1] not in ("/", "@", "$")).map(
    lambda text: "'" + text.replace("'", "''") + "'"
)
_NUMBERS = st.integers(2, 10**9).map(str) | st.floats(2, 10**6).map(lambda x: f"{x:.3f}")
_COMMENTS = st.text(st.characters(blacklist_characters="*/\0-'\"", blacklist_categories=("Cs",)))
_BLANKS = st.sampled_from([" ", "  ", "\n", "\t", "\r\n  "])
_GAPS = st.one_of(_BLANKS, _COMMENTS.map(lambda text: f" /*{text}*/ "))
# {s}: a string, {n}: a number, {l}: a list of strings; a blank: any gap.
_STATEMENTS = (
    "select a, sum(b) as c from t where d = {s} and e > {n} group by 1 order by 2 limit {n}",
    "insert into t (a, b) select x, {s} from u where y in ({l}) and z between {n} and {n}",
    "update t set a = {s}, b = {n} from u where t.id = u.id and u.k like {s}",
    "merge into t using u on t.id = u.id and u.v = {n} when matched then update set a = {s}",
    "with q as (select a, {n} as k from t where b = {s}) select q.a from q join u on u.k = {s}",
    "create table t as select case when a = {s} then {n} else {n} end as c from u where b <> {s}",
    "delete from t where a in (select b from u where c = {s}) or d in ({l})",
)


@st.composite
def _variants(draw: st.DrawFn) -> tuple[str, str]:
    """Two texts of one template: other values, comments and white space."""
    statement = draw(st.sampled_from(_STATEMENTS))

    def text() -> str:
        def value(found: re.Match[str]) -> str:
            if found[0] == "{l}":
                return ", ".join(draw(st.lists(_STRINGS, min_size=1, max_size=4)))
            return draw(_STRINGS if found[0] == "{s}" else _NUMBERS)

        gapped = re.sub(" ", lambda _: draw(_GAPS), statement)
        return re.sub(r"\{[snl]\}", value, gapped)

    return text(), text()


@settings(deadline=None)
@given(texts=_variants(), dialect=st.sampled_from(["", "postgres", "duckdb", "oracle", "tsql"]))
def test_values_comments_and_blanks_never_make_another_template(
    texts: tuple[str, str], dialect: str
) -> None:
    """Two statements that differ only in these are one template, and nothing of a value is left."""
    one, two = (mask(text, dialect) for text in texts)
    assert one.text == two.text
    assert not one.reason
    assert "/*" not in one.text


@settings(deadline=None)
@given(text=st.text(), dialect=st.sampled_from(DIALECTS))
def test_masking_survives_anything_and_is_idempotent(text: str, dialect: str) -> None:
    """No text breaks it; what is masked stays as it is."""
    masked = mask(text, dialect)
    if masked.reason != TRUNCATED:
        assert mask(masked.text, dialect).text == masked.text


def _texts() -> Iterator[str]:
    """The statements of all cases, and those of the sample's logs."""
    for file in sorted((CASES.parent / "sql").glob("*.toml")):
        yield from _strings(tomllib.loads(file.read_text(encoding="utf-8")))
    for case in MASKINGS:
        yield case.values[0]["sql"]
    for file in sorted((CASES.parents[2] / "sample_data").glob("*/query_history*.csv")):
        with file.open(newline="", encoding="utf-8") as log:
            yield from {row["QUERY_TEXT"] for row in csv.DictReader(log)}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


_OTHER_VALUES = {
    re.compile(r"(?<![\w.])[0-9]{2,}(?![\w.])"): ("2", "3000", "1.5", "0", "1"),
    re.compile(r"'[\w ]*'"): ("'b'", "''", "'12:30 %'", "'/p/q'", "'@s/x'", "'s3://b/k'", "'$.a'"),
    re.compile(r'"[\w ]*"'): ('"b"', '"x y"', '"/p/q"'),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_remembered_of_a_statement_holds_for_other_values(dialect: str) -> None:
    """Masking that remembers gives what masking gives, for known texts and for other values."""
    masks = Masks(dialect)
    for text in _texts():
        assert masks.mask(text) == mask(text, dialect)
        for values, others in _OTHER_VALUES.items():
            for other in others:
                changed = values.sub(other, text, count=2)
                assert masks.mask(changed) == mask(changed, dialect), changed


@pytest.mark.parametrize("dialect", DIALECTS)
def test_masking_many_is_masking_each(dialect: str) -> None:
    """Together they give what each gives alone, whichever other values come first or last."""
    others = [
        values.sub(other, text, count=2)
        for text in _texts()
        for values, changes in _OTHER_VALUES.items()
        for other in (*changes, "'it''s'", "'2'", "7")
    ]
    masks = ManyMasks(dialect)
    found = masks.mask_all(others) + masks.mask_all(others[::-1])
    for text, masked in zip(others + others[::-1], found, strict=True):
        assert masked == mask(text, dialect), text


_SYNTAX = st.sampled_from(
    [
        *"(),;=:.[]'\"`-+/*<>$@#\\ \n012x",
        *("select", "from", "where", "in (", "values (", "group by ", "limit ", "set ", "use "),
        *("pivot (", "varchar(", "get_path(", "nextval(", "extract(", "interval ", "copy "),
        *("->", "::", "=>", "--", "/*", "*/", "$$", "37", "1.5", "t.a", "E'a'", "'a b'", '"x y"'),
        *("'s3://b/k'", "'$.a'", "'@s'"),
    ]
)


@settings(deadline=None, max_examples=300)
@given(
    texts=st.lists(st.lists(_SYNTAX, max_size=25).map("".join), min_size=2, max_size=4),
    number=st.sampled_from(["5", "61"]),
    dialect=st.sampled_from(DIALECTS),
)
def test_remembering_never_changes_a_masked_text(
    texts: list[str], number: str, dialect: str
) -> None:
    """Whatever the text is, whatever was masked before, and whatever is masked with it."""
    masks, together = Masks(dialect), ManyMasks(dialect)
    ones = [
        one
        for text in texts
        for one in (text, re.sub(r"\b(37|a b)\b", number, text), text.replace("2", number))
    ]
    expected = [mask(one, dialect) for one in ones]
    assert [masks.mask(one) for one in ones] == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many, "_WORTH_IT", 0)
        assert together.mask_all(ones) == expected


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("select a from t", "select b from t"),
        ("select a from t", "select a from u"),
        ("select a from t order by 1", "select a from t order by 2"),
        ("select a->'k' from t", "select a->'j' from t"),
        ("copy t from 's3://b/x'", "copy t from 's3://b/y'"),
        ("select a as 'x' from t", "select a as 'y' from t"),
        ("select a from t where b = 1", "select a from t where c = 1"),
        ('select a from "t"', "select a from t"),
    ],
)
def test_other_names_make_another_template(one: str, two: str) -> None:
    """What may have other lineage is never folded together."""
    assert mask(one, "redshift").text != mask(two, "redshift").text


def test_hash_and_blank_begin_a_comment_when_nobody_said_the_dialect() -> None:
    """In the dialects where # is an operator or part of a name, it is none."""
    assert mask("select a # why\nfrom t", "").text == "select a from t"
    assert mask("select a # b from #t", "postgres").text == "select a # b from #t"
    assert mask("select a from #t", "").text == "select a from #t"


def test_big_insert_is_one_short_template() -> None:
    """Ten thousand rows of values leave one row, in time that grows with the text only."""
    rows = ", ".join(f"({n}, 'name {n}', null, now())" for n in range(10_000))
    masked = mask(f"insert into t (a, b, c, d) values {rows}", "postgres")
    assert masked.text == "insert into t (a, b, c, d) values (0, '?', null, now())"


def test_fingerprint_keeps_parts_apart() -> None:
    """It has 128 bits, and where one part ends and the next begins matters."""
    assert len(fingerprint("a", "b")) == 32
    assert fingerprint("a", "b") != fingerprint("ab", "")
    assert fingerprint("a", "b") == fingerprint("a", "b")

"""How the masked text of a statement puts a column: what a role does not tell.

Lexical on purpose: the graph keeps texts, not trees, and in a masked text no literal can look like
SQL. Where a text says nothing, the answer is the careful one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

_NAME = r"(?:[\w$\-\[\]`\"]+\.)*[\w$\-\[\]`\"]+"
_QUALIFIER = r"(?:[\w$\[\]`\"]+\.)*[\[`\"]?"
_INSERT = re.compile(
    rf"\binsert\s+(?:overwrite\s+|ignore\s+)?(?:into\s+)?(?:table\s+)?(?P<table>{_NAME})\s*"
    r"(?:partition\s*\([^()]*\)\s*)?(?:\((?P<columns>[^()]*)\))?\s*(?P<by_name>by\s+name\b)?"
    r"(?P<body>.*)",
    re.IGNORECASE | re.DOTALL,
)
_MERGED = re.compile(
    r"\binsert\s*\((?P<columns>[^()]*)\)\s*values\s*\((?P<values>.*)", re.IGNORECASE | re.DOTALL
)
_SET = re.compile(r"\bset\s+(.*?)(?:\bwhere\b|\bfrom\b|\bwhen\b|$)", re.IGNORECASE | re.DOTALL)
_MERGE = re.compile(r"\s*merge\b", re.IGNORECASE)
_CREATES = re.compile(r"\s*(?:create|replace)\b", re.IGNORECASE)
_STAR = r"select\s+(?:all\s+|distinct\s+)?(?:[\w\"`]+\.)?\*"
_SET_OPERATOR = r"(?:union|except|intersect)(?:\s+all|\s+distinct)?"
_UNITES_STARS = re.compile(
    rf"{_STAR}\s[^()]*?\b{_SET_OPERATOR}\b(?!\s+by\s+name)|"
    rf"\b{_SET_OPERATOR}\s*\(?\s*{_STAR}",
    re.IGNORECASE,
)
_EVERY_COLUMN = re.compile(
    r"(?:\bselect|\bdistinct|\ball|,)\s*\*|[\w\"`\]]\.\*|\bnatural\b", re.IGNORECASE
)
_OUTER_JOIN = r"\b(?:left|full)\s+(?:outer\s+)?join\s+(?:[\w$\[\]`\"]+\.)*[\[`\"]?{}\b"
_CALL = re.compile(r"\b([a-z_]\w*)\s*\(\s*(distinct\b)?", re.IGNORECASE)
_ALIKE_FOR_COPIES = frozenset({"min", "max", "any_value", "bool_or", "bool_and", "every"})
_COUNTS_ROWS = frozenset(
    {
        *("sum", "count", "avg", "mean", "array_agg", "string_agg", "listagg", "group_concat"),
        *("collect_list", "list", "median", "stddev", "stddev_pop", "stddev_samp", "variance"),
        *("var_pop", "var_samp", "percentile_cont", "percentile_disc", "approx_percentile"),
        *("quantile", "sumif", "countif", "count_if", "sum_if", "total", "mode"),
        *("row_number", "rank", "dense_rank", "ntile", "lag", "lead"),
    }
)
_KEEPS_TYPE = frozenset({"count", "min", "max", "any_value", "first", "last", "first_value",
                         "last_value", "lag", "lead", "nth_value", "array_agg", "list",
                         "approx_count_distinct", "arbitrary", "mode", "countif",
                         "collect_list", "collect_set"})  # fmt: skip
_TAKES_ANY = frozenset({"concat", "concat_ws", "to_json", "hash", "md5", "typeof", "count"})


class Insert(msgspec.Struct, frozen=True):
    """An INSERT: the last part of its target's name, its column list, and what it puts in.

    columns: lower-case; None without a list, then values go by position. items: the texts that
    fill them; None where they are not told one by one (`SELECT *`).
    """

    table: str
    columns: tuple[str, ...] | None
    items: tuple[str, ...] | None

    def item_of(self, column: str, ordinal: int | None) -> str | None:
        """What is put into a column, by name or else by its place; None when not told."""
        if self.items is None:
            return None
        place = ordinal
        if self.columns is not None:
            place = self.columns.index(column.lower())
        return self.items[place] if place is not None and place < len(self.items) else None


@lru_cache(maxsize=4096)
def inserts(sql: str) -> tuple[Insert, ...]:
    """The INSERT of a statement, that of a MERGE without its target's name."""
    if _MERGE.match(sql):
        found = _MERGED.search(sql)
        if not found:
            return ()
        values = _up_to_closing(found["values"])
        return (Insert("", _columns(found["columns"]), tuple(parts_of(values))),)
    plain = _INSERT.search(sql)
    if not plain:
        return ()
    columns, body = plain["columns"], plain["body"].strip()
    if columns is not None and re.match(r"\s*(?:select|with)\b", columns, re.IGNORECASE):
        columns, body = None, columns  # INSERT INTO t (SELECT …)
    items = _filled(body)
    if plain["by_name"]:
        columns = ", ".join(map(_output, items or ()))
    return (Insert(_bare(plain["table"]), _columns(columns), items),)


def updated(sql: str) -> dict[str, str]:
    """Column → expression of the SET clauses of an UPDATE or MERGE."""
    assigned = {}
    for clause in _SET.findall(sql):
        for item in parts_of(clause):
            name, equals, value = item.partition("=")
            if equals:
                assigned[_bare(name)] = value.strip()
    return assigned


def unites_stars(sql: str) -> bool:
    """Whether a set operation combines a `SELECT *` by position: the columns must be as many."""
    return _UNITES_STARS.search(sql) is not None


def names_within(sql: str, column: str) -> bool:
    """Whether a column is said without its table where a query stands in another one.

    And nothing takes every column: a use that does not depend on the name is then one that an
    outer column of the same name would take over.
    """
    alone = re.search(rf"(?<![.\w])[\[`\"]?{re.escape(column)}\b(?!\s*\.)", sql, re.IGNORECASE)
    nested = len(re.findall(r"\bselect\b", sql, re.IGNORECASE)) > 1
    return alone is not None and nested and not _EVERY_COLUMN.search(sql)


def merges(sql: str) -> bool:
    """Whether it is a MERGE, in which a source row that comes twice is an error."""
    return _MERGE.match(sql) is not None


def creates(sql: str) -> bool:
    """Whether it makes its target anew, with the columns and types that come out."""
    return _CREATES.match(sql) is not None


def may_miss(sql: str, table: str) -> bool:
    """Whether a table is on the side of an outer join that may be missing."""
    return re.search(_OUTER_JOIN.format(re.escape(table)), sql, re.IGNORECASE) is not None


def requires(sql: str, column: str) -> bool:
    """Whether the definition of a table, or a change of it, forbids nulls in a column."""
    name = re.escape(column)
    defined = rf"[(,]\s*[\[`\"]?{name}\b[^,()]*(?:\([^()]*\)[^,()]*)?\b(?:not\s+null|primary\s+key)"
    altered = rf"\b{name}\b[`\"\]]?\s+set\s+not\s+null"
    return re.search(f"{defined}|{altered}", sql, re.IGNORECASE) is not None


def is_null(item: str) -> bool:
    """Whether an expression of a select list or VALUES is always null."""
    return re.fullmatch(r"null(?:\s*::.*|\s+(?:as\s+)?[\w\"`]+)?|cast\s*\(\s*null\s+as.*",
                        item.strip(), re.IGNORECASE | re.DOTALL) is not None  # fmt: skip


def is_never_null(item: str) -> bool:
    """Whether an expression is a literal or COALESCE with one."""
    text = item.strip()
    literal = r"(?:'[^']*'|\d+(?:\.\d+)?|true|false|current_\w+(?:\(\))?|now\(\))"
    alone = rf"{literal}(?:\s+(?:as\s+)?[\w\"`]+)?"
    filled = rf"(?:coalesce|ifnull|nvl)\s*\(.*,\s*{literal}\s*\).*"
    return re.fullmatch(f"{alone}|{filled}", text, re.IGNORECASE | re.DOTALL) is not None


def is_blind_to_copies(sql: str) -> bool:
    """Whether a query gives the same when rows of what it reads come twice."""
    if re.search(r"\bunion\s+all\b|\bover\s*\(|\blimit\b|\btop\b", sql, re.IGNORECASE):
        return False
    calls = [(name.lower(), bool(distinct)) for name, distinct in _CALL.findall(sql)]
    if any(name in _COUNTS_ROWS and not distinct for name, distinct in calls):
        return False
    reduced = any(distinct or name in _ALIKE_FOR_COPIES for name, distinct in calls)
    grouped = re.search(r"\bgroup\s+by\b|\bselect\s+distinct\b|\bunion\b", sql, re.IGNORECASE)
    return bool(grouped) or (reduced and sql.lower().count("select") == 1)


def keeps_type(sql: str, column: str) -> bool:
    """Whether every call over a column alone takes any type: COUNT, MIN, MAX and their like."""
    calls = _calls_over(sql, column)
    return bool(calls) and calls <= _KEEPS_TYPE


def is_joined_as_text(sql: str, column: str) -> bool:
    """Whether a column is only concatenated, cast or hashed: that works for every type."""
    seen = _places(sql, column)
    fitting = re.compile(
        rf"(?:\|\|\s*{_QUALIFIER}{re.escape(column)}\b|"
        rf"\b{re.escape(column)}[\]`\"]?\s*(?:\|\||::\s*(?:text|varchar|string))|"
        rf"\b(?:try_)?cast\s*\(\s*{_QUALIFIER}{re.escape(column)}[\]`\"]?\s+as\s+"
        rf"(?:text|varchar|string|char))",
        re.IGNORECASE,
    )
    calls = _calls_over(sql, column)
    if calls and not calls <= _TAKES_ANY:
        return False
    return bool(seen) and len(fitting.findall(sql)) + len(calls) >= seen


def is_compared_with_text(sql: str, column: str) -> bool:
    """Whether each comparison of a column is with a string, or asks for null."""
    name = re.escape(column)
    behind = re.findall(
        rf"\b{name}[\]`\"]?\s*(?:=|<>|!=|<=|>=|<|>|(?:not\s+)?(?:i?like|between|in\s*\()|is\b)"
        r"\s*(not\s+null|null|\S)",
        sql,
        re.IGNORECASE,
    )
    before = re.findall(rf"(\S)\s*(?:=|<>|!=|<=|>=|<|>)\s*{_QUALIFIER}{name}\b", sql, re.IGNORECASE)
    seen = [*behind, *before]
    return bool(seen) and all(one == "'" or one.lower().endswith("null") for one in seen)


def _calls_over(sql: str, column: str) -> set[str]:
    pattern = rf"\b(\w+)\s*\(\s*(?:distinct\s+)?{_QUALIFIER}{re.escape(column)}[\]`\"]?\s*[,)]"
    return {name.lower() for name in re.findall(pattern, sql, re.IGNORECASE)}


def _places(sql: str, column: str) -> int:
    return len(re.findall(rf"\b{re.escape(column)}\b", sql, re.IGNORECASE))


def _columns(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(_bare(item) for item in text.split(","))


def _bare(name: str) -> str:
    """The last part of a name, without quotes, in lower case."""
    return name.strip().rpartition(".")[2].strip('[]`" ').lower()


def _output(item: str) -> str:
    return re.split(r"[\s.]", item.strip())[-1]


def _filled(body: str) -> tuple[str, ...] | None:
    """The expressions that an INSERT puts in; None when a star, or nothing, is told."""
    if values := re.match(r"values?\s*\((.*)", body, re.IGNORECASE | re.DOTALL):
        return tuple(parts_of(_up_to_closing(values[1])))
    flat = "".join(character if not depth else "\x00" for character, depth in _with_depth(body))
    select = re.search(r"\bselect\s+(?:distinct\s+|all\s+)?", flat, re.IGNORECASE)
    if not select:
        return None
    end = re.compile(r"\bfrom\b|\bunion\b|$", re.IGNORECASE).search(flat, select.end())
    items = tuple(parts_of(body[select.end() : end.start() if end else len(body)]))
    starred = any(re.match(rf"(?:{_NAME}\.)?\*", item.strip()) for item in items)
    return None if starred else items


def _up_to_closing(text: str) -> str:
    return next(
        (text[:i] for i, (one, depth) in enumerate(_with_depth(text)) if one == ")" and depth < 1),
        text,
    )


def parts_of(text: str) -> Iterator[str]:
    """The parts between commas that are in no parentheses."""
    item = ""
    for character, depth in _with_depth(text):
        if character == "," and not depth:
            yield item.strip()
            item = ""
        else:
            item += character
    if item.strip():
        yield item.strip()


def _with_depth(text: str) -> Iterator[tuple[str, int]]:
    """Each character and in how many parentheses it is, the parentheses themselves included."""
    depth = 0
    for character in text:
        depth += character == "("
        yield character, depth
        depth -= character == ")"

"""What a physical plan of Spark, as its event log has it, says was read and written.

Source: https://spark.apache.org/docs/latest/sql-ref-syntax-qry-explain.html (FORMATTED)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ingest.files.wording import name_parts
from ingest.record import Stated, StatedEdge, StatedTable

# `(3) Scan parquet raw.orders [codegen id : 1]`, and below it `Output [2]: [id#5L, amount#6]`.
_NODE = re.compile(r"\(\d+\) (?:Execute )?(\w+)(?: (.*?))?(?: \[codegen id : \d+\])?")
_FACT = re.compile(r"(\w[\w ]*?)(?: \[\d+\])? ?: (.*)")
_NAME = re.compile(r"(?:`[^`]+`|[\w$-]+)(?:\.(?:`[^`]+`|[\w$-]+))*")
_QUOTED = re.compile(r"(?:`[^`]+`\.)*`[^`]+`")
_NUMBER = re.compile(r"#(\d+)L?\b")
_ATTRIBUTE = re.compile(r"(.+)#(\d+)L?")
_ALIAS = re.compile(r" AS ([^\[\],]+?)#(\d+)L?(?=[,\]\s)])")
_LIST = re.compile(r"\[([^\[\]]*)\]")
_URL = re.compile(r"\[?([a-z][a-z0-9+.-]*:/[^\],\s]+)")
# What is no table of this source: rows in memory, and tables of another database.
_WITHOUT_SOURCE = ("ExistingRDD", "OneRowRelation", "LocalRelation", "JDBCRelation")
_PATH_WRITERS = frozenset({"InsertIntoHadoopFsRelationCommand", "InsertIntoHadoopFsRelation"})
_TABLE_WRITERS = frozenset(
    {
        *("CreateDataSourceTableAsSelectCommand", "CreateHiveTableAsSelectCommand"),
        *("OptimizedCreateHiveTableAsSelectCommand", "InsertIntoHiveTable"),
        *("AtomicCreateTableAsSelect", "AtomicReplaceTableAsSelect", "CreateTableAsSelect"),
        *("ReplaceTableAsSelect", "AppendData", "OverwriteByExpression"),
        *("OverwritePartitionsDynamic", "SaveIntoDataSourceCommand"),
        *("InsertIntoDataSourceCommand", "LoadDataCommand"),
    }
)
_VIEW, _LASTING_VIEW = "CreateViewCommand", "PersistedView"
# A file of a folder that Spark wrote; the folder is the dataset.
_PART = re.compile(r"/part-[0-9]{5}[^/]*$")
_WRITE_OF = re.compile(r"\(table=([^,)]+)")  # IcebergWrite(table=lake.db.t, format=PARQUET)
_CONDITION = re.compile(r"\bWHEN .*? THEN\b")
_ABBREVIATED = "..."

_Facts = Mapping[str, str]


def stated_of(plan: str) -> Stated:
    """The tables and files that a plan scans and writes, and the columns that travel.

    A name that the log abbreviated is left out.
    """
    reads: list[StatedTable] = []
    writes: list[StatedTable] = []
    flow = _Flow()
    written: list[str] = []  # the attributes that a write is given
    for node, rest, facts in _nodes(plan):
        flow.take(facts)
        if node == _VIEW and _LASTING_VIEW not in facts.get("Arguments", _LASTING_VIEW):
            return Stated((), (), (), "beneath")
        source = _source(node, rest, facts)
        if source is not None:
            reads.append(source)
            flow.scan(source, facts)
        target = _target(node, rest, facts)
        if target is not None:
            writes.append(target)
        if node == "WriteFiles":
            written = [number for _, number in _attributes(facts.get("Input", ""))]
    edges = flow.edges(written, writes[-1]) if writes else ()
    return Stated(tuple(reads), tuple(writes), edges, "beneath")


class _Flow:
    """Which attributes of a plan are made of which; an attribute is known by its number."""

    def __init__(self) -> None:
        self._made_of: dict[str, set[str]] = {}
        self._columns: dict[str, tuple[StatedTable, str]] = {}

    def take(self, facts: _Facts) -> None:
        """Learns the aliases of a node."""
        for value in facts.values():
            begin = 0
            for alias in _ALIAS.finditer(value):
                expression = _value_of(_last_expression(value[begin : alias.start()]))
                sources = _NUMBER.findall(expression)
                self._made_of.setdefault(alias.group(2), set()).update(sources)
                begin = alias.end()

    def scan(self, table: StatedTable, facts: _Facts) -> None:
        """Learns the columns that are read of a table."""
        for name, number in _attributes(facts.get("Output", "")):
            self._columns[number] = (table, name)

    def edges(self, written: list[str], target: StatedTable) -> tuple[StatedEdge, ...]:
        """From the columns read to those written, when the plan has both by place."""
        if len(written) != len(target.columns):
            return ()
        return tuple(
            StatedEdge(table.parts, column, target.parts, name)
            for number, name in zip(written, target.columns, strict=True)
            for table, column in self._origins(number, set())
            if table.kind == "table"
        )

    def _origins(self, number: str, seen: set[str]) -> Iterator[tuple[StatedTable, str]]:
        if number in self._columns:
            yield self._columns[number]
            return
        for source in sorted(self._made_of.get(number, set()) - seen):
            seen.add(source)
            yield from self._origins(source, seen)


def _attributes(text: str) -> list[tuple[str, str]]:
    """Name and number of each attribute of a list."""
    found = (_ATTRIBUTE.fullmatch(one) for one in text.strip("[]").split(", "))
    return [(one[1], one[2]) for one in found if one]


def _value_of(expression: str) -> str:
    """The expression without what only chooses: conditions, and the frame of a window."""
    return _CONDITION.sub("", expression.partition("windowspecdefinition(")[0])


def _last_expression(text: str) -> str:
    """The expression at the end of a list: what follows the last comma outside of parentheses."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        one = text[place]
        depth += (one == ")") - (one == "(")
        if depth < 0 or (depth == 0 and one in ",["):
            return text[place + 1 :]
    return text


def _nodes(plan: str) -> Iterator[tuple[str, str, _Facts]]:
    """The nodes of a formatted plan: name, what follows it, and the facts below."""
    for block in plan.split("\n\n"):
        first, _, below = block.strip("\n").partition("\n")
        node = _NODE.fullmatch(first)
        if node:
            facts = (_FACT.fullmatch(line) for line in below.split("\n"))
            yield node[1], node[2] or "", {fact[1]: fact[2] for fact in facts if fact}


def _source(node: str, rest: str, facts: _Facts) -> StatedTable | None:
    if node in ("Scan", "BatchScan"):
        # Lines of text have no columns, though the plan calls them `value`.
        output = "" if rest.startswith("text ") else facts.get("Output", "")
        columns = tuple(name for name, _ in _attributes(output))
        _, _, table = rest.partition(" ") if node == "Scan" else ("", "", rest)
        if rest.startswith(_WITHOUT_SOURCE):
            return None
        return _table(table.strip(), columns) or _path(facts.get("Location", rest), columns)
    if node in ("LogicalRelation", "HiveTableRelation"):
        found = _QUOTED.search(facts.get("Arguments", ""))
        return _table(found.group(), ()) if found else None
    return None


def _target(node: str, rest: str, facts: _Facts) -> StatedTable | None:
    arguments = facts.get("Arguments", rest)
    lists = _LIST.findall(arguments)
    columns = _columns(lists[-1]) if lists else ()
    found = _QUOTED.search(arguments)
    if node in _PATH_WRITERS:
        return _table(found.group(), columns) if found else _path(arguments, columns)
    if node == _VIEW:
        return _table(found.group(), ()) if found else None
    if node in _TABLE_WRITERS:
        if found:
            return _table(found.group(), columns)
        written = _WRITE_OF.search(arguments)
        return _table(written[1], ()) if written else _path(arguments, ())
    return None


def _columns(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",")]
    return tuple(name for name in names if name and _ABBREVIATED not in name)


def _table(name: str, columns: tuple[str, ...]) -> StatedTable | None:
    if not _NAME.fullmatch(name) or _ABBREVIATED in name:
        return None
    return StatedTable(name_parts(name), "table", columns)


def _path(text: str, columns: tuple[str, ...]) -> StatedTable | None:
    found = _URL.search(text)
    if not found or _ABBREVIATED in found[1]:
        return None
    return StatedTable((_PART.sub("", found[1]),), "path", columns)

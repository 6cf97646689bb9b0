"""Plain sqlglot: the tables of the tree, and `lineage` of each output column."""

import stream
from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage


def adapt(case: stream.Case) -> stream.Case:
    dialect = case["dialect"] or None
    reads, writes, edges = set(), set(), []
    for tree in parse(case["sql"], dialect=dialect):
        if tree is None:
            continue
        targets = [tree.find(exp.Table)] if isinstance(tree, (exp.DDL, exp.DML)) else []
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        writes |= {name(table) for table in targets if table}
        reads |= {
            name(t) for t in tree.find_all(exp.Table) if t not in targets and t.name not in ctes
        }
        query = tree if isinstance(tree, exp.Query) else tree.args.get("expression")
        if isinstance(query, exp.Query):
            down = f"{name(targets[0])}." if targets and targets[0] else ""
            edges += [
                {"down": down + column, "up": sources(column, query, case)}
                for column in query.named_selects
            ]
    return {"in_tables": sorted(reads), "out_tables": sorted(writes), "column_lineage": edges}


def name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def sources(column: str, query: exp.Query, case: stream.Case) -> list[str]:
    schema: dict[str, object] = {}
    for table, columns in (case["schemas"] or {}).items():
        *parents, last = table.split(".")
        place = schema
        for parent in parents:
            place = place.setdefault(parent, {})  # type: ignore[assignment]
        place[last] = columns
    try:
        root = lineage(column, query.copy(), schema=schema, dialect=case["dialect"] or None)
    except SqlglotError:  # one column that it cannot resolve is no reason to lose the others
        return []
    return [
        f"{name(node.source)}.{node.name.rsplit('.', 1)[-1]}"
        for node in root.walk()
        if not node.downstream and isinstance(node.source, exp.Table)
    ]


stream.run(adapt)

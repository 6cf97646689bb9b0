"""From a name in the tree to the table it means."""

from __future__ import annotations

import re

from sqlglot import exp

from ingest.sql.dialects import Rules
from ingest.sql.records import Context, Table
from ingest.sql.run import Run
from lineage.names import parts as split_name

_PATH = re.compile(r"^[a-z][a-z0-9+.-]*://|^/|^\.{1,2}/|\.(parquet|csv|json|orc|avro|gz)$", re.I)
_FORMATS = frozenset({"parquet", "csv", "json", "orc", "avro", "delta", "text", "iceberg"})
TEMPLATE = "\N{SECTION SIGN}"  # stands in a name where the text had a template's expression


def is_path(text: str) -> bool:
    """Whether a text is a file's path or URL rather than a table's name."""
    return ("/" in text or "." in text) and bool(_PATH.search(text))


def is_bare(node: exp.Expr) -> bool:
    """Whether a table expression has a name of one part."""
    place, inner = node.args.get("db"), node.this
    return place is None and inner is not None and not isinstance(inner, exp.Dot)


def table_of(node: exp.Expr, run: Run) -> Table | None:
    """The table of a table expression; None when the text does not say which."""
    if isinstance(node.this, exp.DynamicIdentifier):  # Snowflake's IDENTIFIER('schema.table')
        return qualified(split_name(node.this.name), run) if node.this.name else None
    parts = _parts(node)
    if len(parts) == 2 and run.rules.name == "databricks" and parts[0].name.lower() == "live":
        parts = parts[1:]  # the schema of the pipeline itself
    texts = [part.name for part in parts]
    if not texts or not texts[-1] or TEMPLATE in "".join(texts):
        return None
    last = texts[-1]
    if last.startswith("@"):
        return Table((last,), "stage")
    if "/" in last and len(parts) == 2 and texts[0].lower() in _FORMATS:
        return Table((last,), "path")
    if is_path(last) and (len(parts) == 1 or "/" in last):
        return Table((last,), "path")
    if isinstance(parts[-1], exp.Parameter) and run.rules.bare_statements:
        return Table((f"@{last}",))  # T-SQL's table variable
    if isinstance(parts[-1], (exp.Placeholder, exp.Parameter)):
        return None
    return qualified(tuple([_part(part, run.rules) for part in parts]), run)


def _parts(node: exp.Expr) -> list[exp.Expr]:
    """The parts of a name; empty ones where T-SQL's `database..table` leaves one out."""
    inner = node.this
    if node.args.get("db") != "" and not isinstance(inner, exp.Dot):
        return list(node.parts)  # type: ignore[attr-defined]
    places = [node.args.get("catalog"), node.args.get("db") or None]
    while isinstance(inner, exp.Dot):
        places.append(inner.this if isinstance(inner.this, exp.Expr) else None)
        inner = inner.expression
    return [place or exp.to_identifier("", quoted=True) for place in (*places, inner)]


def names_of(node: exp.Expr, rules: Rules) -> list[str]:
    """The parts of a column reference as the platform stores them, qualifiers first."""
    parts: list[exp.Expr] = node.parts  # type: ignore[attr-defined]
    names = [rules.column(part.name, bool(part.args.get("quoted"))) for part in parts]
    if len(names) > 1 and rules.bare_statements:
        names[-2] = mark(parts[-2]) + names[-2]
    return names


def mark(part: exp.Expr) -> str:
    """T-SQL's # or ##, which belongs to a name."""
    return "#" if part.args.get("temporary") else "##" if part.args.get("global_") else ""


def _part(part: exp.Expr, rules: Rules) -> str:
    return mark(part) + rules.table(part.name, bool(part.args.get("quoted")))


def qualified(names: tuple[str, ...], run: Run) -> Table:
    """The table of that name with the defaults of the context in front."""
    context, rules = run.context, run.rules
    if len(names) == 1:
        for schema in context.search_path:
            candidate = Table(_prefixed((schema, *names), context, rules))
            if run.catalog.columns(candidate) is not None:
                return candidate
    return Table(_prefixed(names, context, rules))


def _prefixed(names: tuple[str, ...], context: Context, rules: Rules) -> tuple[str, ...]:
    schema = context.search_path[0] if context.search_path else context.default_schema
    if len(names) == 1 and schema:
        names = (schema, *names)
    if context.default_db and len(names) <= 1 + (not rules.two_levels):
        names = (context.default_db, *names)
    if "" in names and len(names) < 4:  # with a server in front, the defaults are the server's
        defaults = (context.default_db, schema, "")[-len(names) :]
        names = tuple(name or default for name, default in zip(names, defaults, strict=True))
    return names

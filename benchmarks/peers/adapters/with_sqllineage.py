"""sqllineage: a bare SELECT is wrapped in CREATE TABLE AS, else it has no column lineage."""

import stream
from sqllineage.core.metadata.dummy import DummyMetaDataProvider
from sqllineage.runner import LineageRunner

_DIALECTS = {"": "ansi", "spark": "sparksql", "presto": "trino"}


def adapt(case: stream.Case) -> stream.Case:
    dialect = _DIALECTS.get(case["dialect"] or "", case["dialect"])
    is_select = case["sql"].lstrip(" (\n\t").upper().startswith("SELECT") and not case.get("script")
    sql = f"CREATE TABLE the_output AS {case['sql']}" if is_select else case["sql"]
    known = {
        name if "." in name else f"<default>.{name}": list(columns)
        for name, columns in (case["schemas"] or {}).items()
    }
    runner = LineageRunner(sql, dialect=dialect, metadata_provider=DummyMetaDataProvider(known))
    up: dict[str, list[str]] = {}
    for path in runner.get_column_lineage():
        up.setdefault(plain(path[-1]), []).append(plain(path[0]))
    return {
        "in_tables": [plain(table) for table in runner.source_tables],
        "out_tables": [plain(t) for t in runner.target_tables if "the_output" not in str(t)],
        "column_lineage": [{"down": down, "up": sources} for down, sources in up.items()],
    }


def plain(thing: object) -> str:
    return str(thing).removeprefix("<default>.")


stream.run(adapt)

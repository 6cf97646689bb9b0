"""SQL text in, lineage out: the only package that knows a parser."""

from ingest.sql.catalog import Catalog
from ingest.sql.collapse import collapse
from ingest.sql.comparing import Difference, compare
from ingest.sql.extract import extract_case
from ingest.sql.packing import packed, unpacked
from ingest.sql.records import (
    Analysis,
    Column,
    ColumnEdge,
    ColumnUse,
    Context,
    SchemaChange,
    Statement,
    Table,
    is_placeholder,
)
from ingest.sql.scripts import analyse, single

__all__ = [
    "Analysis",
    "Catalog",
    "Column",
    "ColumnEdge",
    "ColumnUse",
    "Context",
    "Difference",
    "SchemaChange",
    "Statement",
    "Table",
    "analyse",
    "collapse",
    "compare",
    "extract_case",
    "is_placeholder",
    "packed",
    "single",
    "unpacked",
]

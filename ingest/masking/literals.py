"""Which words of SQL say that a literal names or places something, and is no value.

Word lists, each with its reason: what stands in front of a literal, what it is an argument of.
"""

from __future__ import annotations

import re
from functools import lru_cache

# A string behind one of these names a column, a file, a context, or is SQL text itself.
BEFORE_A_NAME = frozenset(
    {
        *("AS", "LOCATION", "INPATH", "INFILE", "OUTFILE", "DUMPFILE", "DIRECTORY", "INTO", "URI"),
        *("USE", "SCHEMA", "CATALOG", "DATABASE", "ROLE", "ATTACH", "BULK", "DO", "LANGUAGE"),
        *("IMMEDIATE", "EXECUTE", "EXEC", "SP_EXECUTESQL", "FILES", "PATH"),
    }
)
# A string behind one of these is a value, whatever it looks like.
BEFORE_A_VALUE = frozenset(
    {
        *("LIKE", "ILIKE", "RLIKE", "REGEXP", "GLOB", "MATCH", "AND", "OR", "NOT", "IN", "IS"),
        *("BETWEEN", "THEN", "ELSE", "WHEN", "CASE", "SELECT", "DISTINCT", "ESCAPE", "BY", "OF"),
        *("INTERVAL", "DATE", "TIMESTAMP", "TIME", "ZONE", "DEFAULT", "RETURN", "SEPARATOR"),
        *("PASSWORD", "COMMENT", "ALL", "WHERE", "ON", "VALUES"),
    }
)
# A path or file may follow these; so may a value, as in EXTRACT(DAY FROM '2026-01-01').
BEFORE_A_FILE = frozenset({"FROM", "JOIN", "TO"})
TAKE_FROM = frozenset({"EXTRACT", "TRIM", "SUBSTRING", "OVERLAY", "POSITION"})
# A sign behind one of these belongs to the number.
BEFORE_A_SIGN = frozenset({"BETWEEN", "AND", "OR", "THEN", "ELSE", "WHEN", "SELECT", "IN", "LIKE",
                           "RETURN", "VALUES", "DEFAULT", "LIMIT", "INTERVAL", "BY"})  # fmt: skip
BEFORE_A_TABLE = frozenset({"FROM", "JOIN", "INTO", "TABLE", "UPDATE", "VIEW", "USING", "MERGE"})
# Statements whose options (LOCATION = …, TO …) place data.
PLACING = frozenset({"CREATE", "COPY", "UNLOAD", "EXPORT", "LOAD", "IMPORT", "PUT", "GET", "BACKUP",
                     "RESTORE", "ALTER", "ATTACH", "REFRESH", "MSCK", "BULK"})  # fmt: skip
NAMED_ARGUMENTS = frozenset({"PATH", "MODE", "LOCATION", "FILE", "FILES", "SCHEMA", "TABLE_NAME",
                             "FORMAT", "DATABASE", "QUERY"})  # fmt: skip
# Numbers in the parentheses of these are part of a type, or say which column is meant.
WITH_STRUCTURAL_NUMBERS = frozenset(
    {
        *("ROLLUP", "CUBE", "SETS", "DISTINCT ON"),
        *("NUMERIC", "DECIMAL", "DEC", "NUMBER", "BIGNUMERIC", "BIGDECIMAL", "FLOAT", "DOUBLE"),
        *("REAL", "INT", "INTEGER", "TINYINT", "SMALLINT", "MEDIUMINT", "BIGINT", "BIT", "VARBIT"),
        *("VARCHAR", "VARCHAR2", "NVARCHAR", "NVARCHAR2", "CHAR", "CHARACTER", "NCHAR", "BPCHAR"),
        *("VARYING", "STRING", "TEXT", "BINARY", "VARBINARY", "RAW", "BYTES", "FIXEDSTRING"),
        *("TIME", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"),
        *("DATETIME", "DATETIME2", "DATETIMEOFFSET", "DATETIME64", "SECOND", "VECTOR", "YEAR"),
        *("DECIMAL32", "DECIMAL64", "DECIMAL128", "DECIMAL256", "TIMESTAMPNTZ", "SMALLDATETIME"),
    }
)
_FUNCTIONS = frozenset(
    {
        # files, stages, other servers
        *("S3", "S3CLUSTER", "URL", "FILE", "HDFS", "GCS", "AZUREBLOBSTORAGE", "HUDI", "GLOB"),
        *("CSV_SCAN", "PARQUET_SCAN", "PARQUET_METADATA", "PARQUET_SCHEMA", "SNIFF_CSV", "ST_READ"),
        *("OPENROWSET", "OPENDATASOURCE", "OPENQUERY", "EXTERNAL_QUERY", "DBLINK", "CROSSTAB"),
        *("POSTGRES_QUERY", "POSTGRES_SCAN", "MYSQL_QUERY", "MYSQL_SCAN", "SQLITE_SCAN", "QUERY"),
        *("QUERY_TABLE", "REMOTE", "REMOTESECURE", "MYSQL", "POSTGRESQL", "MONGODB", "SQLITE"),
        *("CLUSTER", "CLUSTERALLREPLICAS", "INFER_SCHEMA", "LIST_FILES", "DIRECTORY"),
        *("REMOTE_QUERY", "TABLE_CHANGES", "MERGE"),
        # names as text
        *("TABLE", "IDENTIFIER", "RESULT_SCAN", "NEXTVAL", "CURRVAL", "SETVAL", "OBJECT_ID"),
        *("SET_CONFIG", "JOINGET", "FLATTEN", "NAMED_STRUCT", "STRUCT_EXTRACT", "FROM_JSON"),
        *("TUPLEELEMENT", "COLUMNS"),
        # SQL as text
        *("EXECUTE", "EXEC", "UNLOAD"),
        # keys of JSON, XML and maps
        *("GET", "GET_PATH", "VARIANT_GET", "TRY_VARIANT_GET", "ELEMENT_AT", "XMLTABLE"),
        *("EXTRACTVALUE", "XMLQUERY"),
    }
)
# Which arguments place data or are a query; the others are connections, users, passwords, formats.
PLACING_ARGUMENTS = {
    **dict.fromkeys(("MYSQL", "POSTGRESQL", "MONGODB", "REMOTE", "REMOTESECURE"), range(3)),
    **dict.fromkeys(("S3", "GCS", "URL", "HDFS", "AZUREBLOBSTORAGE", "HUDI"), range(1)),
    "S3CLUSTER": range(2),
    "DBLINK": range(1, 9),
    "OPENROWSET": range(2, 9),
    "OPENDATASOURCE": range(0),
}
_FUNCTION = re.compile(
    r"READ_\w+|DICT(?:GET|HAS|ISIN)\w*|(?:ICEBERG|DELTA)\w*|\w*XPATH\w*|VISITPARAM\w+|"
    r"(?=\w*JSON)(?=\w*(?:EXTRACT|VALUE|QUERY|PATH|EXISTS|GET|TUPLE|SCALAR|HAS|TABLE))\w+"
)


@lru_cache(maxsize=8192)
def takes_names(function: str) -> bool:
    """Whether the string arguments of a function (upper-case) name or place something."""
    name = function.rpartition(".")[2]
    return name in _FUNCTIONS or _FUNCTION.fullmatch(name) is not None

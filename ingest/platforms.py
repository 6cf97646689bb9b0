"""How platforms spell where they are: schemes, default ports, hosts, the case of their names.

Source: OpenLineage spec 2-0-2, Naming.md; and of each platform its manual's page on endpoints.
"""

from __future__ import annotations

import re
from typing import Final

# Another spelling of a scheme, by driver, engine or age.
SCHEMES: Final = {
    "postgresql": "postgres",
    "mariadb": "mysql",
    "sqlserver": "mssql",
    "presto": "trino",
    "databricks": "unitycatalog",
    "s3a": "s3",
    "s3n": "s3",
    "gcs": "gs",
    "abfs": "abfss",
    "adl": "abfss",
    "wasb": "abfss",
    "wasbs": "abfss",
}
# Object stores: the namespace is the bucket, the name is the key.
OBJECT_STORES: Final = frozenset({"s3", "gs", "abfss"})
# File systems: the name is an absolute path.
FILE_SYSTEMS: Final = frozenset({"hdfs", "dbfs", "file"})

_PORTS: Final = {
    "cassandra": "9042",
    "clickhouse": "8123",
    "crate": "5432",
    "db2": "50000",
    "hdfs": "8020",
    "hive": "9083",
    "kafka": "9092",
    "milvus": "19530",
    "mssql": "1433",
    "mysql": "3306",
    "oceanbase": "2881",
    "oracle": "1521",
    "postgres": "5432",
    "redshift": "5439",
    "spark": "10000",
    "teradata": "1025",
    "trino": "8080",
}
# Platforms whose namespace has no port, and the one that some producers add.
_UNSPOKEN_PORTS: Final = {
    "awsathena": "443",
    "azurecosmos": "443",
    "azurekusto": "443",
    "fabric-warehouse": "1433",
    "snowflake": "443",
    "unitycatalog": "443",
}
# One server listens on several ports, one for each protocol.
_SAME_PORTS: Final = {
    "clickhouse": frozenset({"8123", "8443", "9000", "9440", "9004", "9005"}),
}
# One cluster is reached through several hosts.
_CLUSTERS: Final = frozenset({"cassandra", "kafka", "mongodb"})
# What stands where a host would is a path.
_LOCAL: Final = frozenset({"duckdb", "sqlite"})
# The host of a namespace that was assumed.
_NOBODY_SAID: Final = "unknown"

# Names that the platform keeps in lower case, however they are quoted.
_LOWER: Final = frozenset({
    "awsathena", "duckdb", "hive", "mssql", "redshift", "spark", "sqlite", "trino", "unitycatalog",
})  # fmt: skip
# Names that become lower, or upper, case unless they are quoted.
_LOWERED: Final = frozenset({"crate", "dremio", "postgres", "teradata"})
_RAISED: Final = frozenset({"db2", "oracle", "snowflake"})
_PARTS: Final = re.compile(r'"(?:[^"]|"")*"|[^."]+')

# What is no number is left over from a producer whose port was not set.
_PORT: Final = re.compile(r":(\d+|none|null|)$")
_REDSHIFT: Final = re.compile(
    r"([^.]+)\.[^.]+\.([^.]+)\.redshift(?:-serverless)?\.amazonaws\.com(?:\.cn)?"
)
_SNOWFLAKE: Final = re.compile(r"(?:\.privatelink|\.global)?\.snowflakecomputing\.(?:com|cn)")
# A cloud follows from its region; where the locator stands alone, Snowflake means us-west-2, and
# openlineage-dbt writes us-west-1, where there is no Snowflake.
_SNOWFLAKE_CLOUD: Final = re.compile(r"\.(?:aws|azure|gcp)$")
_SNOWFLAKE_HOME: Final = re.compile(r"(?<=^)([^.-]+)\.us-west-[12]$")
_AZURE_BLOB: Final = re.compile(r"(?<=\.)blob(?=\.)")


def authority(scheme: str, text: str) -> str:
    """Host and port, as they are written after `scheme://`, in their one spelling.

    >>> authority("redshift", "Shop.abc123.eu-west-1.redshift.amazonaws.com")
    'shop.eu-west-1:5439'
    """
    if scheme in _LOCAL or scheme in OBJECT_STORES - {"abfss"}:
        return text
    text = text.lower()
    if scheme == "abfss":
        return _AZURE_BLOB.sub("dfs", text)
    text = text.rpartition("@")[2]  # a login is no part of a name
    if scheme in _CLUSTERS:
        return min(_server(scheme, host) for host in text.split(","))
    return _server(scheme, text)


def _server(scheme: str, text: str) -> str:
    text = text.strip()
    found = _PORT.search(text)
    port = found[1] if found and found[1].isdigit() else ""
    host = _host(scheme, text[: found.start()] if found else text)
    usual = _PORTS.get(scheme, "")
    if port == _UNSPOKEN_PORTS.get(scheme) or not host:
        return host
    if (not port and host != _NOBODY_SAID) or port in _SAME_PORTS.get(scheme, ()):
        port = usual
    return f"{host}:{port}" if port else host


def _host(scheme: str, host: str) -> str:
    if scheme == "redshift":
        found = _REDSHIFT.fullmatch(host)
        return f"{found[1]}.{found[2]}" if found else host
    if scheme == "snowflake":
        account = _SNOWFLAKE_CLOUD.sub("", _SNOWFLAKE.sub("", host).replace("_", "-"))
        return _SNOWFLAKE_HOME.sub(r"\1", account)
    return host


def folded(scheme: str, name: str) -> str:
    """The name of a table in the case in which the platform keeps it.

    A part in mixed case was quoted, as was one whose dot is protected; one that is all in the case
    that the platform does not use was typed without thinking.

    >>> folded("snowflake", "SHOP.public.Orders")
    'SHOP.PUBLIC.Orders'
    """
    if scheme in _LOWER:
        return name.lower()
    if scheme in _RAISED:
        return _PARTS.sub(lambda part: _raised(part.group()), name)
    if scheme in _LOWERED:
        return _PARTS.sub(lambda part: _lowered(part.group()), name)
    return name


def _raised(part: str) -> str:
    return part.upper() if part.islower() and part[0] != '"' else part


def _lowered(part: str) -> str:
    return part.lower() if part.isupper() and part[0] != '"' else part

"""Kafka Connect: which topic a connector writes where, and which tables it makes topics of.

Source: the connectors' configuration references (Confluent S3, GCS, BigQuery, JDBC, Elasticsearch,
Snowflake; Debezium 2). The cluster is not in them: a topic is looked for among those known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ingest.declared.content import Content, Json, mapping, objects, text
from ingest.declared.links import SOMEWHERE, DeclaredEdge
from lineage.names import clean

Config = dict[str, str]
_CLASS = "connector.class"
_PROPERTY = re.compile(r"\s*([^#!\s=:][^=:]*?)\s*[=:]\s*(.*)")
_JDBC = re.compile(r"jdbc:(?P<kind>\w+)://(?P<host>[^/;?]+)(?:/(?P<db>[^?;]*))?", re.I)
_JDBC_DATABASE = re.compile(r"databaseName=([^;]+)", re.I)
_SCHEMES = {"postgresql": "postgres", "sqlserver": "mssql", "mariadb": "mysql"}
_NO_IDENTIFIER = re.compile(r"[^\w]")


def is_connectors(content: Content) -> bool:
    """Whether a file holds the configuration of connectors."""
    return next(_configs(content), None) is not None


def connector_edges(content: Content) -> tuple[list[DeclaredEdge], list[str]]:
    """An edge a topic and place of every connector, and those that could not be understood."""
    edges: list[DeclaredEdge] = []
    problems: list[str] = []
    for name, config in _configs(content):
        class_ = config[_CLASS].rpartition(".")[2]
        made = next((rule(config) for mark, rule in _RULES if mark in class_.lower()), None)
        if made is None:
            problems.append(f"connector {name}: {class_} is not known")
            continue
        pairs = list(made)
        if not pairs:
            problems.append(f"connector {name}: it names no topics or tables one by one")
        for source, target in pairs:
            edges.append(DeclaredEdge(source, target, job=f"kafka-connect:{name}", kind="connector",
                                      reason=f"Kafka Connect {class_}"))  # fmt: skip
    return edges, problems


def _configs(content: Content) -> Iterator[tuple[str, Config]]:
    """Each connector's name and configuration, in any of the shapes they are kept in."""
    if content.value is None:
        lines = map(_PROPERTY.match, content.text.splitlines())
        yield from _named({found.group(1): found.group(2) for found in lines if found}, "")
    elif isinstance(content.value, dict):
        yield from _in_object(content.value)
    else:
        for one in objects(content.value):
            yield from _in_object(one)


def _in_object(found: Json, name: str = "") -> Iterator[tuple[str, Config]]:
    if _CLASS in found:
        yield from _named(found, name)
    elif isinstance(found.get("config"), dict):
        yield from _named(mapping(found["config"]), text(found.get("name")) or name)
    else:
        # `GET /connectors?expand=info` gives {name: {info: {config}}}.
        for key, value in found.items():
            inner = mapping(value)
            inner = mapping(inner.get("info")) or inner
            if isinstance(inner.get("config"), dict) or _CLASS in inner:
                yield from _in_object(inner, key)


def _named(config: Json, name: str) -> Iterator[tuple[str, Config]]:
    if text(config.get(_CLASS)):
        known = {key: text(value) for key, value in config.items()}
        yield clean(name or known.get("name", "") or "connector"), known


def _listed(config: Config, *keys: str) -> list[str]:
    said = next((config[key] for key in keys if config.get(key)), "")
    return [one.strip() for one in said.split(",") if one.strip()]


def _routed(topic: str, config: Config) -> str:
    """The name of a topic behind the routing of the connector's transforms."""
    for name in _listed(config, "transforms"):
        place = f"transforms.{name}."
        if config.get(f"{place}type", "").endswith("RegexRouter"):
            replacement = re.sub(r"\$(\d+)", r"\\\1", config.get(f"{place}replacement", ""))
            try:
                found = re.fullmatch(config.get(f"{place}regex", ""), topic)
                topic = found.expand(replacement) if found else topic
            except (re.error, IndexError):
                continue
    return topic


def _topic(name: str) -> str:
    return f"kafka{SOMEWHERE}:{name}"


def _mapped(config: Config, key: str) -> dict[str, str]:
    pairs = (one.rpartition(":") for one in _listed(config, key))
    return {topic: table for topic, _, table in pairs if topic}


def _sink(
    place: Callable[[Config, str], str],
) -> Callable[[Config], Iterator[tuple[str, str]]]:
    """A rule that gives each listed topic and where it goes."""

    def rule(config: Config) -> Iterator[tuple[str, str]]:
        for topic in _listed(config, "topics"):
            yield _topic(topic), place(config, topic)

    return rule


def _object(scheme: str, bucket: str) -> Callable[[Config, str], str]:
    def place(config: Config, topic: str) -> str:
        folder = config.get("topics.dir") or config.get("file.name.prefix") or "topics"
        key = f"{folder}/{_routed(topic, config)}".strip("/")
        return f"{scheme}://{config.get(bucket) or config.get('aws.s3.bucket.name', '?')}:{key}"

    return place


def _bigquery(config: Config, topic: str) -> str:
    routed = _routed(topic, config)
    table = _mapped(config, "topic2TableMap").get(routed, _NO_IDENTIFIER.sub("_", routed))
    dataset = _mapped(config, "datasets").get(routed) or config.get("defaultDataset", "")
    return f"bigquery:{config.get('project', '?')}.{dataset.rpartition('=')[2]}.{table}"


def _snowflake(config: Config, topic: str) -> str:
    account = re.sub(r"^https?://", "", config.get("snowflake.url.name", ""))
    account = account.partition(".snowflakecomputing")[0] or "unknown"
    table = _mapped(config, "snowflake.topic2table.map").get(topic)
    table = table or _NO_IDENTIFIER.sub("_", _routed(topic, config))
    names = (config.get("snowflake.database.name"), config.get("snowflake.schema.name"), table)
    return f"snowflake://{account}:" + ".".join(name.upper() for name in names if name)


def _jdbc_table(config: Config, table: str) -> str:
    """The table of a JDBC address, in full."""
    url = config.get("connection.url", "")
    found = _JDBC.match(url)
    if not found:
        return table
    kind = found.group("kind").lower()
    kind = _SCHEMES.get(kind, kind)
    within = _JDBC_DATABASE.search(url)
    database = within.group(1) if within else found.group("db") or ""
    if kind in ("postgres", "redshift") and "." not in table:
        table = f"public.{table}"
    if kind == "mssql" and "." not in table:
        table = f"dbo.{table}"
    full = table if kind == "mysql" and "." in table else f"{database}.{table}".strip(".")
    return f"{kind}://{found.group('host')}:{full}"


def _jdbc_sink(config: Config, topic: str) -> str:
    format_ = config.get("table.name.format") or config.get("collection.name.format") or "${topic}"
    return _jdbc_table(config, format_.replace("${topic}", _routed(topic, config)))


def _search(config: Config, topic: str) -> str:
    host = re.sub(r"^https?://", "", config.get("connection.url", "")).partition(",")[0]
    return f"elasticsearch://{host.strip('/') or 'unknown'}:{_routed(topic, config).lower()}"


def _jdbc_source(config: Config) -> Iterator[tuple[str, str]]:
    for table in _listed(config, "table.whitelist", "table.include.list", "tables"):
        topic = config.get("topic.prefix", "") + table.rpartition(".")[2]
        yield _jdbc_table(config, table), _topic(_routed(topic, config))


def _debezium(config: Config) -> Iterator[tuple[str, str]]:
    """Debezium names a topic `prefix.schema.table` (MySQL: `prefix.database.table`)."""
    class_ = config[_CLASS].lower()
    kind = next((k for k in ("mysql", "mariadb", "sqlserver", "oracle", "mongodb") if k in class_),
                "postgres")  # fmt: skip
    ports = {"mysql": "3306", "mariadb": "3306", "sqlserver": "1433", "oracle": "1521"}
    port = config.get("database.port") or ports.get(kind, "5432")
    place = f"{_SCHEMES.get(kind, kind)}://{config.get('database.hostname', 'unknown')}:{port}"
    database = config.get("database.dbname") or config.get("database.names", "").partition(",")[0]
    prefix = config.get("topic.prefix") or config.get("database.server.name", "")
    for table in _listed(config, "table.include.list", "table.whitelist"):
        table = table.replace("\\.", ".")
        within = database and kind not in ("mysql", "mariadb")
        full = f"{database}.{table}" if within else table
        inner = full if kind == "sqlserver" else table
        yield f"{place}:{full}", _topic(_routed(f"{prefix}.{inner}", config))


# The first whose mark is in the name of the class.
_RULES: tuple[tuple[str, Callable[[Config], Iterator[tuple[str, str]]]], ...] = (
    ("s3sink", _sink(_object("s3", "s3.bucket.name"))),
    ("gcssink", _sink(_object("gs", "gcs.bucket.name"))),
    ("azureblobstoragesink", _sink(_object("wasbs", "azblob.container.name"))),
    ("bigquerysink", _sink(_bigquery)),
    ("bigquerystoragesink", _sink(_bigquery)),
    ("snowflake", _sink(_snowflake)),
    ("elasticsearchsink", _sink(_search)),
    ("opensearchsink", _sink(_search)),
    ("jdbcsink", _sink(_jdbc_sink)),
    ("jdbcsource", _jdbc_source),
    ("postgresconnector", _debezium),
    ("mysqlconnector", _debezium),
    ("mariadbconnector", _debezium),
    ("sqlserverconnector", _debezium),
    ("oracleconnector", _debezium),
    ("mysqlcdcsource", _debezium),
    ("postgrescdcsource", _debezium),
)

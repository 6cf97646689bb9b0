"""DataHub: its aggregator over a query log, set up as its own source of query logs does it.

Stands alone: it runs in the environment of the tool that it measures. Arguments: a Snowflake
QUERY_HISTORY as CSV, and {table: {column: type}} as JSON. Prints {statements, seconds, emitted};
seconds of the processor, from the first statement to the last thing that it would send.
"""

import csv
import datetime as dt
import json
import sys
import time
from pathlib import Path

from datahub.ingestion.source.usage.usage_common import BaseUsageConfig
from datahub.metadata.urns import CorpUserUrn
from datahub.sql_parsing.schema_resolver import SchemaResolver
from datahub.sql_parsing.sql_parsing_aggregator import ObservedQuery, SqlParsingAggregator

_log, _columns = map(Path, sys.argv[1:])


def main() -> None:
    with _log.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["EXECUTION_STATUS"] == "SUCCESS"]
    queries = [
        ObservedQuery(
            query=row["QUERY_TEXT"], session_id=row["SESSION_ID"], timestamp=_time(row),
            user=CorpUserUrn(row["USER_NAME"]), default_db=row["DATABASE_NAME"],
            default_schema=row["SCHEMA_NAME"],
        )
        for row in rows
    ]  # fmt: skip
    days = dt.timedelta(days=1)
    usage = BaseUsageConfig(
        start_time=_time(rows[0]) - days, end_time=_time(rows[-1]) + days, format_sql_queries=False
    )
    began = time.process_time()
    resolver = SchemaResolver(platform="snowflake", env="PROD")
    for table, columns in json.loads(_columns.read_text()).items():
        urn = f"urn:li:dataset:(urn:li:dataPlatform:snowflake,{table.lower()},PROD)"
        resolver.add_raw_schema_info(urn, columns)
    aggregator = SqlParsingAggregator(
        platform="snowflake", schema_resolver=resolver, eager_graph_load=False,
        generate_usage_statistics=True, generate_query_usage_statistics=True,
        generate_operations=True, usage_config=usage, format_queries=False,
    )  # fmt: skip
    for query in queries:
        aggregator.add(query)
    emitted = sum(1 for _ in aggregator.gen_metadata())
    seconds = time.process_time() - began
    failed = aggregator.report.num_observed_queries_failed
    aggregator.close()
    print(
        json.dumps(
            {"statements": len(rows), "seconds": seconds, "emitted": emitted, "failed": failed}
        )
    )


def _time(row: dict[str, str]) -> dt.datetime:
    return dt.datetime.strptime(row["START_TIME"], "%Y-%m-%d %H:%M:%S.%f %z")


main()

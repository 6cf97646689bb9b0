"""What a physical plan of Spark says was read and written, node by node."""

import pytest

from ingest.formats.spark_plan import stated_of

# A node and its facts → the names read and written; a path is told by its scheme.
NODES = {
    "table": ("Scan parquet spark_catalog.raw.orders\nOutput [1]: [id#1L]",
              {"spark_catalog.raw.orders"}, set()),
    "hive table": ("Scan hive spark_catalog.raw.orders\nOutput [1]: [id#1L]",
                   {"spark_catalog.raw.orders"}, set()),
    "quoted": ("HiveTableRelation\nArguments: [`spark_catalog`.`raw`.`or.ders`, Lazy, [id#1]]",
               {"spark_catalog.raw.or.ders"}, set()),
    "iceberg": ("BatchScan lake.db.orders\nOutput [1]: [id#1L]", {"lake.db.orders"}, set()),
    "files": ("Scan csv\nOutput [1]: [id#1]\nLocation: InMemoryFileIndex [s3a://lake/orders]",
              {"s3a://lake/orders"}, set()),
    "a file of a folder": ("Scan csv\nLocation: InMemoryFileIndex [s3a://l/o/part-00000-a.c000.csv]",
                           {"s3a://l/o"}, set()),
    "abbreviated": ("Scan csv\nLocation: InMemoryFileIndex [s3a://lake/very/lo...]", set(), set()),
    "another database": ("Scan JDBCRelation(public.orders) [numPartitions=1]\nOutput [1]: [id#1]",
                         set(), set()),
    "rows in memory": ("Scan ExistingRDD\nOutput [1]: [id#1L]", set(), set()),
    "write to a table": ("Execute InsertIntoHiveTable\nArguments: `spark_catalog`.`mart`.`daily`, "
                         "org.apache.X, [day]", set(), {"spark_catalog.mart.daily"}),
    "write to a catalogue": ("AppendData\nArguments: X$1, IcebergWrite(table=lake.mart.daily, "
                             "format=PARQUET)", set(), {"lake.mart.daily"}),
    "write to files": ("Execute InsertIntoHadoopFsRelationCommand\nArguments: s3a://lake/daily, "
                       "false, Parquet, [path=s3a://lake/daily], Overwrite, [day]",
                       set(), {"s3a://lake/daily"}),
    "write to delta": ("Execute SaveIntoDataSourceCommand\nArguments: org.apache.D@1, "
                       "[path=s3a://lake/delta], Append", set(), {"s3a://lake/delta"}),
    "view": ("CreateViewCommand\nArguments: `spark_catalog`.`mart`.`v`, select 1, false, false, "
             "PersistedView, true", set(), {"spark_catalog.mart.v"}),
    "temporary view": ("CreateViewCommand\nArguments: `v`, select 1, false, false, LocalTempView",
                       set(), set()),
}  # fmt: skip

FLOW = """== Physical Plan ==

(1) Scan parquet c.raw.orders [codegen id : 1]
Output [4]: [id#1L, day#2, total amount#3, status#4]

(2) Window
Arguments: [row_number() windowspecdefinition(status#4 ASC, specifiedwindowframe(X)) AS rank#5]

(3) HashAggregate
Results [2]: [day#2, sum(total amount#3)#9 AS revenue#6, CASE WHEN (status#4 = x) THEN id#1L END AS n#7L]

(4) WriteFiles
Input [4]: [day#2, revenue#6, n#7L, rank#5]

(5) Execute InsertIntoHiveTable
Arguments: `c`.`mart`.`daily`, X, [day, revenue, n, rank]
"""  # noqa: E501 - as Spark writes it


@pytest.mark.parametrize("name", NODES)
def test_nodes(name: str) -> None:
    """Tables by their full names, files by their paths; what is no table of Spark is none."""
    node, reads, writes = NODES[name]
    stated = stated_of(f"== Physical Plan ==\nX (1)\n\n\n(1) {node}\n\n")
    assert {".".join(one.parts) for one in stated.reads or ()} == reads
    assert {".".join(one.parts) for one in stated.writes or ()} == writes


def test_columns_travel_by_the_numbers_of_attributes() -> None:
    """A value is followed through aliases; what only chooses or orders does not travel."""
    found = {(edge.source_column, edge.target_column) for edge in stated_of(FLOW).edges}
    assert found == {("day", "day"), ("total amount", "revenue"), ("id", "n")}

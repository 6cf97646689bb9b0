"""The story as a program of PySpark: `python spark_program.py EVENTS CODEC WAREHOUSE`."""

import contextlib
import sys

from pyspark.sql import SparkSession

EVENTS, CODEC, WAREHOUSE = sys.argv[1:]
SETTINGS = {
    "spark.eventLog.enabled": "true",
    "spark.eventLog.dir": EVENTS,
    "spark.eventLog.rolling.enabled": "true",
    "spark.eventLog.compress": "true",
    "spark.eventLog.compression.codec": CODEC,
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.warehouse.dir": WAREHOUSE,
}
builder = SparkSession.builder.master("local[1]").appName("nightly-revenue")
for key, value in SETTINGS.items():
    builder = builder.config(key, value)
session = builder.getOrCreate()
for name in ("raw", "mart"):
    session.sql(f"create database {name}")
session.sql(
    "create table raw.orders using parquet as "
    "select id, id % 10 as customer_id, id * 1.5 as amount from range(20)"
)
daily = session.table("raw.orders").where("amount > 5").groupBy("customer_id")
daily.agg({"amount": "sum"}).withColumnRenamed("sum(amount)", "revenue").write.saveAsTable(
    "mart.daily"
)
session.table("mart.daily").where("customer_id = 1").select("revenue").collect()
with contextlib.suppress(Exception):
    session.sql("select nope from mart.daily")
session.stop()

"""The story as a program of PySpark that only a listener watches."""

from pyspark.sql import SparkSession

session = SparkSession.builder.master("local[1]").appName("nightly-revenue").getOrCreate()
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
session.stop()

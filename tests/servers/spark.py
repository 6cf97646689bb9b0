"""Spark told the story: by a program, and by its SQL shell; and its event logs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.servers.tools import INSTALL, program, run

PROGRAM = Path(__file__).with_name("spark_program.py")
# Of what a shell is told; the last one fails.
STORY = """
create database raw;
create database mart;
create table raw.orders using parquet as
  select id, id % 10 as customer_id, id * 1.5 as amount from range(20);
create table mart.daily using parquet as select customer_id, sum(amount) as revenue
  from raw.orders where amount > 5 group by customer_id;
select revenue from mart.daily where customer_id = 1;
select nope from mart.daily;
"""
_JAVAS = (8, 11, 17)


def missing() -> str:
    """What must be installed before; empty when all is there."""
    if not program("spark-submit"):
        return f"PySpark is not installed: {INSTALL}"
    java = shutil.which("java")
    told = ""
    if java:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
        told = said.stderr
    if not any(f'version "{one}' in told or f'version "1.{one}' in told for one in _JAVAS):
        return "Spark 3 needs Java 8, 11 or 17: apt-get install openjdk-17-jre-headless"
    return ""


def program_logs(folder: Path, codec: str) -> Path:
    """The rolled event log of a program, packed with zstd or lz4."""
    events = folder / codec
    events.mkdir(parents=True)
    python = program("python")
    run([python, str(PROGRAM), events.as_uri(), codec, str(folder / f"{codec}-warehouse")], folder,
        SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=python)  # fmt: skip
    return events


def shell_logs(folder: Path) -> Path:
    """The event log of the SQL shell, where it has text."""
    events = folder / "shell"
    events.mkdir(parents=True)
    (folder / "story.sql").write_text(STORY)
    settings = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": str(folder / "shell-warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={folder / 'metastore'};create=true"
        ),
    }
    said = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
    run([program("spark-sql"), "--master", "local[1]", *said, "-f", "story.sql"], folder, 1,
        SPARK_LOCAL_IP="127.0.0.1")  # fmt: skip
    return events

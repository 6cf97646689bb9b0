"""`lineage import --engine spark` on a real Spark, against the same import without it.

Not part of the ordinary tests, since PySpark must be there and it takes minutes:
`make server-logs`, or `LINEAGE_TOOLS=TOOLS/bin pytest tests/servers/spark_engine.py`.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.workload import Mesh, write
from tests.servers.spark import missing
from tests.servers.tools import program, run

ROOT = Path(__file__).parents[2]
MASTERS = ("local[2]", "local-cluster[2,1,1024]")
FIND = "import py4j, pyspark; print(pyspark.__path__[0]); print(py4j.__path__[0])"
SAMPLE = ["sample_data", "--sources", "sample_data/sources.yml"]

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def lineage(tmp_path_factory):
    """Starts the command line with PySpark beside what is installed; gives the process."""
    folder = tmp_path_factory.mktemp("pyspark")
    for found in run([program("python"), "-c", FIND], folder).split():
        (folder / Path(found).name).symlink_to(found)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder))),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "LINEAGE_CACHE": str(folder / "cache"),
    }

    with (folder / "stderr").open("w") as errors:

        def start(*arguments):
            return subprocess.Popen(
                [sys.executable, "-m", "app.cli", *arguments], cwd=ROOT, env=environment,
                text=True, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip

        yield start


def answer(process):
    """The JSON that a process printed."""
    printed, _ = process.communicate(timeout=1800)
    assert process.returncode == 0
    return json.loads(printed)


def imported(lineage, store, arguments, *more):
    """The report of an import, without what may differ, and the hash of the graph."""
    where = ["--store", f"sqlite:///{store}", "--format", "json"]
    report = answer(lineage("import", *arguments, *more, *where))
    stats = answer(lineage("stats", "--hash", *where))
    return {**report, "seconds": 0, "store": ""}, stats["graph_hash"]


@pytest.mark.parametrize("master", MASTERS)
def test_it_is_the_same_import(lineage, tmp_path, master):
    """The sample, with sessions, duplicates, dead letters and events; and what a mesh logs."""
    write(tmp_path / "log.csv", Mesh(20_000))
    log = [str(tmp_path / "log.csv"), "--namespace", "snowflake://bench"]
    for name, arguments in (("sample", SAMPLE), ("log", log)):
        here = imported(lineage, tmp_path / f"{name}-here.db", arguments)
        there = [
            imported(
                lineage, tmp_path / f"{name}.db", arguments, "--engine", "spark",
                "--spark-master", master,
            )
            for _ in range(2)
        ]  # fmt: skip
        assert there[0] == here
        assert there[1][1] == here[1]
        assert there[1][0]["imported"] == 0


def test_a_killed_import_is_run_again(lineage, tmp_path):
    """Whatever it was at, the graph is that of one clean run."""
    store = tmp_path / "killed.db"
    spark = ["--engine", "spark", "--spark-master", MASTERS[0]]
    killed = lineage("import", *SAMPLE, *spark, "--store", f"sqlite:///{store}")
    deadline = time.monotonic() + 600
    while not store.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    killed.kill()
    killed.communicate()
    _, graph = imported(lineage, store, SAMPLE, *spark)
    assert graph == imported(lineage, tmp_path / "clean.db", SAMPLE)[1]

"""What is shipped is what is tested: the wheel holds our three packages and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = (
    "lineage/py.typed",
    "lineage/weights.toml",
    "lineage/schemas/impact.json",
    "lineage/stores/migrations/sqlite/0001_graph.sql",
    "lineage/stores/migrations/neo4j/0001_graph.cypher",
    "ingest/attribution.yml",
    "app/neo4j_jars.txt",
    "app/.streamlit/config.toml",
    "app/canvas/assets/canvas.bundle.js",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """The names in a wheel that was built now."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("lineage_usage-*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_three_packages(names):
    """The top level is lineage, ingest, app: no other name is taken in an environment."""
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"lineage", "ingest", "app"}


@pytest.mark.parametrize("needed", NEEDED)
def test_data_files(names, needed):
    """Migrations, rules, weights, schemas and the canvas travel with the code."""
    assert needed in names


def test_no_sources_of_the_canvas(names):
    """The built canvas is shipped, its sources are not."""
    assert not [name for name in names if name.startswith("app/canvas/frontend")]

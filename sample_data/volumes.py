"""How much runs write, what is checked of it, and where it lies: `story/volumes.csv`.

rows: of a day, give or take a few; from the day `fall_from` on only the share `fall_to` of it.
at_least: the rows that a day must have. not_null: a column that must be full. location: where the
files of a table lie.
"""

from __future__ import annotations

import csv
import random
from datetime import date

from openlineage.client import facet_v2 as facets
from openlineage.client.generated import base
from plan import STORY, Dataset

_BYTES = 9  # of a value

Row = dict[str, str]


def read_volumes() -> dict[str, Row]:
    """What the story says of each dataset."""
    with (STORY / "volumes.csv").open(newline="") as file:
        return {row["dataset"]: row for row in csv.DictReader(file)}


def rows_of(told: Row, day: date, seed: int) -> int:
    """How many rows a dataset gets on a day."""
    stream = random.Random(f"{seed}:rows:{told['dataset']}:{day}")
    rows = int(told["rows"]) * stream.uniform(0.93, 1.07)
    fallen = told["fall_from"] and day.isoformat() >= told["fall_from"]
    return int(rows * float(told["fall_to"]) if fallen else rows)


def statistics(
    told: Row, dataset: Dataset, day: date, seed: int
) -> dict[str, base.OutputDatasetFacet]:
    """How much a run wrote."""
    if not told.get("rows"):
        return {}
    rows = rows_of(told, day, seed)
    size = rows * _BYTES * len(dataset.columns)
    facet = facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rows, size)
    return {"outputStatistics": facet}


def assertions(told: Row, day: date, seed: int) -> dict[str, base.InputDatasetFacet]:
    """What a reader found when it looked at the data of a day."""
    one = facets.data_quality_assertions_dataset
    found = []
    if told.get("at_least"):
        enough = rows_of(told, day, seed) >= int(told["at_least"])
        found.append(one.Assertion(f"at least {int(told['at_least']):,} rows", enough))
    if told.get("not_null"):
        found.append(one.Assertion("not null", success=True, column=told["not_null"]))
    if not found:
        return {}
    return {"dataQualityAssertions": one.DataQualityAssertionsDatasetFacet(found)}


def symlinks(told: Row) -> dict[str, base.DatasetFacet]:
    """Where the files of a table lie, as its engine says it."""
    if not told.get("location"):
        return {}
    namespace, _, name = told["location"].rpartition(":")
    identifier = facets.symlinks_dataset.Identifier(namespace, name, "LOCATION")
    return {"symlinks": facets.symlinks_dataset.SymlinksDatasetFacet([identifier])}

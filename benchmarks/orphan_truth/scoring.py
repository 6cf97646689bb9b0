"""Labels that were found against those that were planned."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.orphan_truth.mesh import END, Mesh
from lineage.analyses.disuse.orphan_policy import Label, OrphanPolicy
from lineage.analyses.disuse.orphans import Survey
from lineage.names import DatasetId
from lineage.stores import open_store

# A mesh has more of some labels than a company would: each is a row all the same.
EVERY_ROW = OrphanPolicy(common=1.0)


class Score(msgspec.Struct, frozen=True):
    """How many datasets carry a label by plan, by the analysis, and by both."""

    true: int = 0
    found: int = 0
    hit: int = 0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1.0 where there is nothing to find."""
        return 2 * self.hit / (self.true + self.found) if self.true + self.found else 1.0

    def plus(self, true: set[DatasetId], found: set[DatasetId]) -> Score:
        """The score with another mesh."""
        return Score(self.true + len(true), self.found + len(found), self.hit + len(true & found))


def labels_found(
    mesh: Mesh, folder: Path, without: tuple[str, int] | None = None
) -> dict[str, set[DatasetId]]:
    """Label → the datasets that the analysis gives it to; without: a day that a log lacks."""
    store = open_store(f"sqlite:///{folder}/mesh.db", create=True)
    try:
        store.apply(mesh.batch(without))
        survey = Survey(store, END, EVERY_ROW, tuple(Label))
        found: dict[str, set[DatasetId]] = {label.value: set() for label in Label}
        for dataset, some in survey.found.items():
            for label, _ in some:
                found[label.value].add(dataset)
        return found
    finally:
        store.close()


def scores(seeds: Iterable[int], size: int = 60) -> dict[str, Score]:
    """The score of each label over meshes of these seeds."""
    total = {label.value: Score() for label in Label}
    for seed in seeds:
        mesh = Mesh(seed, size)
        with TemporaryDirectory() as folder:
            found = labels_found(mesh, Path(folder))
        for label, score in total.items():
            total[label] = score.plus(mesh.labels.get(label, set()), found[label])
    return total

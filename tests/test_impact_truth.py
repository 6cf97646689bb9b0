"""What `impact` says is what a database does: changes made for real in DuckDB.

Of the worlds in `cases/changes/truth` every kind is tried twice here; all changes of them by
`python -m benchmarks.impact_truth`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.impact_truth.verdict import Verdict, imported, verdicts
from benchmarks.impact_truth.world import Trial, World, worlds

WORLDS = worlds(Path(__file__).parent / "cases" / "changes" / "truth")
LEAST = 0.95  # of the rings; over all changes it is more


def _some(world: World) -> Iterator[Trial]:
    """The first change of every second kind, so that two worlds try all of them."""
    half = WORLDS.index(world) % 2
    for place, kind in enumerate(sorted({trial.kind for one in WORLDS for trial in one.change})):
        if place % 2 == half:
            yield from [trial for trial in world.change if trial.kind == kind][:1]


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: world.name)
def judged(request: pytest.FixtureRequest) -> list[Verdict]:
    """What was said and seen of every statement and table of a world."""
    world: World = request.param
    with imported(world) as store:
        return [one for trial in _some(world) for one in verdicts(world, trial, store)]


def test_no_statement_that_fails_is_missed(judged: list[Verdict]) -> None:
    """Whatever errors after the change was said to fail."""
    assert any(one.seen == "fails" for one in judged)
    assert not [one for one in judged if one.seen == "fails" and one.said != "fails"]


def test_the_ring_is_right(judged: list[Verdict]) -> None:
    """What fails, changes silently, gets stale: as the database shows it."""
    touched = [one for one in judged if one.said or one.seen]
    right = [one for one in touched if one.right]
    assert len(right) >= LEAST * len(touched), [one for one in touched if not one.right]


def test_every_kind_that_a_database_can_show_has_ten_scenarios() -> None:
    """The worlds together try each kind at least ten times."""
    kinds = [trial.kind for world in WORLDS for trial in world.change]
    assert min(kinds.count(kind) for kind in set(kinds)) >= 10
    assert len(set(kinds)) == 13

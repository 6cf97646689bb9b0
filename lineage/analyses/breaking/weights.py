"""The constants of breakage, from the one versioned file, and the sums that are made of them."""

from __future__ import annotations

import math
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from lineage.calendar import Cadence, usage
from lineage.model import Activity


class Ring(StrEnum):
    """What happens to a statement or a dataset; the worst first."""

    FAILS = "fails"  # the statement errors
    WRONG = "wrong"  # it runs, and its result changes silently
    STALE = "stale"  # its output is no longer refreshed


RINGS = tuple(Ring)
Rule = tuple[Ring, float]


class ImportanceWeights(msgspec.Struct, frozen=True):
    """What makes a consumer important."""

    scale: float
    regular: float
    tier: dict[str, float]


class StaleWeights(msgspec.Struct, frozen=True):
    """Base weights of what is no longer refreshed."""

    behind_a_stop: float
    behind_a_failure: float
    behind_a_delay: float


class Weights(msgspec.Struct, frozen=True):
    """The file `lineage/weights.toml`."""

    version: int
    importance: ImportanceWeights
    severity: dict[str, float]
    certainty: dict[str, float]
    stale: StaleWeights
    rules: dict[str, dict[str, Rule]]

    def importance_of(self, activity: Activity, rhythm: Cadence, tier: str, as_of: int) -> float:
        """The importance of a consumer in 0.0 to 1.0, by its tier, its use and its rhythm."""
        used = 1 - math.exp(-usage(activity, as_of) / self.importance.scale)
        regular = self.importance.regular if rhythm.expects_by(as_of) else 0.0
        declared = self.importance.tier.get(tier.strip().lower(), 0.0)
        return round(max(used, regular, declared), 3)

    def severity_of(self, ring: Ring, base: float, certainty: float, importance: float) -> int:
        """The severity in 0 to 100. What certainly fails is never below high."""
        score = round(100 * base * certainty * importance)
        if ring is Ring.FAILS and self.band(certainty) == "certain":
            return max(score, round(self.severity["high"]))
        return score

    def level(self, severity: int) -> str:
        """critical, high, medium or low."""
        return _band(self.severity, severity)

    def band(self, certainty: float) -> str:
        """certain, likely or possible: what people see of a certainty."""
        return _band(self.certainty, certainty)


def _band(limits: dict[str, float], value: float) -> str:
    return max((limit, name) for name, limit in limits.items() if value >= limit)[1]


@cache
def weights() -> Weights:
    """The weights of this version."""
    text = files("lineage").joinpath("weights.toml").read_bytes()
    return msgspec.toml.decode(text, type=Weights)

"""The JSON Schemas of the answers, as they ship in `lineage/schemas/`.

`python -m lineage.analyses.answers` writes them anew after an answer has changed.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from lineage.analyses.breaking.impact import Impact
from lineage.analyses.disuse.orphan_trend import OrphanTrend
from lineage.analyses.disuse.orphans import Orphans
from lineage.analyses.estate.scorecard import Scorecards
from lineage.analyses.identity.identity import IdentityAnswer
from lineage.analyses.proof.certificate import Certificate
from lineage.analyses.proof.verifying import Verification
from lineage.analyses.reach.chokepoints import Chokepoints
from lineage.analyses.reach.path import Path as DataPath
from lineage.analyses.reach.walk import Walk
from lineage.analyses.stewardship.claims import Claim
from lineage.analyses.stewardship.contracts import Contracts
from lineage.analyses.stewardship.deprecation import Deprecations, Outlook
from lineage.analyses.stewardship.forgetting import Forgotten
from lineage.analyses.stewardship.keeping import ContractCheck
from lineage.analyses.stewardship.owners import Missing, Owners
from lineage.analyses.stewardship.support import SupportLists
from lineage.analyses.use.usage import WhoUses

ANSWERS: dict[str, type[msgspec.Struct]] = {
    "who-uses": WhoUses,
    "downstream": Walk,
    "upstream": Walk,
    "path": DataPath,
    "chokepoints": Chokepoints,
    "identity": IdentityAnswer,
    "impact": Impact,
    "orphans": Orphans,
    "contract-check": ContractCheck,
    "contract-list": Contracts,
    "deprecate": Outlook,
    "deprecate-all": Deprecations,
    "forget": Forgotten,
    "owners": Owners,
    "owners-claim": Claim,
    "owners-missing": Missing,
    "support": SupportLists,
    "orphans-trend": OrphanTrend,
    "scorecard": Scorecards,
    "prove-unused": Certificate,
    "verify": Verification,
}


def schema_of(answer: str) -> bytes:
    """The JSON Schema (draft 2020-12) of the answer of a command, as it is shipped.

    Raises:
        KeyError: there is no such answer.
    """
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": answer}
    schema |= msgspec.json.schema(ANSWERS[answer])
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def shipped_schema(answer: str) -> bytes:
    """The JSON Schema of an answer in this installation."""
    return files("lineage").joinpath("schemas", f"{answer}.json").read_bytes()


def main() -> None:
    """Writes the schemas of all answers."""
    folder = Path(__file__).parent.parent / "schemas"
    for answer in ANSWERS:
        (folder / f"{answer}.json").write_bytes(schema_of(answer))


if __name__ == "__main__":
    main()

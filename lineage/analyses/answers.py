"""The JSON Schemas of the answers, as they ship in `lineage/schemas/`.

`python -m lineage.analyses.answers` writes them anew after an answer has changed.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from lineage.analyses.chokepoints import Chokepoints
from lineage.analyses.impact import Impact
from lineage.analyses.orphans import Orphans
from lineage.analyses.path import Path as DataPath
from lineage.analyses.usage import WhoUses
from lineage.analyses.walk import Walk

ANSWERS: dict[str, type[msgspec.Struct]] = {
    "who-uses": WhoUses,
    "downstream": Walk,
    "upstream": Walk,
    "path": DataPath,
    "chokepoints": Chokepoints,
    "impact": Impact,
    "orphans": Orphans,
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

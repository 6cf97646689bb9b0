"""An impact report as SARIF 2.1.0, for code scanning: a result an item, a rule a ring."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import msgspec

from app.text.escaping import printable
from app.text.impact_report import Doubt, Line, Report
from app.text.impact_words import HEADINGS, MEANINGS, RING_WORDS
from lineage.analyses.breaking.weights import Ring

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
Json = dict[str, object]


def render(report: Report, files: Sequence[str] = ()) -> str:
    """The report as a SARIF log. files: where the change is written, as CI names them."""
    locations = [_file(name) for name in files]
    run: Json = {
        "tool": {"driver": _driver()},
        "results": [_result(report.change, line, locations) for line in report.lines],
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(one) for one in report.doubts],
            }
        ],
        "properties": {"verdict": report.verdict, "heard": report.heard},
    }
    if report.gate:
        run["properties"] = {
            "verdict": report.verdict,
            "heard": report.heard,
            "gate": report.gate.verdict,
        }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _driver() -> Json:
    return {
        "name": "lineage impact",
        "version": version("lineage-usage"),
        "rules": [
            {
                "id": ring.value,
                "shortDescription": {"text": HEADINGS[ring]},
                "fullDescription": {"text": MEANINGS[ring]},
            }
            for ring in Ring
        ],
    }


def _result(change: str, line: Line, files: list[Json]) -> Json:
    item = line.item
    mark = "\n".join((change, item.ring, item.kind, item.id))
    team = f" of {item.team}" if item.team else ""
    said = f"{change}: {line.who} ({item.kind}{team}) {RING_WORDS[item.ring]}"
    place: Json = {"logicalLocations": [{"fullyQualifiedName": item.id, "kind": item.kind}]}
    return {
        "ruleId": item.ring.value,
        "ruleIndex": list(Ring).index(item.ring),
        "level": _LEVELS[item.level],
        "message": {"text": printable(f"{said}; {'; '.join(line.details)}.")},
        "locations": [{**file, **place} for file in files] or [place],
        "partialFingerprints": {"item/v1": hashlib.sha256(mark.encode()).hexdigest()},
        "properties": {
            "severity": item.severity,
            "band": item.band,
            "base": item.base,
            "certainty": item.certainty,
            "importance": item.importance,
            "roles": list(item.roles),
            "path": list(item.path),
            "statement": item.statement,
            "team": item.team,
        },
    }


def _file(name: str) -> Json:
    path = Path(name).absolute()
    here = path.is_relative_to(Path.cwd())
    artifact = {"uri": quote(path.relative_to(Path.cwd()).as_posix()) if here else path.as_uri()}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 1}}}


def _notification(doubt: Doubt) -> Json:
    return {"level": "warning", "message": {"text": printable(f"{doubt.who}: {doubt.reason}")}}

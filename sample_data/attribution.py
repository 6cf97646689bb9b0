"""Who a statement is for: the comments and tags that tools leave, and the consumer they name."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from plan import NAMESPACES, Shape

# Who opens Tableau's workbooks: a person has one id, however often he looks.
VIEWERS = tuple(f"7c1d{number}e52-4b1f-4d3a-9f60-1a2b3c4d5e6f" for number in range(6))
BI_TOOLS = frozenset({"looker", "metabase", "tableau", "sigma", "mode"})


def read_principals(sources: Path) -> dict[str, list[str]]:
    """The name patterns of each class of principal in sources.yml, and its `static` datasets."""
    lines = re.findall(r"(?m)^ *(system|bi|job|service|static): (\[.*\])$", sources.read_text())
    return {name: json.loads(patterns) for name, patterns in lines}


def principal_class(user: str, principals: Mapping[str, list[str]]) -> str:
    """The class of a login: the first that has a matching pattern, else `person`."""
    for name in ("system", "bi", "job", "service"):
        if any(fnmatchcase(user, pattern) for pattern in principals[name]):
            return name
    return "person"


def consumer(shape: Shape, principals: Mapping[str, list[str]]) -> tuple[str, str]:
    """Identifier and kind of whoever a statement is for, in the most specific form known."""
    options = shape.options
    match options.get("tool"):
        case "metabase" if "dashboard" in options:
            return f"metabase:dashboard/{options['dashboard']}", "dashboard"
        case "metabase":
            return f"metabase:card/{options['card']}", "card"
        case "looker":
            return f"looker:user/{options['looker']}", "application"
        case "tableau" | "sigma" as tool:
            return f"{tool}:workbook/{options['workbook']}", "workbook"
        case "mode":
            return f"mode:report/{options['report']}", "report"
        case "redash":
            return f"redash:query/{options['query']}", "query"
        case "sqlcommenter":
            return f"app:{options['application']}", "application"
    namespace = NAMESPACES["warehouse" if shape.source == "finance" else shape.source]
    return f"{namespace}:{options['user']}", principal_class(options["user"], principals)


def dress(shape: Shape, text: str, stream: random.Random) -> tuple[str, str]:
    """The statement with its tool's comment, and the QUERY_TAG that goes with it."""
    options = shape.options
    match options.get("tool"):
        case "dbt":
            return f"{text}\n/* {json.dumps(_dbt(options))} */", ""
        case "looker":
            return f"{text}\n-- Looker Query Context '{_looker(options, stream)}' ", ""
        case "metabase":
            return f"{text}\n\n-- {_metabase(options, text)}", ""
        case "tableau":
            origins = _tableau(options, stream)
            if options.get("via") == "comment":
                return f"{text}\n/* {origins} */", ""
            return text, origins
        case "sigma":
            return f"{text}\n\n-- Sigma Σ {_sigma(options, stream)}", ""
        case "mode":
            return f"{text}\n-- {_mode(options, stream)}", ""
        case "redash":
            return f"/* {_redash(options, stream)} */ {text}", ""
        case "sqlcommenter":
            return f"{text} /*{_sqlcommenter(options, stream)}*/", ""
    return text, ""


def token(stream: random.Random, length: int) -> str:
    """That many random hexadecimal digits."""
    return f"{stream.getrandbits(4 * length):0{length}x}"


def uuid(stream: random.Random) -> str:
    """A random UUID of version 4, the same for the same stream."""
    digits = token(stream, 32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _compact(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))


def node_id(options: Mapping[str, str]) -> str:
    """The dbt node that a statement belongs to."""
    kind = "model" if "model" in options else "test"
    return f"{kind}.modaloop.{options[kind]}"


def _dbt(options: Mapping[str, str]) -> dict[str, str]:
    return {
        "app": "dbt",
        "dbt_version": "1.8.9",
        "profile_name": "modaloop",
        "target_name": "prod",
        "node_id": node_id(options),
    }


def _looker(options: Mapping[str, str], stream: random.Random) -> str:
    return _compact(
        {
            "user_id": int(options["looker"]),
            "history_slug": token(stream, 32),
            "instance_slug": "71d4667f0b76c0011463658f45c3f7a3",
        }
    )


def _metabase(options: Mapping[str, str], text: str) -> str:
    dashboard = options.get("dashboard")
    return _compact(
        {
            "client": "Metabase",
            "context": "dashboard" if dashboard else "question",
            "queryType": "query",
            "userId": int(options["person"]),
            "pulseId": None,
            "cardId": int(options["card"]),
            "dashboardId": int(dashboard) if dashboard else None,
            "databaseId": 2,
            "queryHash": blake2b(text.encode(), digest_size=32).hexdigest(),
            "serverId": "5c1e36f1-9a0f-4e0b-a2c5-0b6a1f7f8c11",
        }
    )


def _tableau(options: Mapping[str, str], stream: random.Random) -> str:
    origins = {
        "query-category": "Data",
        "site-luid": "2f1d7a53-1f0e-4c59-8e7b-64b0f1c0a001",
        "user-luid": VIEWERS[int(uuid(stream)[:8], 16) % len(VIEWERS)],
        "workbook-luid": options["workbook"],
        "dashboard-luid": f"{options['dashboard']}0000-0000-4000-a000-000000000000",
        "worksheet-luid": f"{options['sheet']}0000-0000-4000-a000-000000000000",
    }
    inner = ", ".join(f'"{key}": "{value}"' for key, value in origins.items())
    return f'{{ "tableau-query-origins": {{ {inner} }} }}'


def _sigma(options: Mapping[str, str], stream: random.Random) -> str:
    url = f"https://app.sigmacomputing.com/modaloop/workbook/{options['workbook']}"
    return _compact(
        {
            "sourceUrl": f"{url}?:displayNodeId={token(stream, 10)}",
            "kind": "adhoc",
            "request-id": f"g0192{token(stream, 28)}",
            "user-id": "L3vQ0r7TzKpXwYbN2mHsD9cF",
            "email": options["person"],
        }
    )


def _mode(options: Mapping[str, str], stream: random.Random) -> str:
    reports = f"https://modeanalytics.com/modaloop/reports/{options['report']}"
    user = options["email"].split("@")[0].replace(".", "")
    return _compact(
        {
            "user": f"@{user}",
            "email": options["email"],
            "url": f"{reports}/runs/{token(stream, 12)}/queries/{options['report'][::-1]}",
            "scheduled": True,
        }
    )


def _redash(options: Mapping[str, str], stream: random.Random) -> str:
    scheduled = "person" not in options
    return (
        f"Username: {options.get('person', 'Scheduled')}, Query ID: {options['query']}, "
        f"Queue: {'scheduled_queries' if scheduled else 'queries'}, Job ID: {uuid(stream)}, "
        f"Query Hash: {token(stream, 32)}, Scheduled: {scheduled}"
    )


def _sqlcommenter(options: Mapping[str, str], stream: random.Random) -> str:
    keys = {
        "application": options["application"],
        "db_driver": "node-postgres:8.11",
        "route": options["route"],
        "traceparent": f"00-{token(stream, 32)}-{token(stream, 16)}-01",
    }
    return ",".join(f"{key}='{quote(value, safe='')}'" for key, value in keys.items())

"""The endpoints described: as OpenAPI for programs, and as a page made from it for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.serving.application import OPEN
from app.serving.bodies import NDJSON
from app.serving.receiving import MANY, ONE
from app.serving.refusing import json_response

_SPEC: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
_EVENT: Final = {
    "description": "An OpenLineage RunEvent, JobEvent or DatasetEvent, told by its shape",
    "externalDocs": {"url": _SPEC},
    "type": "object",
    "required": ["eventTime"],
    "anyOf": [{"required": ["job"]}, {"required": ["dataset"]}],
}
_PROBLEM: Final = {
    "type": "object",
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "path": {"type": "string", "description": "where in the body, as a JSON path"},
    },
}
_REPORT: Final = {
    "type": "object",
    "properties": {
        "status": {"enum": ["success", "partial_success"]},
        "summary": {
            "type": "object",
            "properties": {
                name: {"type": "integer"}
                for name in ("received", "successful", "failed", "retriable", "non_retriable")
            },
        },
        "failed_events": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer"},
                    "reason": {"type": "string"},
                    "retriable": {"type": "boolean"},
                },
            },
        },
    },
}
_REFUSALS: Final = {
    "400": "broken JSON, UTF-8 or gzip: never send it again",
    "401": "no key that the server knows",
    "408": "the body came too slowly",
    "413": "too large",
    "415": "another type or encoding than JSON in UTF-8, plain or gzip",
    "503": "the inbox is full, or its disk: send it again after Retry-After seconds",
}
_ONLY_ONE: Final = {
    "403": "the key is not for this namespace",
    "422": "JSON that is no event; `path` says where",
}
_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1b1f24;background:#fff}
code{font:14px ui-monospace,monospace;background:#f0f2f4;padding:.1em .3em;border-radius:3px}
h2{font-size:1.05rem;margin:2rem 0 .3rem}table{border-collapse:collapse;margin:.5rem 0}
td,th{text-align:left;vertical-align:top;padding:.15rem 1rem .15rem 0}p{margin:.3rem 0}
@media(prefers-color-scheme:dark){body{color:#e3e7eb;background:#15181c}code{background:#262b31}}
"""
_POLICY: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def manual(routes: Sequence[BaseRoute], paths: Mapping[str, Any]) -> list[Route]:
    """The two routes that describe these; paths: of those that describe themselves."""
    described = openapi(routes, paths)
    page = _page(described)

    async def document(_request: Request) -> Response:
        return json_response(described)

    async def docs(_request: Request) -> Response:
        return Response(page, media_type="text/html", headers=_POLICY)

    return [Route("/api/v1/openapi.json", document), Route("/docs", docs)]


def openapi(routes: Sequence[BaseRoute], paths: Mapping[str, Any]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes. Source: https://spec.openapis.org/oas/v3.1.0."""
    found: dict[str, Any] = {}
    for route in routes:
        if isinstance(route, Route):
            summary = (route.endpoint.__doc__ or "").partition("\n")[0]
            for method in sorted((route.methods or set()) - {"HEAD"}):
                operation = _operation(route.path, summary)
                found.setdefault(route.path, {})[method.lower()] = operation
    for path, operations in paths.items():
        found.setdefault(path, {}).update(operations)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lineage",
            "version": "1",
            "description": "OpenLineage events in, lineage and usage out.",
        },
        "paths": found,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Event": _EVENT, "Problem": _PROBLEM, "BatchReport": _REPORT},
        },
    }


def _operation(path: str, summary: str) -> dict[str, Any]:
    if path in ONE:
        responses = {
            "201": _answer("accepted: it is safe on disk, and soon in the graph"),
            "200": _answer("a duplicate: nothing changes"),
        }
        refusals = _REFUSALS | _ONLY_ONE
        body: dict[str, Any] = {"application/json": {"schema": _of("Event")}}
    elif path in MANY:
        many = {"type": "array", "items": _of("Event")}
        responses = {"200": _answer("what became of each; the others are safe", "BatchReport")}
        refusals = _REFUSALS | {"422": "JSON that is no array"}
        body = {"application/json": {"schema": many}, NDJSON: {"schema": {"type": "string"}}}
    else:
        refusals, body = {}, {}
        responses = {"200": _answer(summary)}
        if path == "/ready":
            responses["503"] = _answer("it is not; `problems` says why")
    responses |= {code: _answer(why, "Problem") for code, why in refusals.items()}
    operation: dict[str, Any] = {"summary": summary, "responses": dict(sorted(responses.items()))}
    if body:
        operation["requestBody"] = {"required": True, "content": body}
    if path not in OPEN:
        operation["security"] = [{"key": []}, {}]
    return operation


def _answer(meaning: str, schema: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = {"description": meaning}
    if schema:
        answer["content"] = {"application/json": {"schema": _of(schema)}}
    return answer


def _of(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _page(described: dict[str, Any]) -> str:
    """The document as a page that fetches nothing."""
    parts = [
        _section(method, path, operation)
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]
    title = escape(f"{described['info']['title']}: endpoints")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{escape(described['info']['description'])} "
        f"For programs: <code>/api/v1/openapi.json</code></p>{''.join(parts)}</html>"
    )


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [(one["name"], one.get("description", "")) for one in operation.get("parameters", ())]
    rows += [(code, one["description"]) for code, one in operation["responses"].items()]
    table = "".join(f"<tr><td><code>{escape(name)}</code><td>{escape(says)}" for name, says in rows)
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation['summary'])}</p><table>{table}</table>"
    )

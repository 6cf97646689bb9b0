"""What the OpenAPI page says of the reads. Source: OpenAPI 3.1.0, `paths`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping

import msgspec

from app.serving.reads.endpoints import PREFIX, Endpoint, Parameter, Refusal

_NAMED = re.compile(r"{(\w+)}")
_REF = "#/$defs/"
_TAGS = {True: "answers", False: "Marquez"}


def described(endpoints: Iterable[Endpoint]) -> dict[str, object]:
    """The paths of these endpoints; the schema of each answer stands in full where it is used."""
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        operations = paths.setdefault(PREFIX + endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(endpoint)
    return dict(paths)


def _operation(endpoint: Endpoint) -> dict[str, object]:
    parts = [
        Parameter(name, f"the {name}, percent-encoded") for name in _NAMED.findall(endpoint.path)
    ]
    operation: dict[str, object] = {
        "summary": endpoint.summary,
        "description": inspect.cleandoc(endpoint.answer.__doc__ or ""),
        "tags": [_TAGS[endpoint.ours]],
        "parameters": [_parameter(part, "path") for part in parts]
        + [_parameter(one, "query") for one in endpoint.parameters],
        "responses": {
            "200": _response("the answer", _schema(endpoint.shape)),
            "400": _response("it cannot be understood", _schema(Refusal)),
            "404": _response("nothing has that name", _schema(Refusal)),
            "503": _response("the store does not answer; try again", _schema(Refusal)),
        },
    }
    if endpoint.body:
        operation["requestBody"] = {
            "required": True,
            "description": endpoint.body,
            "content": {"application/sql": {"schema": {"type": "string"}}},
        }
    return operation


def _parameter(parameter: Parameter, place: str) -> dict[str, object]:
    schema: dict[str, object] = {"type": parameter.type}
    return {
        "name": parameter.name,
        "in": place,
        "description": parameter.says,
        "required": parameter.required or place == "path",
        "schema": {"type": "array", "items": schema} if parameter.several else schema,
    }


def _response(says: str, schema: object) -> dict[str, object]:
    return {"description": says, "content": {"application/json": {"schema": schema}}}


def _schema(shape: object) -> object:
    schema = msgspec.json.schema(shape, schema_hook=_anything)
    return _resolved(schema, schema.pop("$defs", {}))


def _anything(_type: type) -> dict[str, object]:
    """Of what has no shape of ours: the facets and events of others."""
    return {"description": "any JSON"}


def _resolved(schema: object, named: Mapping[str, object]) -> object:
    """The schema with what it refers to in its place; no answer holds itself."""
    if isinstance(schema, dict):
        ref = schema.get("$ref")
        if isinstance(ref, str):
            return _resolved(named[ref.removeprefix(_REF)], named)
        return {key: _resolved(value, named) for key, value in schema.items()}
    return [_resolved(one, named) for one in schema] if isinstance(schema, list) else schema

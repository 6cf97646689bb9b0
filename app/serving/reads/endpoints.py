"""From an endpoint to a Starlette route, and to its part of the OpenAPI description.

An answer reads the store in a thread, a few at a time, so the event loop never waits for it. Paths
are matched as they were sent, before `%2F` becomes a slash: names hold slashes and colons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from app.serving.reads.asking import Ask
from ingest.canonical import as_typed
from lineage.analyses.identity.merged import merged
from lineage.errors import AmbiguousName, LineageError, StoreError, UnknownName
from lineage.store import Store

PREFIX: Final = "/api/v1"
_READERS: Final = 8  # answers at one time; more would only wait for each other's processor time
_MOST_BODY: Final = 1 << 20  # bytes
_RETRY_S: Final = "5"


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter: its name, what it says, its type in JSON Schema."""

    name: str
    says: str
    type: str = "string"
    required: bool = False
    several: bool = False


class Endpoint(msgspec.Struct, frozen=True):
    """What is answered at a path; `{name}` in it is a part with any characters.

    shape: the type of the answer. body: what the body of a POST says; empty for a GET.
    """

    path: str
    summary: str
    answer: Callable[[Ask], object]
    shape: Any
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    ours: bool = False  # not of Marquez

    @property
    def method(self) -> str:
        """GET, or POST when it takes a body."""
        return "POST" if self.body else "GET"


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why there is no answer; candidates: what may have been meant."""

    code: int
    message: str
    candidates: tuple[str, ...] = ()


class EncodedRoute(Route):
    """A route whose path is matched as it was sent, and its parts decoded afterwards."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """How well a request matches, and what its path says."""
        if scope["type"] != "http":
            return Match.NONE, {}
        raw = scope.get("raw_path")
        sent = raw.decode("utf-8", "replace") if raw else scope["path"]
        match, found = super().matches({**scope, "path": sent.rstrip("/")})
        if raw and match is not Match.NONE:
            parts = found["path_params"].items()
            found["path_params"] = {name: unquote(value) for name, value in parts}
        return match, found


def route(
    endpoint: Endpoint, open_store: Callable[[], Store], people: Callable[[Request], bool]
) -> Route:
    """The route of an endpoint; people: whether the answer to a request may name persons."""
    path = (PREFIX + endpoint.path).replace("}", ":path}")

    async def respond(request: Request) -> Response:
        try:
            body = await _body(request) if endpoint.body else ""
        except HTTPException as error:
            return _refused(Refusal(error.status_code, error.detail))
        query = {name: request.query_params.getlist(name) for name in request.query_params}
        named = people(request)

        def work() -> Response:
            return _answer(endpoint, open_store, request.path_params, query, body, people=named)

        return await to_thread.run_sync(work, limiter=_readers)

    return EncodedRoute(path, respond, methods=[endpoint.method], name=endpoint.path)


_readers = CapacityLimiter(_READERS)


def _answer(
    endpoint: Endpoint, open_store: Callable[[], Store], path: Mapping[str, str],
    query: Mapping[str, list[str]], body: str, *, people: bool,
) -> Response:  # fmt: skip
    try:
        kept = open_store()
        answer = endpoint.answer(Ask(merged(kept, as_typed), kept, path, query, body, people))
        return Response(msgspec.json.encode(answer), media_type="application/json")
    except HTTPException as error:
        return _refused(Refusal(error.status_code, error.detail))
    except LineageError as error:
        return _refused(_refusal(error, people=people))


def _refusal(error: LineageError, *, people: bool) -> Refusal:
    """Names of people may be among those that an unknown name is near to."""
    if isinstance(error, UnknownName):
        nearest = error.nearest if people else ()
        return Refusal(404, str(error) if people else f"unknown name {error.name!r}", nearest)
    if isinstance(error, AmbiguousName):
        candidates = error.candidates if people else ()
        return Refusal(409, str(error) if people else f"{error.name!r} is ambiguous", candidates)
    if isinstance(error, StoreError):
        return Refusal(503, str(error))
    return Refusal(400, str(error))


def _refused(refusal: Refusal) -> Response:
    headers = {"Retry-After": _RETRY_S} if refusal.code == 503 else None
    body = msgspec.json.encode(refusal)
    return Response(body, refusal.code, headers, media_type="application/json")


async def _body(request: Request) -> str:
    """The body as text.

    Raises:
        HTTPException: 413, it is too long; 400, it is not UTF-8, or was not sent to its end.
    """
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BODY:
                raise HTTPException(413, f"the body is longer than {_MOST_BODY} bytes")
        return body.decode()
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"the body is not UTF-8 at byte {error.start}") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the body was not sent to its end") from error

"""The HTTP application: routes, and around them keys, errors and the time that requests take."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving.keys import Key, Keys
from app.serving.refusing import Refusal, json_response

# What tells nothing of the data, and is asked by what has no key.
OPEN: Final = frozenset({"/health", "/ready", "/metrics", "/docs", "/api/v1/openapi.json"})
_FAULT: Final = "this is a fault of lineage; the server's log has more"


def application(routes: Sequence[BaseRoute], keys: Keys | None) -> ASGIApp:
    """The application of these routes; `keys` None: everybody may do everything."""
    handlers = {Refusal: _refused, HTTPException: _failed}
    return Boundary(Starlette(routes=list(routes), exception_handlers=handlers), keys)


class Boundary:
    """Asks for a key, and makes of every fault of ours an answer in JSON."""

    def __init__(self, inner: ASGIApp, keys: Keys | None) -> None:
        self._inner = inner
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            return
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._answer(scope, receive, noticed)
        except Exception as error:  # noqa: BLE001 - the boundary: one request must not end the others
            what = f"{scope['method']} {scope['path']!r}: {type(error).__name__}: {error}"
            print(f"error: {what[:1000]}", file=sys.stderr, flush=True)  # noqa: T201
            if not begun:
                await Refusal(500, _FAULT).response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if self._keys and scope["path"] not in OPEN:
                scope.setdefault("state", {})["key"] = _sender(self._keys, Headers(scope=scope))
        except Refusal as refusal:
            await refusal.response(scope, receive, send)
        else:
            await self._inner(scope, receive, send)


def _sender(keys: Keys, headers: Headers) -> Key:
    scheme, _, presented = headers.get("authorization", "").partition(" ")
    key = keys.find(presented.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise Refusal(
            401,
            "send a key that this server knows: Authorization: Bearer KEY",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return key


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = {404: f"nothing is at {request.url.path[:200]}: see /docs"}.get(error.status_code)
    body = {"code": error.status_code, "message": what or error.detail}
    return json_response(body, error.status_code, dict(error.headers or {}))

"""The read side of the service: what Marquez's clients ask for, and our own answers as JSON.

`routes` gives the routes; `describe` what the OpenAPI page says of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.routing import Route

from app.serving.reads.endpoints import route
from app.serving.reads.openapi import described
from app.serving.reads.table import ENDPOINTS
from lineage.store import Store


def routes(
    open_store: Callable[[], Store], *, people: bool | Callable[[Request], bool] = True
) -> list[Route]:
    """The routes of all reads, under `/api/v1`.

    open_store: gives the store for each request, from any thread; who gives it closes it. people:
    whether answers name persons, for all requests or for each.
    """
    named = people if callable(people) else lambda _: bool(people)
    return [route(endpoint, open_store, named) for endpoint in ENDPOINTS]


def describe() -> Mapping[str, object]:
    """The `paths` object of OpenAPI 3.1 for these routes; it refers to nothing outside of it."""
    return described(ENDPOINTS)

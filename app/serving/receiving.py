"""The endpoints that take events: one at a time, and many.

An event is judged, put into the inbox, and acknowledged when it is safe there. Status codes are
chosen by what clients do with them: they try again what is answered 500, 502, 503 or 504, and drop
everything else. Source: OpenLineage's Python client 1.54, `transport/http.py`; API spec 2-0-2.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from app.serving.bodies import NDJSON, Bodies, content_type
from app.serving.committing import Committer
from app.serving.judging import Judged, events_of, judge, judge_all, lines_of
from app.serving.keys import Key
from app.serving.known import Known
from app.serving.metrics import Metrics
from app.serving.refusing import RETRY_AFTER, Refusal, json_response
from ingest.openlineage.inbox import Received
from lineage.errors import InboxUnavailable

ONE: Final = ("/api/v1/lineage", "/lineage")
MANY: Final = ("/api/v1/lineage/batch", "/lineage/batch")
_SMALL: Final = 1 << 16  # bytes that are judged at once; what is larger must not hold up the others
_ANYBODY: Final = "http"
_T = TypeVar("_T")
_Answer = Callable[[Request], Awaitable[Response]]


class Receiver:
    """Takes events. most: bytes that a body may have, inflated."""

    def __init__(self, committer: Committer, known: Known, metrics: Metrics, most: int) -> None:
        self._committer = committer
        self._known = known
        self._metrics = metrics
        self._bodies = Bodies(most)
        self._large = ThreadPoolExecutor(1, "large")

    def routes(self) -> list[Route]:
        """Where events are sent."""
        one = [Route(path, self.receive_one, methods=["POST"]) for path in ONE]
        return one + [Route(path, self.receive_many, methods=["POST"]) for path in MANY]

    def close(self) -> None:
        """Ends the thread that judges large bodies."""
        self._large.shutdown(wait=False, cancel_futures=True)

    async def receive_one(self, request: Request) -> Response:
        """Takes one OpenLineage event."""
        return await self._timed(request, self._one)

    async def receive_many(self, request: Request) -> Response:
        """Takes a JSON array of OpenLineage events, or NDJSON, each for itself."""
        return await self._timed(request, self._many)

    async def _timed(self, request: Request, answer: _Answer) -> Response:
        started = time.perf_counter()
        try:
            response = await answer(request)
        except Refusal as refusal:
            response = refusal.response
        except ClientDisconnect:  # nobody is there to be answered
            response = Response(status_code=400)
        self._metrics.took.take(time.perf_counter() - started)
        self._metrics.received.add(1, str(response.status_code))
        return response

    async def _one(self, request: Request) -> Response:
        self._check_room()
        content_type(request, lines=False)
        sender = _sender(request)
        try:
            async with self._bodies.read(request) as body:
                event = await self._offload(len(body), lambda: judge(body, sender))
                new = await self._keep([event], sender)
        except Refusal as refusal:
            self._metrics.events.add(refusal.status < 500, "refused")
            raise
        if not new:
            return json_response({"status": "duplicate"})
        return json_response({"status": "accepted"}, 201)

    async def _many(self, request: Request) -> Response:
        self._check_room()
        split = lines_of if content_type(request, lines=True) == NDJSON else events_of
        sender = _sender(request)
        async with self._bodies.read(request) as body:
            judged = await self._offload(len(body), lambda: judge_all(split(body), sender))
            await self._keep([one for one in judged if isinstance(one, Judged)], sender)
        failed = [
            {"index": at, "reason": str(one), "retriable": False}
            for at, one in enumerate(judged)
            if isinstance(one, Refusal)
        ]
        self._metrics.events.add(len(failed), "refused")
        summary = {
            "received": len(judged), "successful": len(judged) - len(failed),
            "failed": len(failed), "retriable": 0, "non_retriable": len(failed),
        }  # fmt: skip
        status = "partial_success" if failed else "success"
        return json_response({"status": status, "summary": summary, "failed_events": failed})

    async def _keep(self, events: Sequence[Judged], sender: Key | None) -> int:
        """How many of the events are new; they are safe now."""
        new = {one.key: one for one in events if not await self._known.holds(one.day, one.key)}
        if new:
            at = time.time_ns() // 1000
            origin = f"{_ANYBODY}:{sender.name}" if sender else _ANYBODY
            try:
                await self._committer.append([Received(at, origin, e.body) for e in new.values()])
            except InboxUnavailable as error:
                raise Refusal(503, str(error), headers=RETRY_AFTER) from error
        for one in new.values():
            self._known.accepted(one.day, one.key)
        self._metrics.events.add(len(new), "accepted")
        self._metrics.events.add(len(events) - len(new), "duplicate")
        return len(new)

    def _check_room(self) -> None:
        if self._committer.full:
            raise Refusal(503, "the inbox is full: try again later", headers=RETRY_AFTER)

    async def _offload(self, size: int, judging: Callable[[], _T]) -> _T:
        if size <= _SMALL:
            return judging()
        return await asyncio.get_running_loop().run_in_executor(self._large, judging)


def _sender(request: Request) -> Key | None:
    key: Key | None = getattr(request.state, "key", None)
    return key

"""Whether the server lives, whether it is ready, and what it has counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.serving.committing import Committer
from app.serving.feeding import Feeder
from app.serving.metrics import CONTENT_TYPE, Metrics
from app.serving.refusing import json_response
from lineage.errors import StoreError
from lineage.store import Store

_PATIENCE: Final = 2.0  # seconds that a store has to answer
_FRESH: Final = 1.0  # seconds for which its answer holds


class Watch:
    """What is asked by whoever runs the server."""

    def __init__(
        self,
        committer: Committer,
        feeder: Feeder,
        metrics: Metrics,
        open_store: Callable[[], Store],
    ) -> None:
        self._committer = committer
        self._feeder = feeder
        self._metrics = metrics
        self._open_store = open_store
        self._thread = ThreadPoolExecutor(1, "ready")
        self._asked: asyncio.Future[str] | None = None
        self._answer, self._answered = "", -_FRESH

    def routes(self) -> list[Route]:
        """Where it is asked."""
        asked = {"/health": self.health, "/ready": self.ready, "/metrics": self.metrics}
        return [Route(path, answer, methods=["GET"]) for path, answer in asked.items()]

    def close(self) -> None:
        """Ends the thread that asks the store, unless it waits for an answer."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def health(self, _request: Request) -> Response:
        """Says that the server lives; it says so as long as it can say anything."""
        return json_response({"status": "alive"})

    async def ready(self, _request: Request) -> Response:
        """Says whether events are taken, and applied to the store."""
        committer = self._committer
        accepting = not committer.full and not committer.problem
        kafka = self._feeder.kafka
        problems = [committer.problem, self._feeder.problem, kafka.problem, await self._store()]
        if committer.full:
            problems.append(f"the inbox is full: {committer.bytes} bytes wait to be applied")
        problems = [problem for problem in dict.fromkeys(problems) if problem]
        state = {
            "ready": not problems,
            "accepting": accepting,
            "problems": problems,
            "inbox": {
                "events": committer.number,
                "bytes": committer.bytes,
                "oldest_seconds": await self._oldest(),
            },
        }
        if self._feeder.consumes:
            state["kafka"] = {"partitions": len(kafka.lag), "lag": sum(kafka.lag.values())}
        return json_response(state, 503 if problems else 200)

    async def metrics(self, _request: Request) -> Response:
        """Says what was counted, for Prometheus."""
        metrics = self._metrics
        metrics.waiting.set(self._committer.number)
        metrics.bytes.set(self._committer.bytes)
        metrics.oldest.set(await self._oldest())
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    async def _oldest(self) -> float:
        if not self._committer.number:
            return 0.0
        came = await asyncio.to_thread(self._committer.oldest)
        return round(max(0.0, time.time() - came / 1e6), 3) if came else 0.0

    async def _store(self) -> str:
        """Why the store does not answer; empty when it does."""
        if time.monotonic() - self._answered < _FRESH:
            return self._answer
        if self._asked is None or self._asked.done():
            loop = asyncio.get_running_loop()
            self._asked = loop.run_in_executor(self._thread, self._problem)
        try:
            self._answer = await asyncio.wait_for(asyncio.shield(self._asked), _PATIENCE)
        except TimeoutError:
            self._answer = f"the store did not answer within {_PATIENCE:.0f} seconds"
        self._answered = time.monotonic()
        return self._answer

    def _problem(self) -> str:
        try:
            self._open_store().version()
        except StoreError as error:
            return str(error)
        return ""

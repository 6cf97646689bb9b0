"""Keeps the process that applies running, and hears what it says."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final

import msgspec

from app.serving.committing import Committer
from app.serving.metrics import Metrics
from app.serving.work import Consumed, Report, Work

_AGAIN: Final = 1.0  # seconds until a process that ended is started again
_LAST_WORD: Final = 10.0  # seconds that a transaction may take to end
_REPORTS: Final = msgspec.json.Decoder(Report | Consumed)


class Feeder:
    """Has what is in the inbox applied, from where it is applied up to.

    problem: why nothing is applied just now; empty when it is. kafka: how it stands with topics.
    """

    def __init__(self, work: Work, committer: Committer, metrics: Metrics) -> None:
        self.problem = ""
        self.kafka = Consumed()
        self._work = work
        self._committer = committer
        self._metrics = metrics
        self._closing = False
        self._process: asyncio.subprocess.Process | None = None

    @property
    def consumes(self) -> bool:
        """Whether it reads from Kafka, too."""
        return self._work.topics is not None

    async def run(self) -> None:
        """Runs until it is closed."""
        while not self._closing:
            work = msgspec.structs.replace(self._work, position=self._committer.applied)
            # -P: what lies in the working directory is not what is meant by `app`.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "app.serving.draining",
                msgspec.json.encode(work).decode(),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the server, which ends this one
            )  # fmt: skip
            assert self._process.stdout is not None
            async for line in self._process.stdout:
                self._heard(_REPORTS.decode(line))
            code = await self._process.wait()
            if not self._closing:
                self.problem = f"the process that applies events ended with {code}"
                self._metrics.store.set(0)
                await asyncio.sleep(_AGAIN)

    async def close(self) -> None:
        """Lets the transaction end that is under way; what is not begun waits in the inbox."""
        self._closing = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _LAST_WORD)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _heard(self, report: Report | Consumed) -> None:
        if report.problem:
            print(f"warning: {report.problem}", file=sys.stderr, flush=True)  # noqa: T201
        if isinstance(report, Consumed):
            self.kafka = report
            self._metrics.set_kafka(report.lag, up=not report.problem)
        else:
            self.problem = report.problem
        if report.events:
            self.problem = ""
            self._count(report)
        self._metrics.store.set(0 if self.problem else 1)

    def _count(self, report: Report | Consumed) -> None:
        self._metrics.count_applied(report.outcomes)
        self._metrics.applying.take(report.seconds)
        behind = round(time.time() - report.at / 1e6, 6)
        if isinstance(report, Consumed):
            self._metrics.kafka_delay.set(behind)
        else:
            self._committer.clear(report.position, report.events)
            self._metrics.lag.set(behind)

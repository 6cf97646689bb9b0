"""Runs an adapter: a case a line on standard input, a result a line on standard output.

Stands alone: it runs in the environment of the tool that it measures.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Case = dict[str, Any]


def run(adapt: Callable[[Case], Case]) -> None:
    """Answers every case, with the best of two times in milliseconds."""
    for line in sys.stdin:
        case = json.loads(line)
        result: Case = {}
        best = float("inf")
        for _ in range(2):
            start = time.perf_counter()
            try:
                result = adapt(case)
            except Exception as error:  # noqa: BLE001 - whatever a tool raises is its answer
                result = {"error": f"{type(error).__name__}: {error}"[:200]}
            best = min(best, time.perf_counter() - start)
        print(json.dumps({"id": case["id"], "ms": best * 1000, **result}), flush=True)

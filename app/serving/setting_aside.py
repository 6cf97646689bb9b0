"""Applies events; one that a fault of ours keeps from being applied is kept beside the inbox."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from ingest.openlineage.applying import Applier, RawEvent
from ingest.report import Funnel
from lineage.errors import LineageError
from lineage.store import Store

_ASIDE: Final = "set-aside.ndjson"


class SettingAside:
    """Applies events to a store; no event can hold up those behind it."""

    def __init__(self, applier: Applier, store: Store, folder: Path) -> None:
        self._applier = applier
        self._store = store
        self._folder = folder

    def apply(self, events: Sequence[RawEvent]) -> dict[str, int]:
        """What became of the events: how many were imported, duplicate, ignored and so on.

        Raises:
            StoreError: the store cannot be written; it may have some of the events.
        """
        try:
            return _outcomes(self._applier.apply(events))
        except LineageError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours must not hold up what is behind it
            if len(events) == 1:
                return self._set_aside(events[0], error)
        middle = len(events) // 2
        first, second = self.apply(events[:middle]), self.apply(events[middle:])
        return {key: first.get(key, 0) + second.get(key, 0) for key in first | second}

    def _set_aside(self, one: RawEvent, error: Exception) -> dict[str, int]:
        self._store.version()  # when the store is the fault, no event is
        line = {
            "origin": one.origin,
            "number": one.number,
            "error": f"{type(error).__name__}: {error}",
            "event": one.body.decode("utf-8", "replace"),
        }
        with (self._folder / _ASIDE).open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return {"set_aside": 1}


def _outcomes(funnel: Funnel) -> dict[str, int]:
    found = {
        "imported": funnel.imported,
        "duplicate": funnel.duplicate,
        "ignored": sum(funnel.ignored.values()),
        "dead_letter": sum(funnel.dead_letters.values()),
    }
    return {outcome: count for outcome, count in found.items() if count}

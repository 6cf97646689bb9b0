"""What a change breaks, by the rules of the graph: what fails, changes silently, gets stale."""

from __future__ import annotations

from collections.abc import Iterable

from flows import Flow, Uses


class Damage:
    """The rings of one change.

    A column that is gone fails what names it; a view that fails takes its readers along; a job
    that fails leaves what it writes stale, and all behind that.
    """

    def __init__(self, flows: Iterable[Flow], uses: Uses, changed: str) -> None:
        self._flows = list(flows)
        self._uses = uses
        self._changed = changed
        self._fails: set[str] = set()
        self._wrong: set[str] = set()
        self._stale: set[str] = set()
        self._gone: set[tuple[str, str]] = set()

    def rings(self) -> dict[str, list[str]]:
        """Consumers and datasets by their strongest ring; never the changed dataset itself."""
        wrong = self._wrong - self._fails
        stale = self._stale - self._fails - wrong
        rings = {"fails": self._fails, "wrong": wrong, "stale": stale}
        return {ring: sorted(found - {self._changed}) for ring, found in rings.items()}

    def lose_column(self, dataset: str, column: str) -> None:
        """The column is no longer there under its name."""
        if (dataset, column) in self._gone:
            return
        self._gone.add((dataset, column))
        for name, use in self._uses.get(dataset, {}).items():
            named = {ref.named for ref in use.references if ref.column == column}
            if named:
                (self._fails if True in named else self._wrong).add(name)
        for flow in self._flows:
            self._lose_in(flow, dataset, column)

    def _lose_in(self, flow: Flow, dataset: str, column: str) -> None:
        found = [ref for ref in flow.references if (ref.dataset, ref.column) == (dataset, column)]
        if not found:
            return
        if flow.positional or any(ref.named for ref in found):
            self._stop(flow)
            return
        self._wrong.add(flow.target)
        for target in {target for ref in found for target in ref.targets}:
            self.lose_column(flow.target, target)

    def lose_dataset(self, dataset: str) -> None:
        """The dataset cannot be read any more: every reader fails."""
        self._fails |= set(self._uses.get(dataset, {}))
        for flow in self._flows:
            if dataset in flow.reads:
                self._stop(flow)

    def _stop(self, flow: Flow) -> None:
        if not flow.view:
            self.age(flow.target)
        elif flow.target not in self._fails:
            self._fails.add(flow.target)
            self.lose_dataset(flow.target)

    def age(self, dataset: str) -> None:
        """The dataset is no longer refreshed, nor is anything behind it."""
        if dataset in self._stale:
            return
        self._stale |= {dataset, *self._uses.get(dataset, {})}
        for flow in self._flows:
            if dataset in flow.reads:
                self.age(flow.target)


def impact(change: str, flows: Iterable[Flow], uses: Uses) -> dict[str, object]:
    """The change and its rings. Changes: `drop|rename column`, `drop|rename|stop dataset`."""
    verb, kind, name = change.split()[:3]
    dataset, _, column = name.rpartition(".") if kind == "column" else (name, "", "")
    damage = Damage(flows, uses, dataset)
    if verb == "stop":
        damage.age(dataset)
    elif kind == "column":
        damage.lose_column(dataset, column)
    else:
        damage.lose_dataset(dataset)
    return {"change": change, **damage.rings()}

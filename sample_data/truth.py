"""What must be found in the logs, written from the plan and never by parsing SQL."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from events import OWNED_BY_EVENT
from flows import Flow, Use, Uses, column_edges, dataset_edges
from impact import impact
from plan import STORY, Catalogue, Dataset
from schedule import LAST_DAY

Json = dict[str, object]


class People:
    """Owners, consumers and members as the CSV files beside the logs say."""

    def __init__(self, folder: Path) -> None:
        self._owners = _rows(folder / "owners.csv")
        self._teams = {row["id"]: row["team"] for row in _rows(folder / "consumers.csv")}
        members = _rows(folder / "members.csv")
        self._teams |= {row["principal"]: row["team"] for row in members}
        self.known_teams = {row["team"] for row in members}

    def owner(self, dataset: Dataset) -> tuple[str | None, str | None]:
        """Team and domain of a dataset: the longest pattern that matches, or what an event said."""
        rules = [row for row in self._owners if fnmatchcase(dataset.id, row["dataset"])]
        if rules:
            best = max(rules, key=lambda row: ("*" not in row["dataset"], len(row["dataset"])))
            return best["team"], best["domain"]
        if dataset.id == OWNED_BY_EVENT[0]:
            return OWNED_BY_EVENT[1], None
        return None, None

    def team(self, consumer: str) -> str | None:
        """The team of a consumer or principal."""
        return self._teams.get(consumer)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def truth(
    catalogue: Catalogue, flows: list[Flow], uses: Uses, people: People, static: list[str]
) -> Json:
    """The document that tests compare the graph with; see README.md for its keys."""
    datasets = [dataset for dataset in catalogue.datasets if dataset.kind != "temporary"]
    changes = (STORY / "changes.txt").read_text().splitlines()
    return {
        "as_of": LAST_DAY.isoformat(),
        "datasets": {dataset.id: _dataset(dataset, flows, people) for dataset in datasets},
        "who_uses": {
            dataset.id: {
                name: _use(name, use, people, people.owner(dataset)[1])
                for name, use in sorted(uses[dataset.id].items())
            }
            for dataset in datasets
            if dataset.id in uses
        },
        "edges": dataset_edges(flows),
        "column_edges": column_edges(flows),
        "orphans": _orphans(datasets, flows, uses, people, static),
        "impact": [impact(change, flows, uses) for change in changes],
    }


def _dataset(dataset: Dataset, flows: Iterable[Flow], people: People) -> Json:
    team, domain = people.owner(dataset)
    return {
        "domain": domain,
        "team": team,
        "columns": list(dataset.column_names),
        "writers": len({flow.job for flow in flows if flow.target == dataset.id}),
        "views": dataset.kind == "view",
    }


def _use(name: str, use: Use, people: People, domain: str | None) -> Json:
    roles: dict[str, set[str]] = defaultdict(set)
    for reference in use.references:
        roles[reference.column].add(reference.role)
    return {
        "kind": use.kind,
        "team": people.team(name),
        "reads": use.reads,
        "days": len(use.days),
        "first": min(use.days).isoformat(),
        "last": max(use.days).isoformat(),
        "roles": {column: sorted(found) for column, found in sorted(roles.items())},
        "alive": use.alive(domain),
    }


def _orphans(
    datasets: list[Dataset], flows: list[Flow], uses: Uses, people: People, static: list[str]
) -> Json:
    written = {flow.target for flow in flows}
    read_by_jobs = {name for flow in flows for name in flow.reads if name != flow.target}
    read = read_by_jobs | set(uses)
    needed = _needed(datasets, flows, uses, people)
    owners = {dataset.id: people.owner(dataset)[0] for dataset in datasets}
    declared = {
        dataset.id
        for dataset in datasets
        if any(fnmatchcase(dataset.id, pattern) for pattern in static)
    }
    stopped = {flow.target for flow in flows} - {flow.target for flow in flows if flow.live}
    names = list(owners)
    return {
        "unowned": [name for name in names if owners[name] is None],
        "dangling-owner": [
            name for name in names if owners[name] and owners[name] not in people.known_teams
        ],
        "unproduced": [name for name in names if name not in written | declared],
        "write-only": [name for name in names if name in written - read - needed],
        "dead-branch": [name for name in names if name in read - needed],
        "stale-but-read": [name for name in names if name in stopped & set(uses)],
        "copy": [name for name in names if "backup" in name.lower()],
    }


def _needed(datasets: list[Dataset], flows: list[Flow], uses: Uses, people: People) -> set[str]:
    """Everything upstream of a consumer that is alive."""
    domains = {dataset.id: people.owner(dataset)[1] for dataset in datasets}
    open_ = [
        name
        for name, found in uses.items()
        if any(use.alive(domains[name]) for use in found.values())
    ]
    needed: set[str] = set()
    while open_:
        name = open_.pop()
        if name not in needed:
            needed.add(name)
            open_ += [
                read for flow in flows if flow.target == name and flow.live for read in flow.reads
            ]
    return needed

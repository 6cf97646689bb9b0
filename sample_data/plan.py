"""The plan: which datasets there are, and which statements use them in which role.

Statements are written in `story/*.sql` as annotated SQL. A mark in braces is at once the text of
the statement and its truth, so that what a statement means is never found by parsing it:

    {@MART.ORDERS o}           the statement reads this dataset, under the alias o
    {@MART.ORDERS o=text}      the same, written as `text`
    {!MART.ORDERS}             the statement writes this dataset
    {AG:o.amount>revenue}      column amount of o, as AGGREGATION and GROUP_BY, goes to revenue
    {F|o|status}               the same column, written without its alias; `=text` writes `text`
    {*:o}  {*|o}               all columns of o, as `o.*` or `*`
    {$int 1 9}                 a value, another one at each execution
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

STORY = Path(__file__).parent / "story"
NAMESPACES = {
    "postgres": "postgres://orders-db:5432",
    "kafka": "kafka://bus:9092",
    "lake": "trino://lake:8443",
    "s3": "s3://modaloop-archive",
    "warehouse": "snowflake://modaloop-prod",
}
ROLES = {
    "I": "IDENTITY",
    "T": "TRANSFORMATION",
    "A": "AGGREGATION",
    "J": "JOIN",
    "F": "FILTER",
    "G": "GROUP_BY",
    "S": "SORT",
    "W": "WINDOW",
    "C": "CONDITIONAL",
}
DIRECT = frozenset({"IDENTITY", "TRANSFORMATION", "AGGREGATION"})
_MARK = re.compile(r"\{([@!*$]?)([^{}]*)\}")
_DATASET = re.compile(r"(?P<name>[^\s=]+)(?: (?P<alias>\w+))?(?:=(?P<text>.*))?", re.DOTALL)
_COLUMN = re.compile(
    r"(?P<roles>[A-Z]+)[:|](?P<alias>\w+)(?P<dot>[.|])(?P<name>\"[^\"]+\"|\w+)"
    r"(?:>(?P<targets>[\w,]+))?(?:=(?P<text>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Dataset:
    """A dataset of the story; `id` is `namespace:name`. Dropped columns are no longer there.

    `since`: the day from which it exists, when that is later than its log.
    """

    namespace: str
    name: str
    kind: str
    columns: tuple[tuple[str, str], ...]
    dropped: tuple[str, ...] = ()
    since: str = ""

    @property
    def id(self) -> str:
        """The identifier that all files of the sample agree on."""
        return f"{self.namespace}:{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns that exist today, in order."""
        return tuple(name for name, _ in self.columns)


@dataclass(frozen=True, order=True)
class Reference:
    """A column in one role; `targets`: the output columns that its value reaches."""

    dataset: str
    column: str
    role: str
    targets: tuple[str, ...] = ()
    named: bool = True


@dataclass(frozen=True)
class Shape:
    """A statement before its values are filled in: its text and all that is true of it."""

    file: str
    options: Mapping[str, str] = field(hash=False)
    text: str
    reads: tuple[str, ...] = ()
    target: str | None = None
    references: tuple[Reference, ...] = ()

    @property
    def source(self) -> str:
        """The log it is written to: postgres, lake, warehouse or finance."""
        return self.file

    def flag(self, name: str) -> bool:
        """Whether the header of the statement says `name=…`."""
        return name in self.options


class Catalogue:
    """All datasets, found by identifier or as an engine would resolve a name."""

    def __init__(self, datasets: tuple[Dataset, ...]) -> None:
        self.datasets = datasets
        self._by_id = {dataset.id: dataset for dataset in datasets}

    def __getitem__(self, identifier: str) -> Dataset:
        return self._by_id[identifier]

    def resolve(self, name: str, source: str, options: Mapping[str, str]) -> Dataset:
        """The dataset that a name means in a statement of that source and context."""
        if "://" in name:
            return self._by_id[name]
        namespace = NAMESPACES["warehouse" if source == "finance" else source]
        parts = [fold(part, source) for part in re.findall(r'"[^"]+"|[^."]+', name)]
        for prefix in _prefixes(source, options):
            full = ".".join([*prefix[: 3 - len(parts)], *parts])
            if found := self._by_id.get(f"{namespace}:{full}"):
                return found
        raise KeyError(f"{name} in {source} {dict(options)}")


def _prefixes(source: str, options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if source == "postgres":
        for schema in options.get("path", "public").split(","):
            yield "shop", schema
    elif source == "lake":
        yield "archive", options.get("schema", "bus")
    else:
        yield options.get("db", "ANALYTICS"), options.get("schema", "PUBLIC")


def fold(identifier: str, source: str) -> str:
    """An identifier as the engine stores it: quoted as it stands, else in the engine's case."""
    if identifier.startswith('"'):
        return identifier.strip('"')
    return identifier.upper() if source in ("warehouse", "finance") else identifier.lower()


def read_catalogue() -> Catalogue:
    """All datasets of `story/datasets.txt`."""
    lines = (STORY / "datasets.txt").read_text().splitlines()
    return Catalogue(tuple(_dataset(line) for line in lines if line and not line.startswith("#")))


def _dataset(line: str) -> Dataset:
    head, _, tail = line.partition(": ")
    namespace, name, kind, *since = head.split()
    pairs = [column.split(":") for column in tail.split()]
    columns = tuple((column, kind) for column, kind in pairs if not kind.endswith("-"))
    dropped = tuple(column for column, kind in pairs if kind.endswith("-"))
    return Dataset(NAMESPACES[namespace], name, kind, columns, dropped, "".join(since))


def read_shapes(catalogue: Catalogue) -> list[Shape]:
    """All statements of the story, scanners spelled out for every dataset they touch."""
    files = {
        "orders": "postgres",
        "lake": "lake",
        "finance": "finance",
        "warehouse": "warehouse",
        "dashboards": "warehouse",
    }
    return [
        shape
        for name, source in files.items()
        for options, text in _blocks((STORY / f"{name}.sql").read_text())
        for shape in _shapes(catalogue, source, options, text)
    ]


def _blocks(text: str) -> Iterator[tuple[dict[str, str], str]]:
    for block in text.split("\n--- ")[1:]:
        head, _, body = block.partition("\n")
        body = re.sub(r"(?m)^-- ----.*\n?", "", body)
        yield dict(pair.split("=", 1) for pair in shlex.split(head)), body.strip()


def _shapes(
    catalogue: Catalogue, source: str, options: dict[str, str], text: str
) -> Iterator[Shape]:
    if "scan" not in options:
        yield _Annotated(catalogue, source, options).shape(text)
        return
    namespace = NAMESPACES[options["scan"]]
    for dataset in catalogue.datasets:
        if dataset.namespace == namespace and dataset.kind in ("table", "view"):
            born = {"from": dataset.since} if dataset.since else {}
            yield _Annotated(catalogue, source, options | born).shape(
                text.replace("{scan}", f"{{@{dataset.name}}}")
            )


class _Annotated:
    """Reads the marks of one statement."""

    def __init__(self, catalogue: Catalogue, source: str, options: dict[str, str]) -> None:
        self.catalogue = catalogue
        self.source = source
        self.options = options
        self.aliases: dict[str, Dataset] = {}
        self.reads: list[str] = []
        self.target: Dataset | None = None
        self.references: list[Reference] = []

    def shape(self, text: str) -> Shape:
        """The statement with its marks replaced by text, and what they said."""
        for kind, body in _MARK.findall(text):
            if kind in ("@", "!"):
                self._declare(kind, body)
        rendered = _MARK.sub(lambda mark: self._render(mark[1], mark[2]), text)
        return Shape(
            self.source,
            self.options,
            rendered,
            tuple(dict.fromkeys(self.reads)),
            self.target.id if self.target else None,
            tuple(sorted(set(self.references))),
        )

    def _declare(self, kind: str, body: str) -> None:
        mark = _match(_DATASET, body)
        dataset = self.catalogue.resolve(mark["name"], self.source, self.options)
        alias = mark["alias"] or mark["name"].split(".")[-1].strip('"')
        if kind == "@":
            self.reads.append(dataset.id)
            self.aliases[alias.lower()] = dataset
        else:
            self.target = dataset
            self.aliases.setdefault(alias.lower(), dataset)

    def _render(self, kind: str, body: str) -> str:
        if kind in ("@", "!"):
            mark = _match(_DATASET, body)
            return mark["text"] or " ".join(filter(None, (mark["name"], mark["alias"])))
        if kind == "*":
            return self._star(body)
        if kind == "$":
            return f"{{${body}}}"
        return self._column(body)

    def _star(self, body: str) -> str:
        alias, _, text = body[1:].partition("=")
        dataset = self.aliases[alias.lower()]
        for name in dataset.column_names:
            self._refer(dataset, name, "IDENTITY", self._targets(None, name), named=False)
        if "=" in body:
            return text
        return "*" if body.startswith("|") else f"{alias}.*"

    def _column(self, body: str) -> str:
        mark = _match(_COLUMN, body)
        dataset = self.aliases[mark["alias"].lower()]
        name = fold(mark["name"], self.source)
        if name not in (*dataset.column_names, *dataset.dropped):
            raise KeyError(f"{dataset.id} has no column {name}: {body}")
        for letter in mark["roles"]:
            role = ROLES[letter]
            targets = self._targets(mark["targets"], name) if role in DIRECT else ()
            self._refer(dataset, name, role, targets, named=True)
        if mark["text"] is not None:
            return mark["text"]
        return f"{mark['alias']}.{mark['name']}" if mark["dot"] == "." else mark["name"]

    def _targets(self, written: str | None, name: str) -> tuple[str, ...]:
        """The output columns of a value: as written, else the column of the same name."""
        if self.target is None:
            return ()
        targets = [fold(target, self.source) for target in (written or name).split(",")]
        if missing := set(targets) - set(self.target.column_names):
            # A loader may carry a path's column under the warehouse's case.
            targets = [target.upper() for target in targets]
            missing = set(targets) - set(self.target.column_names)
            if missing:
                raise KeyError(f"{self.target.id} has no column {missing}")
        return tuple(targets)

    def _refer(
        self, dataset: Dataset, name: str, role: str, targets: tuple[str, ...], *, named: bool
    ) -> None:
        self.references.append(Reference(dataset.id, name, role, targets, named))


def _match(pattern: re.Pattern[str], body: str) -> re.Match[str]:
    mark = pattern.fullmatch(body)
    if mark is None:
        raise ValueError(f"unreadable mark {{{body}}}")
    return mark

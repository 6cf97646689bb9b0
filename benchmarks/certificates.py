"""Certificates against the future: `python -m benchmarks.certificates [--proven 500]`.

Companies are made by plan: tables in layers with jobs, views, loops and diamonds, readers that come
daily to once a year, alone or in turn, who stay, leave for good or only pause, bots, dated copies,
jobs whose later version reads less. Some logs have holes, statements that nobody understands, or
dynamic SQL. The logs are imported up to a day T, and every table is asked about. Then the plan's
statements of the 60 days after T are looked at, which no analysis has seen: a certificate is wrong
when an outsider reads a member then. Truth is the plan, never the analyses.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from app.commands.importing import Said, import_options
from ingest.declared.sources import NO_FLAGS
from ingest.pipeline import import_paths
from lineage.analyses.proof.certificate import Certificate, Condition, State
from lineage.analyses.proof.prove import prove_unused
from lineage.analyses.stewardship.notices import announce
from lineage.calendar import day_of, iso_day
from lineage.names import DatasetId
from lineage.store import Store
from lineage.stores import open_store

T = day_of("2026-06-30")
HISTORY, FUTURE = 500, 60
SILENCE = 90
TABLES = 150
NAMESPACE = "snowflake://made"
AGREED = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
_SOURCES = f"""
sources:
  made:
    files: ["*.jsonl"]
    namespace: {NAMESPACE}
    dialect: snowflake
    default_db: SHOP
    default_schema: MART
    schedule: [daily]
    unlogged: []
principals:
  system: [SVC_SCAN]
  job: [SVC_ETL]
"""
_OWNERS = f"dataset,team,domain\n{NAMESPACE}:SHOP.FIN.*,controlling,finance\n"


class Actor(NamedTuple):
    """Who runs a statement on which days. reads, writes: tables by number. bot: never counts."""

    user: str
    sql: str
    days: tuple[int, ...]
    reads: frozenset[int]
    writes: int | None = None
    bot: bool = False


class Company:
    """A plan: tables and actors, from long before T to the end of the future."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clean = seed % 4 != 3  # the log of every fourth has flaws
        self.names = [self._name(number) for number in range(TABLES)]
        self.actors = [actor for number in range(TABLES) for actor in self._about(number)]
        self.actors += self._loops()
        scan = tuple(range(T - HISTORY + 5, T + FUTURE, 30))
        self.actors += [
            Actor("SVC_SCAN", f"select count(*) from {name}", scan, frozenset({number}), bot=True)
            for number, name in enumerate(self.names)
        ]

    def _name(self, number: int) -> str:
        if number % 10 == 9:
            return f"shop.fin.t{number}"
        if number % 17 == 16:
            return f"shop.mart.t{number - 1}_backup_20260401"
        return f"shop.{'mart' if number % 2 else 'lake'}.t{number}"

    def _about(self, number: int) -> Iterator[Actor]:
        """Who writes a table, and who reads it."""
        chance = self.chance
        sources = frozenset(chance.sample(range(number), min(number, chance.choice((1, 1, 2, 3)))))
        name, every = self.names[number], chance.choice((1, 7, 7, 30))
        first = T - HISTORY + 1
        if chance.random() < 0.15 and sources:
            yield Actor("SVC_ETL", f"create view {name} as {self._select(sources)}", (first,),
                        sources, number)  # fmt: skip
        else:
            stops = chance.choice((T + FUTURE, T + FUTURE, T - chance.randint(1, 300)))
            days = tuple(range(first + chance.randrange(every), stops + 1, every))
            yield from self._job(number, name, sources, days)
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            yield self._reader(number)

    def _job(
        self, number: int, name: str, sources: frozenset[int], days: tuple[int, ...]
    ) -> Iterator[Actor]:
        if len(sources) > 1 and self.chance.random() < 0.3 and len(days) > 10:
            # A later version of the job no longer reads one of its sources.
            cut = self.chance.randrange(5, len(days) - 3)
            before, days = days[:cut], days[cut:]
            yield Actor("SVC_ETL", f"-- job {name}\ninsert into {name} {self._select(sources)}",
                        before, sources, number)  # fmt: skip
            sources -= {min(sources)}
        text = self._select(sources) if sources else "values (1, 2)"
        yield Actor("SVC_ETL", f"insert into {name} {text}", days, sources, number)

    def _select(self, sources: frozenset[int]) -> str:
        first, *others = [self.names[one] for one in sorted(sources)]
        joins = " ".join(f"join {name} on {name}.id = {first}.id" for name in others)
        return f"select {first}.id, {first}.amount from {first} {joins}"

    def _reader(self, number: int) -> Actor:
        chance, name = self.chance, self.names[number]
        first = T - HISTORY + chance.randrange(60)
        kinds = (self._steady, self._quarterly, self._in_turn, self._campaigns)
        if name.startswith("shop.fin"):
            kinds = (self._yearly,)
        days = chance.choice(kinds)(first)
        user = f"reader{number}_{chance.randrange(10**6)}"
        column = chance.choice(("id", "amount"))
        sql = f"select {column} from {name} where id > {chance.randrange(9)}"
        return Actor(user, sql, tuple(days), frozenset({number}))

    def _end(self) -> int:
        """The last day of somebody: most leave for good some time before T."""
        gone = T - self.chance.randint(1, HISTORY - 100)
        return self.chance.choice((gone, gone, gone, T + FUTURE))

    def _steady(self, first: int) -> Sequence[int]:
        return range(first, self._end() + 1, self.chance.choice((1, 7, 14, 30)))

    def _quarterly(self, first: int) -> Sequence[int]:
        """Closing the books takes one to three days, a few days sooner or later."""
        starts = range(first, self._end() + 1, 91)
        return sorted({day + self.chance.randint(0, 4) for day in starts for _ in range(3)})

    def _in_turn(self, first: int) -> Sequence[int]:
        return [day + self.chance.randint(-2, 2) for day in range(first + 3, self._end(), 45)]

    def _yearly(self, first: int) -> Sequence[int]:
        return range(first, self._end() + 1, 365)

    def _campaigns(self, first: int) -> list[int]:
        """Weeks of use, pauses of up to twice the silence, and use again."""
        days, day, end = list[int](), first, self._end()
        pause = self.chance.randint(20, 2 * SILENCE)
        while day < end:
            days += [day + one for one in range(0, 20, self.chance.choice((1, 3)))]
            day += 20 + pause
        return [day for day in days if day <= end]

    def _loops(self) -> Iterator[Actor]:
        """Tables that feed an earlier one."""
        for _ in range(6):
            late, early = sorted(self.chance.sample(range(TABLES), 2), reverse=True)
            days = tuple(range(T - HISTORY + 8, T + FUTURE, 7))
            text = self._select(frozenset({late}))
            yield Actor("SVC_ETL", f"insert into {self.names[early]} {text}", days,
                        frozenset({late}), early)  # fmt: skip

    def write(self, folder: Path) -> None:
        """The logs up to T, and what is declared of them."""
        (folder / "sources.yml").write_text(_SOURCES)
        (folder / "owners.csv").write_text(_OWNERS)
        flaws = [] if self.clean else self._flaws()
        hole = None if self.clean else T - 20
        with (folder / "log.jsonl").open("w") as log:
            for actor in (*self.actors, *flaws):
                for day in actor.days:
                    if T - HISTORY < day <= T and day != hole:
                        row = {"query": actor.sql, "user": actor.user,
                               "timestamp": f"{iso_day(day)}T08:00:00Z"}  # fmt: skip
                        log.write(json.dumps(row) + "\n")

    def _flaws(self) -> list[Actor]:
        """What nobody understands, and what nobody can know."""
        name = self.chance.choice(self.names)
        return [
            Actor("SVC_ETL", f"frobnicate {name} (((", (T - 5,), frozenset()),
            Actor("SVC_ETL", "execute immediate :text", (T - 9,), frozenset()),
        ]

    def outside(self, members: set[int], first: int, last: int) -> list[tuple[int, Actor]]:
        """Who else reads one of these tables in these days; what only makes a member is no use."""
        return sorted(
            (day, actor)
            for actor in self.actors
            if not actor.bot and actor.reads & members and actor.writes not in members
            for day in actor.days
            if first <= day <= last and "create view" not in actor.sql
        )

    def behind(self, number: int) -> set[int]:
        """The table and all that is made of it, by whatever still runs around T."""
        members, stack = {number}, [number]
        while stack:
            one = stack.pop()
            made = {
                actor.writes
                for actor in self.actors
                if actor.writes is not None
                and one in actor.reads
                and ("create view" in actor.sql or actor.days[-1] > T - SILENCE)
            }
            stack += made - members
            members |= made
        return members


def dataset(company: Company, number: int) -> DatasetId:
    return DatasetId(NAMESPACE, company.names[number].upper())


def imported(company: Company, folder: Path) -> Store:
    """A store with the company's logs up to T."""
    company.write(folder)
    store = open_store(f"sqlite:///{folder}/x.db", create=True)
    said = Said(
        flags=NO_FLAGS, sources=str(folder / "sources.yml"), owners=(str(folder / "owners.csv"),)
    )
    import_paths(store, [str(folder / "log.jsonl")], import_options(said))
    return store


def proofs(company: Company, store: Store) -> Iterator[tuple[int, Certificate]]:
    """A certificate for each table, once the owners of what is otherwise proven have agreed."""
    now = dt.datetime.fromisoformat(f"{iso_day(T)}T23:00:00+00:00")
    agreed: set[str] = set()
    for number in range(TABLES):
        found = prove_unused(store, [dataset(company, number)], issued=now)
        open_ = {fact.condition for fact in found.facts if not fact.holds}
        if open_ == {Condition.AGREED}:
            for member in set(found.set) - agreed:
                announce(store, f"drop dataset {member}", iso_day(T - 5), "owner", now=AGREED)
            agreed |= set(found.set)
            found = prove_unused(store, [dataset(company, number)], issued=now)
        yield number, found


def run(seed: int, totals: Counter[str]) -> None:
    """Proves everything in one company, and looks into its future."""
    company = Company(seed)
    numbers = {str(dataset(company, number)): number for number in range(TABLES)}
    with TemporaryDirectory() as folder:
        store = imported(company, Path(folder))
        for number, found in proofs(company, store):
            totals[found.state] += 1
            members = {numbers[member] for member in found.set}
            if found.state is State.PROVEN and (
                later := company.outside(members, T + 1, T + FUTURE)
            ):
                totals["wrong"] += 1
                print(f"WRONG {company.names[number]} of company {seed}: {later[0]}", flush=True)
            if company.clean:
                _count_dead(company, number, found, totals)
        store.close()


def _count_dead(company: Company, number: int, found: Certificate, totals: Counter[str]) -> None:
    members, proven = company.behind(number), found.state is State.PROVEN
    if not company.outside(members, T + 1, T + FUTURE):
        totals["dead"] += 1
        totals["dead, proven"] += proven
        if not company.outside(members, T - SILENCE + 1, T):
            totals["silent"] += 1
            totals["silent, proven"] += proven


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--proven", type=int, default=500, help="certificates to be proven")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    totals: Counter[str] = Counter()
    seed = options.seed
    while totals[State.PROVEN] < options.proven:
        run(seed, totals)
        seed += 1
        print(f"{seed - options.seed} companies: {dict(totals)}", flush=True)
    print(
        f"{totals['wrong']} wrong in {totals[State.PROVEN]} proven;"
        f" where nothing is missing, {totals['dead, proven'] / totals['dead']:.0%} of the dead are"
        f" proven, {totals['silent, proven'] / totals['silent']:.0%} of those silent for"
        f" {SILENCE} days"
    )


if __name__ == "__main__":
    main()

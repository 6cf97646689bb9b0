"""What people decide about datasets: support, deprecation, holds; and what the logs make of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.text.deprecation import messages
from lineage.analyses.journal import STEWARDSHIP, Entry, entries, kind_of
from lineage.analyses.stewardship.deciding import Actor
from lineage.analyses.stewardship.deprecation import (
    deprecate,
    deprecations,
    hold,
    outlook,
    record_returns,
    release,
)
from lineage.analyses.stewardship.lifecycle import State
from lineage.analyses.stewardship.notices import acknowledge, notices, status
from lineage.analyses.stewardship.stewardship import Level, Stewardship, stewardship_of
from lineage.analyses.stewardship.support import support, support_lists
from lineage.calendar import day_of
from lineage.errors import InvalidDecision, InvalidName, StoreError, UnknownName
from lineage.model import (
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Fact,
    Node,
    Sample,
    Shard,
)
from lineage.names import ConsumerId, DatasetId, JobId, NodeId, PrincipalId, QueryId, TeamId
from lineage.store import Store
from lineage.stores import open_store

ORDERS, OLD, COPY = (DatasetId("db", f"shop.{name}") for name in ("orders", "old", "copy"))
VIEW = DatasetId("db", "shop.old_view")
BOARD, LATE = ConsumerId("bi", "board"), ConsumerId("bi", "late")
COPIER, VIEWER = JobId("etl", "copier"), JobId("db", "old_view")
SALES, FINANCE = TeamId("team", "sales"), TeamId("team", "finance")
ANA = PrincipalId("db", "ana")
NOW = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
LAST = day_of("2026-10-31")


def days(first: str, last: str) -> Activity:
    """Active on every day from one to another."""
    every = range(day_of(first), day_of(last) + 1)
    return Activity(tuple(every), (1,) * len(every))


def read(source: DatasetId, reader: ConsumerId | JobId, *on: str, at: str = "") -> Edge:
    """A read on some days, the last one at a time."""
    seen = Activity(tuple(sorted(map(day_of, on))), (1,) * len(on))
    sample = Sample(at, "k", QueryId("db", "q")) if at else None
    return Edge(EdgeKey(EdgeType.READ_BY, source, reader), seen, sample=sample)


def link(type_: EdgeType, source: NodeId, target: NodeId, seen: Activity | None = None) -> Edge:
    """An edge of another type."""
    return Edge(EdgeKey(type_, source, target), seen or Activity())


def shop() -> Batch:
    """`orders` of sales is read by finance every day; `old` of sales was read until August."""
    always = days("2026-07-01", "2026-10-31")
    edges = (
        Edge(EdgeKey(EdgeType.READ_BY, ORDERS, BOARD), always),
        read(OLD, BOARD, "2026-08-01"),
        link(EdgeType.OWNS, SALES, ORDERS),
        link(EdgeType.OWNS, SALES, OLD),
        link(EdgeType.OWNS, FINANCE, BOARD),
        link(EdgeType.OWNS, FINANCE, LATE),
        link(EdgeType.MEMBER_OF, ANA, SALES),
    )
    nodes = tuple(Node(one, {"kind": Fact("", "dashboard")}) for one in (BOARD, LATE))
    shards = tuple(Shard("db", day, 0, bytes(16)) for day in always.days)
    return Batch(nodes, edges, shards=shards)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """The shop, in SQLite."""
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    opened.apply(shop())
    yield opened
    opened.close()


def by(name: str = "ana", day: int = 1, **said: str) -> Actor:
    """Who decides, at noon of a day in October."""
    return Actor(name, said.pop("reason", "why"), NOW.replace(day=day), **said)


def of(store: Store, dataset: DatasetId, as_of: int | None = None) -> Stewardship:
    """What was decided about a dataset."""
    return stewardship_of(store, [dataset], as_of).get(dataset, Stewardship())


def to(store: Store, dataset: DatasetId, *states: State, day: int = 1) -> None:
    """Moves a dataset on, step by step, on a day in October."""
    for state in states:
        deprecate(store, dataset, state, by(day=day))


class TestStates:
    """active → candidate → proposed → tombstoned → access-removed → archived → deleted."""

    def test_every_step_is_kept_with_its_actor_and_reason(self, kept: Store) -> None:
        """The way to the end, and the notice that goes with it."""
        steps = tuple(State)[1:]
        to(kept, OLD, *steps)
        known = of(kept, OLD).deprecation
        assert [step.state for step in known.history] == list(steps)
        assert {step.reason for step in known.history} == {"why"}
        assert known.state is State.DELETED
        assert [one.closed for one in notices(kept)] == ["deleted: why"]

    @pytest.mark.parametrize(
        ("before", "wrong", "ways"),
        [
            ((), State.TOMBSTONED, "candidate or proposed"),
            ((), State.ACTIVE, "candidate or proposed"),
            ((State.CANDIDATE,), State.TOMBSTONED, "proposed or active"),
            ((State.PROPOSED,), State.DELETED, "tombstoned or active"),
            ((State.PROPOSED, State.TOMBSTONED), State.ARCHIVED,
             "access-removed or proposed or active"),
        ],
    )  # fmt: skip
    def test_a_step_that_is_not_next_is_an_error_that_names_those_that_are(
        self, kept: Store, before: tuple[State, ...], wrong: State, ways: str
    ) -> None:
        """Nothing is written down then."""
        to(kept, OLD, *before)
        with pytest.raises(InvalidDecision, match=f"from there it goes to {ways}$"):
            to(kept, OLD, wrong)
        assert len(of(kept, OLD).deprecation.history) == len(before)

    def test_a_tombstone_gives_thirty_days_and_another_day_moves_it(self, kept: Store) -> None:
        """The day stands in a notice; another day replaces it and is no other tombstone."""
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED)
        assert of(kept, OLD).deprecation.until == "2026-10-31"
        deprecate(kept, OLD, State.TOMBSTONED, by(day=5), "2026-12-24")
        known = of(kept, OLD).deprecation
        assert (known.since, known.until, known.tombstones) == ("2026-10-01", "2026-12-24", 1)
        assert [one.on for one in notices(kept) if one.closed is None] == ["2026-12-24"]

    def test_withdrawn_it_is_active_and_its_notice_closed(self, kept: Store) -> None:
        """It may be proposed anew."""
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED, State.ACTIVE)
        known = of(kept, OLD).deprecation
        assert (known.state, known.until, known.taken_back) == (State.ACTIVE, None, 1)
        assert all(one.closed for one in notices(kept))
        to(kept, OLD, State.PROPOSED)

    @pytest.mark.parametrize(("since", "says"), [
        ("2026-10-02", "is still to come"), ("2026-09-30", "made its last step on 2026-10-01"),
        ("soon", "is not a date"),
    ])  # fmt: skip
    def test_a_step_holds_from_now_or_a_day_between_the_last_one_and_now(
        self, kept: Store, since: str, says: str
    ) -> None:
        """The future cannot be decided, nor what came before a decision."""
        to(kept, OLD, State.PROPOSED)
        with pytest.raises((InvalidDecision, InvalidName), match=says):
            deprecate(kept, OLD, State.TOMBSTONED, by(since=since))

    def test_no_decision_without_a_reason(self, kept: Store) -> None:
        """Somebody will ask."""
        with pytest.raises(InvalidDecision, match="--reason"):
            deprecate(kept, OLD, State.PROPOSED, by(reason=" "))


class TestReturn:
    """A counted read in a grace state takes a dataset back to proposed, with the reader."""

    def test_a_read_on_the_twelfth_day(self, kept: Store) -> None:
        """It is seen as soon as the log is imported, and before that day it is not yet so."""
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED)
        kept.apply(Batch(edges=(read(OLD, LATE, "2026-10-13", "2026-10-20"),)))
        known = of(kept, OLD).deprecation
        assert known.state is State.PROPOSED
        assert known.returned is not None
        assert (known.returned.consumer, known.returned.day) == ("bi:late", "2026-10-13")
        assert known.returned.team == "finance"
        assert known.taken_back == 1
        before = of(kept, OLD, day_of("2026-10-12")).deprecation
        assert (before.state, before.returned) == (State.TOMBSTONED, None)
        with pytest.raises(InvalidDecision, match=r"bi:late of finance read it on 2026-10-13"):
            to(kept, OLD, State.ACCESS_REMOVED, day=21)

    def test_reads_before_the_tombstone_do_not_count(self, kept: Store) -> None:
        """On the day of the act itself the moment of the last read decides."""
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED)
        kept.apply(Batch(edges=(read(OLD, LATE, "2026-10-01", at="2026-10-01T11:59:00+00:00"),)))
        assert of(kept, OLD).deprecation.state is State.TOMBSTONED
        kept.apply(Batch(edges=(read(OLD, LATE, "2026-10-01", at="2026-10-01T12:01:00Z"),)))
        assert of(kept, OLD).deprecation.state is State.PROPOSED

    def test_a_late_log_makes_void_what_was_built_on_the_tombstone(self, kept: Store) -> None:
        """A new tombstone counts from its own day on."""
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED)
        to(kept, OLD, State.ACCESS_REMOVED, day=20)
        kept.apply(Batch(edges=(read(OLD, LATE, "2026-10-13"),)))
        known = of(kept, OLD).deprecation
        assert known.state is State.PROPOSED
        assert [(step.state, step.void) for step in known.history[2:]] == [
            (State.PROPOSED, False), (State.ACCESS_REMOVED, True),
        ]  # fmt: skip
        to(kept, OLD, State.TOMBSTONED, day=21)
        assert of(kept, OLD).deprecation.returned is None

    def test_bots_and_jobs_that_go_as_well_are_no_readers(self, kept: Store) -> None:
        """A dead branch is tombstoned as a whole while its jobs still run."""
        bot, login = ConsumerId("db", "scan"), PrincipalId("db", "scan")
        kept.apply(Batch(
            nodes=(Node(login, {"class": Fact("", "system")}),),
            edges=(
                read(OLD, bot, "2026-10-10"), link(EdgeType.RUN_BY, bot, login),
                read(OLD, COPIER, "2026-10-10", "2026-10-20"),
                link(EdgeType.WRITES, COPIER, COPY, days("2026-08-01", "2026-10-31")),
            ),
        ))  # fmt: skip
        to(kept, COPY, State.PROPOSED, State.TOMBSTONED)
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED)
        assert of(kept, OLD).deprecation.state is State.TOMBSTONED
        kept.apply(Batch(edges=(read(COPY, LATE, "2026-10-15"),)))
        known = of(kept, OLD).deprecation.returned
        assert known is not None
        assert (known.consumer, known.day) == ("etl:copier", "2026-10-20")

    def test_a_dead_loop_goes_as_a_whole(self, kept: Store) -> None:
        """Its jobs read each other's outputs every day, and nobody else does."""
        back = JobId("etl", "back")
        every = days("2026-08-01", "2026-10-31")
        kept.apply(Batch(edges=(
            link(EdgeType.READ_BY, OLD, COPIER, every), link(EdgeType.WRITES, COPIER, COPY, every),
            link(EdgeType.READ_BY, COPY, back, every), link(EdgeType.WRITES, back, OLD, every),
        )))  # fmt: skip
        for dataset in (OLD, COPY):
            to(kept, dataset, State.PROPOSED)
        for dataset in (OLD, COPY):
            deprecate(kept, dataset, State.TOMBSTONED, by(since="2026-10-01"))
        assert {of(kept, one).deprecation.state for one in (OLD, COPY)} == {State.TOMBSTONED}
        kept.apply(Batch(edges=(read(COPY, LATE, "2026-10-15"),)))
        known = [of(kept, one).deprecation.returned for one in (OLD, COPY)]
        assert [(one.consumer, one.day) for one in known if one] == [
            ("etl:copier", "2026-10-15"), ("bi:late", "2026-10-15"),
        ]  # fmt: skip

    def test_a_read_through_a_view_counts(self, kept: Store) -> None:
        """Who reads the view reads the table."""
        kept.apply(Batch(
            nodes=(Node(VIEWER, {"kind": Fact("", "view")}),),
            edges=(
                link(EdgeType.READ_BY, OLD, VIEWER), link(EdgeType.WRITES, VIEWER, VIEW),
                read(VIEW, LATE, "2026-10-15"),
            ),
        ))  # fmt: skip
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED)
        assert of(kept, OLD).deprecation.state is State.PROPOSED

    def test_it_is_written_down_once_and_the_teams_are_told(self, kept: Store) -> None:
        """The owner and the team that reads, without the name of a person."""
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED)
        kept.apply(Batch(edges=(read(OLD, LATE, "2026-10-13"),)))
        ((dataset, reader),) = record_returns(kept, "lineage", NOW)
        assert record_returns(kept, "lineage", NOW) == []
        assert entries(kept, STEWARDSHIP)[-1].reason == "read by bi:late on 2026-10-13"
        told = {one.team: one.body for one in messages(dataset, reader, "sales")}
        assert told.keys() == {"sales", "finance"}
        person = msgspec.structs.replace(reader, kind="person", title="Bo Berg")
        assert all("Bo Berg" not in one.body for one in messages(dataset, person, "sales"))


class TestGuards:
    """What is promised or held is not taken away."""

    def test_what_is_supported_must_be_declined_first(self, kept: Store) -> None:
        """It may be proposed."""
        support(kept, OLD, Level.SUPPORTED, by())
        to(kept, OLD, State.PROPOSED)
        with pytest.raises(InvalidDecision, match=r"is supported \(by sales\); decline that"):
            to(kept, OLD, State.TOMBSTONED)
        support(kept, OLD, Level.DECLINED, by(), "2026-12-01")
        to(kept, OLD, State.TOMBSTONED)
        with pytest.raises(InvalidDecision, match="is promised until 2026-12-01"):
            to(kept, OLD, State.ACCESS_REMOVED)

    def test_what_is_held_stays_until_it_is_released(self, kept: Store) -> None:
        """A hold may have a last day."""
        to(kept, OLD, State.PROPOSED, State.TOMBSTONED)
        hold(kept, OLD, by(reason="audit"))
        with pytest.raises(InvalidDecision, match=r"is on hold \(audit\)"):
            to(kept, OLD, State.ACCESS_REMOVED)
        release(kept, OLD, by())
        with pytest.raises(InvalidDecision, match="is not on hold"):
            release(kept, OLD, by())
        hold(kept, OLD, by(), "2026-10-15")
        assert of(kept, OLD, day_of("2026-10-15")).hold is not None
        assert of(kept, OLD).hold is None
        to(kept, OLD, State.ACCESS_REMOVED)

    def test_imported_holds_and_levels_hold_until_somebody_decides(self, kept: Store) -> None:
        """An act wins over what was imported."""
        said = {"hold": "true", "support": "supported", "keep_until": "2027-01-01"}
        kept.apply(Batch((Node(OLD, {name: Fact("", value) for name, value in said.items()}),)))
        known = of(kept, OLD)
        assert known.hold is not None
        assert (known.support.level, known.keep_until) == (Level.SUPPORTED, "2027-01-01")
        support(kept, OLD, Level.BEST_EFFORT, by())
        release(kept, OLD, by())
        known = of(kept, OLD)
        assert (known.support.level, known.hold) == (Level.BEST_EFFORT, None)


class TestSupport:
    """How far a producer stands in for a dataset is his choice."""

    def test_only_the_owner_can_be_informed(self, kept: Store) -> None:
        """By his login, or by whom acts for his team."""
        with pytest.raises(InvalidDecision, match=r"only its owner, sales, .* no known team"):
            support(kept, OLD, Level.INFORMED, by("bo"))
        with pytest.raises(InvalidDecision, match="finance"):
            support(kept, OLD, Level.INFORMED, by("bo", team="finance"))
        with pytest.raises(UnknownName, match="team 'slaes'"):
            support(kept, OLD, Level.INFORMED, by("bo", team="slaes"))
        assert support(kept, OLD, Level.INFORMED, by("ANA")).support.team == "sales"

    def test_to_decline_needs_a_day_and_proposes_a_deprecation(self, kept: Store) -> None:
        """Consumers are told by a notice, and it is kept until that day."""
        with pytest.raises(InvalidDecision, match="--until DATE"):
            support(kept, ORDERS, Level.DECLINED, by())
        known = support(kept, ORDERS, Level.DECLINED, by(), "2027-02-01")
        assert (known.deprecation.state, known.deprecation.until) == (State.PROPOSED, "2027-02-01")
        assert known.keep_until == "2027-02-01"
        (notice,) = notices(kept)
        assert [one.team for one in status(kept, notice, LAST).watched] == ["finance"]

    def test_a_promise_with_a_last_day_lapses(self, kept: Store) -> None:
        """After it the owner is only informed."""
        support(kept, OLD, Level.GUARANTEED, by(), "2026-10-10")
        assert of(kept, OLD, day_of("2026-10-10")).support.level is Level.GUARANTEED
        assert of(kept, OLD).support.level is Level.INFORMED

    def test_the_two_lists(self, kept: Store) -> None:
        """Used by another team and unsupported; supported and used by nobody else."""
        support(kept, OLD, Level.SUPPORTED, by())
        lists = support_lists(kept)
        assert [(one.dataset, one.teams) for one in lists.used_unsupported] == [
            (str(ORDERS), ("finance",))
        ]
        assert [one.dataset for one in lists.supported_unused] == [str(OLD)]
        assert lists.levels == {"unaware": 1, "supported": 1}
        support(kept, ORDERS, Level.BEST_EFFORT, by())
        assert support_lists(kept).used_unsupported == ()

    def test_the_owner_agrees_by_acting_or_by_acknowledging(self, kept: Store) -> None:
        """Somebody else's act is no agreement."""
        deprecate(kept, OLD, State.PROPOSED, by("bo"), "2026-12-01")
        assert of(kept, OLD).deprecation.agreed is None
        acknowledge(kept, 1, "finance", "bo", NOW)
        assert of(kept, OLD).deprecation.agreed is None
        assert of(kept, OLD).support.level is Level.UNAWARE
        acknowledge(kept, 1, "sales", "ana", NOW)
        assert of(kept, OLD).deprecation.agreed == "sales"
        assert of(kept, OLD).support.level is Level.INFORMED
        deprecate(kept, OLD, State.ACTIVE, by("bo"))
        to(kept, OLD, State.PROPOSED)
        assert of(kept, OLD).deprecation.agreed == "sales"


def test_both_stores_answer_alike(store: Store) -> None:
    """Decisions, what readers took back, and the lists."""
    store.apply(shop())
    support(store, ORDERS, Level.DECLINED, by(), "2027-02-01")
    to(store, OLD, State.PROPOSED, State.TOMBSTONED)
    hold(store, OLD, by())
    store.apply(Batch(edges=(read(OLD, LATE, "2026-10-13"),)))
    known = stewardship_of(store)
    assert [(one.support.level, one.deprecation.state) for one in known.values()] == [
        (Level.UNAWARE, State.PROPOSED),
        (Level.DECLINED, State.PROPOSED),
    ]
    assert [row.deprecation.returned is None for row in deprecations(store).datasets] == [
        False,
        True,
    ]
    assert len(support_lists(store).used_unsupported) == 2


def test_the_answers_name_states_next_steps_and_users(kept: Store) -> None:
    """What a lead reads of one dataset, and of all that are on the way out."""
    to(kept, ORDERS, State.PROPOSED)
    hold(kept, OLD, by(reason="audit"))
    one = outlook(kept, ORDERS)
    assert one.verdict == (
        "shop.orders is proposed since 2026-10-01; 1 still uses it. sales agreed."
    )
    assert (one.next, one.teams) == ((State.TOMBSTONED, State.ACTIVE), ("finance",))
    every = deprecations(kept)
    assert every.verdict == "1 dataset on the way out: 1 proposed. 1 on hold."
    assert [row.dataset for row in every.datasets] == [str(ORDERS), str(OLD)]


def test_tampering_is_noticed(kept: Store) -> None:
    """A changed entry, and a journal whose end is cut off."""
    to(kept, OLD, State.CANDIDATE, State.PROPOSED)
    last = entries(kept, STEWARDSHIP)[-1]
    kind, key = kind_of(STEWARDSHIP), f"{last.number:08d}"
    forged: Entry = msgspec.structs.replace(last, reason="another")
    kept.apply(Batch(documents=(Document(kind, key, msgspec.json.encode(forged)),)))
    with pytest.raises(StoreError, match="changed at entry 2"):
        stewardship_of(kept)
    kept.apply(Batch(documents=(Document(kind, key, b""),)))
    with pytest.raises(StoreError, match="lacks its last entries, from 2 on"):
        stewardship_of(kept)

"""What people decide: announced changes, corrected edges, and the digest that tells of both."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.text.notices import messages
from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import impact
from lineage.analyses.breaking.policy import Announced
from lineage.analyses.corrections import correct, corrections, undo
from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.journal import CORRECTIONS, NOTICES, Act, actors, append, entries, kind_of
from lineage.analyses.reach.walk import downstream
from lineage.analyses.stewardship.digest import digest
from lineage.analyses.stewardship.notices import (
    State,
    acknowledge,
    announce,
    announced_subjects,
    close,
    notices,
    status,
)
from lineage.analyses.use.usage import who_uses
from lineage.calendar import day_of
from lineage.errors import InvalidChange, InvalidName, LedgerConflict, StoreError, UnknownName
from lineage.model import (
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Fact,
    Node,
    Role,
    Shard,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, TeamId
from lineage.store import Store
from lineage.stores import open_store
from tests.command_line import lineage

ROOT = Path(__file__).parents[1]
ORDERS, DAILY = DatasetId("db", "shop.orders"), DatasetId("db", "mart.daily")
DISCOUNT, AMOUNT = ColumnId(ORDERS, "discount"), ColumnId(ORDERS, "amount")
JOB = JobId("dbt", "daily")
SAID = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
END = day_of("2026-10-31")
DROP = "drop column shop.orders.discount"


def board(name: str) -> ConsumerId:
    """A dashboard."""
    return ConsumerId("bi", name)


def days(first: str, last: str, step: int = 1) -> Activity:
    """Active once every so many days."""
    every = range(day_of(first), day_of(last) + 1, step)
    return Activity(tuple(every), (1,) * len(every))


def reads(source: ColumnId, reader: ConsumerId | JobId, seen: Activity) -> list[Edge]:
    """A use of a column, and the read of its dataset."""
    return [
        Edge(EdgeKey(EdgeType.READ_BY, source.dataset, reader), seen),
        Edge(EdgeKey(EdgeType.USED_BY, source, reader, Role.FILTER), seen),
    ]


def batch() -> Batch:
    """Five users of `discount`, of which two moved away in time; and a job on `amount`."""
    users = {
        "still": days("2026-07-01", "2026-10-31"),
        "moved": days("2026-07-01", "2026-09-10"),
        "monthly": Activity(
            tuple(map(day_of, ("2026-06-01", "2026-07-01", "2026-08-01"))), (1,) * 3
        ),
        "new": days("2026-10-01", "2026-10-31"),
        "yearly": days("2026-08-30", "2026-08-30"),
    }
    edges = [Edge(EdgeKey(EdgeType.HAS_COLUMN, ORDERS, column)) for column in (DISCOUNT, AMOUNT)]
    for name, seen in users.items():
        edges += reads(DISCOUNT, board(name), seen)
        edges.append(Edge(EdgeKey(EdgeType.OWNS, TeamId("team", f"team-{name}"), board(name))))
    always = days("2026-07-01", "2026-10-31")
    edges += reads(AMOUNT, JOB, always)
    total = ColumnId(DAILY, "total")
    edges += [
        Edge(EdgeKey(EdgeType.WRITES, JOB, DAILY), always),
        Edge(EdgeKey(EdgeType.FEEDS, AMOUNT, total, Role.AGGREGATION, JOB), always),
        Edge(EdgeKey(EdgeType.HAS_COLUMN, DAILY, total)),
        Edge(EdgeKey(EdgeType.OWNS, TeamId("team", "checkout"), ORDERS)),
    ]
    edges += reads(total, board("board"), always)
    nodes = [Node(board(name), {"kind": Fact("", "dashboard")}) for name in (*users, "board")]
    shards = tuple(Shard("db", day, 0, bytes(16)) for day in always.days)
    return Batch(tuple(nodes), tuple(edges), shards=shards)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Store]:
    """A SQLite store of these edges."""
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    opened.apply(batch())
    yield opened
    opened.close()


class TestJournal:
    """Append-only, bound entry to entry; the same on both stores."""

    def test_every_entry_is_bound_to_the_one_before(self, store: Store) -> None:
        """Entries come back in their order with their hashes."""
        first = append(store, NOTICES, Act("a", "Ana", "why"), SAID)
        second = append(store, NOTICES, Act("b", "Ana", about=1), SAID)
        assert second.previous == first.hash
        assert entries(store, NOTICES) == (first, second)
        assert entries(store, CORRECTIONS) == ()

    def test_an_actor_is_a_pseudonym(self, store: Store) -> None:
        """The name stands beside the journal, and may go without breaking the chain."""
        entry = append(store, NOTICES, Act("a", "Ana Lopez"), SAID)
        assert "Ana" not in str(entry)
        assert actors(store, [entry.actor]) == {entry.actor: "Ana Lopez"}
        store.apply(Batch(documents=(Document("pseudonym", entry.actor, b""),)))
        assert entries(store, NOTICES) == (entry,)

    def test_two_writers_at_once_do_not_overwrite_each_other(self, store: Store) -> None:
        """The slower one is refused and may try again."""
        place = (kind_of(NOTICES), -2)
        read = store.shards([place])[place]
        append(store, NOTICES, Act("a", "Ana"), SAID)
        with pytest.raises(LedgerConflict):
            store.apply(Batch(shards=(Shard(*place, read.version, b""),)))
        assert "journal notices" not in store.logged()

    def test_a_changed_or_missing_entry_is_noticed(self, shop: Store) -> None:
        """The journal says from where on it is not to be trusted."""
        first = append(shop, NOTICES, Act("a", "Ana", "because"), SAID)
        append(shop, NOTICES, Act("b", "Ana"), SAID)
        forged = msgspec.json.encode(msgspec.structs.replace(first, reason="no reason"))
        shop.apply(Batch(documents=(Document(kind_of(NOTICES), "00000001", forged),)))
        with pytest.raises(StoreError, match="changed at entry 1"):
            entries(shop, NOTICES)

    def test_nobody_acts_without_a_name(self, shop: Store) -> None:
        """An empty actor is refused."""
        with pytest.raises(InvalidName, match="--actor"):
            append(shop, NOTICES, Act("a", " "), SAID)


class TestNotices:
    """Who still uses what was announced to go, by the reads after the announcement."""

    def test_users_are_watched_until_they_are_gone(self, shop: Store) -> None:
        """Read since and expected again: still; silent past its rhythm: gone."""
        notice = announce(shop, DROP, "2027-01-15", "ana", now=SAID)
        found = status(shop, notice)
        assert {one.consumer: one.state for one in found.watched} == {
            "bi:still": State.STILL,
            "bi:moved": State.GONE,
            "bi:monthly": State.GONE,
            "bi:new": State.NEW,
            "bi:yearly": State.WAITING,
        }
        assert "2 of 5 still read it. 1 has not been seen since" in found.verdict
        assert "drop column shop.orders.discount”, in 76 days, on 2027-01-15" in found.verdict
        assert found.days_left == 76

    def test_as_of_shows_how_it_went(self, shop: Store) -> None:
        """Before its next read is due, a monthly reader is only not seen yet."""
        notice = announce(shop, DROP, "2027-01-15", "ana", now=SAID)
        then = {
            one.consumer: one.state for one in status(shop, notice, day_of("2026-09-02")).watched
        }
        assert then["bi:monthly"] is State.WAITING
        assert then["bi:moved"] is State.STILL
        assert "bi:new" not in then

    def test_logs_that_end_before_it_was_said_prove_nothing(self, shop: Store) -> None:
        """Silence is no evidence where nobody was listening."""
        later = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
        notice = announce(shop, DROP, "2027-01-15", "ana", now=later)
        assert "the logs end before it was announced" in status(shop, notice).verdict

    def test_acknowledged_closed_and_expired(self, shop: Store) -> None:
        """Teams that know are counted, a closed notice announces nothing, a due one has expired."""
        notice = announce(shop, DROP, "2026-10-15", "ana", teams=["checkout"], now=SAID)
        subject = "db:shop.orders.discount"
        assert announced_subjects(shop, END) == {subject: Announced.EXPIRED}
        assert announced_subjects(shop, day_of("2026-10-14")) == {subject: Announced.RUNNING}
        assert "3 teams did not acknowledge" in status(shop, notice).verdict
        known = acknowledge(shop, notice.number, "team-still", "bo", SAID)
        assert known.acknowledged == ("team-still",)
        assert "2 teams did not acknowledge" in status(shop, known).verdict
        assert close(shop, notice.number, "ana", "done", SAID).closed == "done"
        assert announced_subjects(shop, END) == {}
        with pytest.raises(UnknownName, match="open notice"):
            acknowledge(shop, notice.number, "team-new", "bo", SAID)

    @pytest.mark.parametrize(
        ("words", "on", "teams", "error"),
        [
            ("drop column shop.orders.nothing", "2027-01-15", [], UnknownName),
            (DROP, "soon", [], InvalidName),
            (DROP, "2027-01-15", ["nobody"], UnknownName),
            ("stop job daily", "2027-01-15", [], InvalidChange),
            ("something", "2027-01-15", [], InvalidChange),
        ],
    )
    def test_what_cannot_be_announced(self, shop: Store, words, on, teams, error) -> None:
        """The error says what is wrong, and nothing is written."""
        with pytest.raises(error):
            announce(shop, words, on, "ana", teams=teams, now=SAID)
        assert not notices(shop)

    def test_a_reminder_goes_to_each_team_that_still_uses_it(self, shop: Store) -> None:
        """Who is gone gets none; who is a person is not named."""
        notice = announce(shop, DROP, "2027-01-15", "ana", teams=["checkout"], now=SAID)
        sent = {one.team: one.body for one in messages(status(shop, notice), {"bi:yearly"})}
        assert sent.keys() == {"checkout", "team-still", "team-new", "team-yearly"}
        assert "- still (dashboard; last read 2026-10-31)" in sent["team-still"]
        assert "yearly" not in sent["team-yearly"]
        assert "- a person" in sent["team-yearly"]


class TestCorrections:
    """An edge that is taken out stays out, and every answer says so."""

    def test_no_answer_has_the_edge_any_more(self, store: Store) -> None:
        """Uses of its columns, what breaks, what is downstream and what is needed lose it."""
        store.apply(batch())
        correct(store, "shop.orders -> bi:still", "ana", "a copy", SAID)
        for column in (None, "discount"):
            found = who_uses(store, ORDERS, column)
            assert "bi:still" not in {use.consumer for use in found.consumers}
            assert found.coverage.corrected == 1
            assert "1 edge was corrected by hand" in found.coverage.text
        broken = impact(store, [parse_change(DROP)])
        assert "bi:still" not in {item.id for item in broken.items}
        assert "bi:still" not in {node.id for node in downstream(store, ORDERS).nodes}

    def test_it_survives_the_next_import(self, shop: Store) -> None:
        """Also a use of another column, that came with a later log, is out."""
        correct(shop, "shop.orders -> bi:still", "ana", "a copy", SAID)
        shop.apply(
            Batch(edges=tuple(reads(AMOUNT, board("still"), days("2026-10-30", "2026-10-31"))))
        )
        found = who_uses(shop, ORDERS, "amount")
        assert [use.consumer for use in found.consumers] == ["dbt:daily"]

    @pytest.mark.parametrize(
        "edge",
        ["shop.orders -> dbt:daily", "dbt:daily -> mart.daily", "shop.orders.amount -> dbt:daily"],
    )
    def test_what_a_job_makes_goes_with_the_edge_to_it(self, shop: Store, edge: str) -> None:
        """Without the read or the write, no value of the one reaches the other."""
        correct(shop, edge, "ana", "wrong", SAID)
        reached = {node.id for node in downstream(shop, AMOUNT).nodes}
        assert "db:mart.daily.total" not in reached
        assert "bi:board" not in reached

    def test_a_need_that_is_corrected_is_none(self, shop: Store) -> None:
        """What only a wrong edge needed is not needed."""
        assert DAILY in Flow(shop, END).needed
        correct(shop, "mart.daily -> bi:board", "ana", "wrong", SAID)
        assert DAILY not in Flow(shop, END).needed

    def test_undo_puts_it_back(self, shop: Store) -> None:
        """The list is empty again, and the journal keeps both acts."""
        before = who_uses(shop, ORDERS)
        one = correct(shop, "shop.orders -> bi:still", "ana", "a copy", SAID)
        undo(shop, one.entry.number, "ana", "it was right", SAID)
        assert not corrections(shop)
        assert who_uses(shop, ORDERS) == before
        assert [entry.act for entry in entries(shop, CORRECTIONS)] == ["false", "undo"]
        with pytest.raises(UnknownName):
            undo(shop, one.entry.number, "ana", "again", SAID)

    def test_twice_is_once(self, shop: Store) -> None:
        """The same edge is corrected once."""
        for _ in range(2):
            correct(shop, "shop.orders -> bi:still", "ana", "a copy", SAID)
        assert len(corrections(shop)) == 1

    @pytest.mark.parametrize(
        ("edge", "reason", "said"),
        [
            ("shop.orders -> mart.daily", "x", "no edge leads from"),
            ("shop.orders", "x", "write it as"),
            ("shop.orders -> bi:still", " ", "--reason"),
        ],
    )
    def test_what_is_no_edge(self, shop: Store, edge: str, reason: str, said: str) -> None:
        """The error says how an edge is written, and nothing is."""
        with pytest.raises(InvalidName, match=said):
            correct(shop, edge, "ana", reason, SAID)
        assert not corrections(shop)


class TestDigest:
    """A week of what a team owns."""

    def test_who_came_and_who_left(self, shop: Store) -> None:
        """New and lost consumers with what they use, and why it matters."""
        found = digest(shop, "checkout", day_of("2026-10-05"))
        assert [(one.consumer, one.day, one.columns) for one in found.came] == [
            ("bi:new", "2026-10-01", ("discount",))
        ]
        assert "of another team (team-new)" in found.came[0].risk
        assert digest(shop, "checkout", day_of("2026-12-10")).left[0].consumer == "bi:moved"

    def test_nothing_happened_is_empty(self, shop: Store, tmp_path: Path) -> None:
        """Nothing is printed, and nothing is sent."""
        assert digest(shop, "checkout", day_of("2026-10-20")).empty
        out = tmp_path / "out.jsonl"
        for more in ((), ("--to", str(out))):
            command = ("digest", "--team", "checkout", "--as-of", "2026-10-20", *more)
            done = lineage(*command, store=shop.url)
            assert (done.returncode, done.stdout) == (0, "")
        assert not out.exists()

    def test_an_open_notice_is_told_to_owner_and_users(self, shop: Store) -> None:
        """Both read how far it has got; a stranger does not."""
        announce(shop, DROP, "2027-01-15", "ana", now=SAID)
        assert digest(shop, "checkout", END).announced[0].notice.number == 1
        assert digest(shop, "team-still", END).announced
        assert digest(shop, "team-moved", END).empty

    def test_a_team_that_is_none(self, shop: Store) -> None:
        """The error lists the teams."""
        with pytest.raises(UnknownName, match="checkout"):
            digest(shop, "chekout", END)


def test_from_the_announcement_to_the_end(shop: Store, tmp_path: Path) -> None:
    """Announce, status, acknowledge, remind into a file, close: by the command line."""
    told = lineage("notice", "announce", DROP, "--on", "2099-01-15", "--actor", "a", store=shop.url)
    assert told.returncode == 0, told.stderr
    assert "used it; the logs end before it was announced" in " ".join(told.stdout.split())
    lineage("notice", "ack", "1", "--team", "team-still", "--actor", "b", store=shop.url)
    state = json.loads(lineage("notice", "status", "1", "--format", "json", store=shop.url).stdout)
    assert state["notice"]["acknowledged"] == ["team-still"]
    out = tmp_path / "out.jsonl"
    done = lineage("notice", "remind", "1", "--to", str(out), "--actor", "a", store=shop.url)
    assert done.returncode == 0, done.stderr
    sent = [json.loads(line)["team"] for line in out.read_text().splitlines()]
    assert "team-still" in sent
    lineage("notice", "close", "1", "--reason", "done", "--actor", "a", store=shop.url)
    assert "No change is announced" in lineage("notice", "status", store=shop.url).stdout


def test_a_snapshot_knows_what_is_announced_and_corrected(shop: Store, tmp_path: Path) -> None:
    """A policy in CI lets pass what had its day; a corrected edge is not in the file at all."""
    announce(shop, DROP, "2026-10-15", "Ana Lopez", now=SAID)
    correct(shop, "shop.orders -> bi:still", "Ana Lopez", "a copy", SAID)
    policy = "{rules: [{name: due, when: {announced: [expired]}, then: allow}], otherwise: block}"
    (tmp_path / "policy.yml").write_text(policy)
    taken = str(tmp_path / "a.snap")
    assert lineage("snapshot", "--to", taken, store=shop.url).returncode == 0
    asked = ("--snapshot", taken, "--policy", str(tmp_path / "policy.yml"), "--format", "json")
    done = lineage("impact", DROP, *asked, store=shop.url)
    assert done.returncode == 0, done.stderr
    assert {item["id"] for item in json.loads(done.stdout)["items"]} >= {"bi:new"}
    assert "bi:still" not in done.stdout
    assert lineage("impact", "drop dataset mart.daily", *asked, store=shop.url).returncode == 1
    with zipfile.ZipFile(taken) as archive:
        graph = archive.read("graph.db")
    assert b"announce" in graph
    assert b"Lopez" not in graph


def test_correct_by_the_command_line(shop: Store) -> None:
    """False, list, undo; without a reason or with two wishes at once it is a usage error."""
    edge = "shop.orders -> bi:still"
    assert lineage("correct", edge, "--false", store=shop.url).returncode == 2
    assert lineage("correct", edge, "--list", "--false", store=shop.url).returncode == 2
    done = lineage("correct", edge, "--false", "--reason", "r", "--actor", "Ana", store=shop.url)
    assert done.returncode == 0, done.stderr
    listed = json.loads(lineage("correct", "--list", "--format", "json", store=shop.url).stdout)
    assert [(one["number"], one["actor"]) for one in listed["corrections"]] == [(1, "Ana")]
    assert lineage("correct", "--undo", "1", store=shop.url).returncode == 0

"""Certificates of disuse: what proves them, what refutes them, what is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.analyses.proof.certificate import Certificate, Condition, State
from lineage.analyses.proof.prove import prove_unused
from lineage.calendar import iso_day
from lineage.names import DatasetId
from lineage.stores import open_store
from tests.proof_world import (
    DAILY,
    DEAD,
    END,
    MART,
    NOW,
    RAW,
    Change,
    Days,
    World,
    fill,
    holds,
    proof,
    table,
)

ONE, TWO = table("one"), table("two")


def test_what_nobody_needs_is_proven() -> None:
    """All eight conditions hold; only then the statement that deletes it is said."""
    found = proof()
    assert found.state is State.PROVEN, found.verdict
    assert list(holds(found)) == list(Condition)
    assert set(holds(found).values()) == {True}
    assert (found.set, found.drops) == ((str(DEAD),), ("DROP TABLE shop.dead;",))
    assert (found.window.days, found.window.last) == (90, "2026-10-31")
    assert found.valid_until == "2026-11-07"
    assert "DROP" not in str(proof(agreed=()))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 89), st.sampled_from(["dashboard", "person", "application"]))
def test_one_read_refutes(ago: int, kind: str) -> None:
    """One read on any day of the silence refutes, with who read, when, and the statement."""
    found = proof(lambda world: world.read(DEAD, "anna", (END - ago,), kind))
    assert found.state is State.REFUTED
    assert found.counter_example is not None
    assert found.counter_example.who == "bi:anna"
    assert found.counter_example.when == iso_day(END - ago)
    assert found.counter_example.statement == "select * from shop.dead"
    assert holds(found)[Condition.READS] is False


_PASSES: dict[str, Change] = {
    "a bot": lambda world: world.read(DEAD, "scan", kind="system"),
    "before the silence": lambda world: world.read(DEAD, "anna", (END - 90,)),
    "a record that names another": lambda world: world.unread("merge into other", END - 1),
    "a record before the silence": lambda world: world.unread("merge into dead", END - 90),
    "dynamic SQL elsewhere": lambda world: world.dynamic("execute x", "lake", END - 1),
    "a table named like a folder": lambda world: world.fact(table("dead/x")),
}


@pytest.mark.parametrize("change", _PASSES.values(), ids=_PASSES)
def test_what_does_not_matter(change: Change) -> None:
    """Bots do not count, nor what lies before the silence, nor what is about other datasets."""
    assert proof(change).state is State.PROVEN


def _listen(*unlogged: str) -> Change:
    return lambda world: world.listen(unlogged)


_MISSING: dict[str, tuple[Change, Condition, tuple[str, ...]]] = {
    "nobody said what leaves no log": (
        lambda world: world.listen(None), Condition.COVERAGE, ("access paths", "db"),
    ),
    "access without a log": (
        _listen("the nightly dump"), Condition.COVERAGE, ("the nightly dump", "leaves no log"),
    ),
    "a record that names it": (
        lambda world: world.unread("merge dead using", END - 3),
        Condition.UNREAD,
        ("unparsable", "2026-10-28", "dead", "a.csv:7", "merge dead using"),
    ),
    "of an unknown day": (
        lambda world: world.unread("merge dead", -1, "no_time"),
        Condition.UNREAD,
        ("no_time", "an unknown day"),
    ),
    "without a text": (
        lambda world: world.unread("", END, "redacted"), Condition.UNREAD, ("redacted",),
    ),
    "dynamic SQL in its schema": (
        lambda world: world.dynamic("execute :x", "SHOP", END - 2),
        Condition.DYNAMIC,
        ("shop", "2026-10-29", "execute :x"),
    ),
    "dynamic SQL with its name": (
        lambda world: world.dynamic("execute x || dead", "lake", END),
        Condition.DYNAMIC,
        ("its text names it",),
    ),
    "dynamic SQL in no known schema": (
        lambda world: world.dynamic("execute :y", "", END), Condition.DYNAMIC, ("no known schema",),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "condition", "words"), _MISSING.values(), ids=_MISSING)
def test_what_is_missing(change: Change, condition: Condition, words: tuple[str, ...]) -> None:
    """Where it cannot be told, exactly that is said to be missing."""
    found = proof(change)
    assert found.state is State.INSUFFICIENT, found.verdict
    (missing,) = found.missing
    assert missing.condition is condition
    assert [word for word in words if word not in str(missing)] == []
    assert holds(found)[condition] is None
    assert not found.drops


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 89))
def test_a_day_without_a_log(ago: int) -> None:
    """Any one day of the silence without a log is named; one before it does not matter."""
    found = proof(lambda world: world.logged["db"].remove(END - ago))
    if ago == 0:
        # The logs end a day earlier, and the silence is looked at up to there.
        assert found.state is State.PROVEN
        return
    assert found.state is State.INSUFFICIENT
    assert found.missing[0].days == (iso_day(END - ago),)
    assert proof(lambda world: world.logged["db"].remove(END - 90)).state is State.PROVEN


def test_a_source_that_lags() -> None:
    """A source whose log ends before the others' has a hole, however quiet it is."""

    def lag(world: World) -> None:
        world.logged["db"] -= set(range(END - 4, END + 1))
        world.logged["lake"] = {END}

    found = proof(lag)
    assert (found.state, found.as_of) == (State.INSUFFICIENT, iso_day(END))
    assert found.missing[0].days == (f"{iso_day(END - 4)}..{iso_day(END)}",)


def test_agreement() -> None:
    """Without the owner's word or a passed tombstone, that is what is missing."""
    assert [one.what for one in proof(agreed=()).missing] == ["nobody agreed to delete shop.dead"]


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"hold": "true"}, "on hold"),
        ({"tier": "critical"}, "critical"),
        ({"support": "supported"}, "supported"),
        ({"keep_until": "2027-01-01"}, "2027-01-01"),
    ],
)
def test_a_claim_refutes(facts: dict[str, str], word: str) -> None:
    """What people want to stay is not out of use, and nor is what it is made from."""
    found = proof(lambda world: world.fact(DEAD, **facts))
    assert found.state is State.REFUTED
    assert found.counter_example is not None
    assert (found.counter_example.kind, found.counter_example.who) == ("claim", str(DEAD))
    assert word in found.counter_example.what

    def behind(world: World) -> None:
        world.job("next", DEAD, ONE)
        world.fact(ONE, **facts)

    found = proof(behind)
    assert found.state is State.REFUTED
    assert found.counter_example is not None
    assert (found.counter_example.kind, found.counter_example.who) == ("claim", str(ONE))


def _chain(world: World) -> None:
    """A dead diamond with a loop: dead → one → two → dead, and dead → two by a view."""
    world.job("a", DEAD, ONE)
    world.job("c", ONE, TWO)
    world.job("d", TWO, DEAD)
    world.job("view b", DEAD, TWO, (END - 200,))


def test_dead_dependants_go_with_it() -> None:
    """The set is closed under what is only made from it, with why, in an order of deletion."""
    found = proof(_chain, agreed=(DEAD, ONE, TWO))
    assert found.state is State.PROVEN, found.verdict
    assert set(found.set) == {str(DEAD), str(ONE), str(TWO)}
    assert {one.dataset for one in found.added} == {str(ONE), str(TWO)}
    assert any("is a view over shop.dead" in one.because for one in found.added)
    assert "DROP VIEW shop.two;" in found.drops
    straight = proof(lambda world: world.job("a", DEAD, ONE), agreed=(DEAD, ONE))
    assert straight.set == (str(ONE), str(DEAD))


def test_living_dependants_refute() -> None:
    """A reader far behind refutes, with the shortest path and its statement."""

    def live(world: World) -> None:
        _chain(world)
        world.read(TWO, "anna", (END - 40,))

    found = proof(live)
    assert found.state is State.REFUTED
    assert found.counter_example is not None
    path = [step.target for step in found.counter_example.path]
    assert path == ["jobs:view b", str(TWO), "bi:anna"]
    assert found.counter_example.statement == "select * from shop.two"
    assert found.set == (str(DEAD),)


def test_what_a_job_stopped_reading() -> None:
    """A read of a former version refutes while it lies in the silence, and leads nowhere after."""

    def version(last: int) -> Change:
        def change(world: World) -> None:
            world.job("merge", DEAD, MART, (last - 1, last))
            world.ran("merge", (last - 1, last), "old")
            world.ran("merge", (last + 1, END), "new")

        return change

    assert proof(version(END - 20)).state is State.REFUTED
    assert proof(version(END - 100)).state is State.PROVEN


_QUARTERS: Days = (END - 373, END - 282, END - 190, END - 98)


def test_rare_readers() -> None:
    """A regular reader is waited for three periods, another as long as he once stayed away."""
    found = proof(lambda world: world.read(DEAD, "close", _QUARTERS))
    assert found.state is State.REFUTED
    assert (found.window.days, "quarterly" in found.why_window) == (274, True)
    found = proof(lambda world: world.read(DEAD, "close", (END - 191, END - 100)))
    assert (found.state, found.window.days) == (State.REFUTED, 137)
    found = proof(lambda world: world.read(DEAD, "close", (END - 300,)))
    assert found.state is State.PROVEN

    def seasonal(world: World) -> None:
        world.read(DEAD, "close", (END - 300,))
        world.fact(DEAD, seasonal="true")

    assert (proof(seasonal).state, proof(seasonal).window.days) == (State.REFUTED, 400)


def test_different_readers_one_rhythm() -> None:
    """A dataset that somebody else reads every quarter is read every quarter."""

    def change(world: World) -> None:
        for number, day in enumerate(_QUARTERS):
            world.read(DEAD, f"person {number}", (day,), "person")

    assert proof(change).state is State.REFUTED


def _lake(name: str) -> DatasetId:
    return DatasetId("s3://lake", name)


def _path(*names: str, read: str = "") -> Change:
    def change(world: World) -> None:
        world.job("spark", RAW, _lake("raw/orders"))
        for name in names:
            world.fact(_lake(name))
        if read:
            world.read(_lake(read), "anna")

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_path("raw/orders_old", "raw/order", "other/raw/orders/x"), True),
        (_path("raw/orders/2024"), False),
        (_path(read="raw"), False),
    ],
)
def test_paths(change: Change, expected: bool) -> None:
    """Deleting a folder deletes what lies in it; who reads a folder around it reads it."""
    found = proof(change, of=(_lake("raw/orders"),))
    assert holds(found)[Condition.PREFIX] is expected
    assert (found.state is State.REFUTED) is not expected


def test_no_log_at_all() -> None:
    """A dataset of a namespace without a log proves nothing, whatever other sources say."""
    found = proof(_path(), of=(_lake("raw/orders"),))
    assert found.state is State.INSUFFICIENT
    assert any("no log of s3://lake" in one.what for one in found.missing)


def test_stores_agree(fresh_urls: Callable[[], list[str]]) -> None:
    """Both stores give the same certificates, to the byte."""

    def live(world: World) -> None:
        _chain(world)
        world.read(MART, "anna", DAILY, "person")
        world.unread("dead", END)

    def certified(url: str) -> list[Certificate]:
        store = open_store(url, create=True)
        fill(store, live, agreed=(DEAD, ONE))
        found = [prove_unused(store, [one], issued=NOW) for one in (DEAD, RAW, MART)]
        store.close()
        return found

    one, other = map(certified, fresh_urls())
    assert [found.state for found in one] == ["INSUFFICIENT", "REFUTED", "REFUTED"]
    assert one == other

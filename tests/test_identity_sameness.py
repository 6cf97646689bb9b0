"""What is one dataset follows from what was said, not from the order in which it was heard."""

import random

from hypothesis import given
from hypothesis import strategies as st

from lineage.analyses.identity.sameness import Rule, Said, Sayings, Why
from lineage.names import DatasetId

ORDERS = DatasetId("hive://ms:9083", "shop.orders")
CUSTOMERS = DatasetId("hive://ms:9083", "shop.customers")
GLUE = DatasetId("arn:aws:glue:eu-west-1:1", "table/shop/orders")
UNITY = DatasetId("unitycatalog://acme", "main.shop.orders")
PLACE = DatasetId("s3://lake", "warehouse/shop/orders")
OTHER_PLACE = DatasetId("s3://lake", "landing/orders")
ROOT = DatasetId("s3://lake", "/")
WAREHOUSE = DatasetId("hdfs://nn:8020", "/user/hive/warehouse")
EVERYTHING = [ORDERS, CUSTOMERS, GLUE, UNITY, PLACE, OTHER_PLACE, ROOT, WAREHOUSE]


def symlink(source, target):
    """What a producer says."""
    return Said(Rule.SYMLINK, source, target)


def classes(said, apart=()):
    """Every dataset of several identifiers: its name and all of them."""
    sayings = Sayings(apart, said)
    found = {same for one in sayings for same in sayings.judge(one).same}
    return {(same.shown, same.members) for same in found}


pairs = st.lists(st.sampled_from(EVERYTHING), min_size=2, max_size=2, unique=True)
sayings = st.builds(lambda rule, pair: Said(rule, *pair), st.sampled_from(Rule), pairs)
several = st.lists(sayings, max_size=12)
splits = st.lists(pairs.map(frozenset), max_size=3)


@given(several, splits, st.randoms(use_true_random=False))
def test_any_order_and_repetition_gives_the_same_datasets(said, apart, shuffle: random.Random):
    """Whoever is heard first, and however often, the datasets and their names are the same."""
    again = said + said[: len(said) // 2]
    shuffle.shuffle(again)
    assert classes(again, apart) == classes(said, apart)


@given(several, splits)
def test_what_was_split_is_never_one(said, apart):
    """No rule makes one of what somebody decided to be two, not even over others."""
    for _, members in classes(said, apart):
        assert not any(pair <= set(members) for pair in apart)


@given(several)
def test_no_identifier_belongs_to_two_datasets(said):
    """The datasets share no identifier, and each has the name of one of its own."""
    found = classes(said)
    members = [member for _, some in found for member in some]
    assert len(members) == len(set(members))
    assert all(shown in some for shown, some in found)


@given(several, pairs)
def test_a_split_undoes_a_merge(said, pair):
    """Merged and split again, everything is as it was when nobody had decided anything on them."""
    merge = Said(Rule.MERGE, *pair)
    others = [one for one in said if one.pair != merge.pair]
    assert classes([*others, merge], [merge.pair]) == classes(others, [merge.pair])


@given(st.lists(st.sampled_from([ORDERS, CUSTOMERS, GLUE, UNITY]), unique=True, min_size=1))
def test_a_root_never_makes_tables_one(tables):
    """Whoever calls the root of a bucket a location, and from which side, is not believed."""
    assert classes([symlink(table, ROOT) for table in tables]) == set()
    assert classes([symlink(ROOT, table) for table in tables]) == set()


def test_a_place_of_several_tables_makes_none_of_them_one():
    """Two differently named tables of one catalogue at one location stay two."""
    said = [symlink(ORDERS, WAREHOUSE), symlink(CUSTOMERS, WAREHOUSE)]
    assert classes(said) == set()
    refused = Sayings((), said).judge(ORDERS).refused
    assert [one.why for one in refused] == [Why.SHARED]


def test_a_crowded_place_takes_nothing_else_apart():
    """A table at a crowded place is still one with its other names."""
    said = [symlink(one, WAREHOUSE) for one in (ORDERS, CUSTOMERS)]
    assert classes([*said, symlink(ORDERS, PLACE)]) == {(ORDERS, (ORDERS, PLACE))}


def test_one_table_in_several_catalogues_is_one():
    """Hive, Glue and Unity name the table that lies at one location; the table's name is shown."""
    said = [symlink(PLACE, GLUE), symlink(ORDERS, PLACE), symlink(PLACE, UNITY)]
    assert classes(said) == {(ORDERS, (GLUE, ORDERS, PLACE, UNITY))}


def test_a_table_that_moved_is_one_with_both_places():
    """A table may have had several locations."""
    said = [symlink(ORDERS, PLACE), symlink(ORDERS, OTHER_PLACE)]
    assert classes(said) == {(ORDERS, (ORDERS, OTHER_PLACE, PLACE))}


def test_people_may_call_a_path_a_table_and_choose_the_name():
    """What somebody decides, or writes into an alias file, needs no guard and gives the name."""
    assert classes([Said(Rule.MERGE, ORDERS, ROOT)]) == {(ROOT, (ORDERS, ROOT))}
    assert classes([Said(Rule.ALIAS, ORDERS, PLACE), symlink(PLACE, GLUE)]) == {
        (PLACE, (GLUE, ORDERS, PLACE))
    }


def test_a_stronger_word_wins_between_two_that_were_split():
    """Of two that lead from both sides of a split to a third, the decision is believed."""
    said = [Said(Rule.MERGE, GLUE, ORDERS), symlink(PLACE, GLUE)]
    assert classes(said, [frozenset((ORDERS, PLACE))]) == {(ORDERS, (GLUE, ORDERS))}

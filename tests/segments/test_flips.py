"""What decides, against trying every set of conditions."""

import time
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segments.rules.flips import smallest_flips
from segments.rules.parse import parse
from segments.rules.tree import Group

CITIES = ("A", "B", "C", "D")


def city(name: str) -> dict[str, Any]:
    return {"field": "city", "op": "equals", "value": name}


EVERYONE, NO_ONE = {"everyone": True}, {"no_one": True}
ALL_LOTS = {"bucket": "x", "from": 1, "to": 100}
"""True of everybody too."""
LEAVES = st.one_of(st.sampled_from(CITIES).map(city), st.sampled_from([EVERYONE, NO_ONE, ALL_LOTS]))


def grouped(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    hows = st.sampled_from(["all", "any", "none"])
    return st.builds(lambda how, several: {how: several}, hows, st.lists(parts, min_size=1, max_size=3))


TREES = grouped(st.recursive(LEAVES, grouped, max_leaves=6))


def root_of(tree: Any) -> Group:
    return parse({"version": 1, "root": tree}).root


def told(root: Group, true: set[str]) -> list[bool]:
    """What the conditions say where these cities are true."""
    said = {"everyone": True, "no_one": False, "bucket": True}
    asked = [condition.write() for condition in root.conditions()]
    return [one["value"] in true if "field" in one else said[next(iter(one))] for one in asked]


def flips(tree: Any, true: Sequence[str] = ()) -> list[set[str]]:
    """The cities of each of the smallest sets."""
    root = root_of(tree)
    conditions = list(root.conditions())
    found = smallest_flips(root, told(root, set(true)))
    return [{conditions[place].write()["value"] for place in flip} for flip in found]


@settings(max_examples=120, deadline=None)
@given(tree=TREES, true=st.sets(st.sampled_from(CITIES)))
def test_each_set_turns_the_answer_and_none_is_smaller(tree: Any, true: set[str]) -> None:
    root = root_of(tree)
    before = root.says(iter(told(root, true)))
    asked = sorted({one.write()["value"] for one in root.conditions() if "field" in one.write()})
    turning = [
        set(some)
        for many in range(1, len(asked) + 1)
        for some in combinations(asked, many)
        if root.says(iter(told(root, true ^ set(some)))) is not before
    ]
    found = flips(tree, sorted(true))
    assert all(flip in turning for flip in found)
    conditions = list(root.conditions())
    if len(set(map(str, conditions))) == len(conditions):  # else an exact search would be needed
        fewest = min(map(len, turning), default=0)
        assert sorted(map(sorted, found)) == sorted(sorted(one) for one in turning if len(one) == fewest)


def test_only_the_smallest_are_told() -> None:
    assert flips({"all": [city("A"), {"any": [city("B"), city("C")]}]}, "ABC") == [{"A"}]


@pytest.mark.parametrize("always", [EVERYONE, ALL_LOTS])
def test_what_is_true_of_everyone_cannot_turn(always: dict[str, Any]) -> None:
    assert flips({"any": [always, city("A")]}, "A") == []
    assert flips({"all": [always, city("A")]}, "A") == [{"A"}]
    assert flips({"all": [NO_ONE, city("A")]}, "A") == []


def test_a_condition_that_stands_twice_is_told_once_and_turns_everywhere() -> None:
    assert flips({"any": [city("A"), city("A")]}, "A") == [{"A"}]
    assert flips({"all": [city("A"), {"none": [city("A")]}]}, "A") == []


def test_a_few_are_told_of_many() -> None:
    assert flips({"all": [city(str(n)) for n in range(9)]}, "012345678") == [{str(n)} for n in range(6)]


def test_many_groups_that_all_hold_are_answered_at_once() -> None:
    """Sixteen groups of three: the sets of one of each are 43 million, of which six are kept at every step."""
    groups = [{"all": [city(f"{n}{letter}") for letter in "abc"]} for n in range(16)]
    everything = [f"{n}{letter}" for n in range(16) for letter in "abc"]
    began = time.monotonic()
    found = flips({"any": groups}, everything)
    assert time.monotonic() - began < 1
    assert len(found) == 6
    assert all(len(flip) == 16 for flip in found)

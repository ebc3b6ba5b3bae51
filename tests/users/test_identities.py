"""The rules of identity, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from users.identities import Known, Mention, Plan, anonymous_key, plan, user_key

START = datetime(2026, 1, 1, tzinfo=UTC)


def mention(user: str | None, *anonymous: str, after: int = 0) -> Mention:
    return Mention(user, tuple(map(anonymous_key, anonymous)), START + timedelta(hours=after))


def planned(*mentions: Mention, **known: Known) -> Plan:
    """The plan over known owners, named as ``u_alice`` or ``a_phone``."""
    keys = {user_key(k[2:]) if k.startswith("u_") else anonymous_key(k[2:]): one for k, one in known.items()}
    return plan(mentions, keys, count(100))


def user(number: int, name: str | None, hours: int = 0) -> Known:
    return Known(number, name, START + timedelta(hours=hours))


def test_keys_named_together_are_one_new_customer() -> None:
    done = planned(mention("alice", "phone"), mention(None, "phone"))
    assert (list(done.created), done.named) == ([100], {100: "alice"})
    assert done.owners == {user_key("alice"): 100, anonymous_key("phone"): 100}


def test_a_visitor_gets_the_name_nobody_has_yet() -> None:
    done = planned(mention("alice", "phone"), a_phone=user(1, None))
    assert (done.created, done.named, done.joins) == ({}, {1: "alice"}, {})


def test_a_visitor_is_joined_to_the_one_who_has_the_name() -> None:
    done = planned(mention("alice", "phone"), a_phone=user(1, None), u_alice=user(2, "alice", hours=9))
    assert (done.joins, done.owners[anonymous_key("phone")]) == ({1: 2}, 2)


def test_a_device_stays_with_its_first_user() -> None:
    done = planned(mention("alice", "tablet"), mention("bob", "tablet"), mention(None, "tablet"))
    alice, bob = done.owners[user_key("alice")], done.owners[user_key("bob")]
    assert (alice != bob, done.owners[anonymous_key("tablet")], done.joins) == (True, alice, {})


def test_of_two_visitors_the_older_survives() -> None:
    done = planned(mention(None, "new", "old"), a_new=user(1, None, hours=5), a_old=user(2, None, hours=1))
    assert done.joins == {1: 2}


def test_who_is_made_and_absorbed_at_once_is_never_made() -> None:
    visits = mention(None, "one", after=1), mention(None, "two")
    done = planned(*visits, mention("alice", "one"), mention("alice", "two"))
    assert (list(done.created.values()), done.joins) == ([START], {})
    assert len(set(done.owners.values())) == 1


mentions = st.builds(
    lambda user, keys: mention(user, *keys),
    st.sampled_from([None, "u1", "u2", "u3"]),
    st.lists(st.sampled_from("abcd"), max_size=2, unique=True),
).filter(lambda m: m.user_id or m.keys)


@given(st.lists(mentions, max_size=12))
def test_a_name_is_one_customer_and_a_customer_one_name(arrivals: list[Mention]) -> None:
    done = planned(*arrivals)
    names = {key[1]: owner for key, owner in done.owners.items() if key[0] == "user_id"}
    assert len(set(names.values())) == len(names)
    assert {done.named[owner]: owner for owner in done.created if owner in done.named} == names
    assert set(done.owners.values()) <= set(done.created)


@given(st.lists(mentions, max_size=12), st.integers(0, 12))
def test_in_two_batches_as_in_one(arrivals: list[Mention], cut: int) -> None:
    together = planned(*arrivals)
    ids = count(100)
    first = plan(arrivals[:cut], {}, ids)
    known = {
        key: Known(owner, first.named.get(owner), first.created[owner]) for key, owner in first.owners.items()
    }
    second = plan(arrivals[cut:], known, ids)
    owners = {key: second.joins.get(owner, owner) for key, owner in first.owners.items()} | second.owners
    assert _groups(owners) == _groups(together.owners)


def _groups(owners: dict[tuple[str, str], int]) -> set[frozenset[tuple[str, str]]]:
    """Which keys belong together, whatever the ids."""
    return {frozenset(key for key, one in owners.items() if one == owner) for owner in owners.values()}

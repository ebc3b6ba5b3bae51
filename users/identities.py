"""Whose an item is: the rules of identity, pure, over what is known and what a batch mentions.

A *visitor* is a customer without a userId. The rules, in words:

- A userId is one customer, for good. An anonymousId (or a confirmed e-mail or phone) belongs to the first
  customer it is seen with, for good.
- Seen together with a userId, a visitor becomes that user: takes the name if nobody has it yet, else is
  joined to the one who has. A customer with a userId is never joined to another one with a userId.
- Items with a userId are that user's; the others are whose the anonymousId is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from users.models import IdentityKind

Key = tuple[str, str]  # (kind, value)
_USER_ID, _ANONYMOUS_ID = IdentityKind.USER_ID.value, IdentityKind.ANONYMOUS_ID.value


class Known(NamedTuple):
    """What is on record of the owner of a key."""

    customer_id: int
    user_id: str | None
    first_seen_at: datetime


class Mention(NamedTuple):
    """Keys that one or more items name together. ``keys``: the weak ones, strongest first."""

    user_id: str | None
    keys: tuple[Key, ...]
    first_at: datetime

    @property
    def all_keys(self) -> tuple[Key, ...]:
        """The userId's key, if it is named, and the weak ones."""
        return self.keys if self.user_id is None else (user_key(self.user_id), *self.keys)


@dataclass(slots=True)
class Plan:
    """What follows: customers to create, keys to claim, visitors to name, customers to join."""

    created: dict[int, datetime] = field(default_factory=dict)
    claims: dict[Key, int] = field(default_factory=dict)
    named: dict[int, str] = field(default_factory=dict)
    joins: dict[int, int] = field(default_factory=dict)  # absorbed → survivor
    owners: dict[Key, int] = field(default_factory=dict)  # of every key mentioned


def plan(mentions: Iterable[Mention], known: Mapping[Key, Known], new_ids: Iterator[int]) -> Plan:
    """Apply the rules to mentions in order of arrival; new customers get their ids from ``new_ids``."""
    return _Planner(known, new_ids).run(mentions)


def user_key(user_id: str) -> Key:
    """The key of a userId."""
    return (_USER_ID, user_id)


def anonymous_key(anonymous_id: str) -> Key:
    """The key of an anonymousId."""
    return (_ANONYMOUS_ID, anonymous_id)


def rank(user_id: str | None, first_seen_at: datetime, customer_id: int) -> tuple[bool, datetime, int]:
    """Of customers who are one, the lowest survives: known before visitor, else older, else lower id."""
    return (user_id is None, first_seen_at, customer_id)


class _Planner:
    def __init__(self, known: Mapping[Key, Known], new_ids: Iterator[int]) -> None:
        self.owner = {key: one.customer_id for key, one in known.items()}
        self.user_of = {one.customer_id: one.user_id for one in known.values()}
        self.seen = {one.customer_id: one.first_seen_at for one in known.values()}
        self.claimed: set[Key] = set()
        self.new_ids = new_ids
        self.plan = Plan()

    def run(self, mentions: Iterable[Mention]) -> Plan:
        for mention in mentions:
            owner = self._owner_of(mention)
            for key in mention.keys:
                self._attach(key, owner)
                owner = self._survivor(owner)
        return self._finished()

    def _owner_of(self, mention: Mention) -> int:
        """The customer a mention speaks of, made or named where there is none yet."""
        owners = [owner for key in mention.keys if (owner := self._find(key)) is not None]
        if mention.user_id is None:
            return owners[0] if owners else self._create(mention)
        key = user_key(mention.user_id)
        if (owner := self._find(key)) is not None:
            return owner
        visitors = [owner for owner in owners if self.user_of[owner] is None]
        owner = visitors[0] if visitors else self._create(mention)
        self.user_of[owner] = self.plan.named[owner] = mention.user_id
        self._claim(key, owner)
        return owner

    def _attach(self, key: Key, owner: int) -> None:
        """Give an unclaimed key to ``owner``; where a visitor has it, the two are one person."""
        other = self._find(key)
        if other is None:
            self._claim(key, owner)
        elif other != owner and (self.user_of[other] is None or self.user_of[owner] is None):
            survivor, absorbed = sorted((owner, other), key=self._rank)
            self.plan.joins[absorbed] = survivor

    def _rank(self, customer: int) -> tuple[bool, datetime, int]:
        return rank(self.user_of[customer], self.seen[customer], customer)

    def _find(self, key: Key) -> int | None:
        owner = self.owner.get(key)
        return None if owner is None else self._survivor(owner)

    def _survivor(self, customer: int) -> int:
        while customer in self.plan.joins:
            customer = self.plan.joins[customer]
        return customer

    def _create(self, mention: Mention) -> int:
        customer = next(self.new_ids)
        self.plan.created[customer] = self.seen[customer] = mention.first_at
        self.user_of[customer] = None
        return customer

    def _claim(self, key: Key, owner: int) -> None:
        self.owner[key] = owner
        self.claimed.add(key)

    def _finished(self) -> Plan:
        """Point everything at survivors; who was made and absorbed in the same breath is not made at all."""
        plan = self.plan
        plan.owners = {key: self._survivor(owner) for key, owner in self.owner.items()}
        plan.claims = {key: plan.owners[key] for key in self.claimed}
        plan.joins = {absorbed: self._survivor(absorbed) for absorbed in plan.joins}
        for absorbed in plan.created.keys() & plan.joins.keys():
            first_at, survivor = plan.created.pop(absorbed), plan.joins.pop(absorbed)
            if survivor in plan.created:
                plan.created[survivor] = min(first_at, plan.created[survivor])
        return plan

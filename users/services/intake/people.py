"""Whose the items of a batch are: the rules of users/identities.py over what is known, put on record.

Ends with the temporary table ``intake_owner``: key → customer, for every key the batch names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users.identities import Key, Known, Mention, Plan, anonymous_key, plan, user_key
from users.models import Customer, IdentityKind
from users.models.event import IN_HISTORY
from users.services.activity import oldest_trigger
from users.services.contacts import account_name, email_address, phone_number
from users.services.intake.mentioned import MENTIONED
from users.services.intake.turned_away import turn_away
from users.services.joining import join_many

# Another worker may claim the same new keys first; then its customers are read and the rules applied again.
TRIES = 10


class _ClaimLost(Exception):
    """Somebody else put one of our new keys on record while we were planning."""


def resolve(now: datetime, *, is_history: bool) -> None:
    """Create, name and join customers as the batch's items ask, and hold the locks of all of them."""
    rows = fetch(MENTIONED)
    mentions = _mentions(rows)
    _lay_out_keys(mentions)
    for _attempt in range(TRIES):
        known = _locked_owners()
        if turn_away(rows, mentions, known, now):
            rows = fetch(MENTIONED)
            mentions = _mentions(rows)
            _lay_out_keys(mentions)
            continue
        try:
            with transaction.atomic():
                done = plan(mentions, known, _new_ids(len(mentions)))
                _put_on_record(done, now, is_history)
        except _ClaimLost:
            continue
        _lay_out_owners(done)
        if _some_came_late(mentions, known, done):
            lower_first_seen()
        return
    raise RuntimeError("new keys were claimed by others again and again")


def _mentions(rows: Iterable[tuple[Any, ...]]) -> list[Mention]:
    """Which keys items name together, in order of arrival."""
    return [Mention(row[0], _keys(row[1:3], row[3:-1]), row[-1]) for row in rows]


# How the texts that an identify call brings are read as keys, strongest first; None: it is none.
_READERS: tuple[tuple[IdentityKind, Callable[[str], str | None]], ...] = (
    (IdentityKind.EMAIL, email_address),
    (IdentityKind.PHONE, phone_number),
    (IdentityKind.UNIONID, account_name),
    (IdentityKind.OPENID, account_name),
    (IdentityKind.WEIBO, account_name),
    (IdentityKind.DEVICE, account_name),
)


def _keys(browsers: Iterable[str | None], told: Iterable[str | None]) -> tuple[Key, ...]:
    keys = [anonymous_key(value) for value in browsers if value]
    for text, (kind, read) in zip(told, _READERS, strict=True):
        if text and (value := read(text)):
            keys.append((kind.value, value))
    return tuple(keys)


def _lay_out_keys(mentions: list[Mention]) -> None:
    keys = {key for mention in mentions for key in mention.keys}
    keys.update(user_key(mention.user_id) for mention in mentions if mention.user_id is not None)
    temporary_table("intake_key", "kind varchar(12), value varchar(255)")
    copy_rows("intake_key", ("kind", "value"), keys)
    execute("ANALYZE intake_key")


def _locked_owners() -> dict[Key, Known]:
    """What is known of the keys, read after locking their owners so that nobody joins them meanwhile."""
    for _attempt in range(TRIES):
        locked = {row[0] for row in fetch(_LOCK_OWNERS)}
        known = {
            (kind, value): Known(customer_id, user_id, first_seen_at)
            for kind, value, customer_id, user_id, first_seen_at in fetch(_READ_OWNERS)
        }
        if all(one.customer_id in locked for one in known.values()):
            return known
    raise RuntimeError("an identity leads to a customer without a standing")


_LOCK_OWNERS = """
    SELECT customer_id FROM users_standing
    WHERE customer_id IN (
        SELECT identity.customer_id FROM intake_key JOIN users_identity identity USING (kind, value)
    )
    ORDER BY customer_id
    FOR NO KEY UPDATE
"""
_READ_OWNERS = """
    SELECT kind, value, customer.id, customer.user_id, customer.first_seen_at
    FROM intake_key
    JOIN users_identity identity USING (kind, value)
    JOIN users_customer customer ON customer.id = identity.customer_id
"""


def _new_ids(at_most: int) -> Iterator[int]:
    """Ids for new customers, drawn from the sequence a hundred at a time."""
    while True:
        yield from (
            row[0]
            for row in fetch(
                "SELECT nextval(pg_get_serial_sequence('users_customer', 'id')) FROM generate_series(1, %s)",
                [min(at_most, 100)],
            )
        )


def _some_came_late(mentions: Iterable[Mention], known: Mapping[Key, Known], done: Plan) -> bool:
    """Whether an item happened before its customer was first seen; nearly never, so the customers are not asked."""
    first_seen = {one.customer_id: one.first_seen_at for one in known.values()} | done.created
    return any(
        (seen := first_seen.get(done.owners[key])) is not None and mention.first_at < seen
        for mention in mentions
        for key in mention.all_keys
    )


def _put_on_record(done: Plan, now: datetime, is_history: bool) -> None:
    _claim(done, now)
    _create(done, oldest_trigger(now))
    existing = {customer: user_id for customer, user_id in done.named.items() if customer not in done.created}
    _name(existing)
    join_many(done.joins, now=now, cause="identify", quiet=is_history)


def _claim(done: Plan, now: datetime) -> None:
    """Write the new keys, in key order so that two workers wait for each other instead of for ever."""
    if not done.claims:
        return
    temporary_table("intake_claim", "kind varchar(12), value varchar(255), customer_id bigint")
    copy_rows(
        "intake_claim", ("kind", "value", "customer_id"), ((*k, owner) for k, owner in done.claims.items())
    )
    ((won,),) = fetch(
        """
        WITH won AS (
            INSERT INTO users_identity (kind, value, customer_id, since)
            SELECT kind, value, customer_id, %s FROM intake_claim ORDER BY kind, value ON CONFLICT DO NOTHING
            RETURNING customer_id
        ), told AS (
            -- Those who are new are touched when they are made.
            INSERT INTO users_touched (customer_id, topic)
            SELECT DISTINCT customer_id, 'profile' FROM won WHERE customer_id <> ALL(%s)
        )
        SELECT count(*) FROM won
        """,
        [now, list(done.created)],
    )
    if won < len(done.claims):
        raise _ClaimLost


def _create(done: Plan, oldest: datetime) -> None:
    """Customers nobody had seen before; those first seen before ``oldest`` come as history."""
    if not done.created:
        return
    temporary_table("intake_new", "id bigint, user_id text, first_seen_at timestamptz")
    copy_rows(
        "intake_new",
        ("id", "user_id", "first_seen_at"),
        ((customer, done.named.get(customer), at) for customer, at in done.created.items()),
    )
    columns, defaults = _blank_columns()
    execute(
        f"INSERT INTO users_customer (id, user_id, identified, first_seen_at, {', '.join(columns)})"
        f" SELECT id, user_id, user_id IS NOT NULL, first_seen_at, {', '.join(['%s'] * len(columns))}"
        " FROM intake_new",
        defaults,
    )
    execute(
        "INSERT INTO users_standing (customer_id, stage, active_days, orders, revenue)"
        " SELECT id, 'prospect', 0, 0, 0 FROM intake_new"
    )
    execute(
        "INSERT INTO users_touched (customer_id, topic, is_history)"
        f" SELECT id, 'profile', first_seen_at < %s OR {IN_HISTORY} FROM intake_new",
        [oldest],
    )


@cache
def _blank_columns() -> tuple[list[str], list[object]]:
    """The other columns of a customer about whom nothing is known yet, and what they hold."""
    blank = Customer()
    given = {"id", "user_id", "identified", "first_seen_at"}
    columns = [field for field in Customer._meta.concrete_fields if field.column not in given]
    return (
        [f'"{field.column}"' for field in columns],
        [field.get_db_prep_save(getattr(blank, field.attname), connection) for field in columns],
    )


def _name(named: dict[int, str]) -> None:
    """Visitors who turned out to be users whom nobody had seen before."""
    if not named:
        return
    temporary_table("intake_named", "id bigint, user_id text")
    copy_rows("intake_named", ("id", "user_id"), named.items())
    execute(
        "UPDATE users_customer customer SET user_id = named.user_id, identified = true, changed_at = business_now()"
        " FROM intake_named named WHERE customer.id = named.id"
    )
    execute("INSERT INTO users_touched (customer_id, topic) SELECT id, 'profile' FROM intake_named")


def begin_owners() -> None:
    """An empty ``intake_owner``."""
    temporary_table("intake_owner", "kind varchar(12), value varchar(255), customer_id bigint")


def _lay_out_owners(done: Plan) -> None:
    begin_owners()
    copy_rows(
        "intake_owner", ("kind", "value", "customer_id"), ((*k, owner) for k, owner in done.owners.items())
    )
    execute("ANALYZE intake_owner")


def lower_first_seen() -> None:
    """An event that arrives late may be the first we have of a customer."""
    execute(
        """
        UPDATE users_customer customer SET first_seen_at = earlier.at
        FROM (
            SELECT coalesce(item.customer_id, owner.customer_id) AS customer_id, min(item.occurred_at) AS at
            FROM intake_item item
            LEFT JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
            GROUP BY 1
        ) AS earlier
        WHERE customer.id = earlier.customer_id AND earlier.at < customer.first_seen_at
        """
    )

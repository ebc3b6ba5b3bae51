"""Customers that rows speak of: found by a key, given a handle for the intake, made where they are new."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from config.kit.batches import execute, fetch
from users.models import Channel, IdentityKind, IntakeBody
from users.services import contacts
from users.services.imports.kinds import Batch
from users.services.intake.batch import apply_batch
from users.services.intake.counts import Applied
from users.services.touch import touch
from users.topics import TouchTopic

CONTACTS = {"email": Channel.EMAIL, "phone": Channel.SMS, "openid": Channel.WECHAT}
_SLUGS = {name: channel.value for name, channel in CONTACTS.items()}
Item = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Handle:
    """How the intake recognises a customer."""

    user_id: str | None
    anonymous_id: str | None

    @property
    def key(self) -> Key:
        """The identity that leads to the customer."""
        if self.user_id is not None:
            return IdentityKind.USER_ID.value, self.user_id
        return IdentityKind.ANONYMOUS_ID.value, str(self.anonymous_id)


def owners(keys: Iterable[Key]) -> dict[Key, int]:
    """Whose the keys are, as far as somebody has them."""
    pairs = sorted(set(keys))
    rows = fetch(
        "SELECT identity.kind, identity.value, identity.customer_id FROM unnest(%s::text[], %s::text[])"
        " AS asked (kind, value) JOIN users_identity identity USING (kind, value)",
        [[kind for kind, _ in pairs], [value for _, value in pairs]],
    )
    return {(kind, value): customer_id for kind, value, customer_id in rows}


def owners_of_orders(numbers: Iterable[str]) -> dict[str, int]:
    """Whose the orders with these numbers are; a number that several customers' orders bear is nobody's."""
    rows = fetch(
        """
        WITH RECURSIVE sources AS (  -- the few there are, each by one step in the index (source, number)
            SELECT min(source) AS source FROM users_orderkey
            UNION ALL
            SELECT (SELECT min(source) FROM users_orderkey later WHERE later.source > sources.source)
            FROM sources WHERE sources.source IS NOT NULL
        )
        SELECT number, min(bearer.customer_id) FROM sources JOIN users_orderkey bearer USING (source)
        WHERE number = ANY(%s) GROUP BY number HAVING count(DISTINCT bearer.customer_id) = 1
        """,
        [sorted(set(numbers))],
    )
    return dict(rows)


def handles(customer_ids: Iterable[int], now: datetime) -> tuple[dict[int, Handle], dict[int, str]]:
    """A handle for each customer, and those that had to be made: customers without userId or anonymousId."""
    ids = sorted(set(customer_ids))
    found: dict[int, Handle] = {}
    made: dict[int, str] = {}
    rows = fetch(
        """
        SELECT customer.id, customer.user_id,
               (SELECT value FROM users_identity identity
                WHERE identity.customer_id = customer.id AND kind = 'anonymous_id' ORDER BY since LIMIT 1)
        FROM users_customer customer WHERE customer.id = ANY(%s)
        """,
        [ids],
    )
    for customer_id, user_id, anonymous_id in rows:
        if user_id is None and anonymous_id is None:
            made[customer_id] = f"import:{secrets.token_hex(12)}"
        found[customer_id] = Handle(
            user_id, None if user_id is not None else anonymous_id or made[customer_id]
        )
    claim({("anonymous_id", value): customer_id for customer_id, value in made.items()}, now)
    return found, made


def claim(keys: Mapping[Key, int], now: datetime) -> set[Key]:
    """Give keys that nobody has to customers; those that were given."""
    pairs = sorted(keys)
    rows = fetch(
        "INSERT INTO users_identity (kind, value, customer_id, since)"
        " SELECT kind, value, customer_id, %s FROM unnest(%s::text[], %s::text[], %s::bigint[])"
        " AS claimed (kind, value, customer_id) ON CONFLICT DO NOTHING RETURNING kind, value",
        [now, [kind for kind, _ in pairs], [value for _, value in pairs], [keys[pair] for pair in pairs]],
    )
    given = {(kind, value) for kind, value in rows}
    touch({keys[pair] for pair in given}, TouchTopic.PROFILE)
    return given


def apply_items(items: Sequence[Item], batch: Batch) -> Applied:
    """Send items through the one way in, as history told by the shop's own back end."""
    if not items:
        return Applied()
    body = IntakeBody.objects.create(
        received_at=batch.now,
        confirmed=True,
        is_history=True,
        items=orjson.dumps(items, default=str).decode(),
    )
    applied = apply_batch([body.pk], now=batch.now)
    if applied.parked:
        # Judging said they would be taken: the transaction goes back, and the job says so.
        raise RuntimeError(f"{applied.parked} items were refused after they had been judged")
    return applied


def item(kind: str, handle: Handle, message_id: str, at: datetime, **said: Any) -> Item:
    """An item as the front door writes it."""
    return {
        "type": kind, "message_id": message_id, "user_id": handle.user_id, "anonymous_id": handle.anonymous_id,
        "previous_id": None, "name": said.get("name"), "occurred_at": at.isoformat(), "clamped": False,
        "properties": said.get("properties", {}), "traits": said.get("traits", {}), "context": {},
    }  # fmt: skip


def reach(told: Mapping[int, Mapping[str, str]], batch: Batch) -> dict[int, dict[str, Any]]:
    """Add the addresses that rows tell (customer → field → address) and claim those nobody has as keys.

    Per customer what undoing needs: addresses added, addresses confirmed for the first time, keys claimed,
    whether the customer was a mere visitor before.
    """
    wanted = {
        (customer_id, _SLUGS[name], address): (name, address)
        for customer_id, addresses in told.items()
        for name, address in addresses.items()
    }
    known = _contacts_on_record(told)
    visitors = _visitors(told)
    contacts.add_many(
        (
            contacts.Contact(point[0], CONTACTS[key[0]], point[2], confirmed=True)
            for point, key in wanted.items()
        ),
        batch.now,
    )
    claimed = claim({key: point[0] for point, key in wanted.items()}, batch.now)
    done: dict[int, dict[str, Any]] = {
        pk: {"added": [], "confirmed": [], "claimed": [], "was_visitor": pk in visitors} for pk in told
    }
    for point, key in wanted.items():
        customer_id, channel, address = point
        if point not in known:
            done[customer_id]["added"].append([channel, address])
        elif not known[point]:
            done[customer_id]["confirmed"].append([channel, address])
        if key in claimed:
            done[customer_id]["claimed"].append(list(key))
    return done


def _contacts_on_record(customer_ids: Iterable[int]) -> dict[tuple[int, str, str], bool]:
    rows = fetch(
        "SELECT customer_id, channel, address, confirmed FROM users_contactpoint WHERE customer_id = ANY(%s)",
        [sorted(customer_ids)],
    )
    return {(customer_id, channel, address): confirmed for customer_id, channel, address, confirmed in rows}


def contacts_on_record(customer_ids: Iterable[int]) -> dict[tuple[int, str, str], bool]:
    """The addresses of customers, and whether each is confirmed."""
    return _contacts_on_record(customer_ids)


def _visitors(customer_ids: Iterable[int]) -> set[int]:
    rows = fetch(
        "SELECT id FROM users_customer WHERE id = ANY(%s) AND NOT identified", [sorted(customer_ids)]
    )
    return {customer_id for (customer_id,) in rows}


def lower_contacts(
    customer_ids: Sequence[int], added: Sequence[Sequence[Any]], confirmed: Sequence[Sequence[Any]]
) -> set[tuple[int, str, str]]:
    """Take back addresses (customer, channel, address) that nothing has happened to since; those left."""
    gone = fetch(
        "DELETE FROM users_contactpoint point USING unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[])"
        " AS told (customer_id, channel, address, at)"
        " WHERE (point.customer_id, point.channel, point.address) = (told.customer_id, told.channel, told.address)"
        " AND point.state = 'unverified' AND point.changed_at = told.at"
        " RETURNING point.customer_id, point.channel, point.address",
        list(map(list, zip(*added, strict=True))) if added else [[], [], [], []],
    )
    back = fetch(
        "UPDATE users_contactpoint point SET confirmed = false"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[])"
        " AS told (customer_id, channel, address, at)"
        " WHERE (point.customer_id, point.channel, point.address) = (told.customer_id, told.channel, told.address)"
        " AND point.changed_at = told.at RETURNING point.customer_id, point.channel, point.address",
        list(map(list, zip(*confirmed, strict=True))) if confirmed else [[], [], [], []],
    )
    asked = {(one[0], one[1], one[2]) for one in (*added, *confirmed)}
    return asked - set(gone) - set(back)


def unclaim(keys: Sequence[tuple[str, str, int]]) -> None:
    """Take keys back from the customers they were given to."""
    execute(
        "DELETE FROM users_identity identity USING unnest(%s::text[], %s::text[], %s::bigint[])"
        " AS told (kind, value, customer_id) WHERE (identity.kind, identity.value, identity.customer_id)"
        " = (told.kind, told.value, told.customer_id)",
        [[k for k, _, _ in keys], [v for _, v, _ in keys], [c for _, _, c in keys]],
    )
    touch({customer_id for _, _, customer_id in keys}, TouchTopic.PROFILE)

"""One batch, step by step, in one transaction."""

from datetime import datetime

from config.kit.batches import execute
from users.models import IntakeBody
from users.orders import OrderEvent
from users.services import acquisition, activity, owned, products
from users.services.intake import items, order_items, parking, people, profiles, types
from users.services.intake.counts import Applied
from users.services.sql import statement
from users.services.touch import as_history

ORDER_EVENTS = frozenset(event.value for event in OrderEvent)


def apply_batch(ids: list[int], *, now: datetime) -> Applied:
    """Apply bodies that this transaction holds; all are history or none is."""
    is_history = IntakeBody.objects.values_list("is_history", flat=True).get(pk=ids[0])
    if is_history:
        as_history()
    count = _unpack(ids)
    kinds = types.resolve(now)
    parking.begin()
    parking.refuse_what_is_ours()
    if "identify" in kinds.calls:
        parking.refuse_unknown_consents()
    said = order_items.read_items(now) if kinds.names & ORDER_EVENTS else []
    cards = owned.read_cards() if owned.REGISTERED in kinds.names else {}
    parked = parking.park(now, is_history=is_history)
    people.resolve(now, is_history=is_history)
    orders = order_items.plan(said, now, is_history=is_history)
    parked += parking.park(now, is_history=is_history)
    activity.begin()
    events = execute(statement("insert_events"))
    if said and events < kinds.events:  # else no item is a repeat
        order_items.confirm_events()
    if products.VIEWED in kinds.names:
        products.note_views()
    activity.follow(now, quiet=is_history)
    orders.write(now)
    owned.note_cards(cards)
    ignored = profiles.apply(now) if "identify" in kinds.calls else 0
    acquisition.hear_batch(activity.oldest_trigger(now))
    return Applied(
        bodies=len(ids), items=count, events=events, orders=orders.started, parked=parked, ignored=ignored
    )


def _unpack(ids: list[int]) -> int:
    items.begin()
    count = execute(statement("unpack_bodies"), {"ids": ids})
    # A small sample says how many keys and names there are; a hundredth of the batch's time was spent on a large one.
    execute("SET LOCAL default_statistics_target = 10")
    execute("ANALYZE intake_item (no, name, owner_kind, owner_value)")
    execute("SET LOCAL default_statistics_target TO DEFAULT")
    return count

"""Who a customer is now: the one way to act on a customer whose id may have been joined away meanwhile.

Whoever writes rows of a customer holds the customer first. A join waits for the holder and then moves what
was written; whoever comes after the join gets the survivor. So no row stays with an id that leads elsewhere.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from config.kit.refusal import NotFound
from users.models import Customer, CustomerAlias
from users.services import stages


def hold(customer_ids: Iterable[int]) -> dict[int, int]:
    """Lock these customers, or those they were joined to, until the transaction ends: asked → survivor.

    Ids that lead to nobody are left out. What is read in later statements is as the last holder left it.
    """
    leads = {asked: asked for asked in customer_ids}
    held = set(stages.lock(leads))
    while lost := {asked for asked, now in leads.items() if now not in held}:
        aliases = dict(
            CustomerAlias.objects.filter(old_id__in={leads[asked] for asked in lost}).values_list(
                "old_id", "customer_id"
            )
        )
        held.update(_without_standing({leads[asked] for asked in lost} - aliases.keys()))
        for asked in lost:
            if leads[asked] in aliases:
                leads[asked] = aliases[leads[asked]]
            elif leads[asked] not in held:
                del leads[asked]
        held.update(stages.lock(set(leads.values()) - held))
    return leads


def _without_standing(customer_ids: set[int]) -> set[int]:
    """Customers whose figures are not there yet (one that is being made): held by their own rows."""
    if not customer_ids:
        return set()
    found = Customer.objects.select_for_update(no_key=True).filter(pk__in=customer_ids)
    return set(found.order_by("pk").values_list("pk", flat=True))


def hold_one(customer_id: int) -> int:
    """``hold`` for one customer; the survivor's id. Refuses ``not_found``, also for an erased one."""
    survivor = hold([customer_id]).get(customer_id)
    if survivor is None or not Customer.objects.living().filter(pk=survivor).exists():
        raise NotFound(_("There is no such customer."))
    return survivor


def survivor_of(customer_id: int) -> int:
    """Where an id leads, without holding it: for reading."""
    alias = CustomerAlias.objects.filter(old_id=customer_id).values_list("customer_id", flat=True).first()
    return alias or customer_id

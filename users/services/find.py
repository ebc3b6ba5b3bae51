"""Finding a customer by what the shop calls them."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from config.kit.refusal import NotFound, Refusal
from users.models import Customer, Identity, IdentityKind
from users.services.survivors import survivor_of


def by_user_id(user_id: str, *, field: str = "user_id") -> Customer:
    """The living customer of that userId. Refuses ``not_found``."""
    identity = (
        Identity.objects.select_related("customer")
        .filter(kind=IdentityKind.USER_ID, value=user_id.replace("\0", ""), customer__erased_at__isnull=True)
        .first()
    )
    if identity is None:
        raise NotFound(_("There is no such customer."), field=field)
    customer: Customer = identity.customer
    return customer


def by_id(customer_id: int) -> Customer:
    """The living customer of that id, or the one it was joined to. Refuses ``not_found``."""
    found = Customer.objects.living().filter(pk=survivor_of(customer_id)).first()
    if found is None:
        raise NotFound(_("There is no such customer."))
    return found


def whom(named: Mapping[str, str]) -> Customer:
    """The living customer whom ``customer`` (our number) or ``user_id`` names. Refuses both, neither, and nobody."""
    told = [name for name in ("customer", "user_id") if named.get(name)]
    if len(told) != 1:
        raise Refusal("one_customer", _("Name one customer: by user_id or by customer."), field="user_id")
    if told == ["user_id"]:
        return by_user_id(named["user_id"])
    number = named["customer"]
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise NotFound(_("There is no such customer."), field="customer")
    return by_id(int(number))

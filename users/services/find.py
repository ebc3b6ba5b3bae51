"""Finding a customer by what the shop calls them."""

from django.utils.translation import gettext as _

from config.kit.refusal import NotFound
from users.models import Customer, Identity, IdentityKind


def by_user_id(user_id: str, *, field: str = "user_id") -> Customer:
    """The living customer of that userId. Refuses ``not_found``."""
    identity = (
        Identity.objects.select_related("customer")
        .filter(kind=IdentityKind.USER_ID, value=user_id, customer__erased_at__isnull=True)
        .first()
    )
    if identity is None:
        raise NotFound(_("There is no such customer."), field=field)
    customer: Customer = identity.customer
    return customer

"""Storefronts: who may sign tokens for shoppers, and the secrets they sign with."""

import secrets

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.refusal import Conflict
from users.models import Operator, Storefront
from users.services import audit


def create(*, name: str, title: str, by: Operator | None) -> tuple[Storefront, str]:
    """Make a storefront; the row and its secret. Raises Conflict when the name is taken."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        storefront, made = Storefront.objects.get_or_create(
            name=name, defaults={"title": title, "jwt_secret": secret, "created_at": clock.now()}
        )
        if not made:
            raise Conflict("name_taken", _("There is a storefront of that name."), field="name")
        audit.record("storefront.create", by=by, target=storefront, after={"name": name, "title": title})
    return storefront, secret


def renew_secret(storefront_id: int, *, by: Operator | None) -> tuple[Storefront, str]:
    """Give a storefront a new secret; tokens signed with the old one are worthless at once."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        storefront = Storefront.objects.select_for_update().get(pk=storefront_id)
        storefront.jwt_secret = secret
        storefront.save(update_fields=["jwt_secret"])
        audit.record("storefront.renew_secret", by=by, target=storefront)
    return storefront, secret

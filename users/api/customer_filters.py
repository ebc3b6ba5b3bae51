"""By what the list of customers can be filtered: each by an index, so that a page costs the same in a large shop.

Apps above lend filters of their own (``users.lent_filters``).
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from config.kit.refusal import NotFound, Refusal
from users.api.asked import InstantField, Query
from users.lent_filters import lent
from users.models import Channel, ContactPoint, Customer, CustomerTag, Identity, IdentityKind, Stage, Tag
from users.services.contacts import account_name, email_address, phone_number

Customers = QuerySet[Customer]
MOST_OF_ONE_NAME = 200
"""Customers who have one address, at most: many customers may share a phone, and that is somebody's test data."""


class CustomersQuery(Query):
    """Which customers; several filters hold together."""

    user_id = serializers.CharField(required=False, max_length=255)
    anonymous_id = serializers.CharField(required=False, max_length=255)
    email = serializers.CharField(required=False, max_length=254)
    phone = serializers.CharField(
        required=False, max_length=40, help_text="E.164, or as in the shop's country."
    )
    openid = serializers.CharField(required=False, max_length=255)
    stage = serializers.ChoiceField(required=False, choices=Stage.choices)
    tag = serializers.CharField(required=False, max_length=60, help_text="The tag's name.")
    identified = serializers.BooleanField(required=False, help_text="Without: visitors, too.")
    registered_since = InstantField(required=False)
    active_since = InstantField(required=False, help_text="Was active at this instant or later.")
    updated_since = InstantField(
        required=False,
        help_text="Profile, userId, a contact point, a consent or the stage changed at this instant or later; "
        "in the order of the changes.",
    )


def chosen(asked: Mapping[str, Any], numbers: Mapping[str, int]) -> Customers:
    """The living customers who fit; ``numbers``: what is asked of lent filters."""
    found: Customers = Customer.objects.living().filter(standing__isnull=False)
    for name, value in asked.items():
        found = _FILTERS[name](found, value)
    for name, number in numbers.items():
        found = found.filter(pk__in=lent[name].ids(number))
    return found


def _by_identity(kind: IdentityKind) -> Callable[[Customers, str], Customers]:
    return lambda found, text: found.filter(
        pk__in=list(Identity.objects.filter(kind=kind, value=text).values_list("customer_id", flat=True))
    )


def _by_address(
    kind: IdentityKind, channel: Channel, read: Callable[[str], str | None]
) -> Callable[[Customers, str], Customers]:
    """By what recognises customers, and by the addresses at which they are reached."""

    def keep(found: Customers, text: str) -> Customers:
        address = read(text)
        if address is None:
            raise Refusal("bad_address", _("This is no address of that channel."), field=kind.value)
        known = Identity.objects.filter(kind=kind, value=address).values_list("customer_id", flat=True)
        reached = ContactPoint.objects.filter(channel=channel, address=address)
        ids = known.union(reached.values_list("customer_id", flat=True))[:MOST_OF_ONE_NAME]
        return found.filter(pk__in=list(ids))

    return keep


def _by_tag(found: Customers, name: str) -> Customers:
    tag = Tag.objects.filter(name=name).first()
    if tag is None:
        raise NotFound(_("There is no such tag."), field="tag")
    return found.filter(pk__in=CustomerTag.objects.filter(tag=tag).values("customer_id"))


_FILTERS: dict[str, Callable[[Customers, Any], Customers]] = {
    "user_id": _by_identity(IdentityKind.USER_ID),
    "anonymous_id": _by_identity(IdentityKind.ANONYMOUS_ID),
    "email": _by_address(IdentityKind.EMAIL, Channel.EMAIL, email_address),
    "phone": _by_address(IdentityKind.PHONE, Channel.SMS, phone_number),
    "openid": _by_address(IdentityKind.OPENID, Channel.WECHAT, account_name),
    "stage": lambda found, stage: found.filter(standing__stage=stage),
    "tag": _by_tag,
    "identified": lambda found, yes: found.filter(identified=yes),
    "registered_since": lambda found, at: found.filter(registered_at__gte=at),
    "active_since": lambda found, at: found.filter(standing__last_activity_at__gte=at),
    "updated_since": lambda found, at: found.filter(changed_at__gte=at),
}

"""Customers as the shop's back end sees them, and what it says of them."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from users import shop
from users.api.serializers import ChangeProfileSerializer, ProfileSerializer, Strict
from users.models import (
    Channel,
    Consent,
    ContactPoint,
    ContactState,
    Customer,
    CustomerTag,
    Gender,
    Identity,
    Stage,
)
from users.services.contact_acts import BY_HAND

MOST_NAMES = 50
"""Names by which one customer is recognised that are shown; a tablet in the shop may have thousands."""
LATER = ("identities", "contacts", "tags")


class IdentitySerializer(serializers.ModelSerializer[Identity]):
    """By what the customer is recognised."""

    class Meta:
        model = Identity
        fields = ("kind", "value", "since")
        read_only_fields = fields


class ContactSerializer(serializers.ModelSerializer[ContactPoint]):
    """An address. ``confirmed``: told by the shop, not only by a browser; ``usable``: messages may go there."""

    usable = serializers.BooleanField(source="is_usable", read_only=True)

    class Meta:
        model = ContactPoint
        fields = ("channel", "address", "state", "confirmed", "usable", "added_at", "changed_at")
        read_only_fields = fields


class CustomerTagSerializer(serializers.ModelSerializer[CustomerTag]):
    """A tag on the customer. ``kept``: a rule puts it on and takes it off."""

    id = serializers.IntegerField(source="tag_id", read_only=True)
    name = serializers.CharField(source="tag.name", read_only=True)
    since = serializers.DateTimeField(source="tagged_at", read_only=True)
    kept = serializers.BooleanField(source="tag.kept_by", read_only=True)

    class Meta:
        model = CustomerTag
        fields = ("id", "name", "since", "source", "kept")
        read_only_fields = fields


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    """A customer. ``revenue``: net, in minor units of ``currency``; ``updated_at``: what `updated_since` asks for.

    ``identities``: the first 50. Where they stand in detail is at ``customers/<id>/standing``.
    """

    gender = serializers.ChoiceField(choices=Gender.choices, allow_blank=True, read_only=True)
    channel = serializers.CharField(source="channel.slug", default=None, read_only=True, allow_null=True)
    updated_at = serializers.DateTimeField(source="changed_at", read_only=True, allow_null=True)
    stage = serializers.ChoiceField(source="standing.stage", choices=Stage.choices, read_only=True)
    stage_since = serializers.DateTimeField(source="standing.stage_at", read_only=True, allow_null=True)
    last_active_at = serializers.DateTimeField(
        source="standing.last_activity_at", read_only=True, allow_null=True
    )
    orders = serializers.IntegerField(source="standing.orders", read_only=True)
    revenue = serializers.IntegerField(source="standing.revenue", read_only=True)
    currency = serializers.SerializerMethodField()
    identities = IdentitySerializer(many=True, read_only=True, source="first_identities")
    contacts = ContactSerializer(many=True, read_only=True, source="contact_points")
    tags = CustomerTagSerializer(many=True, read_only=True, source="customer_tags")

    class Meta:
        model = Customer
        fields = (
            *("id", *ProfileSerializer.Meta.fields, "identified", "attributes", "no_profiling"),
            *("channel", "platform", "source_code", "first_seen_at", "registered_at", "updated_at"),
            *("stage", "stage_since", "last_active_at", "orders", "revenue", "currency", *LATER),
        )
        read_only_fields = fields

    def get_currency(self, customer: Customer) -> str:
        return shop_currency(self)


def shop_currency(shape: serializers.BaseSerializer[Any]) -> str:
    """The shop's currency, read once for an answer."""
    held = shape.root._context
    if "currency" not in held:
        held["currency"] = shop.currency.get()
    return str(held["currency"])


def with_parts(found: QuerySet[Customer]) -> QuerySet[Customer]:
    """Customers with all that is shown of them, in as many queries for one as for a page."""
    names = Identity.objects.order_by("-kind", "since", "value")[:MOST_NAMES]
    return found.select_related("standing", "channel").prefetch_related(
        Prefetch("identities", queryset=names, to_attr="first_identities"),
        Prefetch("contact_points", queryset=ContactPoint.objects.order_by("channel", "added_at", "address")),
        Prefetch("customer_tags", queryset=CustomerTag.objects.select_related("tag").order_by("tag__name")),
    )


class ChangeCustomerSerializer(ChangeProfileSerializer):
    """What is to change of a profile: what is not named stays, an empty text or null forgets.

    ``attributes``: custom ones by name; those not named stay, null forgets one.
    """

    attributes = serializers.DictField(required=False, child=serializers.JSONField(allow_null=True))
    no_profiling = serializers.BooleanField(required=False)


class NewCustomerSerializer(ChangeCustomerSerializer):
    """A customer to make, or to find and change: by ``user_id``, or a visitor by ``anonymous_id``."""

    user_id = serializers.CharField(required=False, max_length=255)
    anonymous_id = serializers.CharField(required=False, max_length=255)
    email = serializers.CharField(required=False, max_length=254)
    phone = serializers.CharField(required=False, max_length=40)
    openid = serializers.CharField(required=False, max_length=255)
    unionid = serializers.CharField(required=False, max_length=255)
    registered_at = serializers.DateTimeField(required=False, help_text="The first that is told stays.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Named somehow."""
        if not attrs.get("user_id") and not attrs.get("anonymous_id"):
            told = ErrorDetail(_("Give a user_id or an anonymous_id."), code="required")
            raise serializers.ValidationError({"user_id": [told]})
        return attrs


class NewContactSerializer(Strict):
    """An address to add. A web push subscription is sent as the JSON text of `PushSubscription.toJSON()`."""

    channel = serializers.ChoiceField(choices=[one.value for one in BY_HAND])
    address = serializers.CharField(max_length=2_000)
    state = serializers.ChoiceField(required=False, choices=[ContactState.UNVERIFIED, ContactState.VERIFIED])


class ContactStateSerializer(Strict):
    """What became of an address."""

    channel = serializers.ChoiceField(choices=[one.value for one in BY_HAND])
    address = serializers.CharField(max_length=1_000)
    state = serializers.ChoiceField(choices=ContactState.choices)


class WhichContactSerializer(Strict):
    """Which address."""

    channel = serializers.ChoiceField(choices=[one.value for one in BY_HAND])
    address = serializers.CharField(max_length=1_000)


class ConsentSerializer(serializers.ModelSerializer[Consent]):
    """An answer in the ledger. ``in_force``: the one that holds for its channel and topic."""

    topic = serializers.CharField(source="topic.slug", read_only=True)
    in_force = serializers.BooleanField(source="is_current", read_only=True)

    class Meta:
        model = Consent
        fields = (
            *("key", "channel", "topic", "granted", "in_force", "given_at", "recorded_at"),
            *("source", "wording", "evidence"),
        )
        read_only_fields = fields


class NewConsentSerializer(Strict):
    """An answer to put into the ledger. A yes needs ``wording`` and ``evidence``.

    ``turns_refusal``: must be true for a yes where a no is in force; nothing turns a no around unsaid.
    """

    channel = serializers.ChoiceField(choices=Channel.choices)
    topic = serializers.SlugField(max_length=50)
    granted = serializers.BooleanField()
    given_at = serializers.DateTimeField(required=False, help_text="Without: now.")
    source = serializers.CharField(  # type: ignore[assignment]  # a name of the API
        max_length=40, default="storefront", required=False
    )
    wording = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    evidence = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    turns_refusal = serializers.BooleanField(required=False, default=False)


class NewTagSerializer(Strict):
    """A tag to put on; a new name makes a new tag."""

    tag = serializers.CharField(max_length=60)

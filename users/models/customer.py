"""Customers: who they are, how they are recognised, where they stand."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import ExtractDay, ExtractMonth
from django.utils.translation import gettext_lazy as _

from users.models.keys import of_customer


class Stage(models.TextChoices):
    """Lifecycle by activity (definitions.md, Lifecycle)."""

    PROSPECT = "prospect", _("Prospect")
    NEW = "new", _("New")
    ACTIVE = "active", _("Active")
    RETURNING = "returning", _("Returning")
    DORMANT = "dormant", _("Dormant")
    CHURNED = "churned", _("Churned")


class Gender(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Other")


class CustomerQuerySet(models.QuerySet["Customer"]):
    def living(self) -> "CustomerQuerySet":
        """Without the tombstones of erased customers."""
        return self.filter(erased_at__isnull=True)

    def known(self) -> "CustomerQuerySet":
        """Only identified customers: those with a userId or a contact, not bare visitors."""
        return self.living().filter(identified=True)


class Customer(models.Model):
    """A user of the shop. Unknown text is empty, unknown figures and dates are null.

    ``told_at``: when each trait was last told, so that identify calls may arrive in any order. ``changed_at``: when
    we last took down something new of the profile, the userId, an address, a consent or, once identified, the stage;
    null where that was never.
    """

    user_id = models.CharField(_("user ID"), max_length=255, null=True, blank=True, unique=True)
    identified = models.BooleanField(_("identified"), default=False)
    name = models.CharField(_("name"), max_length=200, blank=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    gender = models.CharField(_("gender"), max_length=10, choices=Gender.choices, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    occupation = models.CharField(_("occupation"), max_length=100, blank=True)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    income_band = models.CharField(_("income band"), max_length=50, blank=True)
    education = models.CharField(_("education"), max_length=50, blank=True)
    interests = models.JSONField(_("interests"), default=list, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    attributes = models.JSONField(_("custom attributes"), default=dict, blank=True)
    told_at = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    no_profiling = models.BooleanField(_("no profiling"), default=False)
    most_per_week = models.PositiveSmallIntegerField(_("messages a week at most"), null=True, blank=True)
    channel = models.ForeignKey(
        "users.AcquisitionChannel",
        verbose_name=_("acquisition channel"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="customers",
    )
    platform = models.CharField(_("platform"), max_length=30, blank=True)
    source_code = models.CharField(_("source code"), max_length=100, blank=True)
    is_invented = models.BooleanField(_("invented for the demo"), default=False)
    first_seen_at = models.DateTimeField(_("first seen"))
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)
    changed_at = models.DateTimeField(null=True, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            models.Index(fields=["registered_at"], name="customer_registered"),
            # The roll-ups of recent days: whom they brought, without a look at everybody.
            models.Index(fields=["first_seen_at"], name="customer_first_seen"),
            # The storefront API: what changed since the caller last asked.
            models.Index(
                fields=["changed_at"], name="customer_changed", condition=Q(changed_at__isnull=False)
            ),
            models.Index(fields=["name"], name="customer_name", opclasses=["varchar_pattern_ops"]),
            # Rules about anniversaries: at midnight only those of the days that changed are looked at.
            models.Index(
                ExtractMonth("birthday") * 100 + ExtractDay("birthday"),
                name="customer_birthday_day",
                condition=Q(birthday__isnull=False),
            ),
            # Rules about age: at midnight only those who have that birthday.
            models.Index(fields=["birthday"], name="customer_birthday", condition=Q(birthday__isnull=False)),
            # Reports: whether a customer counts, and the channel, without reading profiles (docs/adr/0011).
            models.Index(
                fields=["id"],
                include=["identified", "channel", "no_profiling"],
                name="customer_living",
                condition=Q(erased_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.user_id or str(_("Visitor"))


class Standing(models.Model):
    """The running figures of one customer; exactly one row each, kept by intake and the clock.

    Kept apart from the profile because it changes with every visit. Money is net, in minor units of the
    shop's currency, over confirmed orders. ``next_move_at`` is the instant at which time alone would move
    the stage; the clock job reads the slice of that index that has passed, never all customers.
    """

    customer = models.OneToOneField(
        Customer, primary_key=True, on_delete=models.CASCADE, related_name="standing"
    )
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.PROSPECT)
    stage_at = models.DateTimeField(null=True)
    first_activity_at = models.DateTimeField(null=True)
    last_activity_at = models.DateTimeField(null=True)
    run_started_at = models.DateTimeField(null=True)
    active_days = models.IntegerField(default=0)
    next_move_at = models.DateTimeField(null=True)
    orders = models.IntegerField(default=0)
    revenue = models.BigIntegerField(default=0)
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_move_at"], name="standing_next_move", condition=Q(next_move_at__isnull=False)
            ),
            models.Index(fields=["stage", "stage_at"], name="standing_stage"),
            models.Index(fields=["last_activity_at"], name="standing_last_activity"),
            # Rules about how long ago: a refresh reads the slice that time carried over an edge.
            models.Index(fields=["first_activity_at"], name="standing_first_activity"),
            models.Index(fields=["stage_at"], name="standing_stage_at"),
            models.Index(
                fields=["last_order_at"], name="standing_last_order", condition=Q(last_order_at__isnull=False)
            ),
            models.Index(
                fields=["first_order_at"],
                name="standing_first_order",
                condition=Q(first_order_at__isnull=False),
            ),
            # The list of customers by what they brought.
            models.Index(fields=["revenue", "customer"], name="standing_revenue", condition=Q(orders__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.stage}"


class IdentityKind(models.TextChoices):
    USER_ID = "user_id", _("User ID")
    ANONYMOUS_ID = "anonymous_id", _("Anonymous ID")
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")
    OPENID = "openid", _("WeChat OpenID")
    UNIONID = "unionid", _("WeChat UnionID")
    WEIBO = "weibo", _("Weibo UID")
    DEVICE = "device", _("Device token")


class Identity(models.Model):
    """One way to recognise a customer: (kind, value) → customer, once and for good."""

    pk = models.CompositePrimaryKey("kind", "value")
    kind = models.CharField(max_length=12, choices=IdentityKind.choices)
    value = models.CharField(max_length=255)
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="identities", db_constraint=False
    )
    since = models.DateTimeField()


class CustomerAlias(models.Model):
    """A customer that was joined to another: the old id leads to the survivor for ever."""

    old_id = models.BigIntegerField(primary_key=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="aliases", db_constraint=False
    )
    joined_at = models.DateTimeField()
    cause = models.CharField(max_length=20)

    def __str__(self) -> str:
        return f"{self.old_id} → {self.customer_id}"


class Channel(models.TextChoices):
    """Message channels; each has an adapter in campaigns and a kind of contact point here."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    WECHAT = "wechat", _("WeChat")
    WEIBO = "weibo", _("Weibo")
    APP_PUSH = "app_push", _("App push")
    WEB_PUSH = "web_push", _("Web push")
    INBOX = "inbox", _("In-app inbox")
    WEBHOOK = "webhook", _("Webhook")


class ContactState(models.TextChoices):
    UNVERIFIED = "unverified", _("Unverified")
    VERIFIED = "verified", _("Verified")
    BOUNCING = "bouncing", _("Bouncing")
    BLOCKED = "blocked", _("Blocked")


USABLE_CONTACT_STATES = (ContactState.UNVERIFIED, ContactState.VERIFIED)


class ContactPoint(models.Model):
    """An address at which a channel reaches the customer. ``confirmed`` false: only a write key said so.

    ``details``: what a channel needs beside the address (the keys of a web push subscription).
    """

    pk = models.CompositePrimaryKey("customer", "channel", "address")
    customer = of_customer("contact_points")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    address = models.CharField(max_length=1000)
    details = models.JSONField(default=dict, db_default={})
    state = models.CharField(max_length=10, choices=ContactState.choices, default=ContactState.UNVERIFIED)
    confirmed = models.BooleanField(default=False)
    added_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["channel", "address"], name="contact_by_address")]

    def is_usable(self) -> bool:
        """Whether a message may be sent here at all; consent is another question."""
        return self.confirmed and self.state in USABLE_CONTACT_STATES


def usable_contact(prefix: str = "") -> Q:
    """``ContactPoint.is_usable`` as a condition, below the relation ``prefix`` (ending in ``__``)."""
    conditions: dict[str, Any] = {
        f"{prefix}confirmed": True,
        f"{prefix}state__in": [state.value for state in USABLE_CONTACT_STATES],
    }
    return Q(**conditions)

"""Shops that tell us of their orders by webhook, and what they delivered."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ShopKind(models.TextChoices):
    """Whose webhooks they are."""

    SHOPIFY = "shopify", "Shopify"
    WOOCOMMERCE = "woocommerce", "WooCommerce"
    YOUZAN = "youzan", _("Youzan")


class ShopConnection(models.Model):
    """A shop that may deliver to ``/hooks/<kind>/<token>``, signed with ``secret``.

    ``source`` is the source of its orders. ``shares_ids``: its customers and products have the same numbers as
    in the tracking API; else their ids begin with the source. Refused deliveries are only counted.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=ShopKind.choices)
    name = models.CharField(_("name"), max_length=100)
    source = models.CharField(_("order source"), max_length=40, unique=True)
    token = models.CharField(max_length=40, unique=True)
    client_id = models.CharField(max_length=100, blank=True)
    secret = models.CharField(max_length=200)
    shares_ids = models.BooleanField(default=False)
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField(_("created"))
    pinged_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    received = models.IntegerField(default=0)
    repeated = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    refused_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("shop connection")
        verbose_name_plural = _("shop connections")

    def __str__(self) -> str:
        return self.name


class ShopDelivery(models.Model):
    """One delivery whose signature was right, as it came. ``key`` tells it from its repeats.

    ``user_id`` and ``message_id`` (what its items' ids begin with) say whom and what it is about.
    """

    class State(models.TextChoices):
        """Its fate."""

        TAKEN = "taken", _("Taken")
        IGNORED = "ignored", _("Not needed")
        DEAD = "dead", _("Could not be read")

    connection = models.ForeignKey(ShopConnection, on_delete=models.CASCADE, related_name="deliveries")
    key = models.CharField(max_length=100)
    topic = models.CharField(_("topic"), max_length=100)
    received_at = models.DateTimeField(_("received"))
    body = models.BinaryField()
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    code = models.CharField(max_length=60, blank=True)
    items = models.SmallIntegerField(default=0)
    user_id = models.CharField(max_length=255, blank=True)
    replayed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="delivery_once")]
        indexes = [
            models.Index(fields=["connection", "-received_at", "-id"], name="delivery_newest"),
            models.Index(fields=["received_at"], name="delivery_age"),
            models.Index(fields=["user_id"], name="delivery_person", condition=~Q(user_id="")),
        ]

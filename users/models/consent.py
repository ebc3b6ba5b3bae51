"""The consent ledger: who may be told what, over which channel, and how we know."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from users.models.customer import Channel
from users.models.keys import of_customer

ADS_TOPIC = "ads"
"""Advertising on other platforms: what hashed addresses are handed out for; no message has this topic."""


class Topic(models.Model):
    """What a customer may refuse. A service topic carries no marketing and needs no consent."""

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_zh = models.CharField(_("name in Chinese"), max_length=100, blank=True)
    is_service = models.BooleanField(_("service messages"), default=False)
    double_opt_in = models.BooleanField(
        _("ask back by e-mail"),
        default=False,
        db_default=False,
        help_text=_(
            "A yes that comes from a public form or the storefront counts only after the link in a mail was"
            " opened and confirmed."
        ),
    )

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """One answer of a customer, append-only; ``is_current`` marks the latest per channel and topic.

    No row means no. ``evidence``: what an operator noted of an answer recorded by hand. The mark is moved by
    the one service that appends, in the same statement order under the customer's row lock, and a partial
    unique rule holds it.
    """

    pk = models.CompositePrimaryKey("customer", "key")
    customer = of_customer("consents")
    key = models.CharField(max_length=150)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+", db_index=False)
    granted = models.BooleanField()
    given_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=40)
    wording = models.CharField(max_length=100, blank=True)
    ip = models.GenericIPAddressField(null=True)
    evidence = models.CharField(max_length=500, blank=True, db_default="")
    is_current = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "channel", "topic"],
                condition=Q(is_current=True),
                name="consent_one_current",
            )
        ]
        indexes = [
            # Retention: the IP addresses that are still kept, oldest first.
            models.Index(fields=["recorded_at"], name="consent_with_ip", condition=Q(ip__isnull=False)),
        ]


class ConsentRequest(models.Model):
    """A yes by e-mail that waits for its owner: it counts when the mailed link is confirmed in time.

    Open while it is neither confirmed, withdrawn (a refusal came later) nor past ``expires_at``.
    """

    pk = models.CompositePrimaryKey("customer", "key")
    customer = of_customer("consent_requests")
    key = models.CharField(max_length=150)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+", db_index=False)
    address = models.CharField(max_length=254)
    source = models.CharField(max_length=40)
    wording = models.CharField(max_length=100, blank=True)
    ip = models.GenericIPAddressField(null=True)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        # How many were mailed to an address lately.
        indexes = [models.Index(fields=["address", "asked_at"], name="consent_request_address")]

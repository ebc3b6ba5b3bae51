"""What came of messages: receipts, hold-out arms, conversions, credit for orders."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models import Channel, Order
from users.models.keys import of_customer


class ReceiptKind(models.TextChoices):
    DELIVERED = "delivered", _("Delivered")
    OPENED = "opened", _("Opened")
    CLICKED = "clicked", _("Clicked")
    BOUNCED = "bounced", _("Bounced")
    COMPLAINED = "complained", _("Complained")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")


class Receipt(models.Model):
    """One thing reported about a delivery; ``key`` makes a repeated report count once."""

    pk = models.CompositePrimaryKey("customer", "step", "occasion", "key")
    customer = of_customer("receipts")
    step = models.ForeignKey(
        "campaigns.Step", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    occasion = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=ReceiptKind.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    at = models.DateTimeField()
    by_bot = models.BooleanField(default=False)
    link = models.ForeignKey(
        "campaigns.Link",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        indexes = [
            models.Index(fields=["step", "occasion", "kind"], name="receipt_by_step"),
            # Rules ask which people opened or clicked in a window of time.
            models.Index(
                fields=["kind", "at"],
                include=["customer"],
                name="receipt_human_time",
                condition=models.Q(by_bot=False),
            ),
        ]


class Assignment(models.Model):
    """Which arm a customer is in, sticky per campaign; the window of proof starts at ``assigned_at``.

    ``in_both``: two customers of different arms were joined; the proof leaves them out and counts them.
    """

    pk = models.CompositePrimaryKey("customer", "campaign")
    customer = of_customer("assignments")
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    held_out = models.BooleanField()
    assigned_at = models.DateTimeField()
    in_both = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["campaign", "held_out"], name="assignment_by_campaign"),
            # Rules ask who was held out in a window of time.
            models.Index(
                fields=["assigned_at"],
                include=["customer"],
                name="assignment_held_out_time",
                condition=models.Q(held_out=True),
            ),
        ]


class Conversion(models.Model):
    """The goal reached inside the window after assignment, once per customer and campaign."""

    pk = models.CompositePrimaryKey("customer", "campaign")
    customer = of_customer("conversions")
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    message_id = models.CharField(max_length=150)
    at = models.DateTimeField()
    held_out = models.BooleanField()

    class Meta:
        indexes = [
            models.Index(fields=["campaign"], name="conversion_by_campaign"),
            # Rules ask who reached a goal in a window of time.
            models.Index(fields=["at"], include=["customer"], name="conversion_time"),
        ]


class OrderCreditQuerySet(models.QuerySet["OrderCredit"]):
    def counting(self) -> "OrderCreditQuerySet":
        """Only credits of orders that still count: paid, neither cancelled nor wholly refunded."""
        same = {name: models.OuterRef(name) for name in ("customer", "source", "number")}
        return self.filter(models.Exists(Order.objects.filter(counts=True, **same)))


class OrderCredit(models.Model):
    """The one delivery an order is credited to: latest human click in the window, else open, else delivery."""

    pk = models.CompositePrimaryKey("customer", "source", "number")
    customer = of_customer("order_credits")
    source = models.CharField(max_length=40)
    number = models.CharField(max_length=100)
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    step = models.ForeignKey(
        "campaigns.Step", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    occasion = models.CharField(max_length=60)
    touch = models.CharField(max_length=12, choices=ReceiptKind.choices)
    touched_at = models.DateTimeField()
    credited_at = models.DateTimeField()

    objects = OrderCreditQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["campaign"], name="credit_by_campaign")]

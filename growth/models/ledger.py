"""The points ledger: append-only double entry, lots, and each customer's cached balances."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from users.models.keys import of_customer


class Account(models.TextChoices):
    """A customer's three accounts, and the house accounts they are booked against."""

    PENDING = "pending", _("Pending")
    ACTIVE = "active", pgettext_lazy("points", "Active")
    DEBT = "debt", _("Owed")
    ISSUE = "issue", _("Issued")
    REDEEM = "redeem", _("Redeemed")
    EXPIRE = "expire", _("Expired")
    GIFT = "gift", _("Gifts in transit")


class EntryKind(models.TextChoices):
    """What a booking was about."""

    EARN = "earn", _("Earned by an order")
    MATURE = "mature", _("Became active")
    CHECK_IN = "check_in", _("Check-in")
    SPEND = "spend", _("Spent")
    EXPIRE = "expire", _("Expired")
    TAKE_BACK = "take_back", _("Taken back after a refund")
    ADJUST = "adjust", _("Adjusted by hand")
    JOIN = "join", _("Customers joined")


class Balance(models.Model):
    """Cached balances of one customer, equal to the sums of the entries at every commit.

    ``debt`` is what the customer owes, as a positive figure. Its row is the lock of the accounts.
    """

    customer = models.OneToOneField(
        "users.Customer",
        primary_key=True,
        on_delete=models.DO_NOTHING,
        related_name="points",
        db_constraint=False,
    )
    pending = models.BigIntegerField(default=0)
    active = models.BigIntegerField(default=0)
    debt = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pending__gte=0) & Q(active__gte=0) & Q(debt__gte=0), name="balance_never_negative"
            ),
            models.CheckConstraint(condition=Q(active=0) | Q(debt=0), name="balance_debt_settled_first"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.active}"


class Entry(models.Model):
    """One leg of a booking; the legs of one ``key`` sum to zero. Never updated, never deleted.

    ``key`` is the business key (``earn:order:<source>:<number>`` …): what happened once is booked once.
    Debt is booked with the sign of the books: owing 5 is an entry of −5.
    """

    pk = models.CompositePrimaryKey("customer", "key", "account")
    customer = of_customer("point_entries")
    key = models.CharField(max_length=200)
    account = models.CharField(max_length=10, choices=Account.choices)
    amount = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=EntryKind.choices)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            # One customer's statement, newest first; and the flows of the last days over everybody.
            models.Index(fields=["customer", "-at"], name="entry_history"),
            models.Index(fields=["at"], include=["kind", "account", "amount"], name="entry_flow"),
        ]


class Lot(models.Model):
    """Points that came together and expire together; ``remaining`` of pending and active lots = balances.

    An order's lot knows what it was given for: ``order_net`` in minor units of the shop's currency.
    ``taken_back`` by refunds and ``expired`` are running totals of points.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        ACTIVE = "active", pgettext_lazy("points", "Active")

    pk = models.CompositePrimaryKey("customer", "key")
    customer = of_customer("point_lots")
    key = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State.choices)
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    taken_back = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)
    order_source = models.CharField(max_length=40, blank=True)
    order_number = models.CharField(max_length=100, blank=True)
    order_net = models.BigIntegerField(default=0)
    matures_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0)
                & Q(remaining__lte=models.F("amount") - models.F("expired"))
                & Q(taken_back__lte=models.F("amount")),
                name="lot_within_bounds",
            )
        ]
        indexes = [
            models.Index(
                fields=["customer", "expires_at"],
                name="lot_spendable",
                condition=Q(state="active", remaining__gt=0),
            ),
            models.Index(
                fields=["matures_at"], name="lot_maturing", condition=Q(state="pending", remaining__gt=0)
            ),
            models.Index(
                fields=["expires_at"], name="lot_expiring", condition=Q(state="active", remaining__gt=0)
            ),
        ]


class EarningRule(models.Model):
    """How a paid order earns: ``points_per_unit`` points for each whole major unit of net value."""

    name = models.CharField(_("name"), max_length=100)
    points_per_unit = models.DecimalField(_("points per unit of money"), max_digits=8, decimal_places=2)
    is_active = models.BooleanField(_("in force"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=1)

    class Meta:
        verbose_name = _("earning rule")
        verbose_name_plural = _("earning rules")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

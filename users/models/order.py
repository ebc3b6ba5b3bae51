"""Orders, their lines and refunds, and the products they are about. Money is integer minor units."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from config.kit.given_names import as_read
from users.models.keys import of_customer, of_order


class OrderKey(models.Model):
    """Whose an order is, decided once: (source, number) → customer."""

    pk = models.CompositePrimaryKey("source", "number")
    source = models.CharField(max_length=40)
    number = models.CharField(max_length=100)
    customer = models.ForeignKey(
        "users.Customer", on_delete=models.DO_NOTHING, related_name="order_keys", db_constraint=False
    )


class Order(models.Model):
    """An order as last told. Amounts in minor units of ``currency``; ``net`` in the shop's currency.

    ``rate``: what a minor unit of ``currency`` was worth in minor units of the shop's on the day of the order.
    ``net`` = total − tax − shipping − refunds (definitions.md, Value). ``counts``: paid, confirmed,
    neither cancelled nor wholly refunded; figures and rules read only orders that count. ``told_at``: when
    each field was last told, so that events may arrive in any order (``users/orders.py``). ``changed_at``: when we last
    took something down of it; null for what has not changed since that is kept.
    """

    pk = models.CompositePrimaryKey("customer", "source", "number")
    customer = of_customer("orders")
    source = models.CharField(max_length=40)
    number = models.CharField(max_length=100)
    ordered_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField()
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField()
    tax = models.BigIntegerField(default=0)
    shipping = models.BigIntegerField(default=0)
    discount = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    rate = models.DecimalField(max_digits=24, decimal_places=12, default=Decimal(1), db_default=Decimal(1))
    net = models.BigIntegerField()
    coupon = models.CharField(max_length=100, blank=True)
    counts = models.BooleanField()
    is_history = models.BooleanField(default=False)
    told_at = models.JSONField(default=dict, db_default={})
    changed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The storefront API: all orders, and those that changed since the caller last asked.
            models.Index(fields=["ordered_at"], name="order_placed"),
            models.Index(fields=["changed_at"], name="order_changed", condition=Q(changed_at__isnull=False)),
            # The few that do not count. What does not count is unconfirmed, unpaid or given back; each is said here as
            # the lists ask for it, because the planner does not know that one follows from the other.
            models.Index(
                fields=["ordered_at"],
                name="order_not_counting",
                condition=Q(counts=False) | Q(confirmed=False) | Q(paid_at__isnull=True),
            ),
            models.Index(
                fields=["ordered_at"],
                include=["customer", "net"],
                name="order_counting_time",
                condition=Q(counts=True),
            ),
        ]


class OrderLine(models.Model):
    """One line of an order. ``amount`` = price × quantity, minor units of the order's currency.

    ``line_id``: the shop's own number of the line, where it has one, by which refunds name it. ``share``: its part of
    the order's ``net``, in the shop's currency, to the cent (``users/services/shares.py``); not known where no line of
    the order has an amount. ``sold_at``: when the order was made, while it counts. Both follow the order in every
    transaction that changes it.
    """

    pk = models.CompositePrimaryKey("customer", "source", "number", "line")
    customer = of_customer("order_lines")
    source = models.CharField(max_length=40)
    number = models.CharField(max_length=100)
    order = of_order()
    line = models.SmallIntegerField()
    product_id = models.CharField(max_length=100, blank=True)
    sku = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=250, blank=True)
    category = models.CharField(max_length=100, blank=True)
    quantity = models.IntegerField()
    price = models.BigIntegerField()
    amount = models.BigIntegerField()
    line_id = models.CharField(max_length=100, blank=True, default="", db_default="")
    share = models.BigIntegerField(null=True)
    sold_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # Lines of one product, whichever of its two names the order told, by time: what its page shows is read
            # from here alone, without a visit to the lines or the orders of a product that sold a million times.
            # The two names are included because the planner asks for them beside the expression.
            models.Index(
                Coalesce(NullIf("product_id", Value("")), F("sku")),
                F("sold_at"),
                include=["customer", "quantity", "share", "product_id", "sku"],
                name="orderline_sold",
            ),
        ]


class Refund(models.Model):
    """Money given back for an order, counted from its own instant; the refund id makes it count once.

    ``amount`` in minor units of the order's currency, ``net`` in the shop's. ``lines``: what it named of the order's
    lines, as told: ``line_id``, ``product_id``, ``sku``, ``quantity`` (0: the whole line) and ``amount`` (0: not told).
    """

    pk = models.CompositePrimaryKey("customer", "source", "number", "refund_id")
    customer = of_customer("refunds")
    source = models.CharField(max_length=40)
    number = models.CharField(max_length=100)
    refund_id = models.CharField(max_length=100)
    refunded_at = models.DateTimeField()
    confirmed = models.BooleanField()
    amount = models.BigIntegerField()
    net = models.BigIntegerField(default=0, db_default=0)
    lines = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["refunded_at"], name="refund_time")]


class OrderClaim(models.Model):
    """Somebody else's name on an order: a server key told it as another customer's. The first owner keeps it."""

    pk = models.CompositePrimaryKey("customer", "source", "number", "claimant")
    customer = of_customer("claimed_orders")
    source = models.CharField(max_length=40)
    number = models.CharField(max_length=100)
    claimant = models.ForeignKey(
        "users.Customer", on_delete=models.DO_NOTHING, related_name="order_claims", db_constraint=False
    )
    claimed_at = models.DateTimeField()


class Product(models.Model):
    """A product as orders and views have named it.

    ``category_fixed``: an operator or the shop's own catalogue said its category; order lines follow it.
    ``told_at``: when the shop's catalogue last spoke of it.
    """

    product_id = models.CharField(_("product ID"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=250, blank=True)
    category = models.CharField(_("category"), max_length=100, blank=True)
    price = models.BigIntegerField(_("price"), null=True, blank=True)
    url = models.CharField(_("link"), max_length=500, blank=True)
    image_url = models.CharField(_("picture"), max_length=500, blank=True)
    category_fixed = models.BooleanField(default=False, db_default=False)
    warranty_months = models.SmallIntegerField(_("warranty in months"), null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return as_read(self.name) or self.product_id

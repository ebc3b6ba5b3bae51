"""What is sold and owned: the tree of categories, products in customers' hands, exchange rates."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kit.given_names import as_read
from users.models.keys import of_customer


class Category(models.Model):
    """A node of the tree of product categories. ``path`` spells out the way: "Music > Jazz".

    Orders and products keep the text they were told; ``CategoryName`` leads from texts to nodes.
    """

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    name = models.CharField(_("name"), max_length=100)
    path = models.CharField(max_length=500, unique=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return as_read(self.path)


class CategoryName(models.Model):
    """A text that means a category: as told in orders, its path, and paths it had before."""

    text = models.CharField(max_length=500, primary_key=True)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="names")


class OwnedProduct(models.Model):
    """A product a customer owns: bought (net of what was given back) or registered by a warranty card.

    ``key`` is ``order:<source>:<number>:<product>`` or ``card:<product>:<serial>``. ``warranty_months`` is what
    the card said; without it the product's own months count. ``warranty_end`` is null where there is none.
    """

    class How(models.TextChoices):
        """How we know."""

        ORDER = "order", _("Bought")
        CARD = "card", _("Warranty card")

    pk = models.CompositePrimaryKey("customer", "key")
    customer = of_customer("owned_products")
    key = models.CharField(max_length=260)
    product_id = models.CharField(max_length=100)
    category = models.CharField(max_length=100, blank=True)
    serial = models.CharField(max_length=100, blank=True)
    since = models.DateTimeField()
    warranty_months = models.SmallIntegerField(null=True)
    warranty_end = models.DateTimeField(null=True)
    source = models.CharField(max_length=10, choices=How.choices)
    quantity = models.IntegerField(default=1)
    order_source = models.CharField(max_length=40, blank=True)
    order_number = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["product_id"], include=["customer"], name="owned_product"),
            models.Index(
                fields=["warranty_end"],
                include=["customer"],
                name="owned_warranty_end",
                condition=models.Q(warranty_end__isnull=False),
            ),
        ]


class ExchangeRate(models.Model):
    """What one unit of a currency was worth in the shop's currency on a calendar day of the shop."""

    pk = models.CompositePrimaryKey("currency", "day")
    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)

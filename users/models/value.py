"""The figures of the day: what each customer is worth, computed once a day, with the cuts and the model behind it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from users.rfm import RfmGroup


class OrderBand(models.TextChoices):
    """Paid orders in the last 180 days."""

    NONE = "0", _("no order")
    ONE = "1", _("1 order")
    SOME = "2-5", _("2 to 5 orders")
    MANY = "6+", _("6 orders or more")


class Fan(models.TextChoices):
    """What a customer is to the shop beside buying (definitions.md, Fans)."""

    BRAND = "brand", _("Brand fan")
    CONTENT = "content", _("Content fan")
    PASSER_BY = "passer_by", _("Passer-by")


class CustomerValue(models.Model):
    """One customer's figures of the day; an absent row means the defaults.

    Money in minor units of the shop's currency, over orders that count before ``ValueDay.as_of``. Purchases are
    days with orders: ``repeat_days`` after the first one, ``repeat_mean`` what such a day brought on average.
    ``top_…``: the smallest N for which the customer is in the top N %. ``p_alive``, ``churn_risk``: percent.
    ``best_hour`` null: too little activity, the shop's own hour holds.
    """

    customer = models.OneToOneField(
        "users.Customer",
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="value",
    )
    first_day = models.DateField(null=True)
    second_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    repeat_days = models.IntegerField(db_default=0)
    repeat_mean = models.BigIntegerField(null=True)
    orders_window = models.IntegerField(db_default=0)
    net_window = models.BigIntegerField(db_default=0)
    revenue_year = models.BigIntegerField(db_default=0)
    order_band = models.CharField(max_length=4, choices=OrderBand.choices, db_default=OrderBand.NONE)
    aov_band = models.CharField(max_length=1, db_default="")
    r = models.SmallIntegerField(null=True)
    f = models.SmallIntegerField(null=True)
    m = models.SmallIntegerField(null=True)
    rfm_group = models.CharField(max_length=10, choices=RfmGroup.choices, db_default="")
    is_core = models.BooleanField(db_default=False)
    top_revenue = models.SmallIntegerField(null=True)
    top_orders = models.SmallIntegerField(null=True)
    top_ltv = models.SmallIntegerField(null=True)
    expected_orders = models.DecimalField(max_digits=9, decimal_places=2, null=True)
    expected_value = models.BigIntegerField(null=True)
    predicted_ltv = models.BigIntegerField(null=True)
    p_alive = models.SmallIntegerField(null=True)
    churn_risk = models.SmallIntegerField(null=True)
    churn_reasons = models.JSONField(db_default=[])
    favourite_category = models.CharField(max_length=100, db_default="")
    best_hour = models.SmallIntegerField(null=True)
    leader_score = models.IntegerField(db_default=0)
    leader_parts = models.JSONField(db_default={})
    fan = models.CharField(max_length=10, choices=Fan.choices, db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["r", "f"], name="value_rf", condition=models.Q(r__isnull=False)),
            models.Index(
                fields=["-revenue_year", "customer"],
                name="value_revenue_year",
                condition=models.Q(revenue_year__gt=0),
            ),
            models.Index(
                fields=["-leader_score", "customer"],
                name="value_leader",
                condition=models.Q(leader_score__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.rfm_group}"


class ValueDay(models.Model):
    """One computation of the figures of the day: for which instant, over whom, and what the pages show of it.

    ``figures`` is the roll-up that the reports read (users/reports/value.py writes and reads it); a day without
    ``finished_at`` is still being computed.
    """

    day = models.DateField(primary_key=True)
    as_of = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    customers = models.IntegerField(default=0)
    buyers = models.IntegerField(default=0)
    fixed_bands = models.BooleanField(default=False)
    best_hour = models.SmallIntegerField(null=True)
    figures = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.day}"


class CutPoint(models.Model):
    """From which figure on one belongs to a group, as of a day: (day, figure, level) → value.

    Scores (``r`` in days of silence, ``f``, ``m``): level is the score. ``top_revenue`` …: level is the N of
    "top N %". ``core``: level 80, the revenue of the least of the core customers.
    """

    pk = models.CompositePrimaryKey("day", "figure", "level")
    day = models.DateField()
    figure = models.CharField(max_length=20)
    level = models.SmallIntegerField()
    value = models.DecimalField(max_digits=20, decimal_places=2)


class ModelFit(models.Model):
    """One fit of the purchase and the spending model, with its check; ``reason`` says why there is none.

    Parameters as in ``users/btyd.py`` (weeks; major units of the currency). ``calibration``: fitted on what was
    known ``held_out_days`` before, expected against actual purchases since, by repeat purchases until then.
    """

    class Reason(models.TextChoices):
        FEW = "few", _("fewer than 500 buyers")
        YOUNG = "young", _("the first order is less than 180 days ago")
        NO_FIT = "no_fit", _("no parameters explain these orders")

    day = models.DateField(primary_key=True)
    fitted_at = models.DateTimeField()
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    customers = models.IntegerField(default=0)
    spenders = models.IntegerField(default=0)
    r = models.FloatField(null=True)
    alpha = models.FloatField(null=True)
    a = models.FloatField(null=True)
    b = models.FloatField(null=True)
    p = models.FloatField(null=True)
    q = models.FloatField(null=True)
    gamma = models.FloatField(null=True)
    held_out_days = models.IntegerField(null=True)
    calibration = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.day}"

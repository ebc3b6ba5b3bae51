"""The customers behind the figures about value: cells of the RFM grid, core, bands, cohorts, categories, leaders."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.given_names import as_read
from users.bands import aov_band_labels
from users.groups import Group, Parameters, group, selected
from users.models import CustomerValue, Fan, OrderBand, ValueDay
from users.reports.periods import day_of
from users.reports.value import NEAR_CORE, WITHIN, cuts_of, latest
from users.rfm import SCORES, RfmGroup

ZERO = timedelta(0)


def _where(sentence: StrOrPromise, rule: Mapping[str, Any] | None = None, **conditions: Any) -> Group:
    found = CustomerValue.objects.filter(**conditions).values("customer_id")
    return Group(sentence, found, None if rule is None else {"all": [rule]})


def _asks(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


@group("rfm")
def rfm_cell(asked: Parameters, now: datetime) -> Group:
    """The buyers of one cell of the grid; a score that is left out may be any."""
    scores = {name: int(asked[name]) for name in ("r", "f", "m") if name in asked}
    if not scores or not set(scores.values()) <= set(SCORES):
        raise ValueError(asked)
    rules = [_asks(f"rfm_{name}", "equals", score) for name, score in scores.items()]
    told = ", ".join(f"{name.upper()} = {score}" for name, score in scores.items())
    found = CustomerValue.objects.filter(**scores).values("customer_id")
    return Group(_("Buyers with %(scores)s") % {"scores": told}, found, {"all": rules})


@group("rfm_group")
def rfm_group(asked: Parameters, now: datetime) -> Group:
    """The buyers of a named group."""
    wanted = RfmGroup(asked["name"])
    rule = _asks("rfm_group", "is_any_of", [wanted.value])
    return _where(_("RFM group “%(name)s”") % {"name": wanted.label}, rule, rfm_group=wanted)


@group("core")
def core(asked: Parameters, now: datetime) -> Group:
    """The core customers; with ``near``, those who are not yet but not far."""
    if "near" not in asked:
        return _where(_("Core customers"), _asks("is_core", "equals", True), is_core=True)
    day = latest()
    cut = cuts_of(day.day).get(("core", 80), 0) if day else 0
    return _where(_("Nearly core customers"), is_core=False, revenue_year__gte=max(1, NEAR_CORE * cut))


@group("top")
def top(asked: Parameters, now: datetime) -> Group:
    """The top N % by a figure."""
    titles = {
        "revenue": _("Top %(n)s %% by revenue of a year"),
        "orders": _("Top %(n)s %% by orders"),
        "ltv": _("Top %(n)s %% by predicted value"),
    }
    figure, n = asked["by"], int(asked["n"])
    rule = _asks(f"top_{figure}", "at_most", n)
    return _where(titles[figure] % {"n": n}, rule, **{f"top_{figure}__lte": n})


@group("order_band")
def order_band(asked: Parameters, now: datetime) -> Group:
    """By orders in half a year."""
    band = OrderBand(asked["band"])
    sentence = _("Orders in half a year: %(band)s") % {"band": band.label}
    return _where(sentence, _asks("order_band", "is_any_of", [band.value]), order_band=band)


@group("aov_band")
def aov_band(asked: Parameters, now: datetime) -> Group:
    """By the band of the average order."""
    label = aov_band_labels()[asked["band"]]
    rule = _asks("aov_band", "is_any_of", [asked["band"]])
    return _where(_("Average order %(band)s") % {"band": label}, rule, aov_band=asked["band"])


@group("paying")
def paying(asked: Parameters, now: datetime) -> Group:
    """Who has ever paid, or (``no``) never."""
    never = "no" in asked
    sentence = _("Customers who never paid") if never else _("Paying customers")
    return _where(sentence, _asks("paying", "equals", not never), first_day__isnull=never)


@group("p_alive")
def p_alive(asked: Parameters, now: datetime) -> Group:
    """By the probability of still being a customer, in percent, both ends included."""
    return _percent("p_alive", _("Probability of still being a customer %(low)s to %(high)s %%"), asked)


@group("churn_risk")
def churn_risk(asked: Parameters, now: datetime) -> Group:
    """By churn risk in percent, both ends included."""
    return _percent("churn_risk", _("Churn risk %(low)s to %(high)s %%"), asked)


def _percent(field: str, sentence: str, asked: Parameters) -> Group:
    low, high = int(asked["low"]), int(asked["high"])
    rule = _asks(field, "in_range", [low, high])
    return _where(sentence % {"low": low, "high": high}, rule, **{f"{field}__range": (low, high)})


@group("model_customers")
def model_customers(asked: Parameters, now: datetime) -> Group:
    """Whom the model is fitted on, by repeat purchases (``repeats``; ``more``: that many or more)."""
    if "repeats" not in asked:
        return _where(_("Customers with a purchase"), first_day__isnull=False)
    repeats = int(asked["repeats"])
    compare = "repeat_days__gte" if "more" in asked else "repeat_days"
    sentence = (
        _("Customers with %(n)s repeat purchases or more")
        if "more" in asked
        else _("Customers with %(n)s repeat purchases")
    )
    found = CustomerValue.objects.filter(first_day__isnull=False, **{compare: repeats})
    return Group(sentence % {"n": repeats}, found.values("customer_id"))


@group("fan")
def fan(asked: Parameters, now: datetime) -> Group:
    """Fans of a kind."""
    kind = Fan(asked["of"])
    return _where(kind.label, _asks("fan", "is_any_of", [kind.value]), fan=kind)


@group("leaders")
def leaders(asked: Parameters, now: datetime) -> Group:
    """Opinion leaders, from a score on."""
    least = int(asked.get("least", 1))
    sentence = _("Opinion leaders with a score of %(n)s or more") % {"n": least}
    return _where(sentence, _asks("leader_score", "at_least", least), leader_score__gte=max(1, least))


@group("first_purchase")
def cohort(asked: Parameters, now: datetime) -> Group:
    """Whose first purchase fell in a month; ``within``: bought again within so many days, ``again``: at all."""
    first = day_of(f"{asked['month']}-01")
    if first is None:
        raise ValueError("month")
    after = (first + timedelta(days=32)).replace(day=1)
    month = words.day(first)
    begun = CustomerValue.objects.filter(first_day__gte=first, first_day__lt=after)
    if "within" in asked:
        days = int(asked["within"])
        if days not in WITHIN:
            raise ValueError(days)
        begun = begun.filter(second_day__lte=F("first_day") + timedelta(days=days))
        sentence = _("First purchase in the month of %(month)s, bought again within %(n)s days")
        return Group(sentence % {"month": month, "n": days}, begun.values("customer_id"))
    if "again" in asked:
        begun = begun.filter(second_day__isnull=False)
        sentence = _("First purchase in the month of %(month)s, bought again")
        return Group(sentence % {"month": month}, begun.values("customer_id"))
    sentence = _("First purchase in the month of %(month)s") % {"month": month}
    return Group(sentence, begun.values("customer_id"))


BOUGHT = (
    "SELECT o.customer_id, (o.ordered_at AT TIME ZONE %s)::date AS day, line.category"
    " FROM users_order o JOIN users_orderline line USING (customer_id, source, number)"
    " JOIN users_customervalue value ON value.customer_id = o.customer_id"
    " WHERE o.counts AND o.ordered_at < %s AND line.category <> ''"
)


@group("bought")
def bought(asked: Parameters, now: datetime) -> Group:
    """Who bought in a category; ``again``: on a later day once more."""
    least = 2 if "again" in asked else 1
    sentence = _("Bought “%(category)s” again") if least == 2 else _("Bought “%(category)s”")
    found = selected(
        f"SELECT customer_id FROM ({BOUGHT}) AS bought WHERE category = %s"
        " GROUP BY customer_id HAVING count(DISTINCT day) >= %s",
        (*_window(), asked["category"], least),
    )
    return Group(sentence % {"category": as_read(asked["category"])}, found)


@group("bought_next")
def bought_next(asked: Parameters, now: datetime) -> Group:
    """Who bought in a category and, with the next purchase, in another (``next``; left out: in any)."""
    one, two = asked["category"], asked.get("next")
    # Each purchase beside the next by a window: of a join with itself the planner knows no sizes, and loops over pairs.
    found = selected(
        "SELECT DISTINCT customer_id FROM (SELECT customer_id, bool_or(category = %s) AS is_one,"
        " lead(bool_or(%s::text IS NULL OR category = %s)) OVER (PARTITION BY customer_id ORDER BY day) AS is_two"
        f" FROM ({BOUGHT}) AS bought GROUP BY customer_id, day) AS purchases WHERE is_one AND is_two",
        (one, two, two, *_window()),
    )
    if two is None:
        return Group(_("Bought “%(one)s” and then something else or it again") % {"one": one}, found)
    return Group(_("Bought “%(one)s” and next “%(two)s”") % {"one": one, "two": two}, found)


@group("breadth")
def breadth(asked: Parameters, now: datetime) -> Group:
    """Who bought in so many categories (``more``: that many or more)."""
    kinds = int(asked["kinds"])
    compare = ">=" if "more" in asked else "="
    sentence = _("Bought in %(n)s categories or more") if "more" in asked else _("Bought in %(n)s categories")
    found = selected(
        f"SELECT customer_id FROM ({BOUGHT}) AS bought GROUP BY customer_id"
        f" HAVING count(DISTINCT category) {compare} %s",
        (*_window(), kinds),
    )
    return Group(sentence % {"n": kinds}, found)


def _window() -> tuple[str, datetime]:
    """The zone and the instant that the figures in force stand for."""
    day: ValueDay | None = latest()
    if day is None:
        raise ValueError("no figures yet")
    return str(words.shop_zone()), day.as_of

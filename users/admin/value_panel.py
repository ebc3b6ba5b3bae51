"""The panel of the customer page about value: scores, predictions and why, each with its "not known yet"."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.kit import words
from config.kit.given_names import as_read
from config.kit.parts import Cell, Fact
from users.evidence import churn_weights, evidence
from users.groups import group_url
from users.models import Customer, CustomerValue, ValueDay
from users.pages import CustomerPanel, customer_panel
from users.reports import value as reports
from users.shop import currency, ltv_horizon


def build(customer: Customer, now: datetime) -> dict[str, Any]:
    """The figures of the day of one customer."""
    day = reports.latest()
    value = CustomerValue.objects.filter(pk=customer.pk).first()
    context = {"day": day, "url": reverse("users:model")}
    if day is None or value is None:
        return context
    return context | {"facts": _facts(customer, value, day)}


def _facts(customer: Customer, value: CustomerValue, day: ValueDay) -> list[Fact]:
    window = _("next %(n)s days") % {"n": ltv_horizon.get()}
    pairs = [
        (_("RFM"), _rfm(value)),
        (_("Core customer"), _core(value)),
        (
            _("Orders in half a year"),
            Cell(value.get_order_band_display(), url=group_url("order_band", band=value.order_band)),
        ),
        (_("Predicted value"), _known(value.predicted_ltv, _money(value.predicted_ltv), window)),
        (
            _("Expected orders"),
            _known(value.expected_orders, words.number(value.expected_orders, 2), window),
        ),
        (_("Still a customer"), _known(value.p_alive, f"{value.p_alive}%", _("probability"))),
        (_("Churn risk"), _known(value.churn_risk, f"{value.churn_risk}%", _why(value))),
        (
            _("Favourite category"),
            _known(value.favourite_category or None, as_read(value.favourite_category), ""),
        ),
        (_("Best hour"), _hour(value, day)),
    ]
    if value.fan:
        pairs.append((_("Fan"), Cell(value.get_fan_display(), url=group_url("fan", of=value.fan))))
    if value.leader_score:
        parts = words.listed(
            words.named(one.title, value.leader_parts[one.name])
            for one in evidence
            if one.name in value.leader_parts
        )
        pairs.append(
            (
                _("Opinion leader score"),
                Cell(words.aside(str(value.leader_score), parts), url=reverse("users:leaders")),
            )
        )
    return [Fact(title, cell) for title, cell in pairs]


def _rfm(value: CustomerValue) -> Cell:
    if value.r is None:
        return Cell(_("no paid order in the window"), tone="muted")
    scores = f"R{value.r} F{value.f} M{value.m} · {value.get_rfm_group_display()}"
    return Cell(scores, url=group_url("rfm", r=value.r, f=value.f))


def _core(value: CustomerValue) -> Cell:
    if value.is_core:
        return Cell(
            _("yes: %(money)s in a year") % {"money": _money(value.revenue_year)}, url=group_url("core")
        )
    if value.top_revenue:
        return Cell(_("no; in the top %(n)s%% by revenue of a year") % {"n": value.top_revenue})
    return Cell(_("no"))


def _known(figure: object, text: str, more: str) -> Cell:
    if figure is None:
        return Cell(pgettext("a figure", "not known yet"), tone="muted")
    return Cell(words.aside(text, more))


def _money(minor: int | None) -> str:
    return "" if minor is None else words.money(minor, currency.get())


def _why(value: CustomerValue) -> str:
    if value.p_alive is not None:
        reason = _("from the orders so far")
    else:
        reason = _("as many as stayed away among past customers after the same silence")
    known = {one.name: one for one in churn_weights}
    weights = [f"{known[name].title} +{known[name].points}" for name in value.churn_reasons if name in known]
    return _("; ").join([reason, *weights])


def _hour(value: CustomerValue, day: ValueDay) -> Cell:
    if value.best_hour is not None:
        return Cell(_("%(hour)s:00, their time") % {"hour": value.best_hour})
    if day.best_hour is not None:
        return Cell(
            _("%(hour)s:00, as the shop's customers in general") % {"hour": day.best_hour}, tone="muted"
        )
    return Cell(pgettext("a figure", "not known yet"), tone="muted")


def lend() -> None:
    """Put the panel on the customer page."""
    customer_panel(
        CustomerPanel("value", gettext_lazy("Value of the customer"), 10, "users/value_panel.html", build)
    )

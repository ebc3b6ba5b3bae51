"""How templates show customers and their stages. ``{% load people %}``."""

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kit.admin import may_open
from config.kit.parts import Action
from users.models import Customer, Stage
from users.services import operators

register = template.Library()

# One symbol per stage everywhere; the colours are ``.r-stage-…`` in static/regulars.css.
STAGE_SYMBOLS = {
    Stage.PROSPECT: "person_search",
    Stage.NEW: "fiber_new",
    Stage.ACTIVE: "bolt",
    Stage.RETURNING: "u_turn_left",
    Stage.DORMANT: "bedtime",
    Stage.CHURNED: "logout",
}

# Filled once this process has seen a customer: from then on reports need not ask.
_somebody_came: list[bool] = []


@register.inclusion_tag("components/stage_badge.html")
def stage_badge(stage: str) -> dict[str, Any]:
    """A stage by colour, icon and word."""
    known = Stage(stage)
    return {"stage": known.value, "word": known.label, "symbol": STAGE_SYMBOLS[known]}


@register.inclusion_tag("components/person.html")
def person(customer: Customer) -> dict[str, Any]:
    """A customer as a chip that opens the customer's page: name before id."""
    name = str(customer)
    return {
        "name": name,
        "initial": name[:1].upper(),
        "detail": customer.user_id if customer.user_id and customer.user_id != name else "",
        "url": reverse("users:customer", args=[customer.pk]),
    }


@register.inclusion_tag("components/nobody_yet.html", takes_context=True)
def nobody_yet(context: Context) -> dict[str, Any]:
    """Above a report, not above a refusal: that there is no customer yet, and what brings them."""
    request, shelf = context["request"], reverse("users:reports")
    asks = request.path.startswith(shelf) and request.path != shelf and "sentence" not in context
    if asks and not _somebody_came and Customer.objects.exists():
        _somebody_came.append(True)
    nobody = asks and not _somebody_came
    return {"nobody": nobody, "ways": _ways_in(request.user) if nobody else []}


def _ways_in(user: Any) -> list[Action]:
    """The pages that bring customers, of those that this operator may open."""
    ways = ((_("Import"), "users:import_create"), (_("Shop connections"), "users:connections"))
    return [Action(title, reverse(page)) for title, page in ways if may_open(user, reverse(page))]


@register.filter
def opens_for(url: str, user: Any) -> bool:
    """Whether an operator may open the page at an address; what they may not is no link."""
    return not user or may_open(user, url)


@register.simple_tag
def demo_logins() -> list[tuple[str, str]]:
    """(user name, role) of the demo's operators for the log-in page; empty outside the demo."""
    return operators.demo_logins()


@register.simple_tag
def demo_password() -> str:
    """The password of the demo's operators."""
    return operators.DEMO_PASSWORD

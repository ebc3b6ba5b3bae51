"""The plain groups of customers: everybody, a stage, a tag, a value of a dimension."""

from datetime import datetime

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit.given_names import as_read
from users.dimensions import dimension
from users.groups import Group, Parameters, group, group_spec, offer, selected
from users.models import Customer, CustomerTag, Stage, Standing, Tag
from users.reports import reach  # noqa: F401 - registers its kind

MOST_OFFERED = 100


@group("everyone")
def everyone(asked: Parameters, now: datetime) -> Group:
    """All identified customers."""
    return Group(_("All customers"), Customer.objects.known().values("pk"))


@group("stage")
def stage(asked: Parameters, now: datetime) -> Group:
    """The identified customers in one stage."""
    wanted = Stage(asked["stage"])
    found = Standing.objects.filter(stage=wanted, customer__identified=True).values("customer_id")
    rule = {"all": [{"field": "stage", "op": "is_any_of", "value": [wanted.value]}]}
    return Group(_("Customers in the stage “%(stage)s”") % {"stage": wanted.label}, found, rule)


@group("tag")
def tag(asked: Parameters, now: datetime) -> Group:
    """The identified customers with a tag (its id)."""
    wanted = Tag.objects.filter(pk=int(asked["tag"])).first()
    if wanted is None:
        raise KeyError("tag")
    found = CustomerTag.objects.filter(tag=wanted, customer__identified=True).values("customer_id")
    rule = {"all": [{"collection": "tags", "op": "has_any_of", "value": [wanted.name]}]}
    return Group(_("Customers tagged “%(tag)s”") % {"tag": str(wanted)}, found, rule)


@group("dimension")
def of_dimension(asked: Parameters, now: datetime) -> Group:
    """The identified customers with one value of a dimension (``value`` left out: not known)."""
    wanted = dimension(asked["by"])
    if wanted is None:
        raise KeyError("by")
    value = asked.get("value")
    found = selected(
        "SELECT customer.id FROM users_customer customer"
        " JOIN users_standing standing ON standing.customer_id = customer.id"
        f" WHERE customer.identified AND {wanted.expression} IS NOT DISTINCT FROM %s",
        (*wanted.parameters, value),
    )
    return Group(
        _("%(dimension)s: %(value)s") % {"dimension": wanted.title, "value": wanted.label(value)}, found
    )


@offer("stages")
def stages_to_choose() -> list[tuple[StrOrPromise, str]]:
    """Everybody, and the stages."""
    stages = [(wanted.label, group_spec("stage", stage=wanted.value)) for wanted in Stage]
    return [(_("All customers"), group_spec("everyone")), *stages]


@offer("tags")
def tags_to_choose() -> list[tuple[StrOrPromise, str]]:
    """The tags."""
    tags = Tag.objects.order_by("name")[:MOST_OFFERED]
    return [(_("Tag “%(tag)s”") % {"tag": as_read(tag.name)}, group_spec("tag", tag=tag.pk)) for tag in tags]

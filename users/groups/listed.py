"""Groups that an operator makes on the list of customers: everybody whom its filters leave, or some picked by hand."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kit import words
from users.groups import Group, Parameters, group, group_spec, read_group, selected
from users.models import AcquisitionChannel, Stage
from users.reports.listing import Listing

MOST_PICKED = 100
"""Customers that may be picked by hand at once: two pages of the list."""
PARTS = "."
"""Stands between the ids: it needs no escaping in a link."""
_PICKED = """
    SELECT id FROM users_customer WHERE erased_at IS NULL AND id = ANY(%s)
    UNION SELECT customer_id FROM users_customeralias WHERE old_id = ANY(%s)
"""


@group("listed")
def listed(asked: Parameters, now: datetime) -> Group:
    """The customers whom the list shows with these filters, within another group or of all identified ones."""
    listing, inner = Listing.read(asked), _inner(asked, now)
    standings = listing.standings()
    if inner is None:
        standings = standings.filter(customer__identified=True)
    else:
        standings = standings.filter(customer_id__in=inner.customers)
    told = [*([str(inner.sentence)] if inner else []), *_told(listing)]
    return Group(
        _(" · ").join(told) or _("All customers"), standings.values("customer_id"), _rule(listing, inner)
    )


@group("picked")
def picked(asked: Parameters, now: datetime) -> Group:
    """Customers picked by hand, by their ids; who was joined to another since is found as that one."""
    ids = [int(text) for text in asked["ids"].split(PARTS)]
    if not 0 < len(ids) <= MOST_PICKED or max(ids) >= 2**63:
        raise ValueError("ids")
    sentence = ngettext(
        "%(count)s customer picked from the list", "%(count)s customers picked from the list", len(ids)
    )
    return Group(sentence % {"count": words.number(len(ids))}, selected(_PICKED, (ids, ids)))


def spec_of(listing: Listing, inner: str = "") -> str:
    """The text of the group that a listing shows, within the group ``inner`` (a text too) if there is one."""
    told: dict[str, str] = {**listing.chosen, "sort": listing.sort}
    return group_spec("listed", **told, **({"group": inner} if inner else {}))


def spec_of_picked(ids: list[int]) -> str:
    """The text of the group of these customers."""
    return group_spec("picked", ids=PARTS.join(map(str, ids)))


def _inner(asked: Parameters, now: datetime) -> Group | None:
    """The group within which the list stands; one list within another makes no sense."""
    spec = asked.get("group", "")
    if spec.startswith("listed?"):
        raise ValueError("group")
    return read_group(spec, now) if spec else None


def _told(listing: Listing) -> list[str]:
    """The filters in words."""
    told = []
    if listing.stage:
        told.append(_("in the stage “%(stage)s”") % {"stage": Stage(listing.stage).label})
    if listing.channel:
        channel = AcquisitionChannel.objects.filter(slug=listing.channel).first()
        told.append(_("channel: %(name)s") % {"name": channel.title if channel else listing.channel})
    told += [text for text in (listing.region, listing.city) if text]
    if listing.sort == "seen" or (listing.sort == "stage_at" and not listing.stage):
        told.append(_("active at least once"))
    if listing.sort == "revenue":
        told.append(_("with at least one order"))
    return told


def _rule(listing: Listing, inner: Group | None) -> dict[str, Any] | None:
    """The same customers as the rule of a segment, where everything in it has one."""
    conditions: list[dict[str, Any]] = []
    if inner is not None:
        if inner.rule is None:
            return None
        conditions.append(inner.rule)
    if listing.stage:
        conditions.append({"field": "stage", "op": "is_any_of", "value": [listing.stage]})
    if listing.channel:
        conditions.append({"field": "channel", "op": "is_any_of", "value": [listing.channel]})
    for name in ("region", "city"):
        if text := getattr(listing, name):
            conditions.append({"field": name, "op": "equals", "value": text})
    if listing.sort == "seen":
        conditions.append({"field": "last_activity", "op": "is_known"})
    if listing.sort == "stage_at":
        conditions.append({"field": "stage_since", "op": "is_known"})
    if listing.sort == "revenue":
        conditions.append({"field": "orders", "op": "at_least", "value": 1})
    return {"all": conditions} if conditions else None

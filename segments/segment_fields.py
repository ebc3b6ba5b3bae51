"""The fields that rest on the tables of users: profile, stage, orders, contact, tags, events.

They stand here and not in users because users knows nothing of segments.
"""

from collections.abc import Callable, Sequence
from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from segments.registry import Collection, Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import BIRTHDAY, CHOICE, FLAG, INSTANT, MONEY, NUMBER, TEXT
from users.models import (
    AcquisitionChannel,
    Channel,
    ContactPoint,
    Customer,
    CustomerTag,
    Event,
    EventType,
    Gender,
    Order,
    OrderLine,
    Product,
    Stage,
    Tag,
    usable_contact,
)
from users.topics import TouchTopic

OFFERED = 50
ORDER_LINE = {"customer": "customer_id", "source": "source", "number": "number"}

PROFILE = _("Profile")
LIFECYCLE = _("Lifecycle")
ORDERS = _("Orders")
BEHAVIOUR = _("Behaviour")
REACH = _("Contact and consent")


def _in_use(path: str) -> Callable[[str], Sequence[str]]:
    """Offers the values that customers have in a text column."""

    def suggest(typed: str) -> Sequence[str]:
        found = Customer.objects.filter(**{f"{path}__istartswith": typed}).exclude(**{path: ""})
        return list(found.order_by(path).values_list(path, flat=True).distinct()[:OFFERED])

    return suggest


def _acquisition_channels() -> dict[str, str]:
    return dict(AcquisitionChannel.objects.order_by("name").values_list("slug", "name"))


def _tag_names(typed: str) -> Sequence[str]:
    return list(
        Tag.objects.filter(name__istartswith=typed).order_by("name").values_list("name", flat=True)[:OFFERED]
    )


def _has_tag(names: Sequence[str]) -> Q:
    tagged = CustomerTag.objects.filter(customer=OuterRef("pk"), tag__name__in=list(names))
    return Q(Exists(tagged))


def _has_interest(names: Sequence[str]) -> Q:
    holds = Q()
    for name in names:
        holds |= Q(interests__contains=[name])
    return holds


def _has_contact(channels: Sequence[str]) -> Q:
    usable = ContactPoint.objects.filter(
        usable_contact(), customer=OuterRef("pk"), channel__in=list(channels)
    )
    return Q(Exists(usable))


def _events(as_of: AsOf, name: str | None) -> Rows:
    """Events of one name; a name that was never seen has no type and therefore no rows."""
    assert name is not None
    return Event.objects.filter(type=as_of.event_types.id_of(name))


def _orders(as_of: AsOf, name: str | None) -> Rows:
    return Order.objects.filter(counts=True)


def _categories(typed: str) -> Sequence[str]:
    found = Product.objects.filter(category__istartswith=typed).exclude(category="")
    return list(found.order_by("category").values_list("category", flat=True).distinct()[:OFFERED])


def _products(typed: str) -> Sequence[str]:
    found = Product.objects.filter(Q(product_id__istartswith=typed) | Q(name__istartswith=typed))
    return list(found.order_by("product_id").values_list("product_id", flat=True)[:OFFERED])


def _event_properties(name: str | None) -> Sequence[str]:
    """Property names seen in the last few events of that name."""
    kinds = EventType.objects.filter(name=name).values("pk")
    last = (
        Event.objects.filter(type__in=kinds)
        .order_by("-occurred_at")
        .values_list("properties", flat=True)[:OFFERED]
    )
    return sorted({key for properties in last for key in properties})


profile = partial(Field, group=PROFILE, topic=TouchTopic.PROFILE)
lifecycle = partial(Field, group=LIFECYCLE, topic=TouchTopic.STAGE)
ordering = partial(Field, group=ORDERS, topic=TouchTopic.ORDERS)
of_event = partial(Field, group=BEHAVIOUR, topic=TouchTopic.EVENTS)

register(
    profile("gender", _("gender"), kind=CHOICE, choices=lambda: dict(Gender.choices)),
    profile("birthday", _("birthday"), kind=BIRTHDAY),
    profile("country", _("country"), kind=TEXT, suggest=_in_use("country")),
    profile("region", _("region"), kind=TEXT, suggest=_in_use("region")),
    profile("city", _("city"), kind=TEXT, suggest=_in_use("city")),
    profile("occupation", _("occupation"), kind=TEXT, suggest=_in_use("occupation")),
    profile("industry", _("industry"), kind=TEXT, suggest=_in_use("industry")),
    profile("income_band", _("income band"), kind=TEXT, suggest=_in_use("income_band")),
    profile("education", _("education"), kind=TEXT, suggest=_in_use("education")),
    profile("language", _("language"), kind=TEXT, suggest=_in_use("language")),
    profile("platform", _("platform"), kind=TEXT, suggest=_in_use("platform")),
    profile("source_code", _("source code"), kind=TEXT, suggest=_in_use("source_code")),
    profile(
        "channel",
        _("acquisition channel"),
        kind=CHOICE,
        value="channel__slug",
        choices=_acquisition_channels,
    ),
    profile("identified", _("identified (has a user ID or a contact)"), kind=FLAG),
    profile("no_profiling", _("no profiling"), kind=FLAG),
    profile("registered_at", _("registration"), kind=INSTANT),
    lifecycle("stage", _("stage"), kind=CHOICE, value="standing__stage", choices=lambda: dict(Stage.choices)),
    lifecycle("stage_since", _("start of the current stage"), kind=INSTANT, value="standing__stage_at"),
    lifecycle("last_activity", _("last activity"), kind=INSTANT, value="standing__last_activity_at"),
    lifecycle("first_activity", _("first activity"), kind=INSTANT, value="standing__first_activity_at"),
    lifecycle("active_days", _("days with activity"), kind=NUMBER, value="standing__active_days"),
    ordering("orders", _("number of orders in life"), kind=NUMBER, value="standing__orders"),
    ordering("revenue", _("money spent in life"), kind=MONEY, value="standing__revenue"),
    ordering("first_order", _("first order"), kind=INSTANT, value="standing__first_order_at"),
    ordering("last_order", _("last order"), kind=INSTANT, value="standing__last_order_at"),
)

register(
    Collection("tags", _("tags"), PROFILE, TouchTopic.TAGS, has=_has_tag, suggest=_tag_names),
    Collection("interests", _("interests"), PROFILE, TouchTopic.PROFILE, has=_has_interest),
    Collection(
        "reachable_by",
        _("usable contacts"),
        REACH,
        TouchTopic.CONTACT,
        has=_has_contact,
        choices=lambda: dict(Channel.choices),
    ),
)

register(
    Source(
        "events",
        _("events"),
        BEHAVIOUR,
        TouchTopic.EVENTS,
        rows=_events,
        time="occurred_at",
        did=_("did “%(event)s”"),
        did_not=_("did not do “%(event)s”"),
        noun=_("the events “%(event)s”"),
        properties={
            "category": of_event("category", _("category"), kind=TEXT, suggest=_categories),
            "value": of_event("value", _("value"), kind=NUMBER),
            "confirmed": of_event("confirmed", _("confirmed"), kind=FLAG),
        },
        open_properties="properties",
        suggest_property=_event_properties,
    ),
    Source(
        "orders",
        _("orders"),
        ORDERS,
        TouchTopic.ORDERS,
        rows=_orders,
        time="ordered_at",
        did=_("ordered"),
        did_not=_("did not order"),
        noun=_("the orders"),
        properties={
            "net": ordering("net", _("net amount"), kind=MONEY),
            "coupon": ordering("coupon", _("coupon"), kind=TEXT),
            "source": ordering("source", _("order source"), kind=TEXT),
            "category": ordering(
                "category",
                _("category"),
                kind=TEXT,
                rows=OrderLine.objects.all,
                link=ORDER_LINE,
                suggest=_categories,
            ),
            "product": ordering(
                "product",
                _("product"),
                kind=TEXT,
                value="product_id",
                rows=OrderLine.objects.all,
                link=ORDER_LINE,
                suggest=_products,
            ),
        },
    ),
)

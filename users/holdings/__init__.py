"""What users holds about people: who they are, what they did, what they bought (``users/privacy.py``)."""

from django.db.models import OuterRef
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from users.holdings import (  # noqa: F401 - the rest of what users declares
    acquisition,
    goods,
    reports,
    traces,
    transfers,
    value,
)
from users.models import (
    ChangedProfile,
    Consent,
    ConsentRequest,
    ContactPoint,
    Customer,
    CustomerAlias,
    CustomerDay,
    CustomerTag,
    DataExport,
    ErasedIdentity,
    Erasure,
    Event,
    Identity,
    Order,
    OrderKey,
    OrderLine,
    Outbox,
    Refund,
    Stage,
    StageMove,
    Standing,
    Touched,
)
from users.privacy import Erase, Holding, holds
from users.services import bundles

BOOKS = _("The amounts belong to the shop's books; nothing in them says who it was.")
OF_ORDER = Order.objects.filter(
    customer=OuterRef("customer"), source=OuterRef("source"), number=OuterRef("number")
).values("currency")[:1]
NUMBERS = _("Only numbers of ours, which lead to the empty place of the erased customer.")

# Who they are

holds(
    Holding(
        Customer,
        _("Profile"),
        10,
        Erase.EMPTY,
        {
            "user_id": _("User ID"),
            "name": pgettext_lazy("of a person", "Name"),
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "gender": _("Gender"),
            "birthday": _("Birthday"),
            "country": _("Country"),
            "region": _("Region"),
            "city": _("City"),
            "occupation": _("Occupation"),
            "industry": _("Industry"),
            "income_band": _("Income band"),
            "education": _("Education"),
            "interests": _("Interests"),
            "language": _("Language"),
            "time_zone": _("Time zone"),
            "attributes": _("Custom attributes"),
            "no_profiling": _("No profiling"),
            "most_per_week": _("Wants at most, a week"),
            "channel__name": _("Acquisition channel"),
            "platform": _("Platform"),
            "source_code": _("Source code"),
            "first_seen_at": _("First seen"),
            "registered_at": _("Registered"),
        },
        why=_("An empty place stays under the customer's number, so that orders and points still add up."),
        empties={
            "user_id": None,
            "identified": False,
            "name": "",
            "first_name": "",
            "last_name": "",
            "gender": "",
            "birthday": None,
            "country": "",
            "region": "",
            "city": "",
            "occupation": "",
            "industry": "",
            "income_band": "",
            "education": "",
            "interests": [],
            "language": "",
            "time_zone": "",
            "attributes": {},
            "told_at": {},
            "no_profiling": True,
            "most_per_week": None,
            "platform": "",
            "source_code": "",
        },
        customer="id",
    )
)
holds(
    Holding(
        Identity,
        _("Ways to be recognised"),
        20,
        Erase.DELETE,
        {"kind": _("Kind"), "value": _("Value"), "since": _("Since")},
        order=("kind", "value"),
    )
)
holds(
    Holding(
        CustomerAlias,
        _("Earlier numbers"),
        30,
        Erase.KEEP,
        {"old_id": _("Earlier number"), "joined_at": _("Joined"), "cause": _("Cause")},
        why=NUMBERS,
        keeps=("cause",),
        order=("old_id",),
    )
)
holds(
    Holding(
        ContactPoint,
        _("Addresses"),
        40,
        Erase.DELETE,
        {
            "channel": _("Channel"),
            "address": _("Address"),
            "details": _("Keys of the address"),
            "state": _("State"),
            "confirmed": _("Confirmed"),
            "added_at": _("Added"),
            "changed_at": _("Changed"),
        },
        order=("channel", "address"),
    )
)
holds(
    Holding(
        Consent,
        _("Consents"),
        50,
        Erase.DELETE,
        {
            "channel": _("Channel"),
            "topic__name": _("Topic"),
            "granted": _("Granted"),
            "given_at": pgettext_lazy("an answer", "Given"),
            "source": _("How we know"),
            "wording": _("Wording shown"),
            "ip": _("IP address"),
            "evidence": _("Evidence"),
            "is_current": _("In force"),
        },
        order=("given_at", "key"),
    )
)
holds(
    Holding(
        ConsentRequest,
        _("Consents waiting for a confirmation"),
        55,
        Erase.DELETE,
        {
            "channel": _("Channel"),
            "topic__name": _("Topic"),
            "address": _("Address"),
            "asked_at": _("Asked"),
            "expires_at": _("Expires"),
            "source": _("How we know"),
            "wording": _("Wording shown"),
            "ip": _("IP address"),
            "confirmed_at": _("Confirmed"),
            "withdrawn_at": _("Withdrawn"),
        },
        order=("asked_at", "key"),
    )
)
holds(Holding(ChangedProfile, _("Attributes still to be looked at"), 125, Erase.KEEP, {}, why=NUMBERS))
holds(
    Holding(
        CustomerTag,
        _("Tags"),
        60,
        Erase.DELETE,
        {"tag__name": _("Tag"), "tagged_at": _("Since"), "source": _("Source")},
        order=("tag__name",),
    )
)

# What they did

holds(
    Holding(
        Standing,
        _("Stage and figures"),
        70,
        Erase.EMPTY,
        {
            "stage": _("Stage"),
            "stage_at": _("Since"),
            "first_activity_at": _("First activity"),
            "last_activity_at": _("Last activity"),
            "active_days": _("Active days"),
            "orders": _("Orders"),
            "revenue": _("Revenue"),
            "first_order_at": _("First order"),
            "last_order_at": _("Last order"),
        },
        why=BOOKS,
        empties={
            "stage": Stage.PROSPECT.value,
            "stage_at": None,
            "first_activity_at": None,
            "last_activity_at": None,
            "run_started_at": None,
            "active_days": 0,
            "next_move_at": None,
        },
        money=("revenue",),
    )
)
holds(
    Holding(
        StageMove,
        _("Stages over time"),
        80,
        Erase.DELETE,
        {
            "at": _("Time"),
            "from_stage": _("From"),
            "to_stage": _("To"),
            "cause": _("Cause"),
            "superseded_at": _("Superseded"),
        },
        order=("at",),
    )
)
holds(
    Holding(
        CustomerDay,
        _("Days of activity"),
        90,
        Erase.DELETE,
        {"day": _("Day"), "first_at": _("First"), "last_at": _("Last"), "events": _("Events")},
        order=("day",),
    )
)
holds(
    Holding(
        Event,
        _("Events"),
        100,
        Erase.DELETE,
        {
            "occurred_at": _("Time"),
            "type__name": _("Event"),
            "category": _("Category"),
            "value": _("Value"),
            "properties": _("Properties"),
            "received_at": _("Received"),
            "confirmed": _("Confirmed"),
        },
        order=("occurred_at", "message_id"),
    )
)
holds(Holding(Outbox, _("Events still to be handled"), 110, Erase.DELETE, {}))
holds(Holding(Touched, _("Rules still to be asked"), 120, Erase.KEEP, {}, why=NUMBERS, keeps=("topic",)))

# What they bought

holds(
    Holding(
        OrderKey,
        _("Whose an order is"),
        130,
        Erase.KEEP,
        {},
        why=NUMBERS,
        keeps=("source", "number"),
        is_books=True,
    )
)
holds(
    Holding(
        Order,
        _("Orders"),
        140,
        Erase.EMPTY,
        {
            "source": _("Source"),
            "number": _("Number"),
            "ordered_at": _("Ordered"),
            "paid_at": _("Paid"),
            "cancelled_at": _("Cancelled"),
            "currency": _("Currency"),
            "total": _("Total"),
            "tax": _("Tax"),
            "shipping": _("Shipping"),
            "discount": _("Discount"),
            "refunded": _("Refunded"),
            "net": _("Net"),
            "coupon": _("Coupon"),
        },
        why=BOOKS,
        empties={"coupon": "", "told_at": {}},
        keeps=("source", "number", "currency"),
        money=("total", "tax", "shipping", "discount", "refunded"),
        shop_money=("net",),
        order=("ordered_at", "source", "number"),
        is_books=True,
    )
)
holds(
    Holding(
        OrderLine,
        _("Lines of orders"),
        150,
        Erase.EMPTY,
        {
            "number": _("Order"),
            "line": _("Line"),
            "line_id": _("The shop's number of the line"),
            "product_id": _("Product ID"),
            "name": _("Product"),
            "category": _("Category"),
            "quantity": _("Quantity"),
            "price": _("Price"),
            "amount": _("Amount"),
            "share": _("Part of the order's net amount"),
        },
        why=_("What was sold belongs to the shop's books; the product's name as ordered goes."),
        empties={"name": ""},
        keeps=("source", "number", "line_id", "product_id", "sku", "category"),
        money=("price", "amount"),
        shop_money=("share",),
        currency=OF_ORDER,
        order=("source", "number", "line"),
    )
)
holds(
    Holding(
        Refund,
        _("Refunds"),
        160,
        Erase.KEEP,
        {
            "number": _("Order"),
            "refund_id": _("Refund"),
            "refunded_at": _("Refunded"),
            "amount": _("Amount"),
            "lines": _("Lines"),
        },
        why=BOOKS,
        keeps=("source", "number", "refund_id", "lines"),
        money=("amount",),
        currency=OF_ORDER,
        order=("refunded_at", "refund_id"),
        is_books=True,
    )
)

# What an erasure leaves, and bundles of everything

holds(
    Holding(
        DataExport,
        _("Copies of your data"),
        170,
        Erase.DELETE,
        {"asked_at": _("Asked for"), "ready_at": _("Ready"), "expires_at": _("Expires")},
        order=("asked_at",),
        clean=bundles.delete_of,
    )
)
HASHES = _("Keyed hashes, by which what names the erased customer is turned away.")
holds(Holding(ErasedIdentity, _("Turned away"), 180, Erase.KEEP, {}, why=HASHES, keeps=("digest",)))
holds(Holding(Erasure, _("Erasures"), 190, Erase.KEEP, {}, why=NUMBERS, keeps=("removed",)))

"""What users holds about people: who they are, what they did, what they bought (``users/privacy.py``)."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.utils.translation import gettext_lazy as _

from users import acquisition_holdings, transfer_holdings  # noqa: F401 - they register themselves
from users.models import (
    AuditEntry,
    Consent,
    ContactPoint,
    Customer,
    CustomerAlias,
    CustomerDay,
    CustomerTag,
    DeadLetter,
    Event,
    EventType,
    IdempotencyRecord,
    Identity,
    IntakeBody,
    JobRun,
    LongJob,
    Operator,
    Order,
    OrderKey,
    OrderLine,
    Outbox,
    Product,
    Refund,
    ShopSetting,
    Stage,
    StageMove,
    Standing,
    Storefront,
    Touched,
)
from users.privacy import Erase, Holding, holds, impersonal, quotes

BOOKS = _("The amounts belong to the shop's books; nothing in them says who it was.")
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
            "name": _("Name"),
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
            "platform": "",
            "source_code": "",
        },
        customer="id",
    )
)
holds(
    Holding(
        Identity,
        _("How we recognise you"),
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
            "given_at": _("Given"),
            "source": _("How we know"),
            "wording": _("Wording shown"),
            "ip": _("IP address"),
            "is_current": _("In force"),
        },
        order=("given_at", "key"),
    )
)
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
        money=("total", "tax", "shipping", "discount", "refunded", "net"),
        order=("ordered_at", "source", "number"),
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
            "product_id": _("Product ID"),
            "name": _("Product"),
            "category": _("Category"),
            "quantity": _("Quantity"),
            "price": _("Price"),
            "amount": _("Amount"),
        },
        why=_("What was sold belongs to the shop's books; the product's name as ordered goes."),
        empties={"name": ""},
        keeps=("source", "number", "product_id", "sku", "category"),
        money=("price", "amount"),
        order=("source", "number", "line"),
    )
)
holds(
    Holding(
        Refund,
        _("Refunds"),
        160,
        Erase.EMPTY,
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
        order=("refunded_at", "refund_id"),
    )
)

# Where people may be quoted

quotes(IntakeBody, _("Accepted and not yet applied"), columns=("items",))
quotes(DeadLetter, _("Dead letters"), columns=("detail", "item"))
quotes(IdempotencyRecord, _("Stored answers to calls"), columns=("answer",))
quotes(AuditEntry, _("Audit trail"), columns=("target_name", "before", "after"))
quotes(
    LongJob,
    _("Long jobs"),
    empties={"title": "", "step": "", "parameters": {}, "result": None, "error": ""},
)
quotes(JobRun, _("Runs of scheduled jobs"), empties={"result": None, "error": ""})

# The shop's own words

impersonal(EventType, "name", why="names of kinds of events")
impersonal(Product, "name", "url", "image_url", why="the catalogue")
impersonal(ShopSetting, "value", why="what an operator set for the shop")
impersonal(Storefront, "allowed_origins", why="addresses of the shop's own pages")
impersonal(Operator, "email", why="people who work in the shop, not customers")
impersonal(Session, "session_data", why="log-ins of operators")
impersonal(LogEntry, "object_id", "object_repr", "change_message", why="settings changed in generic forms")
impersonal(Authenticator, "data", why="second factors of operators")
impersonal(EmailAddress, "email", why="addresses of operators")
impersonal(Permission, "name", why="names of permissions")

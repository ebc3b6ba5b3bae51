"""What can be exported: kinds with their columns, each column an expression over the rows of some customers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from babel.numbers import list_currencies
from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.currencies import minor_digits
from config.kit.registry import Registry
from users import shop

ROWS = 2_000
"""Rows that are held at once."""
SHOP = "shop"
"""The currency of amounts that are in the shop's."""


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: the name in the head (what an import recognises again), its title, its SQL expression.

    ``currency``: of an amount in minor units, the expression of its currency's code, or SHOP; "" for what is no amount.
    """

    name: str
    title: StrOrPromise
    expression: str
    currency: str = ""
    is_usual: bool = True

    @property
    def selected(self) -> str:
        """What is selected: an amount in major units, with as many decimals as its currency has."""
        if not self.currency:
            return self.expression
        decimals = _decimals(self.currency)
        return f"round({self.expression} / power(10::numeric, {decimals}), {decimals})"


@dataclass(frozen=True, slots=True)
class ExportKind:
    """A kind: the rows of customers are those of ``source`` where ``{ids}`` are theirs."""

    name: str
    title: StrOrPromise
    about: StrOrPromise
    columns: tuple[ExportColumn, ...]
    source: str

    def rows(self, names: Sequence[str], customer_ids: list[int]) -> Iterator[tuple[Any, ...]]:
        """The rows of these customers with the columns asked for, money in major units.

        They come by a cursor of the server: one customer may have more orders than the others together.
        """
        wanted = [column.selected for column in self.columns if column.name in names]
        with connection.chunked_cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(wanted)} {self.source}", {"ids": customer_ids})
            while some := cursor.fetchmany(ROWS):
                yield from some

    def head(self, names: Sequence[str]) -> list[str]:
        """The heads of the columns asked for, in the order of the kind."""
        return [column.name for column in self.columns if column.name in names]


def _decimals(currency: str) -> str:
    """SQL for how many decimals a currency has; most have two."""
    if currency == SHOP:
        return str(minor_digits(shop.currency.get()))
    return (
        f"(CASE {' '.join(f'WHEN {currency} IN ({codes}) THEN {n}' for n, codes in _unusual())} ELSE 2 END)"
    )


@cache
def _unusual() -> list[tuple[int, str]]:
    """Numbers of decimals other than two, with the codes of the currencies that have so many, quoted."""
    found: dict[int, list[str]] = {}
    for code in sorted(list_currencies()):
        if (decimals := minor_digits(code)) != 2:
            found.setdefault(decimals, []).append(f"'{code}'")
    return [(decimals, ", ".join(codes)) for decimals, codes in sorted(found.items())]


export_kinds: Registry[ExportKind] = Registry("kind of export")


def _address(channel: str) -> str:
    return (
        "(SELECT string_agg(address, '; ' ORDER BY added_at, address) FROM users_contactpoint point"
        f" WHERE point.customer_id = customer.id AND point.channel = '{channel}' AND point.confirmed)"
    )


_C = ExportColumn
WHO = (
    _C("user_id", _("User ID"), "customer.user_id"),
    _C("email", _("E-mail"), _address("email")),
    _C("phone", _("Phone"), _address("sms")),
)
CUSTOMER = "FROM users_customer customer JOIN users_standing standing ON standing.customer_id = customer.id"
THESE = "WHERE customer.id = ANY(%(ids)s) AND customer.erased_at IS NULL"

INTERESTS = "(SELECT string_agg(value, '; ') FROM jsonb_array_elements_text(customer.interests) AS value)"
CHANNEL = (
    "(SELECT channel.slug FROM users_firsttouch first JOIN users_acquisitionchannel channel"
    " ON channel.id = first.channel_id WHERE first.customer_id = customer.id)"
)
CODE = "(SELECT first.code FROM users_firsttouch first WHERE first.customer_id = customer.id)"
TAGS = (
    "(SELECT string_agg(tag.name, '; ' ORDER BY tag.name) FROM users_customertag tagged"
    " JOIN users_tag tag ON tag.id = tagged.tag_id WHERE tagged.customer_id = customer.id)"
)
ATTRIBUTES = "CASE WHEN customer.attributes <> '{}' THEN customer.attributes::text END"
STATUS = (
    "CASE WHEN bought.cancelled_at IS NOT NULL THEN 'cancelled'"
    " WHEN bought.paid_at IS NULL THEN 'unpaid' ELSE 'paid' END"
)

export_kinds.register(
    "customers",
    ExportKind(
        "customers",
        _("Customers"),
        _("One row per customer, with the columns you choose."),
        (
            *WHO,
            _C("openid", _("WeChat OpenID"), _address("wechat"), is_usual=False),
            _C("name", pgettext_lazy("of a person", "Name"), "customer.name"),
            _C("gender", _("Gender"), "customer.gender"),
            _C("birthday", _("Birthday"), "customer.birthday"),
            _C("country", _("Country"), "customer.country"),
            _C("region", _("Region"), "customer.region"),
            _C("city", _("City"), "customer.city"),
            _C("language", _("Language"), "customer.language", is_usual=False),
            _C("occupation", _("Occupation"), "customer.occupation", is_usual=False),
            _C("industry", _("Industry"), "customer.industry", is_usual=False),
            _C("income", _("Income band"), "customer.income_band", is_usual=False),
            _C("education", _("Education"), "customer.education", is_usual=False),
            _C("interests", _("Interests"), INTERESTS, is_usual=False),
            _C("channel", _("Acquisition channel"), CHANNEL),
            _C("source code", _("Source code"), CODE, is_usual=False),
            _C("registered", _("Registered"), "customer.registered_at"),
            _C("first seen", _("First seen"), "customer.first_seen_at", is_usual=False),
            _C("last seen", _("Last seen"), "standing.last_activity_at"),
            _C("stage", _("Stage"), "standing.stage"),
            _C("stage since", _("In this stage since"), "standing.stage_at"),
            _C("orders", _("Orders"), "standing.orders"),
            _C("revenue", _("Revenue"), "standing.revenue", SHOP),
            _C("last order", _("Last order"), "standing.last_order_at", is_usual=False),
            _C("tags", _("Tags"), TAGS),
            _C("attributes", _("Custom attributes"), ATTRIBUTES, is_usual=False),
        ),
        f"{CUSTOMER} {THESE} ORDER BY customer.id",
    ),
)  # fmt: skip
export_kinds.register(
    "orders",
    ExportKind(
        "orders",
        _("Orders"),
        _("One row per line of an order, as the import of orders reads it."),
        (
            _C("order id", _("Order number"), "bought.number"),
            _C("sold through", _("Sold through"), "bought.source"),
            *WHO,
            _C("date", _("Date of the order"), "bought.ordered_at"),
            _C("status", _("Status"), STATUS),
            _C("total", _("Total"), "bought.total", "bought.currency"),
            _C("tax", _("Tax"), "bought.tax", "bought.currency"),
            _C("shipping", _("Shipping"), "bought.shipping", "bought.currency"),
            _C("discount", _("Discount"), "bought.discount", "bought.currency"),
            _C("refund amount", _("Amount given back"), "bought.refunded", "bought.currency"),
            _C("net", _("Net, in the shop's currency"), "bought.net", SHOP),
            _C("currency", _("Currency"), "bought.currency"),
            _C("coupon", _("Coupon"), "bought.coupon"),
            _C("product id", _("Product ID"), "line.product_id"),
            _C("sku", "SKU", "line.sku", is_usual=False),
            _C("product", _("Product"), "line.name"),
            _C("category", _("Category"), "line.category"),
            _C("quantity", _("Quantity"), "line.quantity"),
            _C("price", _("Price"), "line.price", "bought.currency"),
            _C("line net", _("Net of the line, in the shop's currency"), "line.share", SHOP, is_usual=False),
        ),
        "FROM users_customer customer JOIN users_order bought ON bought.customer_id = customer.id AND bought.confirmed"
        " LEFT JOIN users_orderline line ON line.customer_id = bought.customer_id AND line.source = bought.source"
        f" AND line.number = bought.number {THESE} ORDER BY customer.id, bought.ordered_at, bought.number, line.line",
    ),
)  # fmt: skip
export_kinds.register(
    "consents",
    ExportKind(
        "consents",
        _("Consents"),
        _("Every answer ever given, with the one in force marked."),
        (
            *WHO,
            _C("channel", _("Message channel"), "consent.channel"),
            _C("topic", _("Topic"), "topic.slug"),
            _C("granted", _("Answer (yes or no)"), "CASE WHEN consent.granted THEN 'yes' ELSE 'no' END"),
            _C("given at", pgettext_lazy("an answer", "Given"), "consent.given_at"),
            _C("in force", _("In force"), "CASE WHEN consent.is_current THEN 'yes' ELSE 'no' END"),
            _C("source", _("Source"), "consent.source"),
            _C("wording", _("Wording"), "consent.wording"),
        ),
        "FROM users_customer customer JOIN users_consent consent ON consent.customer_id = customer.id"
        f" JOIN users_topic topic ON topic.id = consent.topic_id {THESE}"
        " ORDER BY customer.id, consent.given_at, consent.key",
    ),
)
export_kinds.register(
    "tags",
    ExportKind(
        "tags",
        _("Tags"),
        _("One row per customer and tag."),
        (
            *WHO,
            _C("tag", _("Tag"), "tag.name"),
            _C("category", pgettext_lazy("tag", "Category"), "tag.category"),
            _C("tagged at", _("Tagged"), "tagged.tagged_at"),
            _C("source", _("Source"), "tagged.source"),
        ),
        "FROM users_customer customer JOIN users_customertag tagged ON tagged.customer_id = customer.id"
        f" JOIN users_tag tag ON tag.id = tagged.tag_id {THESE} ORDER BY customer.id, tag.name",
    ),
)

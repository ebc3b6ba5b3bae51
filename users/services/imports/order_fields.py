"""The columns of an import of orders, and how their cells are read."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.zones import shop_zone
from users import cells
from users.cells import Unreadable
from users.orders import LONGEST_NUMBER, MOST_PIECES, SOURCE_SHAPE
from users.services.imports.kinds import KEY_FIELDS, Field, Options

OPEN_WORDS = frozenset({"unpaid", "pending", "open", "待付款", "未付款", "未支付"})
CANCELLED_WORDS = frozenset({"cancelled", "canceled", "closed", "已取消", "取消", "已关闭", "交易关闭"})
PAID_WORDS = frozenset(
    {
        "paid",
        "completed",
        "complete",
        "done",
        "shipped",
        "fulfilled",
        "delivered",
        "refunded",
        "partially_refunded",
    }
    | {"已付款", "已支付", "已完成", "已发货", "交易成功", "已退款", "部分退款"}
)
LINE_FIELDS = ("line_id", "product_id", "sku", "product_name", "category", "quantity", "price")
GIVEN_BACK = {
    "refund_line_id": "line_id", "refund_sku": "sku", "refund_quantity": "quantity", "refund_line_amount": "amount",
}  # fmt: skip
"""What a refund says of one line, as the events of the intake call it."""
HEADER_FIELDS = (
    "ordered_at",
    "total",
    "tax",
    "shipping",
    "discount",
    "currency",
    "coupon",
    "status",
    "cancelled_at",
)


def _text(longest: int) -> Any:
    return lambda cell, options: cells.text(cell, longest)


def _money(cell: str, options: Options) -> str:
    plain = cells.amount(cell)
    if plain.startswith("-"):
        raise Unreadable("negative_amount")
    return plain


def _instant(cell: str, options: Options) -> datetime:
    return cells.instant(cell, options.get("day_order", ""), shop_zone())


def _source(cell: str, options: Options) -> str:
    word = cell.strip().lower()
    if not SOURCE_SHAPE.fullmatch(word):
        raise Unreadable("bad_source")
    return word


def _quantity(cell: str, options: Options) -> int:
    pieces = cells.whole_number(cell)
    if not 0 < pieces <= MOST_PIECES:
        raise Unreadable("bad_quantity")
    return pieces


def _status(cell: str, options: Options) -> str:
    word = cell.strip().lower()
    for words, status in ((OPEN_WORDS, "open"), (CANCELLED_WORDS, "cancelled"), (PAID_WORDS, "paid")):
        if word in words:
            return status
    raise Unreadable("unknown_status")


def _own(name: str, title: StrOrPromise, read: Any, *, needed: bool = False, is_date: bool = False) -> Field:
    return Field(name, title, read, is_required=needed, is_date=is_date)


FIELDS = (
    _own("number", _("Order number"), _text(LONGEST_NUMBER), needed=True),
    *KEY_FIELDS,
    _own("ordered_at", _("Date of the order"), _instant, needed=True, is_date=True),
    _own("total", _("Total"), _money, needed=True),
    _own("tax", _("Tax"), _money),
    _own("shipping", _("Shipping"), _money),
    _own("discount", _("Discount"), _money),
    _own("currency", _("Currency"), _text(3)),
    _own("coupon", _("Coupon"), _text(100)),
    _own("status", _("Status"), _status),
    _own("source", _("Sold through"), _source),
    _own("line_id", _("Line ID"), _text(100)),
    _own("product_id", _("Product ID"), _text(100)),
    _own("sku", "SKU", _text(100)),
    _own("product_name", _("Product"), _text(250)),
    _own("category", _("Category"), _text(100)),
    _own("quantity", _("Quantity"), _quantity),
    _own("price", _("Price"), _money),
    _own("refund_id", _("Refund ID"), _text(LONGEST_NUMBER)),
    _own("refund_amount", _("Amount given back"), _money),
    _own("refund_line_id", _("ID of the line given back"), _text(100)),
    _own("refund_sku", _("SKU given back"), _text(100)),
    _own("refund_quantity", _("Pieces given back"), _quantity),
    _own("refund_line_amount", _("Amount given back for the line"), _money),
    _own("refunded_at", _("Date of the refund"), _instant, is_date=True),
    _own("cancelled_at", _("Cancelled at"), _instant, is_date=True),
)

"""The shop's settings: each declared once with its type, default and sentence; changed values are rows."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

from babel.core import get_global
from django.conf import settings as installation
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry
from users.models import ShopSetting
from users.rfm import read_edges

T = TypeVar("T", int, str, float)
SHOP, FIGURES, FILES = _("The shop"), _("Figures"), _("Files")
PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")


# What a page has read of the settings; None outside of pages, where every value is asked for anew.
_read: ContextVar[dict[str, Any] | None] = ContextVar("settings read", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """While a page is made, all settings are read together, the first time that one is asked for."""
    if _read.get() is not None:
        yield
        return
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def _value(name: str) -> Any:
    read = _read.get()
    if read is None:
        return ShopSetting.objects.filter(name=name).values_list("value", flat=True).first()
    if not read:
        read.update(ShopSetting.objects.values_list("name", "value"), **{"": None})
    return read.get(name)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A setting of the shop. ``get`` reads the stored value, else the default.

    ``check`` raises ValueError for a value of the right type that cannot be meant; ``section``: under which title
    the form shows it; ``words``: the only values there are, whole numbers, each in a sentence.
    """

    name: str
    default: T
    sentence: StrOrPromise
    check: Callable[[T], object] | None = None
    section: StrOrPromise = SHOP
    words: tuple[tuple[T, StrOrPromise], ...] = ()

    def get(self) -> T:
        row = _value(self.name)
        return self.default if row is None else cast(T, row)

    def set(self, value: T) -> None:
        """Store a value; the caller audits."""
        ShopSetting.objects.update_or_create(name=self.name, defaults={"value": value})
        if (read := _read.get()) is not None:
            read.clear()


settings: Registry[Setting[int] | Setting[str] | Setting[float]] = Registry("setting")


def declare(
    name: str,
    default: T,
    sentence: StrOrPromise,
    *,
    check: Callable[[T], object] | None = None,
    section: StrOrPromise = SHOP,
    words: tuple[tuple[T, StrOrPromise], ...] = (),
) -> Setting[T]:
    """Declare a setting at import time; apps above declare theirs in their own ``shop.py``."""
    setting = Setting(name, default, sentence, check, section, words)
    settings.register(name, setting)
    return setting


def _is_named(name: str) -> None:
    if not name.strip():
        raise ValueError("empty")


def _is_percent(text: str) -> None:
    if text and not (PERCENT.fullmatch(text) and Decimal(text) <= 100):
        raise ValueError(text)


def _is_currency(code: str) -> None:
    if code not in get_global("all_currencies"):
        raise ValueError(code)


def _is_switch(value: int) -> None:
    if value not in (0, 1):
        raise ValueError(value)


shop_name = declare("shop_name", "Regulars Records", _("The shop's name as shoppers see it"), check=_is_named)
currency = declare("currency", "USD", _("The shop's currency (ISO code)"), check=_is_currency)
trigger_max_age_hours = declare(
    "trigger_max_age", 24, _("Events older than this many hours move figures but start nothing")
)
gross_margin = declare(
    "gross_margin",
    "",
    _("Gross margin in percent of net revenue, such as 35.5; left empty, no profit and no payback is shown"),
    check=_is_percent,
    section=FIGURES,
)
erased_may_return = declare(
    "erased_may_return",
    0,
    _("Who was erased and is named again"),
    check=_is_switch,
    words=((0, _("Stays away: such calls are refused")), (1, _("May register again, as a new customer"))),
)
sending = declare(
    "sending",
    1,
    _("Messages, mail and webhooks"),
    check=_is_switch,
    words=((1, _("Go out")), (0, _("Nothing goes out; what is due waits"))),
)


second_factor = declare(
    "second_factor",
    0 if installation.DEMO else 1,  # the log-ins of the demo shop are published
    _("1: roles that send or export need a second factor; 0: a password is enough"),
    check=_is_switch,
)


def _is_time(text: str) -> None:
    time.fromisoformat(text)


def _is_span(days: int) -> None:
    if not 1 <= days <= 3650:
        raise ValueError(days)


value_at = declare(
    "value_at",
    "03:30",
    _("When the figures of the day are computed, shop time (HH:MM)"),
    check=_is_time,
    section=FIGURES,
)
rfm_window = declare(
    "rfm_window", 730, _("RFM looks at the orders of this many days"), check=_is_span, section=FIGURES
)
rfm_r_bands = declare(
    "rfm_r_bands",
    "30, 90, 180, 365",
    _("RFM with under 500 buyers: days since the last order at which recency falls to 4, 3, 2 and 1"),
    check=read_edges,
    section=FIGURES,
)
rfm_f_bands = declare(
    "rfm_f_bands",
    "2, 3, 5, 10",
    _("RFM with under 500 buyers: orders from which frequency is 2, 3, 4 and 5"),
    check=read_edges,
    section=FIGURES,
)
rfm_m_bands = declare(
    "rfm_m_bands",
    "50, 100, 250, 500",
    _("RFM with under 500 buyers: net revenue from which money is 2, 3, 4 and 5"),
    check=read_edges,
    section=FIGURES,
)
aov_bands = declare(
    "aov_bands",
    "20, 50, 100, 200",
    _("Average order: amounts at which the next band begins"),
    check=lambda text: read_edges(text, None),
    section=FIGURES,
)
ltv_horizon = declare(
    "ltv_horizon",
    365,
    _("The predicted value covers the coming days, this many"),
    check=_is_span,
    section=FIGURES,
)


def margin() -> Decimal | None:
    """The gross margin as a part of 1; None while it is not set, which every figure that needs it says."""
    text = gross_margin.get()
    return Decimal(text) / 100 if text else None

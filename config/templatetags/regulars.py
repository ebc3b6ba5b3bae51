"""How templates write numbers, money, time and addresses. ``{% load regulars %}``."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template import Context
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.kit import clock, words
from config.kit.given_names import as_read
from config.kit.parts import Action, Cell, Column

register = template.Library()

register.filter("number", words.number)
register.filter("compact", words.compact)
register.filter("percent", words.percent)
register.filter("day", words.day)
register.filter("clock_time", words.clock_time)
register.filter("absolute", words.absolute)
register.filter("as_read", as_read)


@register.simple_tag(takes_context=True)
def part(context: Context, template_name: str, values: dict[str, Any]) -> SafeString:
    """A template that an app lends to a page, with values of its own over those of the page."""
    with context.push(**values):
        return SafeString(get_template(template_name).template.render(context))  # type: ignore[attr-defined]


@register.filter
def folded(actions: Sequence[Action]) -> list[Action]:
    """Those of a page's actions that stand in the menu beside the others."""
    return [action for action in actions if action.folded]


@register.filter
def duration(length: timedelta | None) -> str:
    """A length of time in words; empty for None."""
    return "" if length is None else words.duration(length)


@register.simple_tag(takes_context=True)
def money(context: Context, minor: int | None, currency: str = "", whole: bool = False) -> str:
    """Minor units as money; without a currency, the shop's."""
    return words.money(minor, currency or str(context["currency"]), whole=whole)


@register.simple_tag(takes_context=True)
def when(context: Context, at: datetime | None) -> str:
    """A time in relative words with the absolute one and its zone on hover; a dash for None."""
    if at is None:
        return "–"
    now = context.get("now") or clock.now()
    return format_html(
        '<time class="r-when" datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        words.absolute(at),
        words.relative(at, now),
    )


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A symbol of the theme's icon font; decoration unless it has a label."""
    if label:
        return format_html('<span class="r-icon" role="img" aria-label="{}">{}</span>', label, name)
    return format_html('<span class="r-icon" aria-hidden="true">{}</span>', name)


@register.simple_tag(takes_context=True)
def here_with(context: Context, **changes: Any) -> str:
    """This page's address with parameters changed; None takes one out. The cursor always starts anew."""
    parameters = context["request"].GET.copy()
    parameters.pop("cursor", None)
    for name, value in changes.items():
        if value is None:
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


@register.simple_tag(takes_context=True)
def here_without(context: Context, name: str) -> str:
    """This page's address without one parameter."""
    return here_with(context, **{name: None})


@register.simple_tag(takes_context=True)
def here_as(context: Context, name: str, value: Any) -> str:
    """This page's address with the parameter called ``name`` set."""
    return here_with(context, **{name: value})


@register.simple_tag
def sparkline(values: Sequence[float]) -> SafeString:
    """A small line over ``values``, 96 × 28; its meaning stands in the words beside it."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    span = (high - low) or 1
    points = " ".join(
        f"{i * 96 / (len(values) - 1):.1f},{26 - (value - low) * 24 / span:.1f}"
        for i, value in enumerate(values)
    )
    return format_html(
        '<svg class="r-spark" viewBox="0 0 96 28" aria-hidden="true" focusable="false" preserveAspectRatio="none">'
        '<polyline points="{}" /></svg>',
        points,
    )


@register.inclusion_tag("components/cell.html", takes_context=True)
def cell(context: Context, column: Column, value: Cell) -> dict[str, Any]:
    """One cell of a table, drawn by its kind."""
    return {
        "kind": value.kind or column.kind,
        "cell": value,
        "value": value.value,
        "currency": value.currency or context.get("currency", ""),
        "now": context.get("now"),
        "is_empty": value.value is None or value.value == "",
    }

"""Where customers come from, on the home page and on the page of one customer."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.given_names import as_read
from config.kit.parts import Cell, Column, Empty, Fact, Table
from users.groups import group_url
from users.groups.acquisition import UNKNOWN
from users.models import Customer, FirstTouch
from users.pages import CustomerPanel, HomeCard, customer_panel, home_card
from users.reports import channels

DAYS = 30
SHOWN = 6


def new_customers(now: datetime) -> dict[str, Any]:
    """Who joined in the last 30 days, per upper channel; a warning when one brings over half."""
    period = channels.last_days(now, DAYS)
    found = channels.shares(period, now)
    total = sum(share.joined for share in found)
    leader = channels.leader(found)
    rows = [
        [
            share.channel.title if share.channel else _("Not known"),
            Cell(
                share.joined,
                url=group_url(
                    "acquired",
                    what="joined",
                    channel=share.channel.slug if share.channel else UNKNOWN,
                    first=period.first,
                    last=period.last,
                ),
            ),
            Cell(share.joined / total, tone="warn" if share is leader else "", kind="percent"),
        ]
        for share in found[:SHOWN]
    ]
    warning = ""
    if leader is not None and leader.channel is not None:
        warning = _(
            "Over half of the new customers come through one channel: %(channel)s, %(share)s of %(n)s."
        ) % {
            "channel": leader.channel.title,
            "share": words.percent(leader.joined / total),
            "n": words.number(total),
        }
    return {
        "url": reverse("users:channels"),
        "warning": warning,
        "window": _("joined in the last %(n)s days") % {"n": DAYS},
        "table": Table(
            [Column(_("Channel")), Column(_("New customers"), "number"), Column(_("Share"), "percent")],
            rows,
            Empty(_("Nobody joined in the last 30 days"), icon="hub"),
            caption=_("New customers by channel"),
        ),
    }


def first_touch(customer: Customer, now: datetime) -> dict[str, Any]:
    """What the first touch said."""
    touch = FirstTouch.objects.select_related("source", "channel__parent").filter(customer=customer).first()
    return {"facts": _facts(touch) if touch else []}


def _facts(touch: FirstTouch) -> list[Fact]:
    channel, source = touch.channel, touch.source
    path = " › ".join(one.title for one in (channel.parent, channel) if one) if channel else _("not known")
    facts = [
        Fact(_("First touch"), Cell(touch.at, kind="time")),
        Fact(_("Channel"), Cell(path)),
    ]
    if source is not None:
        facts += [
            Fact(
                _("Source code"),
                Cell(as_read(source.name), url=reverse("users:source", args=[source.pk]), hint=source.code),
            ),
            Fact(_("Code owner"), Cell(words.aside(as_read(source.owner), source.get_owner_kind_display()))),
        ]
    elif touch.code:
        facts.append(Fact(_("Source code"), Cell(touch.code, hint=_("There is no such source code."))))
    utm = (touch.utm_source, touch.utm_medium, touch.utm_campaign, touch.utm_term, touch.utm_content)
    if told := " · ".join(filter(None, utm)):
        facts.append(Fact(_("UTM"), Cell(told)))
    if touch.referrer_host:
        facts.append(Fact(_("Referring site"), Cell(touch.referrer_host)))
    return facts


def lend() -> None:
    """Register card and panel."""
    home_card(
        HomeCard(
            "new-customers",
            gettext_lazy("Where new customers come from"),
            40,
            "users/cards/new_customers.html",
            new_customers,
            1,
        )
    )
    customer_panel(
        CustomerPanel("first-touch", gettext_lazy("Where from"), 80, "users/first_touch.html", first_touch)
    )

"""The cards that users puts on the home page: loading, first steps, stages, orders, activity, intake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Value
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.charts import Chart, Series
from config.kit.parts import Progress, Stat
from users.groups import group_url
from users.models import DayFigures, JobRun, LongJob, Stage
from users.pages import HomeCard, first_steps, home_card
from users.reports import figures, machines
from users.services import going_out
from users.shop import currency

SHOWN = 30


@dataclass(frozen=True, slots=True)
class StageTile:
    """One stage on the home page: how many, which share, who came and went in 7 days, where that opens."""

    stage: Stage
    customers: int
    share: float
    came: int
    went: int
    url: str
    came_url: str
    went_url: str
    x: str
    width: str


def demo(now: datetime) -> dict[str, Any]:
    """How far the demo shop is while it loads; hidden before and after."""
    job = LongJob.objects.filter(kind="demo").order_by("-pk").first()
    if job is None or job.state not in (LongJob.State.WAITING, LongJob.State.RUNNING, LongJob.State.FAILED):
        return {"hidden": True}
    progress = Progress(
        _("Loading the demo shop"), job.done, job.total, job.started_at, now, step=job.step_in_words
    )
    return {"progress": progress, "failed": job.error if job.state == LongJob.State.FAILED else ""}


def sending_held(now: datetime) -> dict[str, Any]:
    """That nothing goes out, and why; hidden while everything may."""
    why = going_out.held_for_show()
    return {"hidden": not why, "restored": why == "restored", "url": reverse("users:shop")}


def checklist(now: datetime) -> dict[str, Any]:
    """The first day's steps until all are done."""
    signs = [
        step.signs().order_by().annotate(step=Value(step.name)).values_list("step")[:1]
        for step in first_steps
    ]
    found = {name for (name,) in signs[0].union(*signs[1:], all=True)} if signs else set()
    steps = [
        (step, step.name in found, _address(step.page))
        for step in sorted(first_steps, key=lambda s: s.position)
    ]
    left = sum(not done for _step, done, _url in steps)
    return {"steps": steps, "left": left, "hidden": not left}


def stages(now: datetime) -> dict[str, Any]:
    """Customers by stage with the moves of the last 7 days."""
    rows = figures.stages()
    total = sum(row.customers for row in rows.values())
    tiles, x = [], 0.0
    for stage, row in rows.items():
        share = row.customers / total if total else 0.0
        tiles.append(
            StageTile(
                stage,
                row.customers,
                share,
                row.came,
                row.went,
                _url("users:customers", stage=stage.value),
                _url("users:moves", to=stage.value, days=7),
                _url("users:moves", **{"from": stage.value, "days": 7}),
                f"{x * 100:.2f}",
                f"{share * 100:.2f}",
            )
        )
        x += share
    visitors = sum(row.visitors for row in rows.values())
    as_of = max((row.computed_at for row in rows.values() if row.computed_at), default=None)
    return {"tiles": tiles, "total": total, "visitors": visitors, "card_as_of": as_of}


def orders(now: datetime) -> dict[str, Any]:
    """Orders and revenue of 30 days against the 30 before, day by day."""
    days = figures.last_days(now)
    before, recent = days[:-SHOWN], days[-SHOWN:]
    money = currency.get()
    url = _url("users:orders", days=SHOWN)
    count, count_before = _sum(recent, "orders"), _sum(before, "orders")
    revenue, revenue_before = _sum(recent, "revenue"), _sum(before, "revenue")
    then = _("in the 30 days before")
    return {
        "stats": [
            Stat(
                _("Revenue"),
                revenue,
                "money",
                before=revenue_before,
                currency=money,
                url=url,
                before_window=then,
            ),
            Stat(_("Orders"), count, before=count_before, url=url, before_window=then),
            Stat(
                _("Average order"),
                revenue / count if count else None,
                "money",
                url=url,
                before=revenue_before / count_before if count_before else None,
                currency=money,
                before_window=then,
            ),
        ],
        "chart": Chart(
            "revenue",
            _("Revenue per day"),
            [words.day(row.day, "short") for row in recent],
            [Series(_("Revenue"), [row.revenue for row in recent])],
            kind="bar",
            unit="money",
            currency=money,
            category_title=_("Day"),
            summary=_("last 30 days, net of tax, shipping and refunds, shop time"),
            unfinished=1,
            height=200,
        ),
        "url": url,
    }


def activity(now: datetime) -> dict[str, Any]:
    """Customers active per day, and in the 7 and 30 days up to today."""
    days = figures.last_days(now)[-SHOWN:]
    today = days[-1]
    mean = _sum(days, "active") / len(days)
    sticky = mean / today.monthly if today.monthly else None
    return {
        "stats": [
            Stat(
                _("Active today"),
                today.active,
                window=_("so far"),
                url=_url("users:active", day=today.day.isoformat()),
            ),
            Stat(_("In 7 days"), today.weekly, url=group_url("active", day=today.day, days=7)),
            Stat(_("In 30 days"), today.monthly, url=group_url("active", day=today.day, days=30)),
            Stat(_("Stickiness"), sticky, "percent", of=today.monthly, note=_("mean day / 30 days")),
        ],
        "chart": Chart(
            "active",
            _("Active customers per day"),
            [words.day(row.day, "short") for row in days],
            [Series(_("Active"), [row.active for row in days])],
            category_title=_("Day"),
            summary=_("last 30 days, shop time"),
            unfinished=1,
            height=160,
        ),
    }


def front_door(now: datetime) -> dict[str, Any]:
    """Whether events come in and are applied."""
    door = machines.waiting(now)
    last = (
        JobRun.objects.filter(job="users.apply_intake", finished_at__isnull=False)
        .order_by("-started_at")
        .first()
    )
    return {
        "waiting": door.bodies,
        "oldest": now - door.oldest if door.oldest else None,
        "dead": door.dead_letters,
        "dead_url": _address("users:dead_letters"),
        "last": last,
        "many": machines.MOST_COUNTED,
    }


AT_ONCE = False  # what the page shows with its first paint
CARDS = (
    HomeCard(
        "sending", gettext_lazy("Nothing goes out"), 0, "users/cards/sending.html", sending_held, 3, AT_ONCE
    ),
    HomeCard("demo", gettext_lazy("Demo shop"), 1, "users/cards/demo.html", demo, 3, AT_ONCE),
    HomeCard(
        "first-steps", gettext_lazy("First steps"), 5, "users/cards/checklist.html", checklist, 3, AT_ONCE
    ),
    HomeCard("stages", gettext_lazy("Customers by stage"), 10, "users/cards/stages.html", stages, 3, AT_ONCE),
    HomeCard(
        "orders", gettext_lazy("Orders and revenue"), 20, "users/cards/figures.html", orders, 2, AT_ONCE
    ),
    HomeCard("activity", gettext_lazy("Activity"), 30, "users/cards/figures.html", activity, 1),
    HomeCard(
        "front-door", gettext_lazy("Events coming in"), 90, "users/cards/front_door.html", front_door, 1
    ),
)


def lend() -> None:
    """Register the cards."""
    for card in CARDS:
        home_card(card)


def _url(name: str, **parameters: Any) -> str:
    return f"{reverse(name)}?{urlencode(parameters)}"


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _sum(days: Sequence[DayFigures], field: str) -> int:
    return sum(getattr(day, field) for day in days)

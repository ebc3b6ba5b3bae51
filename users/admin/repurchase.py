"""The repurchase page: who buys again, after how long, in how many categories, and what next."""

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.kit import words
from config.kit.given_names import as_read
from config.kit.heat import Heat, HeatCell, HeatRow
from config.kit.parts import Cell, Column, Empty, Stat, Table
from users.admin.value_page import Section, ValuePage
from users.groups import group_url
from users.models import ValueDay
from users.reports.value import MOST_KINDS, WITHIN


class RepurchasePage(ValuePage):
    """How many buy again, after how long, and what next."""

    title = gettext_lazy("Repurchase")
    purpose = gettext_lazy(
        "How many buy again, after how long, and what next. The orders of one day, shop time, are one purchase."
    )

    def sections(self, day: ValueDay) -> list[Section]:
        """By cohort, by category, breadth, what comes next."""
        told = day.figures["repurchase"]
        return [
            Section(
                _("By month of the first purchase"),
                _(
                    "Share of the buyers of a month who bought again within so many days. A period that is not over "
                    "for everybody is hatched: its share can still rise."
                ),
                heat=_cohorts(told["cohorts"], day.day),
            ),
            Section(
                _("By category"),
                _("Of those who bought in a category: who bought in it again on a later day."),
                table=_categories(told["categories"]),
            ),
            Section(_("Categories per customer"), stats=_breadth(told["breadth"])),
            Section(
                _("Category bought next"),
                _(
                    "Of the customers who bought in the category of the row and came back: the share whose next "
                    "purchase was in the category of the column. One purchase can be in several categories."
                ),
                heat=_next(told),
            ),
        ]


def _cohorts(rows: list[list[Any]], today: date) -> Heat:
    return Heat(
        caption=_("Bought again, by month of the first purchase"),
        corner=_("First purchase"),
        before=[_("Buyers"), _("Median days")],
        columns=[
            *(_("within %(n)s days") % {"n": days} for days in WITHIN),
            _("so far"),
        ],
        rows=[_cohort(row, today) for row in rows],
    )


def _cohort(row: list[Any], today: date) -> HeatRow:
    month, buyers, *within, again, median = row
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    cells = [
        HeatCell(
            words.percent(count / buyers),
            count / buyers,
            group_url("first_purchase", month=month, within=days) if count else "",
            _("%(count)s of n = %(n)s") % {"count": words.number(count), "n": words.number(buyers)},
            unfinished=last + timedelta(days=days) >= today,
        )
        for days, count in zip(WITHIN, within, strict=True)
    ]
    so_far = HeatCell(
        words.percent(again / buyers),
        again / buyers,
        group_url("first_purchase", month=month, again=1) if again else "",
        _("%(count)s of n = %(n)s") % {"count": words.number(again), "n": words.number(buyers)},
        unfinished=True,
    )
    typical = "–" if median is None else words.number(round(median))
    return HeatRow(
        words.month(first),
        [*cells, so_far],
        [words.number(buyers), typical],
        group_url("first_purchase", month=month),
    )


def _categories(rows: list[list[Any]]) -> Table:
    return Table(
        columns=[
            Column(_("Category")),
            Column(_("Buyers"), "number"),
            Column(_("Bought again"), "number"),
            Column(_("Repurchase rate"), "percent", hint=_("of the buyers of the category")),
            Column(_("Median days to the next"), "number"),
        ],
        rows=[
            [
                Cell(as_read(category), url=group_url("bought", category=category)),
                Cell(buyers, url=group_url("bought", category=category)),
                Cell(again, url=group_url("bought", category=category, again=1) if again else ""),
                again / buyers,
                None if median is None else round(median),
            ]
            for category, buyers, again, median in rows
        ],
        empty=Empty(
            _("No order line with a category yet"),
            _("Send the category of each product with the order, and repurchase by category appears here."),
        ),
        caption=_("Repurchase by category"),
    )


def _breadth(rows: list[list[Any]]) -> list[Stat]:
    counts, buyers = dict(rows), sum(row[1] for row in rows)
    stats = []
    for kinds in range(1, MOST_KINDS + 1):
        more = {"more": 1} if kinds == MOST_KINDS else {}
        title = (
            _("%(n)s categories or more") if more else ngettext("%(n)s category", "%(n)s categories", kinds)
        )
        count = counts.get(kinds, 0)
        stats.append(
            Stat(
                title % {"n": kinds},
                count,
                url=group_url("breadth", kinds=kinds, **more) if count else "",
                note=_("%(share)s of n = %(n)s")
                % {"share": words.percent(count / buyers if buyers else None), "n": words.number(buyers)},
                more_is="",
            )
        )
    return stats


def _next(told: dict[str, Any]) -> Heat:
    came_back = dict(told["bought_on"])
    pairs = {(one, two): count for one, two, count in told["next"]}
    names = [row[0] for row in told["categories"]]
    largest = max((count / came_back[one] for (one, _two), count in pairs.items()), default=1)

    def cell(one: str, two: str) -> HeatCell:
        count, of = pairs.get((one, two), 0), came_back.get(one, 0)
        if not of:
            return HeatCell("–")
        return HeatCell(
            words.percent(count / of, 0),
            count / of / largest,
            group_url("bought_next", category=one, next=two) if count else "",
            _("%(count)s of n = %(n)s") % {"count": words.number(count), "n": words.number(of)},
        )

    return Heat(
        caption=_("Category bought next"),
        corner=_("Bought ↓ next →"),
        before=["n"],
        columns=[as_read(one) for one in names],
        rows=[
            HeatRow(
                as_read(one),
                [cell(one, two) for two in names],
                [words.number(came_back.get(one, 0))],
                group_url("bought_next", category=one) if came_back.get(one) else "",
            )
            for one in names
        ],
    )

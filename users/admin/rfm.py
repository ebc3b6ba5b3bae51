"""The RFM page: the grid of recency and frequency, the named groups, bands of orders and of the average order."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.kit import words
from config.kit.heat import Heat, HeatCell, HeatRow
from config.kit.parts import Cell, Column, Empty, Stat, Table
from users.admin.value_page import Section, ValuePage
from users.bands import aov_band_labels
from users.groups import group_url
from users.models import Fan, OrderBand, ValueDay
from users.reports import value as reports
from users.rfm import ENOUGH, SCORES, RfmGroup, cells_of, group_of
from users.shop import currency, rfm_window


class RfmPage(ValuePage):
    """Who is who among buyers."""

    title = gettext_lazy("RFM")
    purpose = gettext_lazy(
        "Buyers by how recently, how often and for how much they order. A cell opens its customers, who can be "
        "saved as a segment."
    )

    def sections(self, day: ValueDay) -> list[Section]:
        """Grid, groups, bands."""
        shop = currency.get()
        grid = {(r, f): (count, net) for r, f, count, net in day.figures["grid"]}
        return [
            Section(_("Recency by frequency"), _how_scored(day), heat=_grid(grid, day.buyers, shop)),
            Section(
                _("Named groups"),
                _("Each group is some cells of the grid; revenue is net, of the same window."),
                table=_groups(grid, day.buyers),
            ),
            Section(_("What the scores mean today"), table=_cuts(day, shop)),
            Section(_("Orders in half a year"), stats=_order_bands(day), wide=False),
            Section(_("Average order"), stats=_aov_bands(day, shop), wide=False),
            Section(_("Paying or not, fans"), stats=_others(day), wide=False),
        ]


def _how_scored(day: ValueDay) -> str:
    window = {"days": rfm_window.get(), "n": words.number(day.buyers)}
    if day.fixed_bands:
        return _(
            "Over the %(n)s buyers of the last %(days)s days. Under %(enough)s buyers the fixed bands of the settings "
            "decide the scores."
        ) % {**window, "enough": ENOUGH}
    return (
        _(
            "Over the %(n)s buyers of the last %(days)s days: each score is a fifth of them, 5 the best; "
            "equals share one."
        )
        % window
    )


def _grid(grid: dict[tuple[int, int], tuple[int, int]], buyers: int, shop: str) -> Heat:
    largest = max((count for count, _net in grid.values()), default=1)
    return Heat(
        caption=_("Buyers by recency and frequency"),
        corner=_("Recency ↓ frequency →"),
        columns=[_("F = %(score)s") % {"score": f} for f in SCORES],
        rows=[
            HeatRow(
                _("R = %(score)s") % {"score": r},
                [_cell(r, f, *grid.get((r, f), (0, 0)), largest, buyers, shop) for f in SCORES],
                url=group_url("rfm", r=r),
            )
            for r in reversed(SCORES)
        ],
        legend=_("Number of buyers; point at a cell for its group, share and revenue. n = %(n)s")
        % {"n": words.number(buyers)},
    )


def _cell(r: int, f: int, count: int, net: int, largest: int, buyers: int, shop: str) -> HeatCell:
    hint = _("%(group)s: %(share)s of the buyers, %(revenue)s net") % {
        "group": group_of(r, f).label,
        "share": words.percent(count / buyers),
        "revenue": words.money(net, shop),
    }
    url = group_url("rfm", r=r, f=f) if count else ""
    return HeatCell(words.number(count), count / largest, url, hint)


def _groups(grid: dict[tuple[int, int], tuple[int, int]], buyers: int) -> Table:
    rows = []
    for one in RfmGroup:
        cells = [grid.get(cell, (0, 0)) for cell in cells_of(one)]
        count, net = sum(cell[0] for cell in cells), sum(cell[1] for cell in cells)
        where = ", ".join(f"R{r}F{f}" for r, f in cells_of(one))
        rows.append(
            [
                Cell(one.label, url=group_url("rfm_group", name=one.value), hint=where),
                Cell(count, url=group_url("rfm_group", name=one.value) if count else ""),
                count / buyers,
                net,
                net / count if count else None,
                where,
            ]
        )
    return Table(
        columns=[
            Column(pgettext("of customers", "Group")),
            Column(_("Customers"), "number"),
            Column(_("Share of buyers"), "percent", hint=_("n = %(n)s") % {"n": words.number(buyers)}),
            Column(_("Revenue"), "money"),
            Column(_("Per customer"), "money"),
            Column(_("Cells")),
        ],
        rows=rows,
        empty=Empty(_("Nothing to show yet")),
        caption=_("Named groups"),
    )


def _cuts(day: ValueDay, shop: str) -> Table:
    """From which figure on each score begins: the dated cuts in force."""
    cuts = reports.cuts_of(day.day)

    def cell(figure: str, score: int, write: Any) -> str:
        cut = cuts.get((figure, score))
        return "" if cut is None else write(cut)

    return Table(
        columns=[
            Column(_("Score"), "number"),
            Column(_("R: last order at most so many days ago")),
            Column(_("F: orders, at least")),
            Column(_("M: net revenue, at least")),
        ],
        rows=[
            [
                score,
                Cell(cell("r", score, words.number), url=group_url("rfm", r=score)),
                Cell(cell("f", score, words.number), url=group_url("rfm", f=score)),
                Cell(cell("m", score, lambda cut: words.money(cut, shop)), url=group_url("rfm", m=score)),
            ]
            for score in reversed(SCORES)
        ],
        empty=Empty(_("Nothing to show yet")),
        caption=_("What the scores mean today"),
    )


def _order_bands(day: ValueDay) -> list[Stat]:
    counts = dict(day.figures["order_bands"])
    return [
        Stat(band.label, counts.get(band.value, 0), url=group_url("order_band", band=band.value), more_is="")
        for band in OrderBand
    ]


def _aov_bands(day: ValueDay, shop: str) -> list[Stat]:
    counts = dict(day.figures["aov_bands"])
    return [
        Stat(label, counts.get(band, 0), url=group_url("aov_band", band=band), more_is="")
        for band, label in aov_band_labels(shop).items()
    ]


def _others(day: ValueDay) -> list[Stat]:
    paid, never = day.figures["paying"]
    fans = dict(day.figures["fans"])
    return [
        Stat(_("Paying"), paid, url=group_url("paying")),
        Stat(_("Never paid"), never, url=group_url("paying", no=1), more_is=""),
        *(Stat(kind.label, fans.get(kind.value, 0), url=group_url("fan", of=kind.value)) for kind in Fan),
    ]

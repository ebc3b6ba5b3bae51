"""The portrait: any group of customers beside any other, the dimensions that differ most on top."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.kit import words
from config.kit.charts import Chart, Series
from config.kit.parts import Ask, Cell, Choice, Column, Empty, Stat, Table
from users.admin.cohort_pages import CohortPage
from users.dimensions import Dimension, Labels
from users.groups import Group, group_spec, group_url, offers, read_group
from users.models import Stage
from users.reports import portrait
from users.reports.cohorts import OTHER
from users.reports.patience import with_patience
from users.reports.portrait import FEWEST, Comparison, Figure, Portrait, Side, ValueShare
from users.shop import currency

CHARTED = 10
USUAL = group_spec("stage", stage=Stage.ACTIVE.value)


class PortraitPage(CohortPage):
    """Two groups side by side."""

    title = gettext_lazy("Portrait")
    purpose = gettext_lazy("Any group of customers beside any other: what sets it apart comes first.")
    template_name = "users/portrait.html"
    partials = {"sizes": "users/portrait_sizes.html"}

    @property
    def spec(self) -> str:
        """The group looked at."""
        return self.asked.get("group", "") or USUAL

    @property
    def other_spec(self) -> str:
        """The group beside it; "" for everyone else."""
        return self.asked.get("other", "")

    @cached_property
    def group(self) -> Group:
        """The group looked at. Raises Refusal."""
        return read_group(self.spec, self.now)

    @cached_property
    def other(self) -> Group | None:
        """The group beside it. Raises Refusal."""
        return read_group(self.other_spec, self.now) if self.other_spec else None

    @cached_property
    def portrait(self) -> Portrait:
        """The figures."""
        return portrait.compute(self.group, self.other)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The two groups, their sizes, figures and dimensions; as a part the sizes alone, counted."""
        if self._is_counted and self.is_part:
            return super().get_context_data(**kwargs) | self._sizes()
        found = self.portrait
        return super().get_context_data(**kwargs) | {
            "ask_form": self.ask_form(
                _("Choose the groups"), self._asks(), is_open=not self.asked.get("group")
            ),
            "ours": self.group.sentence,
            "theirs": self._their_sentence,
            **self._sizes(),
            "is_empty": not found.ours.read or not found.theirs.read,
            "figures": self._figures(),
            "chart": self._chart(),
            "comparisons": [self._card(one) for one in found.comparisons if one.values],
            "blank": words.listed(str(one.dimension.title) for one in found.comparisons if not one.values),
        }

    @property
    def _is_counted(self) -> bool:
        """Whether the sizes are to be counted, where the sample only estimates them."""
        return self.asked.get("sizes") == "counted"

    def _sizes(self) -> dict[str, Any]:
        """Both sizes, and the address that counts them where they are estimates. Raises Refusal."""
        if self._is_counted:
            with with_patience():
                ours, theirs = portrait.sizes(self.group, self.other)
        else:
            ours, theirs = self.portrait.ours, self.portrait.theirs
        told = self.request.GET.copy()
        told["sizes"] = "counted"
        return {
            "stats": [
                self._size(self.group.sentence, ours, group_url("portrait", of=self.spec)),
                self._size(self._their_sentence, theirs, self._their_url()),
            ],
            "count_url": f"?{told.urlencode()}" if ours.margin or theirs.margin else "",
            "is_counted": self._is_counted,
        }

    def _asks(self) -> list[Ask]:
        groups = [Choice(spec, title) for name in offers.names() for title, spec in offers[name]()]
        known = {choice.value for choice in groups}
        first = [] if self.spec in known else [Choice(self.spec, self.group.sentence)]
        other = [Choice("", _("Everyone else"))]
        if self.other is not None and self.other_spec not in known:
            other.append(Choice(self.other_spec, self.other.sentence))
        return [
            Ask("group", pgettext("of customers", "Group"), self.spec, "select", [*first, *groups]),
            Ask("other", _("Beside"), self.other_spec, "select", [*other, *groups]),
        ]

    @property
    def _their_sentence(self) -> str:
        return _("Everyone else") if self.other is None else str(self.other.sentence)

    def _their_url(self) -> str:
        return group_url("portrait", **self._theirs)

    @property
    def _theirs(self) -> dict[str, str]:
        return {"of": self.other_spec} if self.other_spec else {"without": self.spec}

    def _size(self, title: Any, side: Side, url: str) -> Stat:
        notes = []
        if side.refused:
            told = {"n": words.number(side.refused)}
            notes.append(_("%(n)s refuse profiling and are left out") % told)
        if side.read and side.is_sample:
            told = {"n": words.number(side.read), "points": words.number(side.points, 1)}
            notes.append(_("shares from a random part of %(n)s, to ± %(points)s points") % told)
        unit = _("customers")
        if side.margin:
            unit = _("customers, ± %(margin)s") % {"margin": words.number(side.margin)}
        return Stat(title, side.customers - side.refused, unit=unit, url=url, note="; ".join(notes))

    # -- figures -------------------------------------------------------------------------------------
    def _figures(self) -> Table:
        columns = [
            Column(_("In figures")),
            Column(_("Mean"), "text"),
            Column(_("Mean of the others"), "text"),
            Column(_("Median"), "text"),
            Column(_("Median of the others"), "text"),
            Column("n", "number"),
            Column(_("n of the others"), "number"),
        ]
        rows = [self._figure(one) for one in self.portrait.figures]
        return Table(columns, rows, Empty(_("Nothing to compare")), _("In figures"))

    def _figure(self, one: Figure) -> list[Any]:
        ours, theirs = one.ours, one.theirs
        shown = [self._written(one, value) for value in (ours[1], theirs[1], ours[2], theirs[2])]
        return [one.number.title, *shown, ours[0], theirs[0]]

    def _written(self, one: Figure, value: float | None) -> str | None:
        if value is None:
            return None
        return (
            words.money(round(value), self._currency)
            if one.number.is_money
            else words.number(round(value, 1))
        )

    @cached_property
    def _currency(self) -> str:
        return currency.get()

    # -- dimensions ----------------------------------------------------------------------------------
    def _chart(self) -> Chart:
        most = [one for one in self.portrait.comparisons if one.distance is not None][:CHARTED]
        return Chart(
            "portrait",
            _("What sets them apart"),
            [one.dimension.title for one in most],
            [Series(_("Difference, 0 to 1"), [round(one.distance or 0, 3) for one in most])],
            kind="bar",
            horizontal=True,
            category_title=_("Dimension"),
            height=320,
            summary=_("Cramér's V, both groups weighted alike, less what chance alone would bring."),
        )

    def _card(self, one: Comparison) -> dict[str, Any]:
        namer = self._namer(one.dimension)
        columns = [
            Column(_("Value")),
            Column(_("Here"), "percent"),
            Column(_("Others"), "percent"),
            Column(pgettext("a difference", "Points"), "text", hint=_("Difference in percentage points")),
        ]
        rows = [self._row(one, value, namer) for value in one.values]
        rows += self._unknown(one)
        told = {"fewest": FEWEST}
        return {
            "title": one.dimension.title,
            "distance": None if one.distance is None else words.number(one.distance, 2),
            "few": _("fewer than %(fewest)s known on a side") % told,
            "n": _("known: n = %(ours)s and %(theirs)s")
            % {"ours": words.number(one.known[0]), "theirs": words.number(one.known[1])},
            "table": Table(columns, rows, Empty(_("Not known of anybody")), one.dimension.title),
        }

    def _namer(self, dimension: Dimension) -> Callable[[str | None], str]:
        """Names the values; dimensions of the same labels ask for them once."""
        key = (dimension.labels, dimension.read)
        if key not in self._namers:
            self._namers[key] = dimension.namer()
        return self._namers[key]

    @cached_property
    def _namers(self) -> dict[tuple[Labels, Callable[[str], str]], Callable[[str | None], str]]:
        return {}

    def _row(self, one: Comparison, value: ValueShare, namer: Any) -> list[Any]:
        ours, theirs = (
            _part(count, known) for count, known in zip((value.ours, value.theirs), one.known, strict=True)
        )
        is_other = value.value == OTHER
        title = _("other values") if is_other else namer(value.value)
        links = ["", ""] if is_other else self._links(one.dimension, value=value.value)
        points = None if ours is None or theirs is None else (ours - theirs) * 100
        return [
            title,
            Cell(ours, links[0], _n(value.ours, one.known[0])),
            Cell(theirs, links[1], _n(value.theirs, one.known[1])),
            None if points is None else _signed(round(points, 1)),
        ]

    def _unknown(self, one: Comparison) -> list[list[Any]]:
        """The share of those of whom it is not known, of all read."""
        if not any(one.unknown):
            return []
        links = self._links(one.dimension, unknown="1")
        whole = [known + unknown for known, unknown in zip(one.known, one.unknown, strict=True)]
        cells = [
            Cell(_part(count, of), url, _n(count, of), "muted")
            for count, of, url in zip(one.unknown, whole, links, strict=True)
        ]
        return [[Cell(_("not known, of all"), tone="muted"), *cells, None]]

    def _links(self, dimension: Dimension, **told: str) -> list[str]:
        sides = ({"of": self.spec}, self._theirs)
        return [group_url("portrait", **side, by=dimension.name, **told) for side in sides]


def _part(count: int, of: int) -> float | None:
    return count / of if of else None


def _signed(points: float) -> str:
    return f"{'+' if points > 0 else ''}{words.number(points or 0.0, 1)}"


def _n(count: int, of: int) -> str:
    return _("%(count)s of %(size)s") % {"count": words.number(count), "size": words.number(of)}

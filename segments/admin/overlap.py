"""Two or three segments beside each other: sizes, every intersection, what sets those apart who are in one only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage, may_open
from config.kit.parts import Action, Ask, AskForm, Cell, Choice, Column, Crumb, Empty, Stat, Table
from segments.freshness import TONES, freshness, in_words
from segments.groups import region_in_words
from segments.models import Segment
from segments.reports.overlap import MOST_SEGMENTS, Region, regions
from segments.rules.words import quoted
from users.groups import group_spec, group_url

MOST_OFFERED = 300
NAMES = ("a", "b", "c")
COLOURS = ("#0072B2", "#D55E00", "#009E73")
WIDTH, HEIGHT = 600, 300
BAR_HEIGHT = 150


@dataclass(frozen=True, slots=True)
class Circle:
    """A segment in the picture of two: an area for its size."""

    x: float
    y: float
    r: float
    colour: str
    name: str
    size: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A region in the picture of three: its height for its size, and in which segments it lies."""

    x: float
    y: float
    height: float
    count: str
    sentence: str
    url: str
    dots: Sequence[tuple[float, bool, str]]


class OverlapPage(OperatorPage):
    """Which customers two or three segments share."""

    title = gettext_lazy("Overlap of segments")
    purpose = gettext_lazy(
        "Choose two or three segments: who is in both, who in one only, and what sets these apart."
    )
    template_name = "segments/overlap.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_as_of(self) -> Any:
        return min((one.computed_at for one in self.chosen if one.computed_at), default=None)

    @cached_property
    def everything(self) -> list[Segment]:
        """The segments to choose from, the largest first."""
        return list(Segment.objects.defer("rule").order_by("-size", "name")[:MOST_OFFERED])

    @cached_property
    def chosen(self) -> list[Segment]:
        """The segments of the address, each once, in its order."""
        by_pk = {str(one.pk): one for one in self.everything}
        asked = dict.fromkeys(self.request.GET.get(name, "") for name in NAMES)
        return [by_pk[pk] for pk in asked if pk in by_pk][:MOST_SEGMENTS]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"ask_form": self._ask(), "chosen": self.chosen}
        if len(self.everything) < 2:
            return context | {"ask_form": None, "empty": self._nothing()}
        if len(self.chosen) < 2:
            return context
        found = regions([one.pk for one in self.chosen])
        return context | {
            "stats": [self._stat(one) for one in self.chosen],
            "stale": [one for one in self.chosen if freshness(one, self.now) != "fresh"],
            "table": self._table(found),
            "circles": self._circles(found) if len(self.chosen) == 2 else [],
            "shared": words.number(found[0].customers),
            "bars": self._bars(found) if len(self.chosen) == 3 else [],
            "rows": self._rows(),
            "portraits": self._portraits(),
        }

    def _nothing(self) -> Empty:
        return Empty(
            _("There are no two segments yet"),
            _("Make segments first: what two of them share would be drawn here."),
            Action(_("Ready segments"), reverse("segments:ready")),
            icon="category",
        )

    def _ask(self) -> AskForm:
        every = [Choice(str(one.pk), f"{one.title} ({words.number(one.size)})") for one in self.everything]
        none = [Choice("", _("none"))]
        titles = (_("First segment"), _("Second segment"), _("Third segment (optional)"))
        asks = [
            Ask(name, title, self._value(at), "select", [*(none if at != 0 else []), *every])
            for at, (name, title) in enumerate(zip(NAMES, titles, strict=True))
        ]
        return AskForm(_("Choose the segments"), asks, _("Show"), is_open=len(self.chosen) < 2)

    def _value(self, at: int) -> str:
        return str(self.chosen[at].pk) if at < len(self.chosen) else ""

    def _stat(self, one: Segment) -> Stat:
        state = freshness(one, self.now)
        return Stat(
            one.title,
            one.size,
            window=in_words(state) if TONES[state] != "good" else _as_of(one),
            url=reverse("segments:segment", args=[one.pk]),
        )

    def _spec(self, found: Region) -> dict[str, object]:
        return {"of": "-".join(str(one.pk) for one in self.chosen), "in": found.bits}

    def _table(self, found: list[Region]) -> Table:
        whole = sum(one.customers for one in found)
        rows = []
        for one in found:
            spec = group_spec("overlap", **self._spec(one))
            acts = [
                self._act(_("Save as a segment"), "segments:keep", spec),
                self._act(_("Export"), "users:export_create", spec),
            ]
            rows.append(
                [
                    Cell(region_in_words(self.chosen, one.bits)),
                    Cell(one.customers, url=group_url("overlap", **self._spec(one))),
                    Cell(
                        one.customers / whole if whole else None,
                        hint=_("%(count)s of %(size)s")
                        % {"count": words.number(one.customers), "size": words.number(whole)},
                    ),
                    *acts,
                ]
            )
        columns = [
            Column(_("Customers who are")),
            Column(_("Customers"), "number"),
            Column(_("Of all of them"), "percent"),
            Column(""),
            Column(""),
        ]
        return Table(columns, rows, Empty(_("Nobody is in any of them")), _("Every region"))

    def _share(self, part: int, whole: int) -> Cell:
        told = {"count": words.number(part), "size": words.number(whole)}
        return Cell(part / whole if whole else None, hint=_("%(count)s of %(size)s") % told)

    def _act(self, title: str, page: str, spec: str) -> Cell:
        url = reverse(page)
        return (
            Cell(title, url=f"{url}?{urlencode({'group': spec})}")
            if may_open(self.request.user, url)
            else Cell("")
        )

    def _portraits(self) -> list[tuple[str, str]]:
        """For each pair: those in the one only beside those in the other only."""
        found = []
        for one, other in permutations(self.chosen, 2):
            if one.pk < other.pk:
                ours = group_spec("not_in_segment", **{"in": one.pk, "not": other.pk})
                theirs = group_spec("not_in_segment", **{"in": other.pk, "not": one.pk})
                told = _("In %(one)s only, beside in %(other)s only") % {
                    "one": quoted(one.title),
                    "other": quoted(other.title),
                }
                query = urlencode({"group": ours, "other": theirs})
                found.append((told, f"{reverse('users:portrait')}?{query}"))
        return found

    # -- the picture ---------------------------------------------------------------------------------
    def _circles(self, found: list[Region]) -> list[Circle]:
        """Areas for sizes, and the shared area for the shared customers."""
        size = {one.bits: one.customers for one in found}
        sizes = [size[1] + size[3], size[2] + size[3]]
        if not all(sizes):
            return []
        radii = [math.sqrt(n / math.pi) for n in sizes]
        apart = _distance(radii[0], radii[1], size[3])
        width = max(radii[0], apart + radii[1]) + max(radii[0], radii[1] - apart)
        scale = min((WIDTH - 60) / width, (HEIGHT - 60) / (2 * max(radii)))
        left = (WIDTH - width * scale) / 2 + max(radii[0], radii[1] - apart) * scale
        places = (left, left + apart * scale)
        return [
            Circle(
                round(x, 1),
                HEIGHT / 2,
                round(r * scale, 1),
                COLOURS[at],
                self.chosen[at].title,
                words.number(sizes[at]),
            )
            for at, (x, r) in enumerate(zip(places, radii, strict=True))
        ]

    def _bars(self, found: list[Region]) -> list[Bar]:
        most = max((one.customers for one in found), default=0) or 1
        drawn = []
        for at, one in enumerate(sorted(found, key=lambda each: (-each.customers, each.bits))):
            height = round(one.customers / most * BAR_HEIGHT, 1)
            dots = [(BAR_HEIGHT + 45 + 24 * row, one.has(row), COLOURS[row]) for row in range(3)]
            drawn.append(
                Bar(
                    200 + at * 56,
                    BAR_HEIGHT + 20 - height,
                    height,
                    words.number(one.customers),
                    region_in_words(self.chosen, one.bits),
                    group_url("overlap", **self._spec(one)),
                    dots,
                )
            )
        return drawn

    def _rows(self) -> list[tuple[float, str]]:
        return [(BAR_HEIGHT + 49 + 24 * at, one.title) for at, one in enumerate(self.chosen)]


def _as_of(one: Segment) -> str:
    return _("as of %(at)s") % {"at": words.absolute(one.computed_at)} if one.computed_at else ""


def _distance(one: float, other: float, shared: float) -> float:
    """How far apart the centres of two circles are whose overlap has this area; found by halving."""
    low, high = abs(one - other), one + other
    for _step in range(50):
        middle = (low + high) / 2
        if _lens(one, other, middle) > shared:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _lens(one: float, other: float, apart: float) -> float:
    """The area that two circles share."""
    if apart >= one + other:
        return 0.0
    if apart <= abs(one - other):
        return math.pi * min(one, other) ** 2
    first = math.acos((apart**2 + one**2 - other**2) / (2 * apart * one))
    second = math.acos((apart**2 + other**2 - one**2) / (2 * apart * other))
    return one**2 * (first - math.sin(2 * first) / 2) + other**2 * (second - math.sin(2 * second) / 2)

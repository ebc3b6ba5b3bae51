"""The list of segments."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.admin import OperatorPage
from config.kit.paging import PageOf
from config.kit.parts import Action, Cell, Choice, Column, Empty, Filter, Table
from segments.admin.form import WHO_ACTS
from segments.freshness import Look, in_words
from segments.models import Segment, SegmentKind, SegmentState
from segments.reading_order import reading_order
from segments.ready import shelves, title_of
from segments.reports.sizes import sizes_by_day
from segments.services.order import referred
from segments.uses import uses_of

TREND_DAYS = 14
SHOWN = 50


class SegmentList(OperatorPage):
    """All segments: how large, how that moved, how fresh, what uses them."""

    title = gettext_lazy("Segments")
    purpose = gettext_lazy(
        "Groups of customers by rule, which keep themselves right within seconds, and fixed lists."
    )
    template_name = "operator/list.html"
    roles_that_act = WHO_ACTS

    def get_actions(self) -> Sequence[Action]:
        return [
            Action(_("Runs and audits"), reverse("segments:runs"), icon="verified", folded=True),
            Action(_("Overlap"), reverse("segments:overlap"), icon="join_inner", folded=True),
            Action(_("Backtests"), reverse("segments:backtests"), icon="update", folded=True),
            Action(_("What rests on what"), reverse("segments:lineage"), icon="account_tree", folded=True),
            Action(_("Webhooks"), reverse("segments:webhooks"), icon="webhook", folded=True),
            Action(_("Ready segments"), reverse("segments:ready"), icon="library_add"),
            Action(_("New list"), reverse("segments:list_create"), icon="playlist_add"),
            Action(_("New segment"), reverse("segments:create"), icon="add"),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "filters": [self._folder_filter(), self._kind_filter(), self._state_filter()],
            "searchable": _("Name of a segment"),
            "query": self.request.GET.get("q", ""),
            "table": self._table(),
        }

    def _state_filter(self) -> Filter:
        choices = [Choice(state.value, state.label) for state in SegmentState]
        return Filter("state", _("State"), choices, self._state())

    def _state(self) -> str:
        wanted = self.request.GET.get("state", "")
        return wanted if wanted in SegmentState.values else ""

    def _folder_filter(self) -> Filter:
        names = Segment.objects.exclude(folder="").order_by().values_list("folder", flat=True).distinct()
        there = set(Segment.objects.filter(folder="").exclude(preset="").values_list("preset", flat=True))
        choices = [
            *(Choice(name, name) for name in sorted(names, key=reading_order)),
            *(Choice(key, title) for key, (title, keys) in self._shelves.items() if there.intersection(keys)),
        ]
        return Filter("folder", _("Folder"), choices, self._asked("folder"))

    @cached_property
    def _shelves(self) -> dict[str, tuple[str, list[str]]]:
        """What ready segments are about: their folder until somebody puts them into another."""
        return shelves()

    @cached_property
    def _shelf_of(self) -> dict[str, str]:
        return {preset: key for key, (_title, keys) in self._shelves.items() for preset in keys}

    def _folder(self, segment: Segment) -> Cell:
        name, shelf = (
            self._folder_name(segment.preset, segment.folder),
            self._shelf_of.get(segment.preset, ""),
        )
        return Cell(name, url=f"?{urlencode({'folder': segment.folder or shelf})}" if name else "")

    def _folder_name(self, preset: str, folder: str) -> str:
        shelf = self._shelf_of.get(preset, "")
        return folder or (self._shelves[shelf][0] if shelf else "")

    def _kind_filter(self) -> Filter:
        choices = [Choice(kind.value, kind.label) for kind in SegmentKind]
        chosen = self._asked("kind")
        return Filter("kind", _("Kind"), choices, chosen if chosen in SegmentKind.values else "")

    def _asked(self, name: str) -> str:
        return self.request.GET.get(name, "").replace("\0", "")[:120]

    def _rows(self) -> Any:
        rows = Segment.objects.named(self._asked("q"))
        if self._state():
            rows = rows.filter(state=self._state())
        folder = self._asked("folder")
        if folder in self._shelves:
            rows = rows.filter(folder="", preset__in=self._shelves[folder][1])
        elif folder:
            rows = rows.filter(folder=folder)
        if self._kind_filter().chosen:
            rows = rows.filter(kind=self._kind_filter().chosen)
        return rows

    def _page(self) -> PageOf[Segment]:
        """The page that begins with the segment of the cursor, by folder and name as the reader sees them.

        Those without a folder stand first. There are never so many segments that their names could not be sorted here.
        """
        names = self._rows().values_list("pk", "preset", "name", "folder")
        places = sorted(
            (
                reading_order(self._folder_name(preset, folder)),
                reading_order(title_of(preset, name)),
                pk,
            )
            for pk, preset, name, folder in names
        )
        order = [pk for _folder, _name, pk in places]
        asked = self._asked("cursor")
        begin = next((at for at, pk in enumerate(order) if str(pk) == asked), 0)
        shown = order[begin : begin + SHOWN]
        by_pk = Segment.objects.in_bulk(shown)
        after, before = begin + SHOWN, max(0, begin - SHOWN)
        return PageOf(
            [by_pk[pk] for pk in shown if pk in by_pk],
            next=str(order[after]) if after < len(order) else "",
            previous=str(order[before]) if begin else "",
        )

    def _table(self) -> Table:
        found = self._page()
        shown = [segment.pk for segment in found.rows]
        trends = sizes_by_day(shown, self.now, TREND_DAYS)
        uses = self._uses(shown)
        return Table(
            columns=[
                Column(_("Segment")),
                Column(_("Folder")),
                Column(_("Customers"), "number"),
                Column(_("Last %(n)s days") % {"n": TREND_DAYS}, "trend"),
                Column(_("State"), "tag"),
                Column(_("As of"), "time"),
                Column(_("Uses"), "number", hint=_("Segments, campaigns, webhooks, tags and audiences.")),
            ],
            rows=[
                self._row(segment, [size for _day, size in trends[segment.pk]], uses[segment.pk])
                for segment in found.rows
            ],
            empty=self._empty(),
            next=found.next,
            previous=found.previous,
        )

    @cached_property
    def _look(self) -> Look:
        return Look(self.now)

    def _uses(self, shown: list[int]) -> dict[int, list[str]]:
        """What uses the segments shown, in words; asked once for all."""
        uses = {pk: [use.sentence for use in found] for pk, found in uses_of(shown).items()}
        for stored, preset, rule in Segment.objects.by_rule().values_list("name", "preset", "rule"):
            name = title_of(preset, stored)
            for pk in referred(rule) & uses.keys():
                uses[pk].insert(0, _("segment “%(name)s”") % {"name": name})
        return uses

    def _row(self, segment: Segment, trend: list[int | None], uses: list[str]) -> list[Any]:
        condition = self._look.condition(segment)
        lineage = f"{reverse('segments:lineage')}?segment={segment.pk}"
        name = f"{segment.title} · {_('list')}" if segment.is_list else segment.title
        return [
            Cell(name, url=reverse("segments:segment", args=[segment.pk]), hint=segment.purpose),
            self._folder(segment),
            segment.size if segment.computed_at else None,
            [size for size in trend if size is not None],
            Cell(in_words(condition.state), tone=condition.tone, hint=condition.sentence),
            self.now if segment.is_list and condition.state == "fresh" else segment.computed_at,
            Cell(len(uses), url=lineage if uses else "", hint="; ".join(uses[:10])),
        ]

    def _empty(self) -> Empty:
        return Empty(
            _("No segment here"),
            _("A segment groups customers by a rule, such as “dormant, spent over 100, may be mailed”."),
            Action(_("New segment"), reverse("segments:create"), icon="add"),
            icon="category",
        )

"""The graph of segments: what rests on what, what uses it, what would break."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import OperatorPage
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Table
from segments.freshness import Look, in_words
from segments.models import Segment
from segments.reports.lineage import HEIGHT, WIDTH, Lineage, lineage

KINDS = {
    "segment": gettext_lazy("segment"),
    "list": gettext_lazy("list"),
    "campaign": gettext_lazy("campaign"),
    "webhook": gettext_lazy("webhook"),
    "tag": gettext_lazy("tag"),
    "export": gettext_lazy("audience"),
}


class LineagePage(OperatorPage):
    """All segments that rest on others or are used, or what belongs to one of them."""

    title = gettext_lazy("What rests on what")
    purpose = gettext_lazy(
        "From left to right: segments, the segments that refer to them, and what uses them."
    )
    template_name = "segments/lineage.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the segments, or one of them."""
        crumbs = [Crumb(_("Segments"), reverse("segments:list"))]
        if self.about is not None:
            crumbs.append(Crumb(self.about.title, reverse("segments:segment", args=[self.about.pk])))
        return crumbs

    def get_actions(self) -> Sequence[Action]:
        """The whole."""
        return [Action(_("All segments"), reverse("segments:lineage"))] if self.about else []

    @cached_property
    def about(self) -> Segment | None:
        """The segment that the address names."""
        wanted = self.request.GET.get("segment", "")
        if not wanted:
            return None
        found = (
            Segment.objects.filter(pk=int(wanted)).first()
            if wanted.isdecimal() and len(wanted) < 18
            else None
        )
        if found is None:
            raise Http404
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The picture and its twin."""
        found = lineage(self.now, self.about.pk if self.about else None)
        return super().get_context_data(**kwargs) | {
            "lineage": found,
            "node_width": WIDTH,
            "node_height": HEIGHT,
            "kinds": KINDS,
            "breaks": self._breaks(found) if self.about else "",
            "table": self._table(found),
        }

    def _breaks(self, found: Lineage) -> StrOrPromise:
        assert self.about is not None
        used = found.used.get(self.about.pk, [])
        blocking = [use.sentence for use in used if use.blocks]
        if not blocking:
            return _("Nothing would break without this segment.")
        return _("Without this segment these would break, so it cannot be deleted: %(uses)s.") % {
            "uses": str(_("; ")).join(blocking)
        }

    def _table(self, found: Lineage) -> Table:
        return Table(
            columns=[
                Column(_("Segment")), Column(_("State"), "tag"), Column(_("Refers to")), Column(_("Used by")),
                Column(_("Uses"), "number"),
            ],
            rows=[self._row(one, found) for one in found.segments],
            empty=Empty(
                _("No segment yet"),
                _("Segments that refer to each other would be drawn here."),
                Action(_("Ready segments"), reverse("segments:ready")),
            ),
            caption=_("The same as a table"),
        )  # fmt: skip

    @cached_property
    def _look(self) -> Look:
        return Look(self.now)

    def _row(self, one: Segment, found: Lineage) -> list[Any]:
        condition = self._look.condition(one)
        used = found.used[one.pk]
        return [
            Cell(one.title, url=reverse("segments:segment", args=[one.pk])),
            Cell(in_words(condition.state), tone=condition.tone, hint=condition.sentence),
            ", ".join(found.refers[one.pk]),
            "; ".join(use.sentence for use in used),
            len(used),
        ]

"""The versions of a segment's rule with what changed, and the way back to one of them."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.parts import Action, Crumb
from segments.admin.form import sentence_of
from segments.admin.segment import OfSegment
from segments.models import SegmentVersion
from segments.reports.versions import Version, versions_of
from segments.services.segments import edit_segment


class VersionsPage(OfSegment):
    """What each version of the rule changed, who made it and how many customers it held; any can be taken again."""

    title = gettext_lazy("Versions")
    template_name = "segments/versions.html"

    def get_title(self) -> StrOrPromise:
        return _("Versions of “%(name)s”") % {"name": self.segment.title}

    def get_purpose(self) -> StrOrPromise:
        return _("What each version of the rule changed. Taking an old one again makes a new version of it.")

    def get_crumbs(self) -> Sequence[Crumb]:
        page = reverse("segments:segment", args=[self.segment.pk])
        return [*super().get_crumbs(), Crumb(self.segment.title, page)]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = request.POST.get("version", "")
        number = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
        version = get_object_or_404(SegmentVersion, segment=self.segment, version=number)
        edit_segment(
            self.segment,
            by=self.operator,
            rule=version.rule,
            means_everyone=self.segment.means_everyone,
        )
        self.say(_("Version %(n)d is in force again, as a new version.") % {"n": number})
        return HttpResponseRedirect(request.path)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = [
            {
                "version": version,
                "sentence": sentence_of(version.rule, self.words),
                "restore": self._restore(version),
            }
            for version in versions_of(self.segment, self.words)
        ]
        return super().get_context_data(**kwargs) | {"segment": self.segment, "versions": found}

    def _restore(self, version: Version) -> Action | None:
        if version.is_current or not self.may_act:
            return None
        return Action(
            _("Take again"),
            self.request.path,
            icon="history",
            method="post",
            name="version",
            value=str(version.number),
            confirm=_("Put version %(n)d of the rule in force again? The segment is computed anew.")
            % {"n": version.number},
        )

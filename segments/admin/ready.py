"""The gallery of ready segments: what each selects, which are there, one button for each and one for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from config.kit.admin import OperatorPage
from config.kit.parts import Action, Crumb
from config.kit.refusal import NotFound, Refusal
from segments.admin.form import WHO_ACTS
from segments.models import Segment
from segments.ready import PRESETS, Preset
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services.presets import existing_of, install, install_one, rule_of, there
from segments.services.preview import preview


@dataclass(frozen=True, slots=True)
class Card:
    """A ready segment as it is shown; ``segment``: the one that is there. ``count_url``: who it would select."""

    preset: Preset
    sentence: str
    segment: Segment | None
    count_url: str


class ReadySegments(OperatorPage):
    """All ready segments by what they are about."""

    title = gettext_lazy("Ready segments")
    purpose = gettext_lazy(
        "One for every way a shop looks at its customers. Make those you want, or all that are missing."
    )
    template_name = "segments/ready.html"
    roles_that_act = WHO_ACTS

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_actions(self) -> Sequence[Action]:
        return [Action(_("Make all that are missing"), self.request.path, icon="library_add", method="post")]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.POST.get("preset", "")
        if key:
            made = install_one(key, by=self.operator)
            self.say(_("“%(name)s” is there.") % {"name": made.title})
            return HttpResponseRedirect(f"{request.path}#{made.preset}")
        done = install(by=self.operator)
        new = ngettext("%(n)d segment made.", "%(n)d segments made.", len(done.made)) % {"n": len(done.made)}
        old = ngettext("%(n)d was there.", "%(n)d were there.", len(done.existing)) % {
            "n": len(done.existing)
        }
        self.say(f"{new} {old}")
        return HttpResponseRedirect(request.path)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"groups": self._groups(), "may_make": self.may_act}

    def _groups(self) -> list[tuple[StrOrPromise, list[Card]]]:
        found, words = there(), Words()
        cards = [_card(preset, found, words) for preset in PRESETS.values()]
        cards.sort(key=lambda card: _place(card.preset))
        by_group = groupby(cards, key=lambda card: str(card.preset.group))
        return [(name, list(some)) for name, some in by_group]


class ReadyCount(OperatorPage):
    """How many customers a ready segment would select now: asked for when the card comes into sight."""

    title = gettext_lazy("Ready segments")
    template_name = "segments/ready_count.html"
    http_method_names = ["get"]
    roles_that_see = roles_that_act = WHO_ACTS

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        preset = PRESETS.get(self.kwargs["key"])
        if preset is None:
            raise NotFound(_("There is no such ready segment."))
        upon = existing_of(preset)
        if upon is None:
            return {"problem": _("Counted once it is made.")}
        try:
            return {"preview": preview(rule_of(preset, *upon), self.now, exact=False)}
        except Refusal as refusal:
            return {"problem": refusal.message}


def _place(preset: Preset) -> int:
    """Groups in the order in which they first appear."""
    groups = list(dict.fromkeys(str(each.group) for each in PRESETS.values()))
    return groups.index(str(preset.group))


def _card(preset: Preset, found: dict[str, Segment], words: Words) -> Card:
    upon = [found[key].pk for key in preset.upon if key in found]
    sentence = ""
    if len(upon) == len(preset.upon):
        try:
            sentence = parse(rule_of(preset, *upon)).sentence(words)
        except Refusal as refusal:  # a channel or topic that it names is not there in this shop
            sentence = refusal.message
    return Card(preset, sentence, found.get(preset.key), reverse("segments:ready_count", args=[preset.key]))
